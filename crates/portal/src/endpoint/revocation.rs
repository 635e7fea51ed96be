//! The revocation endpoint: [RFC 7009, section
//! 2](https://www.rfc-editor.org/rfc/rfc7009#section-2).

use std::fmt;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response};
use scopegate_gate::{BodyError, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute, TrustedProxies};
use scopegate_grant::AccessTokens;
use scopegate_store::BoxFuture;
use serde_json::json;

use crate::client_request::ClientRequest;
use crate::describe::{ClientOperation, client_operation, error_schema, no_store, token_form};
use crate::problem;

/// The revocation endpoint of an authorization server: a client ends a token that was issued to
/// it.
///
/// The answer is 200 without a body, also for a token that is not valid or belongs to another
/// client. Then nothing changes.
pub struct RevocationEndpoint {
    tokens: AccessTokens,
    proxies: TrustedProxies,
    routes: [SiteRoute; 1],
}

impl RevocationEndpoint {
    /// Creates the endpoint at this path (`POST`).
    #[must_use]
    pub fn new(path: impl Into<String>, tokens: AccessTokens) -> Self {
        Self {
            tokens,
            proxies: TrustedProxies::default(),
            routes: [SiteRoute::post(path).open_to_other_origins().describe(description())],
        }
    }

    /// Sets the proxies whose `X-Forwarded-For` names the client of a request. Default: none.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    async fn revoke(&self, request: SiteRequest<'_>) -> Response<Bytes> {
        let ClientRequest { params, header, origin } = match ClientRequest::read(&request, &self.proxies) {
            Ok(request) => request,
            Err(refusal) => return *refusal,
        };
        match self.tokens.revoke(&params, &header, origin).await {
            Ok(()) => {
                let mut response = Response::new(Bytes::new());
                let no_store = HeaderValue::from_static("no-store");
                response.headers_mut().insert(CACHE_CONTROL, no_store);
                response
            }
            Err(error) => problem::refusal(&error, &header),
        }
    }
}

/// Returns the entry in the document of the server.
fn description() -> SiteDocument {
    let operation = client_operation(&ClientOperation {
        id: "revoke",
        summary: "End a token of the client",
        request: "RevocationRequest",
        example: json!({ "token": "eyJ.." }),
        success: json!({
            "description": "The token is refused from now on, or it was not a token of the client",
            "headers": no_store(),
        }),
    });
    let mut schemas = error_schema();
    schemas.insert("RevocationRequest".to_owned(), token_form());
    SiteDocument::new(operation, schemas)
}

impl SiteEndpoint for RevocationEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(self.revoke(request))
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(problem::incomplete(error))
    }
}

impl fmt::Debug for RevocationEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationEndpoint")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
