//! What can be wrong with the keys of an issuer.

use scopegate_domain::KeyId;
use scopegate_store::StoreError;
use scopegate_token::{EntropyError, EnvelopeError, KeyError, KeyRingError};

use crate::KekUnreadable;

/// Why the keys of this issuer cannot be read or changed. Holds nothing of a key but its id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// An algorithm that this program does not know.
    #[error("key `{id}` is for an algorithm that this program does not know")]
    Algorithm {
        /// Which key.
        id: KeyId,
    },
    /// Others came first each time.
    #[error("keys are being changed by others all the time")]
    Contended,
    /// There is no key yet.
    #[error("there is no key yet")]
    Empty,
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// There is a key of that id.
    #[error("there is a key `{id}` already")]
    IdTaken {
        /// Which id.
        id: KeyId,
    },
    /// A key cannot be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key-encryption key cannot be read.
    #[error(transparent)]
    KeyEncryptionKey(KekUnreadable),
    /// The keys are no ring, or the next one is there already.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
    /// A key was not sealed or not opened.
    #[error("key `{id}`: {fault}")]
    Sealed {
        /// Which key.
        id: KeyId,
        /// Why.
        #[source]
        fault: EnvelopeError,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key that has no private document: a secret for HMAC comes from the configuration.
    #[error("key is a shared secret, and none that others could verify with")]
    Unsealable,
}
