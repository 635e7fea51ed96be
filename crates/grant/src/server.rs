//! The authorization server as a value.

use std::sync::Arc;

use scopegate_domain::{
    Authenticated, Catalog, Client, Clock, Grant, GrantType, Lifetime, Resources, ScopeToken, SystemClock, Timestamp,
};
use scopegate_store::{ClientsCache, NewsHeads, Store, StoreError};
use scopegate_token::{
    PasswordHasher, PasswordPolicy, RandomSource, RevokedSet, Signer, SubjectClaim, SystemRandomSource, TokenRules,
};

use crate::context::GrantContext;
use crate::password::Login;
use crate::request::TokenRequest;
use crate::scope_request::Narrowed;
use crate::targets::{Current, RESOURCE, RequestTargets, Targets};
use crate::{
    ClientCredentials, Dialect, GrantError, HashingLimits, InvalidRequestCause, Params, TokenSet, client_auth,
    client_credentials, issue, password,
};
use scopegate_login::{AuditLog, PasswordCheck, RequestOrigin, Throttle};

/// Issues tokens to clients: the token endpoint without HTTP.
///
/// It is cheap to clone; all clones share one store, one key and one queue of logins. The [crate's
/// page](crate) has an example.
#[derive(Clone, Debug)]
pub struct AuthorizationServer(Arc<GrantContext>);

impl AuthorizationServer {
    /// Creates a builder from the required parts.
    ///
    /// The catalog lists the existing scopes: others are never granted. A shared signer can get
    /// another key.
    #[must_use]
    pub fn builder(
        store: Arc<dyn Store>,
        signer: impl Into<Arc<Signer>>,
        catalog: Catalog,
    ) -> AuthorizationServerBuilder {
        AuthorizationServerBuilder {
            store,
            clients: None,
            revoked: None,
            signer: signer.into(),
            catalog,
            resources: None,
            hasher: PasswordHasher::new(PasswordPolicy::default()),
            limits: HashingLimits::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemRandomSource),
            dialect: Dialect::rfc(),
            lifetime: Lifetime::from_minutes(10),
            password_lifetime: None,
            password_grant: false,
            throttled: true,
            audit: AuditLog::default(),
        }
    }

    pub(crate) fn context(&self) -> &GrantContext {
        &self.0
    }

    /// Returns what `sub` says about the user in the tokens that it issues.
    #[must_use]
    pub fn subject(&self) -> SubjectClaim {
        self.0.dialect.subject
    }

    /// Returns the rules of the tokens that it issues.
    #[must_use]
    pub fn token_rules(&self) -> &TokenRules {
        self.0.signer.rules()
    }

    /// Returns the grant types that are enabled. The client credentials grant always is, for the
    /// clients that are registered with it.
    pub fn grant_types(&self) -> impl Iterator<Item = GrantType> {
        GrantType::ALL
            .iter()
            .copied()
            .filter(|grant_type| self.0.offers(*grant_type))
    }

    /// Returns the scopes that it grants.
    #[must_use]
    pub fn scopes(&self) -> Vec<ScopeToken> {
        self.0.targets.scopes()
    }

    /// Replaces the resources. Later requests are answered with the new ones. A server that was
    /// built without resources must stay without, and the other way round: then nothing changes.
    pub fn replace_resources(&self, resources: Resources) {
        self.0.targets.replace(resources);
    }

    /// Handles a request to the token endpoint ([RFC 6749, section
    /// 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)): `params` from the form, `header`
    /// from the `Authorization` header.
    ///
    /// A future that is dropped issues no token; a hash that has begun is computed to its end.
    ///
    /// # Errors
    ///
    /// [`GrantError`] tells why there is no token.
    pub async fn token(&self, params: &Params, header: &ClientCredentials) -> Result<TokenSet, GrantError> {
        self.token_from(params, header, None).await
    }

    /// Handles a request like [`AuthorizationServer::token`], from this origin. Failed attempts
    /// count for its address, too, and a user is not locked out by attempts from elsewhere.
    ///
    /// # Errors
    ///
    /// [`GrantError`] tells why there is no token.
    pub async fn token_from(
        &self,
        params: &Params,
        header: &ClientCredentials,
        origin: impl Into<RequestOrigin>,
    ) -> Result<TokenSet, GrantError> {
        let (context, origin) = (&*self.0, origin.into());
        let requested_at = context.clock.now();
        params.each_once_except(RESOURCE)?;
        let grant_type = TokenRequest::grant_type(params)?;
        let may_have_nul = context.dialect.accepts_nul && grant_type == GrantType::Password;
        if params.has_nul() && !may_have_nul {
            return Err(InvalidRequestCause::Nul.into());
        }
        // A token of now would not be accepted.
        if let Some(revoked) = &context.revoked {
            revoked.check().map_err(StoreError::unavailable)?;
        }
        if grant_type == GrantType::ClientCredentials
            && let Some((client, heads)) =
                client_auth::authenticate_cached(context, params, header, &origin, requested_at).await?
            && let Ok((grant, tokens)) = for_itself(context, &client, params, requested_at, &heads)
        {
            issue::record(context, &grant, grant_type, &origin).await?;
            return Ok(tokens);
        }
        let heads = context.store.news().heads().await?;
        let client = client_auth::authenticate(context, params, header, &origin, requested_at).await?;
        let request = Request {
            client: &client,
            origin: &origin,
            grant_type,
            requested_at,
        };
        let granted = grant(context, &request, params, &context.targets.current()).await;
        let issued = granted.and_then(|(grant, narrowed)| {
            let tokens = issue_for(context, grant_type, &grant, narrowed, &heads)?;
            Ok((grant, tokens))
        });
        match issued {
            Ok((grant, tokens)) => {
                issue::record(context, &grant, grant_type, &origin).await?;
                Ok(tokens)
            }
            Err(error) => {
                issue::record_refusal(context, &client, &error, &origin);
                Err(error)
            }
        }
    }
}

/// The request of an authenticated client.
struct Request<'a> {
    client: &'a Authenticated<Client>,
    origin: &'a RequestOrigin,
    grant_type: GrantType,
    requested_at: Timestamp,
}

/// Returns the grant that an authenticated client requests, for the current APIs.
async fn grant(
    context: &GrantContext,
    request: &Request<'_>,
    params: &Params,
    current: &Current,
) -> Result<(Grant, Narrowed), GrantError> {
    let &Request {
        client,
        origin,
        grant_type,
        requested_at,
    } = request;
    allow(context, client, grant_type)?;
    let parsed = TokenRequest::parse(grant_type, params, &context.dialect)?;
    let own = context.signer.rules().audience();
    let targets = &RequestTargets::parse(current, own, client.resources(), params)?;
    let granted = match parsed {
        TokenRequest::ClientCredentials(requested) => {
            client_credentials::grant(client, &requested, targets, requested_at)?
        }
        TokenRequest::Password(password) => {
            let login = Login {
                client,
                origin,
                targets,
            };
            password::grant(context, login, password, requested_at).await?
        }
    };
    client_auth::is_unchanged(context.store.clients(), client).await?;
    Ok(granted)
}

/// Issues a token to a cached client that acts for itself, without a query. A refusal may come from
/// an outdated value, so the caller then reads the store.
// SECURITY: `heads` is the state of the log up to which this process has read it. An entry that
// revokes tokens of the client has a later position, so it covers the token. The client is not
// compared with the store again, because nothing is waited for in between. Tested in
// tests/it/clients_cache.rs.
fn for_itself(
    context: &GrantContext,
    client: &Authenticated<Client>,
    params: &Params,
    requested_at: Timestamp,
    heads: &NewsHeads,
) -> Result<(Grant, TokenSet), GrantError> {
    let grant_type = GrantType::ClientCredentials;
    allow(context, client, grant_type)?;
    let TokenRequest::ClientCredentials(requested) = TokenRequest::parse(grant_type, params, &context.dialect)? else {
        return Err(GrantError::UnsupportedGrantType);
    };
    let (current, own) = (context.targets.current(), context.signer.rules().audience());
    let targets = RequestTargets::parse(&current, own, client.resources(), params)?;
    let (grant, narrowed) = client_credentials::grant(client, &requested, &targets, requested_at)?;
    let tokens = issue_for(context, grant_type, &grant, narrowed, heads)?;
    Ok((grant, tokens))
}

fn issue_for(
    context: &GrantContext,
    grant_type: GrantType,
    grant: &Grant,
    narrowed: Narrowed,
    heads: &NewsHeads,
) -> Result<TokenSet, GrantError> {
    let (lifetime, scope) = (context.lifetime_of(grant_type), narrowed.scope.clone());
    let access_token = issue::access_token(context, grant, lifetime, narrowed, heads)?;
    let left = issue::left(context, grant.granted_at() + lifetime);
    Ok(TokenSet::new(access_token, left, scope))
}

/// Checks that the server offers this grant type and the client may use it.
fn allow(context: &GrantContext, client: &Authenticated<Client>, grant_type: GrantType) -> Result<(), GrantError> {
    if !context.offers(grant_type) {
        return Err(GrantError::GrantTypeDisabled(grant_type));
    }
    if !client.may_use(grant_type) {
        return Err(GrantError::UnauthorizedClient);
    }
    Ok(())
}

/// Collects the parts of an [`AuthorizationServer`].
#[derive(Debug)]
pub struct AuthorizationServerBuilder {
    store: Arc<dyn Store>,
    clients: Option<Arc<ClientsCache>>,
    revoked: Option<Arc<RevokedSet>>,
    signer: Arc<Signer>,
    catalog: Catalog,
    resources: Option<Resources>,
    hasher: PasswordHasher,
    limits: HashingLimits,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn RandomSource>,
    dialect: Dialect,
    lifetime: Lifetime,
    password_lifetime: Option<Lifetime>,
    password_grant: bool,
    throttled: bool,
    audit: AuditLog,
}

impl AuthorizationServerBuilder {
    /// Sets the resources that tokens are for. Their scopes are granted in place of those of the
    /// catalog, and each client gets tokens for its own resources only. Default: the catalog is the
    /// one API, and the audience of the signer its audience.
    #[must_use]
    pub fn resources(mut self, resources: Resources) -> Self {
        self.resources = Some(resources);
        self
    }

    /// Sets a cache of the clients of the store. A [`RevocationWatch`](crate::RevocationWatch) must
    /// have the same cache. With it a cached client gets a token for itself, and introspects,
    /// without a query. Default: none.
    #[must_use]
    pub fn clients(mut self, clients: Arc<ClientsCache>) -> Self {
        self.clients = Some(clients);
        self
    }

    /// Sets the revoked tokens. While the set [may lack revocations](RevokedSet::check), no token
    /// is issued. Default: none.
    #[must_use]
    pub fn revoked(mut self, revoked: Arc<RevokedSet>) -> Self {
        self.revoked = Some(revoked);
        self
    }

    /// Sets the rules of the password grant. Default: [`Dialect::rfc`].
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets whether clients may request a token with the password of a user. Default: off, because
    /// [RFC 9700, section 2.4](https://www.rfc-editor.org/rfc/rfc9700#section-2.4) forbids it.
    #[must_use]
    pub const fn password_grant(mut self, offered: bool) -> Self {
        self.password_grant = offered;
        self
    }

    /// Sets whether failed attempts with a password or a client secret delay the next ones.
    /// Default: on.
    #[must_use]
    pub const fn throttled(mut self, throttled: bool) -> Self {
        self.throttled = throttled;
        self
    }

    /// Sets the log of logins, issued and revoked tokens. Default: none.
    #[must_use]
    pub fn audit(mut self, audit: AuditLog) -> Self {
        self.audit = audit;
        self
    }

    /// Sets the lifetime of an access token. Default: 10 minutes.
    #[must_use]
    pub const fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets the lifetime of an access token by the password grant. Default: that of the others.
    #[must_use]
    pub const fn password_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.password_lifetime = Some(lifetime);
        self
    }

    /// Sets how passwords are hashed, and whether a password with a weaker hash is hashed again at
    /// its next login.
    #[must_use]
    pub fn hasher(mut self, hasher: PasswordHasher) -> Self {
        self.hasher = hasher;
        self
    }

    /// Sets the number of concurrent hashes and of waiting logins.
    #[must_use]
    pub const fn hashing_limits(mut self, limits: HashingLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the clock. Default: the clock of the system.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the random source. Default: the system.
    #[must_use]
    pub fn entropy(mut self, entropy: Arc<dyn RandomSource>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Builds the server.
    #[must_use]
    pub fn build(self) -> AuthorizationServer {
        if self.store.is_volatile() {
            tracing::warn!("clients, revocations and signing keys are in memory, and end with the process");
        }
        let throttle = Arc::new(Throttle::new(self.throttled));
        let passwords = PasswordCheck::new(
            Arc::clone(&self.store),
            self.hasher,
            self.limits,
            Arc::clone(&throttle),
            Arc::clone(&self.entropy),
        )
        .audit(self.audit.clone());
        AuthorizationServer(Arc::new(GrantContext {
            store: self.store,
            clients: self.clients,
            revoked: self.revoked,
            signer: self.signer,
            passwords,
            throttle,
            audit: self.audit,
            clock: self.clock,
            entropy: self.entropy,
            targets: Targets::new(&self.catalog, self.resources),
            dialect: self.dialect,
            lifetime: self.lifetime,
            password_lifetime: self.password_lifetime.unwrap_or(self.lifetime),
            password_grant: self.password_grant,
        }))
    }
}
