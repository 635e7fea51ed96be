//! The claims that contain the scope and the client of a token.

/// The claim that contains the scope of a token.
///
/// ```
/// use scopegate_domain::ScopeLayout;
///
/// assert_eq!(ScopeLayout::find("realm_access.roles"), Some(ScopeLayout::RealmRoles));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new layout must be handled by all code that writes or reads one"
)]
pub enum ScopeLayout {
    /// `"scopes": ["me", "items"]`, a list of text.
    List,
    /// `"permissions": ["me", "items"]`, the permissions of a user in tokens of Auth0.
    Permissions,
    /// `"realm_access": {"roles": ["me", "items"]}`, the roles of a user in tokens of Keycloak.
    RealmRoles,
    /// `"scp": "me items"` or `"scp": ["me", "items"]`, as in tokens of Entra and Okta.
    Scp,
    /// `"scope": "me items"` ([RFC 9068, section
    /// 2.2.3](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3)).
    Text,
}

impl ScopeLayout {
    /// The layout that reads this claim.
    #[must_use]
    pub fn find(claim: &str) -> Option<Self> {
        [Self::List, Self::Permissions, Self::RealmRoles, Self::Scp, Self::Text]
            .into_iter()
            .find(|layout| layout.as_str() == claim)
    }

    /// Returns the name of the claim; a dot leads into an object.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "scopes",
            Self::Permissions => "permissions",
            Self::RealmRoles => "realm_access.roles",
            Self::Scp => "scp",
            Self::Text => "scope",
        }
    }
}

/// The claim that names the client of a token.
///
/// ```
/// use scopegate_domain::ClientClaim;
///
/// assert_eq!(ClientClaim::find("azp"), Some(ClientClaim::Azp));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new claim must be handled by all code that reads one"
)]
pub enum ClientClaim {
    /// `appid`, as in tokens of Entra, version 1.
    AppId,
    /// `azp`, as in tokens of Keycloak, Auth0 and Entra.
    Azp,
    /// `cid`, as in tokens of Okta.
    Cid,
    /// `client_id` ([RFC 9068, section 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
    #[default]
    ClientId,
}

impl ClientClaim {
    /// Returns the value for a claim name.
    #[must_use]
    pub fn find(claim: &str) -> Option<Self> {
        [Self::AppId, Self::Azp, Self::Cid, Self::ClientId]
            .into_iter()
            .find(|known| known.as_str() == claim)
    }

    /// Returns the name of the claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppId => "appid",
            Self::Azp => "azp",
            Self::Cid => "cid",
            Self::ClientId => "client_id",
        }
    }
}

/// The names of the claims that differ between issuers.
///
/// ```
/// use scopegate_domain::{ClaimLayout, Claims, ClientClaim, ScopeLayout};
///
/// let layout = ClaimLayout::new(ScopeLayout::Scp).with_client(ClientClaim::Cid);
/// let claims = Claims::parse(br#"{"scp": ["me", "items"], "cid": "app"}"#, layout)?;
/// assert!(claims.scopes().eq(["me", "items"]));
/// assert_eq!(claims.client_id(), Some("app"));
/// # Ok::<(), scopegate_domain::ClaimsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimLayout {
    scopes: ScopeLayout,
    client: ClientClaim,
}

impl ClaimLayout {
    /// Creates a layout with the scopes in this claim and the client in `client_id`.
    #[must_use]
    pub const fn new(scopes: ScopeLayout) -> Self {
        Self {
            scopes,
            client: ClientClaim::ClientId,
        }
    }

    /// Sets the claim that names the client.
    #[must_use]
    pub const fn with_client(mut self, client: ClientClaim) -> Self {
        self.client = client;
        self
    }

    /// Returns the claim that contains the scopes.
    #[must_use]
    pub const fn scopes(self) -> ScopeLayout {
        self.scopes
    }

    /// Returns the claim that names the client.
    #[must_use]
    pub const fn client(self) -> ClientClaim {
        self.client
    }
}

impl From<ScopeLayout> for ClaimLayout {
    fn from(scopes: ScopeLayout) -> Self {
        Self::new(scopes)
    }
}
