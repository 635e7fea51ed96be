//! A JSON document that anonymous clients read, with a tag and a time for caches.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};
use scopegate_domain::Lifetime;
use scopegate_gate::entity_tag;

/// A document as it goes out.
#[derive(Clone, Debug)]
pub(crate) struct PublicDocument {
    body: Bytes,
    tag: String,
    media_type: &'static str,
    lifetime: Lifetime,
}

impl PublicDocument {
    /// Caches may keep the document for this time.
    pub(crate) fn new(body: impl Into<Bytes>, media_type: &'static str, lifetime: Lifetime) -> Self {
        let body = body.into();
        Self {
            tag: entity_tag::of(&body),
            body,
            media_type,
            lifetime,
        }
    }

    /// Returns the response to a request with these headers.
    pub(crate) fn respond(&self, headers: &HeaderMap) -> Response<Bytes> {
        let mut response = Response::new(self.body.clone());
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        let lifetime = format!("public, max-age={}", self.lifetime.as_seconds());
        if let Ok(lifetime) = HeaderValue::try_from(lifetime) {
            fields.insert(CACHE_CONTROL, lifetime);
        }
        entity_tag::apply(&self.tag, headers, response)
    }
}
