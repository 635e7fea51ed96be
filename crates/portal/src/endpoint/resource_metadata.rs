//! The metadata of a protected resource: [RFC 9728](https://www.rfc-editor.org/rfc/rfc9728).

use bytes::Bytes;
use http::Response;
use scopegate_domain::{Audience, Catalog, DeclaredScheme, Issuer};
use scopegate_gate::{SiteDocument, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_store::BoxFuture;
use serde_json::json;

use super::server_metadata::METADATA_LIFETIME;
use crate::describe::public_document;
use crate::public_document::PublicDocument;
use crate::well_known::WellKnownLocation;

/// The metadata document of the own API: which authorization server issues its tokens, and which
/// scopes it has. The challenges of the gate name it (`resource_metadata`).
///
/// Its place is `/.well-known/oauth-protected-resource`, followed by the path of the audience.
///
/// ```
/// use scopegate_gate::domain::{Audience, Issuer};
/// use scopegate_gate::{Catalog, Gate};
/// use scopegate_portal::ResourceMetadata;
///
/// let catalog = Catalog::builder().build()?;
/// let (audience, issuer) = (Audience::parse("https://api.example")?, Issuer::parse("https://id.example")?);
/// let metadata = ResourceMetadata::new(&audience, &issuer, &catalog).ok_or("the audience is a URL")?;
/// let gate = Gate::builder(catalog).site(metadata).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ResourceMetadata {
    url: String,
    document: PublicDocument,
    routes: [SiteRoute; 1],
}

impl ResourceMetadata {
    /// Creates the document of the API with this audience and catalog. `None` if the audience is
    /// not a URL, or if its path has escapes or braces: then the document has no place.
    #[must_use]
    pub fn new(audience: &Audience, issuer: &Issuer, catalog: &Catalog) -> Option<Self> {
        let place = WellKnownLocation::of(audience.as_str(), "oauth-protected-resource")?;
        let schemes = catalog.schemes().iter();
        let scopes: Vec<&str> = schemes
            .flat_map(DeclaredScheme::scopes)
            .map(|scope| scope.token().as_str())
            .collect();
        let document = json!({
            "resource": audience,
            "authorization_servers": [issuer],
            "scopes_supported": scopes,
            "bearer_methods_supported": ["header"],
        });
        Some(Self {
            url: place.url(),
            document: PublicDocument::new(document.to_string(), "application/json", METADATA_LIFETIME),
            routes: [SiteRoute::get(place.path())
                .open_to_other_origins()
                .describe(description())],
        })
    }
}

/// Returns the entry in the document of the server.
fn description() -> SiteDocument {
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    let schema = json!({
        "type": "object",
        "properties": {
            "resource": { "type": "string", "format": "uri" }, "authorization_servers": texts(),
            "scopes_supported": texts(), "bearer_methods_supported": texts(),
        },
        "required": ["resource", "authorization_servers"],
    });
    let example = json!({ "resource": "https://api.example", "authorization_servers": ["https://id.example"] });
    public_document(
        "resource-metadata",
        "Read the metadata of the API",
        "application/json",
        &schema,
        &example,
    )
}

impl SiteEndpoint for ResourceMetadata {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move { self.document.respond(request.head.headers()) })
    }

    fn resource_metadata(&self) -> Option<&str> {
        Some(&self.url)
    }
}
