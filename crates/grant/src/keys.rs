//! The signing keys of an authorization server with several nodes.

mod adoption;
mod error;
mod key_source;
mod opened;
mod removal;
mod reseal;
mod rotating_keys;
mod rotation;
mod server_secrets;

pub use self::error::KeyRotationError;
pub use self::key_source::{KeyEncryptionKeyError, KeyEncryptionKeySource};
pub use self::removal::RemovedKey;
pub use self::rotating_keys::{ActiveKeys, RotatingKeys};
pub use self::server_secrets::{OldSecrets, RotatedSecrets};
