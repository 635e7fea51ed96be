//! The origin of a request.

use std::net::IpAddr;

use scopegate_domain::RequestId;

/// The origin of a request, for limits and for the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each fact of a request")]
pub struct RequestOrigin {
    /// The address of the client, behind proxies that are trusted. `None` if it is unknown.
    pub address: Option<IpAddr>,
    /// The id of the request. `None` if it has none.
    pub request: Option<RequestId>,
}

impl From<Option<IpAddr>> for RequestOrigin {
    fn from(address: Option<IpAddr>) -> Self {
        Self { address, request: None }
    }
}
