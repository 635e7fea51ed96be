//! Issues tokens for a grant: the only place that does so.

use scopegate_domain::{
    AccessTokenClaims, AuditDetail, AuditEntry, AuditEvent, Client, ClientId, FamilyId, Grant, GrantSubject, GrantType,
    Lifetime, Scope, Secret, Timestamp, TokenId, User,
};
use scopegate_login::RequestOrigin;
use scopegate_store::NewsHeads;
use scopegate_token::{PlacedTokenId, RandomError, SignError, SubjectClaim};

use crate::context::GrantContext;
use crate::scope_request::Narrowed;
use crate::{GrantError, InvalidScopeCause, Unavailable};

/// Issues an access token for a grant, valid for this lifetime from the time of the grant.
/// `narrowed` contains its audiences, and the scopes in the order of the token. `heads` is the
/// state of the log of changes before the client and the user were read. The token belongs to the
/// family, if there is one.
// INVARIANT: the token contains nothing that the grant does not contain, regardless of `narrowed`.
// Tested by `token_contains_exactly_the_granted_scope` in tests/it/password.rs.
pub(crate) fn access_token(
    context: &GrantContext,
    grant: &Grant,
    lifetime: Lifetime,
    narrowed: Narrowed,
    heads: &NewsHeads,
    family: Option<FamilyId>,
) -> Result<Secret<String>, GrantError> {
    let (client_id, issued_at) = (grant.client_id().clone(), grant.granted_at());
    let claims = match grant.subject() {
        GrantSubject::User(user) => {
            let subject = subject(context, user);
            let names_client = context.signer.rules().issuer().is_some() || family.is_some();
            if names_client {
                refuse_name_of_client(subject, &client_id)?;
            }
            let claims = AccessTokenClaims::new(subject, issued_at, lifetime).with_client_id(client_id);
            // SECURITY: a token that does not name its client is one of the client of all logins.
            // That client could end it, and a removal of its own client would not. Tested by
            // `token_of_a_code_names_its_client` in server/tests/it/people/demo.rs.
            if names_client { claims.naming_client() } else { claims }
        }
        GrantSubject::Client => AccessTokenClaims::of_client(client_id, issued_at, lifetime),
    };
    let claims = claims
        .with_scopes(
            narrowed
                .granted
                .into_iter()
                .filter(|token| grant.scope().contains(token)),
        )
        .with_audiences(narrowed.audiences)
        .with_token_id(token_id(context, grant, heads, family)?);
    match context.signer.issue(&claims) {
        Ok(token) => Ok(token.into_secret()),
        Err(SignError::TooLong) => Err(InvalidScopeCause::TooLong.into()),
        Err(cause) => Err(GrantError::Unavailable(Unavailable::Signing(cause))),
    }
}

/// Refuses a token of a user whose `sub` would be the `client_id` of the token. The tokens of a
/// shared secret by the password grant do not name the client.
// SECURITY: each reader takes such a token for one of the client itself (RFC 9700, section 4.15).
// Tested by `user_gets_no_token_of_the_client_of_its_name` in tests/it/client_credentials.rs.
fn refuse_name_of_client(subject: &str, client_id: &ClientId) -> Result<(), GrantError> {
    if subject != client_id.as_str() {
        return Ok(());
    }
    tracing::warn!(client = %client_id, "no token for the user whose subject is the id of the client; add the client with another id");
    Err(GrantError::UnauthorizedClient)
}

/// Returns what `sub` says about a user.
pub(crate) fn subject<'u>(context: &GrantContext, user: &'u User) -> &'u str {
    match context.dialect.subject {
        SubjectClaim::UserId => user.id().as_str(),
        SubjectClaim::Username => user.username().as_str(),
    }
}

/// Records an issued token.
pub(crate) async fn record(
    context: &GrantContext,
    grant: &Grant,
    grant_type: GrantType,
    origin: &RequestOrigin,
) -> Result<(), GrantError> {
    let about = |entry: AuditEntry| {
        let entry = entry.of_client(grant.client_id().clone());
        let entry = entry.with_detail(AuditDetail::Grant(grant_type));
        match grant.subject() {
            GrantSubject::User(user) => entry.of_user(user.id().clone()),
            GrantSubject::Client => entry,
        }
    };
    // SECURITY: in the strict mode no token is issued without its entry. Tested by
    // `strict_mode_issues_no_unrecorded_token` in tests/it/audit.rs.
    let recorded = context.audit.record_first(AuditEvent::TokenIssued, origin, about);
    Ok(recorded.await?)
}

/// Records that an authenticated client got no token. A failed login has its own entry.
pub(crate) fn record_refusal(context: &GrantContext, client: &Client, error: &GrantError, origin: &RequestOrigin) {
    let is_refusal = match error {
        GrantError::InvalidRequest(_)
        | GrantError::InvalidClient(_)
        | GrantError::UnauthorizedClient
        | GrantError::GrantTypeDisabled(_)
        | GrantError::UnsupportedGrantType
        | GrantError::InvalidScope(_)
        | GrantError::InvalidRefreshToken
        | GrantError::InvalidTarget(_) => true,
        GrantError::InvalidCode
        | GrantError::InvalidGrant
        | GrantError::Throttled { .. }
        | GrantError::Busy { .. }
        | GrantError::Unavailable(_)
        | GrantError::Corrupt(_) => false,
    };
    if is_refusal {
        context.audit.record(AuditEvent::TokenRefused, origin, |entry| {
            let entry = entry.of_client(client.id().clone());
            entry.with_detail(AuditDetail::Error(error.code()))
        });
    }
}

/// Returns the remaining lifetime of a token that is signed now and expires then.
pub(crate) fn left(context: &GrantContext, expires_at: Timestamp) -> Lifetime {
    let left = expires_at.seconds_since(context.clock.now_rounded_up());
    Lifetime::from_seconds(u32::try_from(left.max(0)).unwrap_or(u32::MAX))
}

/// Returns a unique id for a token: 128 random bits, or the family with 64 random bits, and the
/// positions of subject and client. The result is always an identifier, so only the random source
/// can fail.
// SECURITY: a family ends with all its tokens, by their ids. Tested by
// `ended_family_refuses_its_tokens` in tests/it/refresh.rs.
fn token_id(
    context: &GrantContext,
    grant: &Grant,
    heads: &NewsHeads,
    family: Option<FamilyId>,
) -> Result<TokenId, GrantError> {
    let client = grant.client_id().as_str();
    let subject = match grant.subject() {
        GrantSubject::User(user) => user.id().as_str(),
        GrantSubject::Client => client,
    };
    let (subject, client) = (heads.last(subject), heads.last(client));
    let id = if let Some(family) = family {
        let mut random = [0; 8];
        context.entropy.fill(&mut random)?;
        PlacedTokenId::of_family(family, random, subject, client)
    } else {
        let mut random = [0; 16];
        context.entropy.fill(&mut random)?;
        PlacedTokenId::new(u128::from_be_bytes(random), subject, client)
    };
    Ok(id.ok_or(RandomError)?)
}

/// The response to a client: [RFC 6749, section
/// 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
#[derive(Debug)]
pub struct TokenSet {
    access_token: Secret<String>,
    expires_in: Lifetime,
    scope: Scope,
    refresh_token: Option<Secret<String>>,
}

impl TokenSet {
    pub(crate) const fn new(access_token: Secret<String>, expires_in: Lifetime, scope: Scope) -> Self {
        Self {
            access_token,
            expires_in,
            scope,
            refresh_token: None,
        }
    }

    pub(crate) fn with_refresh_token(mut self, token: Option<Secret<String>>) -> Self {
        self.refresh_token = token;
        self
    }

    /// Returns the refresh token. `None`: the client cannot refresh.
    #[must_use]
    pub const fn refresh_token(&self) -> Option<&Secret<String>> {
        self.refresh_token.as_ref()
    }

    /// Returns the token.
    #[must_use]
    pub const fn access_token(&self) -> &Secret<String> {
        &self.access_token
    }

    /// Returns the lifetime of the token from the moment of signing, rounded down to whole seconds.
    #[must_use]
    pub const fn expires_in(&self) -> Lifetime {
        self.expires_in
    }

    /// Returns the granted scope, which may be less than the requested one.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }
}
