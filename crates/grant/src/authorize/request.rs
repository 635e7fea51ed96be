//! Authorization requests: [RFC 6749, section
//! 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1).

use scopegate_domain::{
    Client, ClientId, CodeChallenge, GrantType, Issuer, Lifetime, RedirectUri, Scope, check_display_name,
};
use scopegate_token::parse_challenge;

use super::answer::AnswerTarget;
use super::consent::{declares, opens_api};
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
    /// Parses the rest of the parameters. [`problems`] lists the same checks.
    pub(crate) fn parse(client: &Client, params: &Params) -> Result<UncheckedScope, RedirectedCause> {
        check_fields(params)?;
        unsupported(params).next().map_or(Ok(()), Err)?;
        check_response_type(params)?;
        let challenge = challenge(params)?;
        check_length(params, "state")?;
        check_length(params, "nonce")?;
        let request = Self {
            challenge,
            nonce: params.text("nonce").map(str::to_owned),
            scope: requested_scope(client, params)?,
            prompt: prompt(params)?,
            max_age: max_age(params)?,
            login_hint: login_hint(params),
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
        if !opens_api(targets, &scope) {
            return Err(InvalidScopeCause::NothingLeft.into());
        }
        Ok(AuthorizationRequest { scope, ..request })
    }
}

/// Returns all problems of the parameters, in the order of the checks of
/// [`AuthorizationRequest::parse`]: the first one is its error.
pub(super) fn problems(client: &Client, params: &Params) -> Vec<RedirectedCause> {
    let mut problems: Vec<RedirectedCause> = check_fields(params).err().into_iter().collect();
    problems.extend(unsupported(params));
    let rest = [
        check_response_type(params).err(),
        challenge(params).err(),
        check_length(params, "state").err(),
        check_length(params, "nonce").err(),
        requested_scope(client, params).err(),
        prompt(params).err(),
        max_age(params).err(),
    ];
    problems.extend(rest.into_iter().flatten());
    problems
}

/// Checks that no field is given twice or has a forbidden character.
fn check_fields(params: &Params) -> Result<(), RedirectedCause> {
    if params.each_once_except(RESOURCE).is_err() {
        return Err(RedirectedCause::Repeated);
    }
    let mut fields = params.iter();
    if fields.any(|(name, value)| has_forbidden_character(name) || has_forbidden_character(value)) {
        return Err(RedirectedCause::Character);
    }
    Ok(())
}

/// Returns the parameters that would change the meaning of a request if they were ignored.
fn unsupported(params: &Params) -> impl Iterator<Item = RedirectedCause> {
    let objects = [
        ("request", RedirectedCause::RequestObject),
        ("request_uri", RedirectedCause::RequestUri),
    ];
    let others = ["registration", "authorization_details", "dpop_jkt"];
    let others = others.map(|name| (name, RedirectedCause::NotSupported { name }));
    let named = objects.into_iter().chain(others);
    let named = named.filter(|(name, _)| params.text(name).is_some());
    let mode = params.text("response_mode").filter(|mode| *mode != "query");
    let mode = mode.map(|_| RedirectedCause::NotSupported { name: "response_mode" });
    named.map(|(_, cause)| cause).chain(mode)
}

fn check_response_type(params: &Params) -> Result<(), RedirectedCause> {
    match params.text("response_type") {
        None => Err(RedirectedCause::MissingResponseType),
        Some("code") => Ok(()),
        Some(_) => Err(RedirectedCause::ResponseType),
    }
}

// SECURITY: S256 is required of every client, so no client is downgraded (RFC 9700, section
// 2.1.1). Tested by `each_error_reaches_the_client` in tests/it/authorize_request.rs.
fn challenge(params: &Params) -> Result<CodeChallenge, RedirectedCause> {
    let challenge = params.text("code_challenge").ok_or(RedirectedCause::MissingChallenge)?;
    if params.text("code_challenge_method") != Some("S256") {
        return Err(RedirectedCause::ChallengeMethod);
    }
    parse_challenge(challenge).ok_or(RedirectedCause::Challenge)
}

/// Checks the length of a value that the server keeps for the client.
fn check_length(params: &Params, name: &'static str) -> Result<(), RedirectedCause> {
    let (limit, cause) = match name {
        "nonce" => (MAX_NONCE_LEN, RedirectedCause::TooLongNonce),
        _ => (MAX_STATE_LEN, RedirectedCause::TooLongState),
    };
    match params.text(name) {
        Some(text) if text.len() > limit => Err(cause),
        _ => Ok(()),
    }
}

fn prompt(params: &Params) -> Result<Prompt, RedirectedCause> {
    params.text("prompt").map_or(Ok(Prompt::default()), Prompt::parse)
}

fn login_hint(params: &Params) -> Option<String> {
    let hint = params.text("login_hint");
    hint.filter(|hint| check_display_name(hint).is_ok()).map(str::to_owned)
}

/// Returns the requested scope, or the default scope of the client.
fn requested_scope(client: &Client, params: &Params) -> Result<Scope, RedirectedCause> {
    match params.text("scope") {
        Some(text) => Scope::parse(text).map_err(|cause| InvalidScopeCause::from(cause).into()),
        None if client.default_scope().is_empty() => Err(RedirectedCause::MissingScope),
        None => Ok(client.default_scope().clone()),
    }
}

fn max_age(params: &Params) -> Result<Option<Lifetime>, RedirectedCause> {
    let Some(text) = params.text("max_age") else {
        return Ok(None);
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_number.then(|| text.parse().ok()).flatten();
    seconds
        .map(|seconds| Some(Lifetime::from_seconds(seconds)))
        .ok_or(RedirectedCause::MaxAge)
}

/// Whether a text has a control character, or the replacement character for invalid UTF-8.
fn has_forbidden_character(text: &str) -> bool {
    text.chars()
        .any(|character| character.is_control() || character == char::REPLACEMENT_CHARACTER)
}
