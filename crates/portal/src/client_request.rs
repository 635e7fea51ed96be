//! A request of a client with a form: what all endpoints for clients read alike.

use bytes::Bytes;
use http::{HeaderMap, Response};
use scopegate_domain::RequestId;
use scopegate_gate::{SiteRequest, TrustedProxies};
use scopegate_grant::{ClientCredentials, Params, RequestOrigin};

use crate::form::FormError;
use crate::{basic, form, problem};

/// The parts of a request that the grants read.
#[derive(Debug)]
pub(crate) struct ClientRequest {
    pub(crate) params: Params,
    /// The credentials in the `Authorization` header.
    pub(crate) header: ClientCredentials,
    /// The address of the client, behind proxies that are trusted, and the id of the request.
    pub(crate) origin: RequestOrigin,
}

impl ClientRequest {
    /// Reads a request, or returns its refusal.
    pub(crate) fn read(request: &SiteRequest<'_>, proxies: &TrustedProxies) -> Result<Self, Box<Response<Bytes>>> {
        let headers = request.head.headers();
        if !request.head.query().is_empty() {
            return Err(Box::new(problem::no_form(FormError::Query)));
        }
        let origin = RequestOrigin {
            address: request.head.peer().map(|peer| proxies.client(peer, headers)),
            request: RequestId::parse(request.label.id_text()).ok(),
        };
        Self::parse(headers, &request.body, origin)
    }

    /// Parses headers and a body that is whole and within its limit.
    pub(crate) fn parse(headers: &HeaderMap, body: &[u8], origin: RequestOrigin) -> Result<Self, Box<Response<Bytes>>> {
        Ok(Self {
            params: form::read(headers, body).map_err(|error| Box::new(problem::no_form(error)))?,
            header: basic::read(headers),
            origin,
        })
    }
}
