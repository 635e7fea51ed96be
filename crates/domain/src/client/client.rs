//! A registered client and its settings.

use super::{ClientAuthMethod, ClientKind, RedirectUri, RegisteredSecret, SecretDigest};
use crate::{Audience, ClientId, GrantType, Lifetime, Scope};

/// A registered client: its identity and the maximum that it can be granted.
///
/// ```
/// use scopegate_domain::{Client, ClientId, ClientKind, GrantType};
///
/// let client = Client::public(ClientId::parse("demo-app")?, "The demo")
///     .with_grant_types([GrantType::Password])
///     .with_scope("me items".parse()?);
/// assert_eq!(client.kind(), ClientKind::Public);
/// assert!(client.may_use(GrantType::Password));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    id: ClientId,
    name: String,
    auth_method: ClientAuthMethod,
    secrets: Vec<RegisteredSecret>,
    redirect_uris: Vec<RedirectUri>,
    grant_types: Vec<GrantType>,
    resources: Vec<Audience>,
    scope: Scope,
    optional_scope: Scope,
    default_scope: Scope,
    may_introspect: bool,
    is_first_party: bool,
    post_logout_redirect_uris: Vec<RedirectUri>,
    refresh_idle: Option<Lifetime>,
    refresh_age: Option<Lifetime>,
}

impl Client {
    /// The maximum number of secrets: the one in use, and its successor.
    pub const MAX_SECRETS: usize = 2;

    /// The maximum number of redirect URIs, and of those after a logout.
    pub const MAX_REDIRECT_URIS: usize = 32;

    /// The longest age of a token family: 365 days.
    pub const MAX_REFRESH_AGE: Lifetime = Lifetime::from_minutes(365 * 24 * 60);

    /// Creates a public client: it has no secret, and no scope and no grant type yet.
    #[must_use]
    pub fn public(id: ClientId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            auth_method: ClientAuthMethod::None,
            secrets: Vec::new(),
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            resources: Vec::new(),
            scope: Scope::EMPTY,
            optional_scope: Scope::EMPTY,
            default_scope: Scope::EMPTY,
            may_introspect: false,
            is_first_party: false,
            post_logout_redirect_uris: Vec::new(),
            refresh_idle: None,
            refresh_age: None,
        }
    }

    /// Creates a client with a secret that may do nothing yet. It authenticates by HTTP Basic.
    #[must_use]
    pub fn confidential(id: ClientId, name: impl Into<String>, secret: SecretDigest) -> Self {
        Self::public(id, name).with_secret(secret)
    }

    /// Sets the name for people.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the method of authentication, and so the kind. Default: that of the constructor.
    #[must_use]
    pub const fn with_auth_method(mut self, method: ClientAuthMethod) -> Self {
        self.auth_method = method;
        self
    }

    /// Sets the secrets, at most [`Client::MAX_SECRETS`]. They are kept in the order of their
    /// creation. Default: that of the constructor.
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl IntoIterator<Item = RegisteredSecret>) -> Self {
        self.secrets.clear();
        for secret in secrets {
            if self.secrets.iter().all(|other| other.digest() != secret.digest()) {
                self.secrets.push(secret);
            }
        }
        let key = |secret: &RegisteredSecret| (secret.created_at(), *secret.digest().as_bytes());
        self.secrets.sort_by_key(key);
        self
    }

    /// Sets the redirect URIs. Default: none.
    #[must_use]
    pub fn with_redirect_uris(mut self, uris: impl IntoIterator<Item = RedirectUri>) -> Self {
        self.redirect_uris = uris.into_iter().collect();
        self
    }

    /// Sets the grant types that the client may use. Default: none.
    #[must_use]
    pub fn with_grant_types(mut self, grant_types: impl IntoIterator<Item = GrantType>) -> Self {
        self.grant_types = grant_types.into_iter().collect();
        self
    }

    /// Sets the ceiling: the largest scope that the client can be granted, for any user. Default:
    /// no scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets the resources that tokens of the client are for, each an audience by [RFC
    /// 8707](https://www.rfc-editor.org/rfc/rfc8707). Default: none.
    #[must_use]
    pub fn with_resources(mut self, resources: impl IntoIterator<Item = Audience>) -> Self {
        self.resources = resources.into_iter().collect();
        self
    }

    /// Sets the part of the ceiling that a user can refuse to grant. Default: no scope.
    #[must_use]
    pub fn with_optional_scope(mut self, scope: Scope) -> Self {
        self.optional_scope = scope;
        self
    }

    /// Sets the scope of a request that names none. Default: no scope, and such a request has no
    /// default.
    #[must_use]
    pub fn with_default_scope(mut self, scope: Scope) -> Self {
        self.default_scope = scope;
        self
    }

    /// Sets whether the client may introspect tokens. Default: false.
    #[must_use]
    pub const fn with_introspection(mut self, allowed: bool) -> Self {
        self.may_introspect = allowed;
        self
    }

    /// Sets whether the client belongs to the operator of this server. Its users see no
    /// consent page. Default: false.
    #[must_use]
    pub const fn with_first_party(mut self, is_first_party: bool) -> Self {
        self.is_first_party = is_first_party;
        self
    }

    /// Sets the URIs that a browser may return to after a logout. Default: none.
    #[must_use]
    pub fn with_post_logout_redirect_uris(mut self, uris: impl IntoIterator<Item = RedirectUri>) -> Self {
        self.post_logout_redirect_uris = uris.into_iter().collect();
        self
    }

    /// Sets the maximum time between two refreshes. `None`: that of [`Client::refresh_lifetimes`].
    /// Default: `None`.
    #[must_use]
    pub const fn with_refresh_idle(mut self, idle: Option<Lifetime>) -> Self {
        self.refresh_idle = idle;
        self
    }

    /// Sets the age from which a token family cannot be refreshed. `None`: that of
    /// [`Client::refresh_lifetimes`]. Default: `None`.
    #[must_use]
    pub const fn with_refresh_age(mut self, age: Option<Lifetime>) -> Self {
        self.refresh_age = age;
        self
    }

    /// Sets the only secret, of unknown age and without an end. A public client becomes
    /// confidential and authenticates by HTTP Basic.
    #[must_use]
    pub fn with_secret(self, secret: SecretDigest) -> Self {
        let method = match self.auth_method {
            ClientAuthMethod::None => ClientAuthMethod::SecretBasic,
            method => method,
        };
        self.with_auth_method(method)
            .with_secrets([RegisteredSecret::new(secret)])
    }

    /// Returns the id of the client.
    #[must_use]
    pub const fn id(&self) -> &ClientId {
        &self.id
    }

    /// Returns the name of the client for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the kind, which follows from the method of authentication.
    #[must_use]
    pub const fn kind(&self) -> ClientKind {
        self.auth_method.kind()
    }

    /// Returns the method of authentication.
    #[must_use]
    pub const fn auth_method(&self) -> ClientAuthMethod {
        self.auth_method
    }

    /// Returns the secrets in the order of their creation, also those that have ended.
    #[must_use]
    pub fn secrets(&self) -> &[RegisteredSecret] {
        &self.secrets
    }

    /// The places that an answer may be sent to.
    #[must_use]
    pub fn redirect_uris(&self) -> &[RedirectUri] {
        &self.redirect_uris
    }

    /// Returns the grant types that the client may use.
    #[must_use]
    pub fn grant_types(&self) -> &[GrantType] {
        &self.grant_types
    }

    /// Whether the client may use this grant type.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// Returns the resources that tokens of the client are for.
    #[must_use]
    pub fn resources(&self) -> &[Audience] {
        &self.resources
    }

    /// Returns the part of the ceiling that a user can refuse to grant.
    #[must_use]
    pub const fn optional_scope(&self) -> &Scope {
        &self.optional_scope
    }

    /// Returns the scope of a request that names none; empty if there is no default.
    #[must_use]
    pub const fn default_scope(&self) -> &Scope {
        &self.default_scope
    }

    /// The ceiling.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether the client may introspect tokens.
    #[must_use]
    pub const fn may_introspect(&self) -> bool {
        self.may_introspect
    }

    /// Whether the client belongs to the operator of this server.
    #[must_use]
    pub const fn is_first_party(&self) -> bool {
        self.is_first_party
    }

    /// Returns the URIs that a browser may return to after a logout.
    #[must_use]
    pub fn post_logout_redirect_uris(&self) -> &[RedirectUri] {
        &self.post_logout_redirect_uris
    }

    /// Returns the registered maximum time between two refreshes.
    #[must_use]
    pub const fn refresh_idle(&self) -> Option<Lifetime> {
        self.refresh_idle
    }

    /// Returns the registered age from which a token family cannot be refreshed.
    #[must_use]
    pub const fn refresh_age(&self) -> Option<Lifetime> {
        self.refresh_age
    }
}
