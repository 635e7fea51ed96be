//! Questions about tokens that this server issued: introspection and revocation.

mod active_token;
mod refresh_tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{
    AuditDetail, AuditEntry, AuditEvent, AuditOutcome, Authenticated, Client, ClientKind, Issuer, Revocation, Revoked,
    TokenId, User, UserId, Username,
};
use scopegate_login::{ExactPause, RequestOrigin};
use scopegate_store::{StoreError, Users};
use scopegate_token::{
    PayloadBuffer, RefreshToken, SubjectClaim, TokenRejected, VerifiedCache, Verifier, short_digest,
};
use tokio::time::Instant;

pub use self::active_token::ActiveToken;
use crate::last_expiry::MARGIN;
use crate::refresh::genuine_token;
use crate::{
    AuthorizationServer, ClientCredentials, GrantError, InvalidRequestCause, Params, RevocationWatch, client_auth,
    issue,
};

/// The access tokens of an authorization server, for the endpoints that answer questions about
/// them. It issues none.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{Catalog, Secret, SystemClock};
/// use scopegate_grant::{AccessTokens, AuthorizationServer, ClientCredentials, GrantError, Params, RevocationWatch};
/// use scopegate_store::{MemoryStore, Store};
/// use scopegate_token::{RevokedSet, Signer, SigningKey, SubjectClaim, TokenRules, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = Arc::new(MemoryStore::new());
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
/// let signer = Signer::new(TokenRules::shared_secret(), key);
/// let server = AuthorizationServer::builder(store.clone(), signer, Catalog::builder().build()?).build();
///
/// let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
/// let watch = RevocationWatch::new(store.clone(), revoked, Arc::new(SystemClock));
/// let tokens = AccessTokens::new(server, &verifier, Arc::new(watch), store);
/// let params = Params::from_iter([("token", "x"), ("client_id", "nobody")]);
/// let refused = tokens.introspect(&params, &ClientCredentials::Absent, None).await;
/// assert!(matches!(refused, Err(GrantError::InvalidClient(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AccessTokens {
    parts: Arc<Parts>,
    inactive_time: Duration,
}

struct Parts {
    server: AuthorizationServer,
    cache: VerifiedCache<ActiveToken>,
    revocations: Arc<RevocationWatch>,
    users: Arc<dyn Users>,
    pause: ExactPause,
}

impl AccessTokens {
    /// The memory for introspected tokens, in bytes: 1 MiB.
    pub const CACHE_BYTES: usize = 1024 * 1024;

    /// The default time from a question to the answer that a token is not active: 2 ms.
    // SECURITY: a token that is unknown, expired, revoked or of a disabled user takes a different
    // time to check. Tested by `inactive_answer_time_hides_its_cause` in
    // tests/it/timing/inactive.rs.
    pub const INACTIVE_TIME: Duration = Duration::from_millis(2);

    /// Creates the value. `verifier` accepts the tokens of `server`. `users` is a cache of the
    /// users, so that an introspection of a known token reads nothing.
    #[must_use]
    pub fn new(
        server: AuthorizationServer,
        verifier: &Verifier,
        revocations: Arc<RevocationWatch>,
        users: Arc<dyn Users>,
    ) -> Self {
        let recent = Arc::clone(server.context().signer.recent_tokens());
        // The audiences of a token are compared with the resources of the requesting client.
        let verifier = Arc::new(verifier.clone().for_any_audience().with_recent_tokens(recent));
        let cache = VerifiedCache::new(verifier, Arc::clone(revocations.set()), Self::CACHE_BYTES);
        Self {
            parts: Arc::new(Parts {
                server,
                cache,
                revocations,
                users,
                pause: ExactPause::default(),
            }),
            inactive_time: Self::INACTIVE_TIME,
        }
    }

    /// Sets the time from a question to the answer that a token is not active. It must be longer
    /// than a verification. Otherwise the answers tell why a token is not active. Default:
    /// [`AccessTokens::INACTIVE_TIME`].
    #[must_use]
    pub const fn inactive_time(mut self, time: Duration) -> Self {
        self.inactive_time = time;
        self
    }

    /// Answers an introspection request ([RFC 7662, section
    /// 2](https://www.rfc-editor.org/rfc/rfc7662#section-2)). The parameters and `header` are those
    /// of [`AuthorizationServer::token`], with `token` in place of a grant. `token_type_hint` is
    /// ignored.
    ///
    /// A refresh token is active for its own client only.
    ///
    /// The result is `None` if the token is unknown, malformed, expired or revoked. It is also
    /// `None` if the user is disabled or removed, if the client may not introspect, or if the token
    /// is for no resource of the client. All of these take the same time.
    ///
    /// # Errors
    ///
    /// [`GrantError`] if the client did not authenticate, `token` is missing, or the store does not
    /// answer.
    pub async fn introspect(
        &self,
        params: &Params,
        header: &ClientCredentials,
        origin: impl Into<RequestOrigin>,
    ) -> Result<Option<IntrospectedToken>, GrantError> {
        let (asked_at, origin) = (Instant::now(), origin.into());
        let (client, token) = self.request(params, header, &origin).await?;
        let found = if may_introspect(&client) {
            let about = |entry: AuditEntry| entry.of_client(client.id().clone());
            let audit = &self.parts.server.context().audit;
            audit.record(AuditEvent::TokenIntrospected, &origin, about);
            match genuine_token(self.parts.server.context(), token) {
                Some(refresh) => self.active_refresh(&client, &refresh).await?,
                None => self
                    .active(token)
                    .await?
                    .filter(|found| self.is_served_by(&client, found)),
            }
        } else {
            None
        };
        if found.is_none() {
            self.parts.pause.until(asked_at + self.inactive_time).await;
        }
        Ok(found)
    }

    /// Revokes an access token, or a refresh token with its family ([RFC 7009, section
    /// 2](https://www.rfc-editor.org/rfc/rfc7009#section-2)). When it returns, the gate of this
    /// process refuses the token. Other processes refuse it after their next
    /// [refresh](RevocationWatch::refresh).
    ///
    /// Nothing happens, without an error, if the token is not valid or was issued to another
    /// client.
    ///
    /// # Errors
    ///
    /// [`GrantError`] if the client did not authenticate, `token` is missing, or the store does not
    /// answer.
    pub async fn revoke(
        &self,
        params: &Params,
        header: &ClientCredentials,
        origin: impl Into<RequestOrigin>,
    ) -> Result<(), GrantError> {
        let origin = origin.into();
        let (client, token) = self.request(params, header, &origin).await?;
        // The store would not keep the revocation.
        self.parts.revocations.expect_news()?;
        let context = self.parts.server.context();
        if let Some(refresh) = genuine_token(context, token) {
            if refresh_tokens::revoke(context, &client, &refresh, &origin).await? {
                // The gate of this process refuses the access tokens at once.
                self.parts.revocations.refresh().await?;
            }
            return Ok(());
        }
        let Some(Revocable { revocation, is_own, id }) = self.revocable(&client, token) else {
            return Ok(());
        };
        let about = |entry: AuditEntry| {
            let digest = AuditDetail::Digest(short_digest(id.as_str()));
            entry.of_client(client.id().clone()).with_detail(digest)
        };
        // SECURITY: a client cannot end the token of another one. Tested by
        // `token_of_another_client_stays_valid` in tests/it/access_tokens.rs.
        if !is_own {
            let about = |entry| about(entry).with_outcome(AuditOutcome::Refused);
            context.audit.record(AuditEvent::TokenRevoked, &origin, about);
            return Ok(());
        }
        let entries = context.entries(AuditEvent::TokenRevoked, &origin, about)?;
        Ok(self.parts.revocations.revoke_audited(&revocation, &entries).await?)
    }

    /// Authenticates the client and returns the token of its request.
    async fn request<'p>(
        &self,
        params: &'p Params,
        header: &ClientCredentials,
        origin: &RequestOrigin,
    ) -> Result<(Authenticated<Client>, &'p str), GrantError> {
        params.each_once()?;
        if params.has_nul() {
            return Err(InvalidRequestCause::Nul.into());
        }
        let context = self.parts.server.context();
        let now = context.clock.now();
        let cached = client_auth::authenticate_cached(context, params, header, origin, now).await?;
        let client = if let Some((client, _)) = cached {
            client
        } else {
            self.parts.revocations.expect_news()?;
            client_auth::authenticate(context, params, header, origin, now).await?
        };
        let token = params.text("token");
        let token = token.ok_or(InvalidRequestCause::Missing { name: "token" })?;
        Ok((client, token))
    }

    /// Whether the token is for a resource of the client.
    fn is_served_by(&self, client: &Client, found: &IntrospectedToken) -> bool {
        let context = self.parts.server.context();
        let own = context.signer.rules().audience();
        context
            .targets
            .current()
            .are_served_by(client, own, found.token().audience())
    }

    /// Returns the token with its user, if both are valid now.
    async fn active(&self, token: &str) -> Result<Option<IntrospectedToken>, StoreError> {
        let Parts {
            server, cache, users, ..
        } = &*self.parts;
        let now = server.context().clock.now();
        let token = match cache.find(token, now) {
            Some(known) => known,
            None => match cache.verify(token, now, |claims| Ok(ActiveToken::of(claims))) {
                Ok(made) => made,
                // SECURITY: not inactive: a caller may keep that answer, or delete the token.
                Err(TokenRejected::Outdated(cause)) => return Err(StoreError::unavailable(cause)),
                Err(TokenRejected::Revoked(_) | TokenRejected::Verify(_)) => return Ok(None),
            },
        };
        if token.is_of_client() {
            return Ok(Some(IntrospectedToken::cached(token, None)));
        }
        let user = find(&**users, token.subject(), server.subject()).await?;
        let user = user.filter(|user| user.is_active());
        Ok(user.map(|user| IntrospectedToken::cached(token, Some(user))))
    }

    /// Returns a refresh token with its user, if the client can refresh with it.
    async fn active_refresh(
        &self,
        client: &Client,
        token: &RefreshToken,
    ) -> Result<Option<IntrospectedToken>, StoreError> {
        // As the token endpoint: only the store knows the state of a family.
        self.parts.revocations.expect_news()?;
        let Parts { server, users, .. } = &*self.parts;
        let Some(family) = refresh_tokens::active(server.context(), client, token).await? else {
            return Ok(None);
        };
        let id = family.authorization.user_id.as_str();
        let user = find(&**users, id, SubjectClaim::UserId).await?;
        Ok(user.filter(|user| user.is_active()).map(|user| {
            let subject = issue::subject(server.context(), &user);
            let issuer = server.token_rules().issuer().map(Issuer::as_str);
            IntrospectedToken {
                token: Found::Refresh(ActiveToken::of_family(&family, subject, issuer)),
                user: Some(user),
            }
        }))
    }

    /// Returns the revocation of a token that is valid now.
    fn revocable(&self, client: &Client, token: &str) -> Option<Revocable> {
        let (now, set) = (self.parts.server.context().clock.now(), self.parts.revocations.set());
        let mut buffer = PayloadBuffer::new();
        let claims = self.parts.cache.verifier().verify(token, now, &mut buffer).ok()?;
        if set.has(&claims) {
            return None;
        }
        let id = TokenId::parse(claims.token_id()?).ok()?;
        let end = claims.expires_at()? + MARGIN;
        Some(Revocable {
            revocation: Revocation::until(Revoked::Token(id.clone()), now).forgotten_at(end),
            is_own: set.client_of(&claims) == Some(client.id().as_str()),
            id,
        })
    }
}

/// A valid token that a client wants to end.
struct Revocable {
    revocation: Revocation,
    /// Whether the token was issued to the client.
    is_own: bool,
    id: TokenId,
}

// SECURITY: an earlier release may have stored a public client with the right, and every caller can
// act as it. Tested by `public_client_may_not_introspect`.
fn may_introspect(client: &Client) -> bool {
    client.may_introspect() && client.kind() == ClientKind::Confidential
}

/// Finds the user of a subject, cached or not.
async fn find(users: &dyn Users, subject: &str, claim: SubjectClaim) -> Result<Option<Arc<User>>, StoreError> {
    let cached = match claim {
        SubjectClaim::UserId => users.cached_by_id(subject),
        SubjectClaim::Username => users.cached(subject),
    };
    if cached.is_some() {
        return Ok(cached);
    }
    let found = match claim {
        SubjectClaim::UserId => match UserId::parse(subject) {
            Ok(id) => users.find_by_id(&id).await?,
            Err(_) => None,
        },
        SubjectClaim::Username => match Username::from_stored(subject) {
            Ok(name) => users.find(&name).await?,
            Err(_) => None,
        },
    };
    Ok(found.map(Arc::new))
}

/// A valid token, with its user.
pub struct IntrospectedToken {
    token: Found,
    user: Option<Arc<User>>,
}

/// An access token with its cached claims, or what is stored about a refresh token.
enum Found {
    Access(Arc<scopegate_token::CachedToken<ActiveToken>>),
    Refresh(ActiveToken),
}

impl IntrospectedToken {
    const fn cached(token: Arc<scopegate_token::CachedToken<ActiveToken>>, user: Option<Arc<User>>) -> Self {
        Self {
            token: Found::Access(token),
            user,
        }
    }

    /// Returns the claims of the token.
    #[must_use]
    pub fn token(&self) -> &ActiveToken {
        match &self.token {
            Found::Access(token) => token,
            Found::Refresh(token) => token,
        }
    }

    /// Whether it is a refresh token, and not a bearer token.
    #[must_use]
    pub const fn is_refresh_token(&self) -> bool {
        matches!(self.token, Found::Refresh(_))
    }

    /// Returns the name of the user; `None` if the client acts for itself.
    #[must_use]
    pub fn username(&self) -> Option<&Username> {
        self.user.as_deref().map(User::username)
    }
}

impl fmt::Debug for IntrospectedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectedToken").finish_non_exhaustive()
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{ClientAuthMethod, ClientId};

    use super::*;

    #[test]
    fn public_client_may_not_introspect() {
        let public = Client::public(ClientId::parse("page").unwrap(), "A page").with_introspection(true);
        assert!(!may_introspect(&public));
        assert!(may_introspect(&public.with_auth_method(ClientAuthMethod::SecretBasic)));
    }
}
