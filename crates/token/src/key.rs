//! Keys: each bound to one algorithm.

mod der;
mod error;
mod hash;
mod import;
mod jwk;
mod public_jwk;
mod rsa;
mod signing;
#[cfg(test)]
mod tests;
mod verifying;

pub use self::error::KeyError;
use self::hash::hmac_algorithm;
pub(crate) use self::jwk::Jwk;
pub use self::jwk::JwksPolicy;
pub use self::signing::SigningKey;
pub use self::verifying::VerifyingKey;
