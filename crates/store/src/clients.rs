//! Registered clients, as they are remembered.

use std::fmt;

use scopegate_domain::{Client, ClientId, Scope, SecretDigest};

use crate::{BoxFuture, StoreError};

/// The clients.
///
/// An id is unique and compared byte for byte. Every change is in force for each call that begins after its answer.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) where the backend does not answer; those that
/// read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) where a row they would answer with is no client.
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
    /// The client with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; an id that no client has is `Ok(None)`.
    fn find<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<Option<Client>, StoreError>>;

    /// The clients in the order of their ids' bytes, beginning after an id, at most `limit` of them.
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
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) where the id is taken, and then nothing has changed.
    fn add(&self, client: Client) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Sets the ceiling, with its order; `false` where there is no such client.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_scope<'a>(&'a self, id: &'a ClientId, scope: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Sets the secret; a public client is confidential from now on. `false` where there is no such client.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_secret<'a>(&'a self, id: &'a ClientId, secret: SecretDigest) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes a client; `false` where there was none. The id is free again.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<bool, StoreError>>;
}
