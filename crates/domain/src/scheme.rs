//! Security schemes of OpenAPI 3.1.

/// The kind of a security scheme: how a request carries a credential.
///
/// ```
/// use scopegate_domain::SecurityScheme;
///
/// let scheme = SecurityScheme::oauth2_password("token");
/// assert!(scheme.has_scopes());
/// assert!(!SecurityScheme::http_basic().has_scopes());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "these are the kinds of OpenAPI; a new one must be documented and enforced"
)]
pub enum SecurityScheme {
    /// A key in a header, the query or a cookie.
    ApiKey {
        /// The place of the key in a request.
        location: ApiKeyLocation,
        /// The name of the header, parameter or cookie.
        name: String,
    },
    /// The `Authorization` header.
    Http(HttpScheme),
    /// OAuth 2.0 with its flows.
    OAuth2(Box<OAuthFlows>),
    /// `OpenID` Connect: a document of the provider declares the flows.
    OpenIdConnect {
        /// The URL of the discovery document.
        url: String,
    },
}

/// The place of an API key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "OpenAPI knows these three")]
pub enum ApiKeyLocation {
    /// In a cookie.
    Cookie,
    /// In a header.
    Header,
    /// In the query.
    Query,
}

/// A scheme of the `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the schemes whose challenge we can write")]
pub enum HttpScheme {
    /// User name and password: [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617).
    Basic,
    /// A bearer token: [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750).
    Bearer {
        /// A hint about the format of the token, such as `JWT`.
        format: Option<String>,
    },
    /// A digest: [RFC 7616](https://www.rfc-editor.org/rfc/rfc7616).
    Digest,
}

/// The flows of an OAuth 2.0 scheme, each with its addresses.
///
/// ```
/// use scopegate_domain::{OAuthFlows, SecurityScheme};
///
/// let flows = OAuthFlows::default()
///     .authorization_code("authorize", "token")
///     .client_credentials("token")
///     .refresh("token");
/// let scheme = SecurityScheme::oauth2(flows);
/// assert!(scheme.has_scopes());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthFlows {
    /// The authorization code flow: RFC 6749, section 4.1.
    pub authorization_code: Option<OAuthFlow>,
    /// The client for itself: RFC 6749, section 4.4.
    pub client_credentials: Option<OAuthFlow>,
    /// The device flow, with a code that the user enters on another device: RFC 8628.
    pub device_authorization: Option<OAuthFlow>,
    /// The implicit flow: RFC 6749, section 4.2 (not recommended: RFC 9700, section 2.1.2).
    pub implicit: Option<OAuthFlow>,
    /// The password flow: RFC 6749, section 4.3 (not recommended: RFC 9700, section 2.4).
    pub password: Option<OAuthFlow>,
    /// The metadata of the authorization server: RFC 8414.
    pub metadata_url: Option<String>,
}

/// The addresses of one flow, absolute or relative to the document's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthFlow {
    /// The authorization endpoint, to which the browser is redirected.
    pub authorization_url: Option<String>,
    /// The token endpoint.
    pub token_url: Option<String>,
    /// The endpoint for refresh tokens.
    pub refresh_url: Option<String>,
    /// The device authorization endpoint: RFC 8628, section 3.1.
    pub device_authorization_url: Option<String>,
}

impl OAuthFlows {
    /// Adds the authorization code flow with its authorization endpoint and its token endpoint.
    #[must_use]
    pub fn authorization_code(mut self, authorization_url: impl Into<String>, token_url: impl Into<String>) -> Self {
        self.authorization_code = Some(OAuthFlow {
            authorization_url: Some(authorization_url.into()),
            ..OAuthFlow::with_token_url(token_url)
        });
        self
    }

    /// Adds the client credentials flow.
    #[must_use]
    pub fn client_credentials(mut self, token_url: impl Into<String>) -> Self {
        self.client_credentials = Some(OAuthFlow::with_token_url(token_url));
        self
    }

    /// Adds the device authorization flow: the device gets its codes at the first address, its
    /// token at the second.
    #[must_use]
    pub fn device_authorization(
        mut self,
        device_authorization_url: impl Into<String>,
        token_url: impl Into<String>,
    ) -> Self {
        self.device_authorization = Some(OAuthFlow {
            device_authorization_url: Some(device_authorization_url.into()),
            ..OAuthFlow::with_token_url(token_url)
        });
        self
    }

    /// Adds the implicit flow.
    #[must_use]
    pub fn implicit(mut self, authorization_url: impl Into<String>) -> Self {
        self.implicit = Some(OAuthFlow {
            authorization_url: Some(authorization_url.into()),
            ..OAuthFlow::default()
        });
        self
    }

    /// Adds the password flow.
    #[must_use]
    pub fn password(mut self, token_url: impl Into<String>) -> Self {
        self.password = Some(OAuthFlow::with_token_url(token_url));
        self
    }

    /// Sets the refresh URL of all flows so far, except the implicit flow: it issues no refresh
    /// token (RFC 6749, section 4.2.2).
    #[must_use]
    pub fn refresh(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        let flows = [
            &mut self.authorization_code,
            &mut self.client_credentials,
            &mut self.device_authorization,
            &mut self.password,
        ];
        for flow in flows.into_iter().flatten() {
            flow.refresh_url = Some(url.clone());
        }
        self
    }
}

impl OAuthFlow {
    /// Returns the addresses of the flow as written.
    fn addresses(&self) -> impl Iterator<Item = &str> {
        let all = [
            &self.authorization_url,
            &self.token_url,
            &self.refresh_url,
            &self.device_authorization_url,
        ];
        all.into_iter().flatten().map(String::as_str)
    }

    fn with_token_url(url: impl Into<String>) -> Self {
        Self {
            token_url: Some(url.into()),
            ..Self::default()
        }
    }
}

impl SecurityScheme {
    /// Creates an OAuth 2.0 scheme with these flows.
    #[must_use]
    pub fn oauth2(flows: OAuthFlows) -> Self {
        Self::OAuth2(Box::new(flows))
    }

    /// Creates an OAuth 2.0 scheme with the authorization code flow ([RFC 6749, section
    /// 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)).
    #[must_use]
    pub fn oauth2_authorization_code(authorization_url: impl Into<String>, token_url: impl Into<String>) -> Self {
        Self::oauth2(OAuthFlows::default().authorization_code(authorization_url, token_url))
    }

    /// Creates an OAuth 2.0 scheme with the client credentials flow, for programs that act without
    /// a user.
    #[must_use]
    pub fn oauth2_client_credentials(token_url: impl Into<String>) -> Self {
        Self::oauth2(OAuthFlows::default().client_credentials(token_url))
    }

    /// Creates an OAuth 2.0 scheme with the implicit flow, for existing interfaces (not
    /// recommended: RFC 9700, section 2.1.2).
    #[must_use]
    pub fn oauth2_implicit(authorization_url: impl Into<String>) -> Self {
        Self::oauth2(OAuthFlows::default().implicit(authorization_url))
    }

    /// Creates an OAuth 2.0 scheme with the password flow ([RFC 6749, section
    /// 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3)).
    #[must_use]
    pub fn oauth2_password(token_url: impl Into<String>) -> Self {
        Self::oauth2(OAuthFlows::default().password(token_url))
    }

    /// Creates an `OpenID` Connect scheme from the URL of the provider's discovery
    /// document.
    #[must_use]
    pub fn openid_connect(url: impl Into<String>) -> Self {
        Self::OpenIdConnect { url: url.into() }
    }

    /// Creates a scheme of bearer tokens without scopes.
    #[must_use]
    pub const fn http_bearer() -> Self {
        Self::Http(HttpScheme::Bearer { format: None })
    }

    /// Creates a scheme of bearer tokens with a hint about their format, such as `JWT`.
    #[must_use]
    pub fn http_bearer_with_format(format: impl Into<String>) -> Self {
        Self::Http(HttpScheme::Bearer {
            format: Some(format.into()),
        })
    }

    /// Creates a scheme of a digest in each request ([RFC
    /// 7616](https://www.rfc-editor.org/rfc/rfc7616)).
    #[must_use]
    pub const fn http_digest() -> Self {
        Self::Http(HttpScheme::Digest)
    }

    /// Creates a scheme of user name and password in each request ([RFC
    /// 7617](https://www.rfc-editor.org/rfc/rfc7617)).
    #[must_use]
    pub const fn http_basic() -> Self {
        Self::Http(HttpScheme::Basic)
    }

    /// Creates a scheme of a key in each request: in a header, in the query or in a cookie.
    #[must_use]
    pub fn api_key(location: ApiKeyLocation, name: impl Into<String>) -> Self {
        Self::ApiKey {
            location,
            name: name.into(),
        }
    }

    /// Whether scopes belong to this kind of scheme: OAuth 2.0 and `OpenID` Connect. Other schemes
    /// have scopes if the catalog declares some:
    /// [`DeclaredScheme::has_scopes`](crate::DeclaredScheme::has_scopes).
    #[must_use]
    pub const fn has_scopes(&self) -> bool {
        matches!(self, Self::OAuth2(_) | Self::OpenIdConnect { .. })
    }

    /// Returns the addresses of the authorization server that issues the tokens of the scheme, as
    /// written: endpoints and metadata documents. Empty for a scheme of another kind.
    pub fn server_addresses(&self) -> impl Iterator<Item = &str> {
        let (flows, discovery) = match self {
            Self::OAuth2(flows) => (Some(flows), flows.metadata_url.as_ref()),
            Self::OpenIdConnect { url } => (None, Some(url)),
            Self::ApiKey { .. } | Self::Http(_) => (None, None),
        };
        let flows = flows.into_iter().flat_map(|flows| {
            [
                &flows.authorization_code,
                &flows.client_credentials,
                &flows.device_authorization,
                &flows.implicit,
                &flows.password,
            ]
        });
        discovery
            .map(String::as_str)
            .into_iter()
            .chain(flows.flatten().flat_map(OAuthFlow::addresses))
    }

    /// Whether the credential is a bearer token (RFC 6750): all of OAuth 2.0 and `OpenID` Connect,
    /// and HTTP bearer.
    #[must_use]
    pub const fn is_bearer(&self) -> bool {
        matches!(
            self,
            Self::Http(HttpScheme::Bearer { .. }) | Self::OAuth2(_) | Self::OpenIdConnect { .. }
        )
    }
}
