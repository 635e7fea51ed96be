//! Clients: programs that request tokens. [RFC 6749, section
//! 2](https://www.rfc-editor.org/rfc/rfc6749#section-2).

mod redirect_uri;
mod secret_digest;

pub use self::redirect_uri::{InvalidRedirectUri, RedirectUri};
pub use self::secret_digest::SecretDigest;
use crate::{ClientId, GrantType, Scope};

/// Whether a client can keep a secret ([RFC 6749, section
/// 2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the RFC knows these two")]
pub enum ClientKind {
    /// The client can keep a secret and authenticates with it.
    Confidential,
    /// The client runs on the user's device: a page, a program, an app.
    Public,
}

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
    secret: Option<SecretDigest>,
    redirect_uris: Vec<RedirectUri>,
    grant_types: Vec<GrantType>,
    scope: Scope,
    may_introspect: bool,
}

impl Client {
    /// Creates a public client: it has no secret, and no scope and no grant type yet.
    #[must_use]
    pub fn public(id: ClientId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            secret: None,
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            scope: Scope::EMPTY,
            may_introspect: false,
        }
    }

    /// A client with a secret that may do nothing yet.
    #[must_use]
    pub fn confidential(id: ClientId, name: impl Into<String>, secret: SecretDigest) -> Self {
        Self {
            secret: Some(secret),
            ..Self::public(id, name)
        }
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

    /// Sets whether the client may introspect tokens. Default: false.
    #[must_use]
    pub const fn with_introspection(mut self, allowed: bool) -> Self {
        self.may_introspect = allowed;
        self
    }

    /// Sets the secret. It replaces an earlier one and makes the client confidential.
    #[must_use]
    pub const fn with_secret(mut self, secret: SecretDigest) -> Self {
        self.secret = Some(secret);
        self
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

    /// Returns [`ClientKind::Confidential`] if there is a secret, else [`ClientKind::Public`].
    #[must_use]
    pub const fn kind(&self) -> ClientKind {
        if self.secret.is_some() {
            ClientKind::Confidential
        } else {
            ClientKind::Public
        }
    }

    /// The digest of the secret of a confidential client.
    #[must_use]
    pub const fn secret(&self) -> Option<&SecretDigest> {
        self.secret.as_ref()
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
}
