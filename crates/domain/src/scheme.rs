//! Security schemes, as OpenAPI 3.1 knows them.

/// How a request can carry a credential.
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
        /// Where it stands.
        location: ApiKeyLocation,
        /// The name of the header, parameter or cookie.
        name: String,
    },
    /// The `Authorization` header.
    Http(HttpScheme),
    /// OAuth 2.0 with its flows.
    OAuth2(Box<OAuthFlows>),
    /// `OpenID` Connect: the flows stand in a document of the provider.
    OpenIdConnect {
        /// Where that document is.
        url: String,
    },
}

/// Where an API key stands.
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
        /// A hint how the token is made, such as `JWT`.
        format: Option<String>,
    },
    /// A digest: [RFC 7616](https://www.rfc-editor.org/rfc/rfc7616).
    Digest,
}

/// The flows of an OAuth 2.0 scheme; at least one is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthFlows {
    /// With a redirect and a code: RFC 6749, section 4.1.
    pub authorization_code: Option<OAuthFlow>,
    /// The client for itself: RFC 6749, section 4.4.
    pub client_credentials: Option<OAuthFlow>,
    /// With a token in the redirect: RFC 6749, section 4.2 (not recommended: RFC 9700, section 2.1.2).
    pub implicit: Option<OAuthFlow>,
    /// With the user's password: RFC 6749, section 4.3 (not recommended: RFC 9700, section 2.4).
    pub password: Option<OAuthFlow>,
}

/// The addresses of one flow, absolute or relative to the document's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthFlow {
    /// Where the user is sent to.
    pub authorization_url: Option<String>,
    /// Where the client gets its token.
    pub token_url: Option<String>,
    /// Where the client gets the next one.
    pub refresh_url: Option<String>,
}

impl SecurityScheme {
    /// OAuth 2.0 with the password flow alone, as FastAPI's `OAuth2PasswordBearer`.
    #[must_use]
    pub fn oauth2_password(token_url: impl Into<String>) -> Self {
        let flow = OAuthFlow {
            token_url: Some(token_url.into()),
            ..OAuthFlow::default()
        };
        Self::OAuth2(Box::new(OAuthFlows {
            password: Some(flow),
            ..OAuthFlows::default()
        }))
    }

    /// A bearer token that carries no scopes.
    #[must_use]
    pub const fn http_bearer() -> Self {
        Self::Http(HttpScheme::Bearer { format: None })
    }

    /// User name and password with each request.
    #[must_use]
    pub const fn http_basic() -> Self {
        Self::Http(HttpScheme::Basic)
    }

    /// A key with each request.
    #[must_use]
    pub fn api_key(location: ApiKeyLocation, name: impl Into<String>) -> Self {
        Self::ApiKey {
            location,
            name: name.into(),
        }
    }

    /// Whether scopes mean anything on this scheme: OAuth 2.0 and `OpenID` Connect alone.
    #[must_use]
    pub const fn has_scopes(&self) -> bool {
        matches!(self, Self::OAuth2(_) | Self::OpenIdConnect { .. })
    }
}
