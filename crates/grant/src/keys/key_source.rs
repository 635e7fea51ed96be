//! The source of the key-encryption key.

use std::error::Error;
use std::fmt;
use std::future::ready;
use std::sync::Arc;

use scopegate_store::{BoxFuture, SigningKeys};
use scopegate_token::KeyEncryptionKey;

/// A source of the key-encryption key. The key is read at its first use, and again if the last key
/// does not open the stored keys: another program may have sealed all keys again.
pub trait KeyEncryptionKeySource: fmt::Debug + Send + Sync {
    /// Reads the current key-encryption key, for these keys.
    ///
    /// # Errors
    ///
    /// The reason why there is none.
    fn read<'a>(
        &'a self,
        keys: &'a dyn SigningKeys,
    ) -> BoxFuture<'a, Result<Arc<KeyEncryptionKey>, KeyEncryptionKeyError>>;
}

/// The reason why a key-encryption key cannot be read. It contains nothing of the key.
pub type KeyEncryptionKeyError = Box<dyn Error + Send + Sync>;

/// A key that does not change.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) Arc<KeyEncryptionKey>);

impl KeyEncryptionKeySource for Fixed {
    fn read<'a>(
        &'a self,
        _keys: &'a dyn SigningKeys,
    ) -> BoxFuture<'a, Result<Arc<KeyEncryptionKey>, KeyEncryptionKeyError>> {
        Box::pin(ready(Ok(Arc::clone(&self.0))))
    }
}
