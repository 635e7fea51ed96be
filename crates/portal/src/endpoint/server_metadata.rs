//! The metadata of the authorization server: [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414).

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::Response;
use scopegate_domain::{GrantType, Issuer, Lifetime, ScopeToken};
use scopegate_gate::{SiteDocument, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_grant::AuthorizationServer;
use scopegate_store::BoxFuture;
use serde::Serialize;
use serde_json::json;

use super::jwks::JWKS_PATH;
use crate::describe::public_document;
use crate::public_document::PublicDocument;
use crate::well_known::WellKnownLocation;
use crate::{AuthorizeEndpoint, IntrospectionEndpoint, PublishedKeys, RevocationEndpoint, TokenEndpoint};

/// How long caches keep the document.
pub(crate) const METADATA_LIFETIME: Lifetime = Lifetime::from_minutes(5);

/// How a client authenticates: `none` is a public client.
const CLIENT_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// How a confidential client authenticates.
const SECRET_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// The metadata document of an authorization server, from the endpoints that it has. Its place is
/// `/.well-known/oauth-authorization-server`, followed by the path of the issuer.
///
/// All clones share one document: [`ServerMetadata::refresh`] replaces it after a change of the
/// scopes.
///
/// All URLs begin with the issuer. A proxy in front of an issuer with a path removes that path for
/// the endpoints, and keeps it for this document.
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_gate::domain::{Issuer, Secret};
/// use scopegate_gate::store::MemoryStore;
/// use scopegate_gate::token::{Signer, SigningKey, TokenRules};
/// use scopegate_gate::{Catalog, Gate};
/// use scopegate_portal::grant::AuthorizationServer;
/// use scopegate_portal::{ServerMetadata, TokenEndpoint};
///
/// let catalog = Catalog::builder().build()?;
/// let key = SigningKey::hs256(&Secret::new("a secret text of thirty-two bytes".to_owned()))?;
/// let signer = Signer::new(TokenRules::shared_secret(), key);
/// let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog.clone()).build();
/// let token = TokenEndpoint::new("/token", server.clone());
/// let metadata = ServerMetadata::new(&Issuer::parse("https://id.example")?, &server, &token).ok_or("a URL")?;
/// let gate = Gate::builder(catalog).site(token).site(metadata).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ServerMetadata {
    members: Members,
    url: String,
    document: Arc<RwLock<PublicDocument>>,
    routes: [SiteRoute; 1],
}

/// [RFC 8414, section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2).
#[derive(Clone, Serialize)]
struct Members {
    issuer: String,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    grant_types_supported: Vec<GrantName>,
    /// The RFC requires the member. No response type exists without an authorization endpoint.
    response_types_supported: &'static [&'static str],
    #[serde(flatten)]
    authorization: Option<CodeFlow>,
    scopes_supported: Vec<ScopeToken>,
    #[serde(flatten)]
    jwks: Option<Jwks>,
    #[serde(flatten)]
    introspection: Option<Introspection>,
    #[serde(flatten)]
    revocation: Option<Revocation>,
}

#[derive(Clone, Serialize)]
struct CodeFlow {
    authorization_endpoint: String,
    response_modes_supported: [&'static str; 1],
    code_challenge_methods_supported: [&'static str; 1],
    /// Each answer contains `iss` ([RFC 9207, section
    /// 3](https://www.rfc-editor.org/rfc/rfc9207#section-3)).
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Clone, Serialize)]
struct Jwks {
    jwks_uri: String,
}

#[derive(Clone, Serialize)]
struct Introspection {
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
}

#[derive(Clone, Serialize)]
struct Revocation {
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
}

/// A grant type, by its name.
#[derive(Clone)]
struct GrantName(GrantType);

impl Serialize for GrantName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl ServerMetadata {
    /// Creates the document of a server with this token endpoint. `None` if the issuer is not a
    /// URL, or if its path has escapes or braces: then the document has no place.
    #[must_use]
    pub fn new(issuer: &Issuer, server: &AuthorizationServer, token: &TokenEndpoint) -> Option<Self> {
        let place = WellKnownLocation::of(issuer.as_str(), "oauth-authorization-server")?;
        let members = Members {
            issuer: issuer.as_str().to_owned(),
            token_endpoint: url(issuer.as_str(), token),
            token_endpoint_auth_methods_supported: methods_of_grants(server),
            grant_types_supported: server.grant_types().map(GrantName).collect(),
            response_types_supported: &[],
            authorization: None,
            scopes_supported: scopes_of(server),
            jwks: None,
            introspection: None,
            revocation: None,
        };
        Some(Self {
            document: Arc::new(RwLock::new(written(&members))),
            members,
            url: place.url(),
            routes: [SiteRoute::get(place.path())
                .open_to_other_origins()
                .describe(description())],
        })
    }

    /// Returns the URL of the document.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds the key set.
    #[must_use]
    pub fn keys(self, _: &PublishedKeys) -> Self {
        self.with(|members| {
            let jwks_uri = join(&members.issuer, JWKS_PATH);
            members.jwks = Some(Jwks { jwks_uri });
        })
    }

    /// Adds the authorization endpoint.
    #[must_use]
    pub fn authorization(self, endpoint: &AuthorizeEndpoint) -> Self {
        self.with(|members| {
            members.response_types_supported = &["code"];
            members.authorization = Some(CodeFlow {
                authorization_endpoint: url(&members.issuer, endpoint),
                response_modes_supported: ["query"],
                code_challenge_methods_supported: ["S256"],
                authorization_response_iss_parameter_supported: true,
            });
        })
    }

    /// Adds the introspection endpoint.
    #[must_use]
    pub fn introspection(self, endpoint: &IntrospectionEndpoint) -> Self {
        self.with(|members| {
            members.introspection = Some(Introspection {
                introspection_endpoint: url(&members.issuer, endpoint),
                introspection_endpoint_auth_methods_supported: SECRET_METHODS,
            });
        })
    }

    /// Adds the revocation endpoint.
    #[must_use]
    pub fn revocation(self, endpoint: &RevocationEndpoint) -> Self {
        self.with(|members| {
            members.revocation = Some(Revocation {
                revocation_endpoint: url(&members.issuer, endpoint),
                revocation_endpoint_auth_methods_supported: CLIENT_METHODS,
            });
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Members)) -> Self {
        change(&mut self.members);
        self.write(&self.members);
        self
    }

    /// Publishes the scopes that the server grants now.
    pub fn refresh(&self, server: &AuthorizationServer) {
        let members = Members {
            scopes_supported: scopes_of(server),
            ..self.members.clone()
        };
        self.write(&members);
    }

    fn write(&self, members: &Members) {
        *self.document.write().unwrap_or_else(PoisonError::into_inner) = written(members);
    }

    fn current(&self) -> PublicDocument {
        self.document.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the methods of the clients that a grant of the server is for.
// SECURITY: tested by `metadata_equals_what_works` in server/tests/it/metadata/walk.rs.
fn methods_of_grants(server: &AuthorizationServer) -> Vec<&'static str> {
    let is_for_public_clients = |grant_type| match grant_type {
        GrantType::ClientCredentials => false,
        GrantType::AuthorizationCode | GrantType::Password | GrantType::RefreshToken => true,
    };
    if server.grant_types().any(is_for_public_clients) {
        CLIENT_METHODS.to_vec()
    } else {
        SECRET_METHODS.to_vec()
    }
}

/// Returns the scopes that a client can request. `offline_access` belongs to no resource, and is
/// granted next to a scope of one.
// SECURITY: tested by `metadata_equals_what_works` in server/tests/it/metadata/walk.rs.
fn scopes_of(server: &AuthorizationServer) -> Vec<ScopeToken> {
    let mut scopes = server.scopes();
    let has_refresh = server
        .grant_types()
        .any(|grant_type| grant_type == GrantType::RefreshToken);
    if has_refresh && !scopes.is_empty() && !scopes.contains(&ScopeToken::OFFLINE_ACCESS) {
        scopes.push(ScopeToken::OFFLINE_ACCESS);
    }
    scopes
}

/// Returns the entry in the document of the server.
fn description() -> SiteDocument {
    let url = || json!({ "type": "string", "format": "uri" });
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    let schema = json!({
        "type": "object",
        "properties": {
            "issuer": url(), "token_endpoint": url(), "jwks_uri": url(), "introspection_endpoint": url(),
            "revocation_endpoint": url(), "grant_types_supported": texts(), "response_types_supported": texts(),
            "scopes_supported": texts(), "token_endpoint_auth_methods_supported": texts(),
            "authorization_endpoint": url(), "response_modes_supported": texts(),
            "code_challenge_methods_supported": texts(),
            "authorization_response_iss_parameter_supported": { "type": "boolean" },
        },
        "required": ["issuer", "token_endpoint", "response_types_supported"],
    });
    let example = json!({
        "issuer": "https://id.example", "token_endpoint": "https://id.example/token", "response_types_supported": [],
    });
    public_document(
        "server-metadata",
        "Read the metadata of the server",
        "application/json",
        &schema,
        &example,
    )
}

fn written(members: &Members) -> PublicDocument {
    let body = serde_json::to_vec(members).unwrap_or_default();
    PublicDocument::new(body, "application/json", METADATA_LIFETIME)
}

/// Returns the URL of an endpoint: that of its first route.
fn url(issuer: &str, endpoint: &impl SiteEndpoint) -> String {
    let path = endpoint.routes().first().map_or("", SiteRoute::template);
    join(issuer, path)
}

fn join(issuer: &str, path: &str) -> String {
    format!("{}{path}", issuer.trim_end_matches('/'))
}

impl SiteEndpoint for ServerMetadata {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move { self.current().respond(request.head.headers()) })
    }
}

impl fmt::Debug for ServerMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerMetadata")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
