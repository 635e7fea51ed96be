//! Storage of registered clients.

use std::fmt;

use scopegate_domain::{Client, ClientId, Scope, SecretDigest};

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
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the id is taken, and then
    /// nothing has changed.
    fn add(&self, client: Client) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Sets the ceiling, with its order. Returns `false` if there is no such client.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_scope<'a>(&'a self, id: &'a ClientId, scope: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Sets the secret. A public client becomes confidential. Returns `false` if there is no such
    /// client.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_secret<'a>(&'a self, id: &'a ClientId, secret: SecretDigest) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes a client. Returns `false` if there was none. The id is free again.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<bool, StoreError>>;
}
