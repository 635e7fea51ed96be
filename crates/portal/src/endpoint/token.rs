//! The token endpoint: [RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).

mod document;

use std::fmt;

use bytes::Bytes;
use http::{Response, StatusCode};
use scopegate_domain::{GrantType, Scope, ScopeToken};
use scopegate_gate::{BodyError, IssuedTokens, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute, TrustedProxies};
use scopegate_grant::{AuthorizationServer, InvalidRequestCause, TokenSet};
use scopegate_store::BoxFuture;
use serde::Serialize;

use crate::client_request::ClientRequest;
use crate::problem::{self, reply};

/// The token endpoint of an authorization server.
///
/// It states which claims the issued tokens have. So the gate refuses, when it is built, a
/// requirement that none of them can satisfy.
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_gate::{Catalog, Gate, SecurityScheme};
/// use scopegate_gate::domain::Secret;
/// use scopegate_gate::store::MemoryStore;
/// use scopegate_gate::token::{Signer, SigningKey, TokenRules};
/// use scopegate_portal::TokenEndpoint;
/// use scopegate_portal::grant::AuthorizationServer;
///
/// let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token")).build()?;
/// let key = SigningKey::hs256(&Secret::new("a secret text of thirty-two bytes".to_owned()))?;
/// let signer = Signer::new(TokenRules::shared_secret(), key);
/// let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog.clone());
///
/// let gate = Gate::builder(catalog).site(TokenEndpoint::new("/token", server.build())).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TokenEndpoint {
    server: AuthorizationServer,
    proxies: TrustedProxies,
    routes: [SiteRoute; 1],
}

impl TokenEndpoint {
    /// Creates the endpoint at this path (`POST`).
    #[must_use]
    pub fn new(path: impl Into<String>, server: AuthorizationServer) -> Self {
        let grant_types: Vec<_> = server.grant_types().collect();
        let document = SiteDocument::new(document::operation(), document::schemas(&grant_types));
        let declared = server.scopes();
        let scopes: Vec<&str> = declared.iter().map(ScopeToken::as_str).collect();
        let description = document::description(&grant_types, &scopes);
        let route = SiteRoute::post(path).open_to_other_origins().always_traced();
        let route = route.describe(description);
        Self {
            server,
            proxies: TrustedProxies::default(),
            routes: [route.document(document)],
        }
    }

    /// Sets the proxies whose `X-Forwarded-For` names the client of a login. Default: none.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }
}

impl SiteEndpoint for TokenEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move {
            // SECURITY: a bearer token in place of a bound one is a downgrade. Tested by
            // `expected_binding_is_refused_by_name` in server/tests/it/client_credentials.rs.
            let has_proof = request.head.headers().contains_key("dpop");
            match ClientRequest::read(&request, &self.proxies) {
                Ok(request) if has_proof || request.params.count("dpop_jkt") > 0 => {
                    problem::refusal(&InvalidRequestCause::Proof.into(), &request.header)
                }
                Ok(request) => token(&self.server, request).await,
                Err(refusal) => *refusal,
            }
        })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(problem::incomplete(error))
    }

    fn issued_tokens(&self) -> Option<IssuedTokens> {
        let tokens = IssuedTokens::by(self.server.token_rules()).with_subject(self.server.subject());
        let has_service = self.server.grant_types().any(|grant| match grant {
            GrantType::ClientCredentials => true,
            // The subject is the user.
            GrantType::AuthorizationCode | GrantType::Password | GrantType::RefreshToken => false,
        });
        Some(if has_service {
            tokens.with_service_subjects()
        } else {
            tokens
        })
    }
}

/// Answers a request to the token endpoint.
pub(crate) async fn token(server: &AuthorizationServer, request: ClientRequest) -> Response<Bytes> {
    let ClientRequest { params, header, origin } = request;
    match server.token_from(&params, &header, origin).await {
        Ok(tokens) => success(&tokens),
        Err(error) => problem::refusal(&error, &header),
    }
}

/// [RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
#[derive(Serialize)]
struct Success<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: &'a Scope,
}

fn success(tokens: &TokenSet) -> Response<Bytes> {
    let body = Success {
        access_token: tokens.access_token().expose(),
        token_type: "Bearer",
        expires_in: tokens.expires_in().as_seconds(),
        refresh_token: tokens.refresh_token().map(|token| token.expose().as_str()),
        scope: tokens.scope(),
    };
    reply(StatusCode::OK, &body)
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
