//! The settings of an authorization server.

use std::sync::Arc;

use scopegate_domain::{Catalog, Clock, Issuer, Lifetime, Resources, SystemClock};
use scopegate_login::{AuditLog, PasswordCheck, Throttle};
use scopegate_store::{ClientsCache, Store};
use scopegate_token::{PasswordHasher, PasswordPolicy, RandomSource, Signer, SystemRandomSource};

use crate::context::GrantContext;
use crate::people::{PASSWORD_MIN_LENGTH, People, REFRESH_RETRY};
use crate::targets::Targets;
use crate::{AuthorizationServer, Dialect, HashingLimits, RevocationWatch, ServerSecrets};

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
        AuthorizationServerBuilder::new(store, signer.into(), catalog)
    }
}

/// Collects the parts of an [`AuthorizationServer`].
#[derive(Debug)]
pub struct AuthorizationServerBuilder {
    store: Arc<dyn Store>,
    clients: Option<Arc<ClientsCache>>,
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
    people: Option<(Issuer, Arc<ServerSecrets>)>,
    refresh_retry: Lifetime,
    password_min_length: usize,
    revocations: Option<Arc<RevocationWatch>>,
}

impl AuthorizationServerBuilder {
    pub(crate) fn new(store: Arc<dyn Store>, signer: Arc<Signer>, catalog: Catalog) -> Self {
        Self {
            store,
            clients: None,
            signer,
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
            people: None,
            refresh_retry: REFRESH_RETRY,
            password_min_length: PASSWORD_MIN_LENGTH,
            revocations: None,
        }
    }

    /// Enables the grants that users allow on pages: authorization codes, and refresh tokens for
    /// the clients that have that grant. `issuer` is the `iss` of each answer ([RFC
    /// 9207](https://www.rfc-editor.org/rfc/rfc9207)). Default: off.
    #[must_use]
    pub fn code_grant(mut self, issuer: Issuer, secrets: Arc<ServerSecrets>) -> Self {
        self.people = Some((issuer, secrets));
        self
    }

    /// Sets the time in which a client that sends the direct predecessor of its refresh token
    /// receives the same successor again. Zero disables it. Default: 10 s.
    #[must_use]
    pub const fn refresh_retry(mut self, window: Lifetime) -> Self {
        self.refresh_retry = window;
        self
    }

    /// Sets how many characters a password has at least that a user chooses on the account page.
    /// Default: 8.
    #[must_use]
    pub const fn password_min_length(mut self, characters: usize) -> Self {
        self.password_min_length = characters;
        self
    }

    /// Sets the revocations of this process. What ends by a request is then revoked here at once.
    /// No token is issued while [revocations may be
    /// unknown](scopegate_token::RevokedSet::check). Default: none, and what ends is revoked at
    /// the next regular read.
    #[must_use]
    pub fn revocations(mut self, watch: Arc<RevocationWatch>) -> Self {
        self.revocations = Some(watch);
        self
    }

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
        let people = self.people.map(|(issuer, secrets)| People {
            issuer,
            secrets,
            refresh_retry: self.refresh_retry,
            password_min_length: self.password_min_length,
        });
        AuthorizationServer::of(GrantContext {
            store: self.store,
            clients: self.clients,
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
            people: people.map(Arc::new),
            revocations: self.revocations,
        })
    }
}
