//! Signing keys that were read from the store and opened.

use std::collections::BTreeMap;

use scopegate_domain::{KeyId, Secret, StoredKey};
use scopegate_token::{Algorithm, EnvelopeError, KeyEncryptionKey, KeyRing, SigningKey, VerifyingKey};

use super::error::KeyRotationError;

/// The last keys that were read, opened. An opened key stays open while it is stored, because
/// another program may seal all keys again.
#[derive(Default)]
pub(super) struct OpenedKeys {
    pub(super) ring: KeyRing,
    pub(super) opened: BTreeMap<KeyId, OpenedKey>,
}

pub(super) struct OpenedKey {
    pub(super) epoch: u32,
    /// The sealed bytes of the key.
    pub(super) sealed: Vec<u8>,
    pub(super) pkcs8: Secret<Vec<u8>>,
    pub(super) public: VerifyingKey,
}

/// Opens a stored key.
pub(super) fn open(key: &StoredKey, kek: &KeyEncryptionKey) -> Result<(KeyId, OpenedKey), KeyRotationError> {
    let pkcs8 = kek
        .open(&key.id, &key.algorithm, &key.sealed)
        .map_err(sealed(&key.id))?;
    let signing = SigningKey::from_pkcs8(algorithm(key)?, pkcs8.clone())?.with_id(key.id.clone());
    let opened = OpenedKey {
        epoch: key.epoch,
        sealed: key.sealed.clone(),
        pkcs8,
        public: signing.verifying_key(),
    };
    Ok((key.id.clone(), opened))
}

/// Returns the algorithm of a stored key.
pub(super) fn algorithm(key: &StoredKey) -> Result<Algorithm, KeyRotationError> {
    Algorithm::find(&key.algorithm).ok_or_else(|| KeyRotationError::Algorithm { id: key.id.clone() })
}

/// Returns a function that adds the id of a key to the error of its envelope.
pub(super) fn sealed(id: &KeyId) -> impl Fn(EnvelopeError) -> KeyRotationError {
    let id = id.clone();
    move |fault| KeyRotationError::Sealed { id: id.clone(), fault }
}
