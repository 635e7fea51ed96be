//! Where the key comes from that signing keys are sealed with.

use std::error::Error;
use std::fmt;
use std::future::ready;
use std::sync::Arc;

use scopegate_store::{BoxFuture, SigningKeys};
use scopegate_token::KeyEncryptionKey;

/// Where the key-encryption key comes from. It is read when it is needed first, and again whenever the one that was read has not
/// sealed what is stored: another program may have sealed all keys anew.
pub trait KekSource: fmt::Debug + Send + Sync {
    /// The key-encryption key as it is now, for these keys.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn read<'a>(&'a self, keys: &'a dyn SigningKeys) -> BoxFuture<'a, Result<Arc<KeyEncryptionKey>, KekUnreadable>>;
}

/// Why a key-encryption key cannot be read; nothing of the key is in it.
pub type KekUnreadable = Box<dyn Error + Send + Sync>;

/// A key that does not change.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) Arc<KeyEncryptionKey>);

impl KekSource for Fixed {
    fn read<'a>(&'a self, _keys: &'a dyn SigningKeys) -> BoxFuture<'a, Result<Arc<KeyEncryptionKey>, KekUnreadable>> {
        Box::pin(ready(Ok(Arc::clone(&self.0))))
    }
}
