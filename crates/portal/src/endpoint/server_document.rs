//! The OpenAPI document of the server's own endpoints, at `/docs/oauth.json`.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scopegate_domain::Issuer;
use scopegate_gate::{SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_store::BoxFuture;
use serde_json::{Map, Value, json};

use super::server_metadata::METADATA_LIFETIME;
use crate::describe::{CLIENT_SCHEME, members};
use crate::public_document::PublicDocument;

/// Where the document is.
const PATH: &str = "/docs/oauth.json";

/// An OpenAPI 3.1 document of the endpoints of an authorization server: those whose routes have a
/// description. It is computed from the endpoints that are registered, so it lists no other.
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_gate::domain::Issuer;
/// use scopegate_gate::token::{KeySet, SigningKey};
/// use scopegate_gate::{Catalog, Gate, SiteEndpoint};
/// use scopegate_portal::{PublishedKeys, ServerDocument};
///
/// let keys = PublishedKeys::new(&KeySet::from(SigningKey::es256_generate()?.verifying_key()));
/// let endpoints: [Arc<dyn SiteEndpoint>; 1] = [Arc::new(keys)];
/// let document = ServerDocument::new(&Issuer::parse("https://id.example")?, "1.0.0", &endpoints);
/// let [keys] = endpoints;
/// let gate = Gate::builder(Catalog::builder().build()?).site(keys).site(document).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ServerDocument {
    document: PublicDocument,
    routes: [SiteRoute; 1],
}

impl ServerDocument {
    /// Creates the document of these endpoints. `version` is that of the program.
    #[must_use]
    pub fn new(issuer: &Issuer, version: &str, endpoints: &[Arc<dyn SiteEndpoint>]) -> Self {
        let (mut paths, mut schemas) = (Map::new(), Map::new());
        for route in endpoints.iter().flat_map(SiteEndpoint::routes) {
            let Some(description) = route.description() else {
                continue;
            };
            schemas.extend(description.schemas.clone());
            let item = paths
                .entry(route.template())
                .or_insert_with(|| path_item(issuer, route));
            if let Value::Object(item) = item {
                let method = route.method().as_str().to_ascii_lowercase();
                item.insert(method, Value::Object(description.operation.clone()));
            }
        }
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "Authorization server", "version": version },
            "servers": [{ "url": issuer.as_str().trim_end_matches('/') }],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": { CLIENT_SCHEME: {
                    "type": "http", "scheme": "basic",
                    "description": "Id and secret of the client, each form-encoded. A client that is registered with \
                        `client_secret_post` sends `client_id` and `client_secret` in the form instead. A public client sends its \
                        `client_id` alone.",
                } },
            },
        });
        Self {
            document: PublicDocument::new(document.to_string(), "application/json", METADATA_LIFETIME),
            routes: [SiteRoute::get(PATH).open_to_other_origins()],
        }
    }
}

/// Returns the item of a path. The metadata documents are at the origin of the issuer, before its
/// path.
fn path_item(issuer: &Issuer, route: &SiteRoute) -> Value {
    let is_at_origin = route.template().starts_with("/.well-known/oauth-");
    match origin(issuer.as_str()).filter(|_| is_at_origin) {
        Some(origin) => Value::Object(members(json!({ "servers": [{ "url": origin }] }))),
        None => json!({}),
    }
}

/// Returns scheme and authority of a URL.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next().unwrap_or(rest);
    url.get(..scheme.len() + 3 + authority.len())
}

impl SiteEndpoint for ServerDocument {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move { self.document.respond(request.head.headers()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_has_no_path() {
        assert_eq!(origin("https://id.example/tenant/a"), Some("https://id.example"));
        assert_eq!(origin("http://127.0.0.1:8000"), Some("http://127.0.0.1:8000"));
        assert_eq!(origin("urn:issuer"), None);
    }
}
