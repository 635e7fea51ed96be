//! Inputs from the head of a request that the document does not describe.

use std::net::IpAddr;

use http::{HeaderMap, Method, Uri};
use scopegate_gate::InputError;

use crate::description::OperationDescription;
use crate::input::declaration::{Head, Input};
use crate::input::parts::RequestParts;

/// The address at the other end of the connection; `None` if the server does not tell it. Behind a
/// proxy, it is the address of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct PeerAddress(pub Option<IpAddr>);

/// The id of the request, which its response and its log events contain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct RequestId(pub String);

macro_rules! head {
    ($($input:ty: $parts:ident => $read:expr;)*) => {$(
        impl Input for $input {
            type Reads = Head;

            fn read($parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
                $read
            }

            fn describe(_: &mut OperationDescription) {}
        }
    )*};
}

head! {
    Method: parts => Ok(parts.method().clone());
    HeaderMap: parts => Ok(parts.headers().clone());
    PeerAddress: parts => Ok(Self(parts.head().peer()));
    RequestId: parts => Ok(Self(parts.request_id().to_owned()));
    Uri: parts => read_uri(parts);
}

/// Returns the path and the query, as the client sent them.
fn read_uri(parts: &RequestParts<'_>) -> Result<Uri, InputError> {
    let head = parts.head();
    let uri = match head.query() {
        "" => head.path().parse(),
        query => format!("{}?{query}", head.path()).parse(),
    };
    uri.map_err(|_| InputError::Unavailable)
}
