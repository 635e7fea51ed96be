//! Errors of the keys of an issuer.

use scopegate_domain::{KeyId, Timestamp};
use scopegate_store::StoreError;
use scopegate_token::{EnvelopeError, KeyError, KeyRingError, RandomError};

use super::key_source::KeyEncryptionKeyError;

/// The reason why the keys of this issuer cannot be read or changed. It contains nothing of a key
/// except its id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRotationError {
    /// An algorithm that this program does not know.
    #[error("key `{id}` is for an algorithm that this program does not know")]
    Algorithm {
        /// The id of the key.
        id: KeyId,
    },
    /// Other processes changed the keys first in each attempt.
    #[error("other processes changed the keys in each attempt; try again")]
    Contended,
    /// There is no key yet.
    #[error("there is no key yet")]
    Empty,
    /// No random bytes are available.
    #[error(transparent)]
    RandomSource(#[from] RandomError),
    /// A key with that id exists.
    #[error("there is a key `{id}` already")]
    IdTaken {
        /// The id.
        id: KeyId,
    },
    /// A key cannot be constructed or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key-encryption key cannot be read.
    #[error(transparent)]
    KeyEncryptionKey(KeyEncryptionKeyError),
    /// There is no server secret yet.
    #[error("there are no server secrets yet; a server with the code grant makes them when it starts")]
    NoSecrets,
    /// The keys do not form a ring, or the next one exists already.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
    /// A key could not be sealed or opened.
    #[error("key `{id}`: {fault}")]
    Sealed {
        /// The id of the key.
        id: KeyId,
        /// The cause.
        #[source]
        fault: EnvelopeError,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// All versions of the secret of refresh tokens verify tokens that may be in use.
    #[error("three versions of the secret of refresh tokens are in use")]
    TooManySecrets {
        /// The time at which the first of them ends.
        until: Timestamp,
    },
    /// The key has no private document: a secret for HMAC comes from the configuration.
    #[error("key is symmetric; import a private RSA, EC or Ed25519 key")]
    Unsealable,
}
