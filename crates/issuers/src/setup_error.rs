//! The error of the configuration of an issuer.

use scopegate_domain::{InvalidClaimName, InvalidIdentifier};
use scopegate_token::LeewayTooLong;

use crate::fetch::{InvalidEndpoint, InvalidRoots};

/// The error of the configuration of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteSetupError {
    /// Tokens without `typ` are accepted, but RFC 9068 requires it.
    #[error("tokens of RFC 9068 have a `typ`; call `jwt` to accept tokens without it")]
    AbsentType,
    /// A claim that cannot be kept for handlers.
    #[error(transparent)]
    Claim(#[from] InvalidClaimName),
    /// An issuer or an audience that is not an identifier.
    #[error(transparent)]
    Identifier(#[from] InvalidIdentifier),
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
