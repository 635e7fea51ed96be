//! The key set as an endpoint, `/.well-known/jwks.json`: [RFC 7517, section
//! 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::Response;
use scopegate_gate::{SiteDocument, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_store::BoxFuture;
use scopegate_token::{KeyRing, KeySet};

use serde_json::json;

use crate::describe::public_document;
use crate::public_document::PublicDocument;

/// Where the key set is.
pub(crate) const JWKS_PATH: &str = "/.well-known/jwks.json";

/// The public keys of this issuer, as a set of JWKs ([RFC 7517, section
/// 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)), and the endpoint that publishes them at
/// `/.well-known/jwks.json`. The document does not contain it.
///
/// All clones share one set: a key rotation replaces it, and the gate then answers with the new
/// keys. The answer allows caches to keep it for 300 seconds. So publish a key for longer than that
/// before it signs.
///
/// ```
/// use scopegate_gate::token::{KeySet, SigningKey};
/// use scopegate_gate::{Catalog, Gate};
/// use scopegate_portal::PublishedKeys;
///
/// let (old, new) = (SigningKey::es256_generate()?, SigningKey::es256_generate()?);
/// let keys = PublishedKeys::new(&KeySet::from(old.verifying_key()));
/// let gate = Gate::builder(Catalog::builder().build()?).site(keys.clone()).build()?;
/// keys.replace(&KeySet::from(new.verifying_key()));
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PublishedKeys(Arc<Published>);

#[derive(Debug)]
struct Published {
    written: RwLock<PublicDocument>,
    routes: [SiteRoute; 1],
}

/// Returns the entry in the document of the server.
fn description() -> SiteDocument {
    let key = json!({ "type": "object", "properties": { "kty": { "type": "string" } }, "required": ["kty"] });
    public_document(
        "jwks",
        "Read the public keys",
        "application/jwk-set+json",
        &json!({ "type": "object", "properties": { "keys": { "type": "array", "items": key } }, "required": ["keys"] }),
        &json!({ "keys": [{ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1", "x": "..", "y": ".." }] }),
    )
}

/// The set as it goes out.
fn written(keys: &KeySet) -> PublicDocument {
    PublicDocument::new(keys.to_jwks(), "application/jwk-set+json", KeyRing::JWKS_LIFETIME)
}

impl PublishedKeys {
    /// Publishes these keys. Secrets among them are left out.
    #[must_use]
    pub fn new(keys: &KeySet) -> Self {
        Self(Arc::new(Published {
            written: RwLock::new(written(keys)),
            routes: [SiteRoute::get(JWKS_PATH)
                .open_to_other_origins()
                .describe(description())],
        }))
    }

    /// Publishes these keys from now on and no other.
    pub fn replace(&self, keys: &KeySet) {
        let written = written(keys);
        *self.0.written.write().unwrap_or_else(PoisonError::into_inner) = written;
    }

    fn current(&self) -> PublicDocument {
        self.0.written.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SiteEndpoint for PublishedKeys {
    fn routes(&self) -> &[SiteRoute] {
        &self.0.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move { self.current().respond(request.head.headers()) })
    }
}
