//! The key set as an endpoint: [RFC 7517, section
//! 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).

use bytes::Bytes;
use http::Response;
use scopegate_gate::{SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_store::BoxFuture;

use crate::published_keys::{JWKS_PATH, PublishedKeys};

/// Answers with the public keys of the issuer.
pub(crate) struct JwksEndpoint {
    keys: PublishedKeys,
    routes: [SiteRoute; 1],
}

impl JwksEndpoint {
    pub(crate) fn new(keys: PublishedKeys) -> Self {
        Self {
            keys,
            routes: [SiteRoute::get(JWKS_PATH).open_to_other_origins()],
        }
    }
}

impl SiteEndpoint for JwksEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move { self.keys.answer(request.head.headers()) })
    }
}
