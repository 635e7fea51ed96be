//! Authorization requests: [RFC 6749, section
//! 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1).

use scopegate_domain::{
    Client, ClientId, CodeChallenge, GrantType, Issuer, Lifetime, RedirectUri, Scope, check_display_name,
};
use scopegate_token::parse_challenge;

use super::answer::AnswerTarget;
use super::consent::declares;
use super::error::{AuthorizeError, RedirectedCause, RedirectedError, ShownCause};
use super::prompt::Prompt;
use crate::limits::{MAX_AUTHORIZE_LEN, MAX_NONCE_LEN, MAX_STATE_LEN};
use crate::targets::{RESOURCE, RequestTargets};
use crate::{InvalidScopeCause, Params};

/// The parameters that are read. All others change nothing.
pub(super) const KNOWN: &[&str] = &[
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    RESOURCE,
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// The parameters that state the client and where the answer goes, before anything else is read.
#[derive(Debug)]
pub(crate) struct Identified<'p> {
    pub(crate) client_id: ClientId,
    redirect_uri: Option<&'p str>,
}

impl<'p> Identified<'p> {
    /// Reads them from a request.
    pub(crate) fn read(params: &'p Params) -> Result<Self, ShownCause> {
        if params.len() > MAX_AUTHORIZE_LEN {
            return Err(ShownCause::TooLong);
        }
        // SECURITY: of two values, none is chosen. Tested by
        // `unknown_place_of_the_answer_is_shown` in tests/it/authorize_request.rs.
        if params.count("client_id") > 1 || params.count("redirect_uri") > 1 {
            return Err(ShownCause::Repeated);
        }
        let client_id = params.text("client_id").ok_or(ShownCause::MissingClient)?;
        Ok(Self {
            client_id: ClientId::parse(client_id).map_err(|_| ShownCause::UnknownClient)?,
            redirect_uri: params.text("redirect_uri"),
        })
    }
}

/// A client that may log in users, with a registered redirect URI. Only from here on is a browser
/// redirected.
#[derive(Clone, Debug)]
pub(crate) struct KnownClient {
    pub(crate) client: Client,
    pub(crate) target: AnswerTarget,
    /// The redirect URI as the client sent it.
    pub(crate) sent_redirect_uri: Option<String>,
}

impl KnownClient {
    /// Checks the client and the redirect URI of a request.
    // SECURITY: the URI is compared with the registered ones, and never changed. Tested by
    // `unregistered_redirect_uri_is_never_used` in tests/it/authorize_request.rs, and in
    // domain/tests/it/redirect_uris.rs.
    pub(crate) fn new(
        client: Option<Client>,
        identified: &Identified<'_>,
        params: &Params,
        issuer: &Issuer,
    ) -> Result<Self, ShownCause> {
        let client = client.ok_or(ShownCause::UnknownClient)?;
        if !client.may_use(GrantType::AuthorizationCode) {
            return Err(ShownCause::UnauthorizedClient);
        }
        let redirect_uri = match (identified.redirect_uri, client.redirect_uris()) {
            (None, [only]) => only.clone(),
            (None, _) => return Err(ShownCause::MissingRedirectUri),
            (Some(sent), registered) => {
                let is_registered = registered.iter().any(|uri| uri.accepts(sent));
                let sent = RedirectUri::parse(sent).ok().filter(|_| is_registered);
                sent.ok_or(ShownCause::UnregisteredRedirectUri)?
            }
        };
        // An answer repeats `state` only if it is one value that the client can have sent.
        let state = params.text("state").filter(|state| {
            params.count("state") == 1 && state.len() <= MAX_STATE_LEN && !has_forbidden_character(state)
        });
        let target = AnswerTarget {
            application: client.name().to_owned(),
            redirect_uri,
            state: state.map(str::to_owned),
            issuer: issuer.clone(),
        };
        Ok(Self {
            client,
            target,
            sent_redirect_uri: identified.redirect_uri.map(str::to_owned),
        })
    }

    /// Returns an error that the client receives.
    pub(crate) fn refuse(&self, cause: RedirectedCause) -> AuthorizeError {
        AuthorizeError::Redirected(Box::new(RedirectedError::new(cause, self.target.clone())))
    }
}

/// The parameters of an authorization request, each checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorizationRequest {
    pub(crate) challenge: CodeChallenge,
    /// The requested scope that is declared and that the client may have.
    pub(crate) scope: Scope,
    pub(crate) prompt: Prompt,
    pub(crate) max_age: Option<Lifetime>,
    pub(crate) nonce: Option<String>,
    /// The name of the user that the client expects.
    pub(crate) login_hint: Option<String>,
}

impl AuthorizationRequest {
    /// Parses the rest of the parameters. `targets` is the result of reading `resource`.
    pub(crate) fn parse(client: &Client, params: &Params) -> Result<UncheckedScope, RedirectedCause> {
        if params.each_once_except(RESOURCE).is_err() {
            return Err(RedirectedCause::Repeated);
        }
        if params
            .iter()
            .any(|(name, value)| has_forbidden_character(name) || has_forbidden_character(value))
        {
            return Err(RedirectedCause::Character);
        }
        refuse_by_name(params)?;
        match params.text("response_type") {
            None => return Err(RedirectedCause::MissingResponseType),
            Some("code") => {}
            Some(_) => return Err(RedirectedCause::ResponseType),
        }
        // SECURITY: S256 is required of every client, so no client is downgraded (RFC 9700, section
        // 2.1.1). Tested by `each_error_reaches_the_client` in tests/it/authorize_request.rs.
        let challenge = params.text("code_challenge").ok_or(RedirectedCause::MissingChallenge)?;
        if params.text("code_challenge_method") != Some("S256") {
            return Err(RedirectedCause::ChallengeMethod);
        }
        let challenge = parse_challenge(challenge).ok_or(RedirectedCause::Challenge)?;
        let is_longer = |name, length| params.text(name).is_some_and(|text: &str| text.len() > length);
        if is_longer("state", MAX_STATE_LEN) {
            return Err(RedirectedCause::TooLongState);
        }
        if is_longer("nonce", MAX_NONCE_LEN) {
            return Err(RedirectedCause::TooLongNonce);
        }
        let hint = params
            .text("login_hint")
            .filter(|hint| check_display_name(hint).is_ok());
        let request = Self {
            challenge,
            scope: requested_scope(client, params)?,
            prompt: params.text("prompt").map_or(Ok(Prompt::default()), Prompt::parse)?,
            max_age: params.text("max_age").map(max_age).transpose()?,
            nonce: params.text("nonce").map(str::to_owned),
            login_hint: hint.map(str::to_owned),
        };
        Ok(UncheckedScope(request))
    }
}

/// A request whose scope is not compared with the resources yet.
#[derive(Debug)]
pub(crate) struct UncheckedScope(AuthorizationRequest);

impl UncheckedScope {
    /// Drops what no target declares and what the client may not have.
    pub(crate) fn within(
        self,
        client: &Client,
        targets: &RequestTargets<'_>,
    ) -> Result<AuthorizationRequest, RedirectedCause> {
        let Self(request) = self;
        let is_possible = |token: &&_| declares(targets, token) && client.scope().contains(token);
        let scope: Scope = request.scope.iter().filter(is_possible).cloned().collect();
        if scope.is_empty() {
            return Err(InvalidScopeCause::NothingLeft.into());
        }
        Ok(AuthorizationRequest { scope, ..request })
    }
}

/// Refuses the parameters that would change the meaning of a request if they were ignored.
fn refuse_by_name(params: &Params) -> Result<(), RedirectedCause> {
    if params.text("request").is_some() {
        return Err(RedirectedCause::RequestObject);
    }
    if params.text("request_uri").is_some() {
        return Err(RedirectedCause::RequestUri);
    }
    for name in ["registration", "authorization_details", "dpop_jkt"] {
        if params.text(name).is_some() {
            return Err(RedirectedCause::NotSupported { name });
        }
    }
    if params.text("response_mode").is_some_and(|mode| mode != "query") {
        return Err(RedirectedCause::NotSupported { name: "response_mode" });
    }
    Ok(())
}

/// Returns the requested scope, or the default scope of the client.
fn requested_scope(client: &Client, params: &Params) -> Result<Scope, RedirectedCause> {
    match params.text("scope") {
        Some(text) => Scope::parse(text).map_err(|cause| InvalidScopeCause::from(cause).into()),
        None if client.default_scope().is_empty() => Err(RedirectedCause::MissingScope),
        None => Ok(client.default_scope().clone()),
    }
}

fn max_age(text: &str) -> Result<Lifetime, RedirectedCause> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_number.then(|| text.parse().ok()).flatten();
    seconds.map(Lifetime::from_seconds).ok_or(RedirectedCause::MaxAge)
}

/// Whether a text has a control character, or the replacement character for invalid UTF-8.
fn has_forbidden_character(text: &str) -> bool {
    text.chars()
        .any(|character| character.is_control() || character == char::REPLACEMENT_CHARACTER)
}
