//! The reasons why a foreign document could not be fetched.

use std::io;
use std::net::IpAddr;

/// The reason why a document could not be fetched. For the operator's log: it contains the host
/// name, and nothing that was sent.
///
/// ```
/// use scopegate_issuers::FetchError;
///
/// assert_eq!(FetchError::Redirect { status: 302 }.to_string(), "response is a redirect (302), which is not followed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The connection could not be made.
    #[error("no connection: {0}")]
    Connect(io::ErrorKind),
    /// The connection took too long.
    #[error("no connection before the timeout")]
    ConnectTimeout,
    /// The response is compressed, and nothing here decompresses.
    #[error("response is compressed; the request accepts only `identity`")]
    Encoded,
    /// The host has only addresses that may not be connected to.
    #[error("address `{address}` is not public and not allowed")]
    ForbiddenAddress {
        /// An address of the host.
        address: IpAddr,
    },
    /// The URL uses neither TLS nor an allowed loopback address.
    #[error("`http` is allowed only for loopback addresses in `allow`")]
    Plaintext,
    /// The response is not HTTP, has too large a head, or is truncated.
    #[error("invalid response: {0}")]
    Protocol(String),
    /// A redirect. Its target was not read.
    #[error("response is a redirect ({status}), which is not followed")]
    Redirect {
        /// The status.
        status: u16,
    },
    /// The host has no address.
    #[error("no address for this host: {0}")]
    Resolve(io::ErrorKind),
    /// A status other than 200.
    #[error("response has status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The exchange took too long.
    #[error("no complete response before the timeout")]
    Timeout,
    /// The TLS handshake failed: the certificate is of an untrusted authority, or for another host.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The body is longer than allowed.
    #[error("response is too large")]
    TooLarge,
}
