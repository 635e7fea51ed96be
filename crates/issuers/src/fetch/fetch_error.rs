//! The reasons why a foreign document could not be fetched.

use std::io;
use std::net::IpAddr;

/// The reason why a document could not be fetched. For the operator's log: it contains the host
/// name, and nothing that was sent.
///
/// ```
/// use scopegate_issuers::FetchError;
///
/// assert_eq!(FetchError::Redirect { status: 302 }.to_string(), "answer is a redirect (302), which is not followed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The connection could not be made.
    #[error("no connection: {0}")]
    Connect(io::ErrorKind),
    /// The connection was not made in time.
    #[error("no connection in time")]
    ConnectTimeout,
    /// The answer is compressed, and nothing here unpacks.
    #[error("answer is encoded, which was not asked for")]
    Encoded,
    /// The host has only addresses that may not be connected to.
    #[error("address `{address}` is not public and not allowed")]
    ForbiddenAddress {
        /// One of them.
        address: IpAddr,
    },
    /// Neither TLS nor an allowed loopback address.
    #[error("`http` is for allowed loopback addresses alone")]
    Plaintext,
    /// The answer is not HTTP, has too large a head, or is truncated.
    #[error("answer is broken: {0}")]
    Protocol(String),
    /// A redirect. Its target was not read.
    #[error("answer is a redirect ({status}), which is not followed")]
    Redirect {
        /// Its status.
        status: u16,
    },
    /// The host has no address.
    #[error("no address for this host: {0}")]
    Resolve(io::ErrorKind),
    /// Another status than 200.
    #[error("answer has status {status}")]
    Status {
        /// Which.
        status: u16,
    },
    /// All of it together took too long.
    #[error("no whole answer in time")]
    Timeout,
    /// The TLS handshake failed: the certificate is of an untrusted authority, or for another host.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The body is longer than allowed.
    #[error("answer is too large")]
    TooLarge,
}
