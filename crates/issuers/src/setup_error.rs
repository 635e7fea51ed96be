//! The errors of the configuration of another issuer.

use scopegate_token::LeewayTooLong;

use crate::fetch::{InvalidEndpoint, InvalidRoots};

/// The error in the configuration of another issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteSetupError {
    /// Tokens without `typ`, of an issuer whose tokens follow RFC 9068.
    #[error("tokens by RFC 9068 have a `typ`; tokens without it are accepted only as `jwt`")]
    AbsentType,
    /// A URL, perhaps the issuer itself, that cannot be fetched.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// A leeway above a minute.
    #[error(transparent)]
    Leeway(#[from] LeewayTooLong),
    /// Certificates that cannot be read.
    #[error(transparent)]
    Roots(#[from] InvalidRoots),
}
