//! Storage of registered clients.

use std::fmt;

use scopegate_domain::{Client, ClientId, RegisteredSecret, SecretDigest};

use crate::{BoxFuture, StoreError};

/// The clients of a store.
///
/// An id is unique and compared byte for byte. Every change is visible to each call that begins
/// after the change completed.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid client.
///
/// ```
/// use scopegate_domain::{Client, ClientId};
/// use scopegate_store::{Clients, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clients = MemoryStore::new();
/// let client = Client::public(ClientId::parse("demo-app")?, "The demo");
/// clients.add(client.clone()).await?;
/// assert_eq!(Clients::find(&clients, client.id()).await?, Some(client));
/// # Ok(())
/// # }
/// ```
pub trait Clients: fmt::Debug + Send + Sync {
    /// Returns the client with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; an id that no client has is `Ok(None)`.
    fn find<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<Option<Client>, StoreError>>;

    /// Returns at most `limit` clients after an id, in the order of the bytes of their ids.
    ///
    /// A page that is not full is the last one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn list<'a>(&'a self, after: Option<&'a ClientId>, limit: u16) -> BoxFuture<'a, Result<Vec<Client>, StoreError>>;

    /// Adds a client.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the id is taken,
    /// [`Invalid`](crate::StoreErrorKind::Invalid) if [`Client::check`] refuses the client. Then
    /// nothing has changed.
    fn add(&self, client: Client) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Replaces all settings of a client, also its secrets. Returns `false`, and changes nothing,
    /// if the client is no longer equal to `old`: another process may have changed or removed it.
    /// Both must have the same id, else the result is `false`.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Invalid`](crate::StoreErrorKind::Invalid) if [`Client::check_change`]
    /// refuses the settings, and then nothing has changed.
    fn update<'a>(&'a self, old: &'a Client, new: &'a Client) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Adds a secret to a confidential client, if it has fewer than [`Client::MAX_SECRETS`].
    /// Secrets that had ended when this one was created are removed first.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the client has this secret,
    /// and then nothing has changed.
    fn add_secret<'a>(
        &'a self,
        id: &'a ClientId,
        secret: RegisteredSecret,
    ) -> BoxFuture<'a, Result<AddSecretOutcome, StoreError>>;

    /// Removes a secret. Returns `false` if the client or the secret does not exist. A client
    /// without secrets cannot authenticate.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_secret<'a>(
        &'a self,
        id: &'a ClientId,
        secret: &'a SecretDigest,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes a client. Returns `false` if there was none. The id is free again.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// The outcome of [`Clients::add_secret`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each caller must handle a new outcome")]
pub enum AddSecretOutcome {
    /// The secret was added.
    Added,
    /// The client has as many secrets as it may have, and nothing has changed.
    Full,
    /// There is no confidential client with this id, and nothing has changed.
    Unknown,
}
