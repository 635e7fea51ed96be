//! Resource owners, as they are remembered.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{Account, PasswordHash, Scope, User, UserId, UserStatus, Username};

use crate::{BoxFuture, PasswordScheme, StoreError};

/// The users.
///
/// A user has one name and one id, and both are unique. Names are compared byte for byte. Every change is in force for
/// each call that begins after its answer.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) where the backend does not answer; those that
/// read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) where a row they would answer with is no user.
///
/// ```
/// use scopegate_domain::{Account, User, UserId, Username};
/// use scopegate_store::{MemoryStore, Users};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = MemoryStore::new();
/// let name = Username::parse("johndoe")?;
/// let user = User::new(UserId::parse("u1")?, name.clone()).with_scope("me items".parse()?);
/// users.add(Account { user: user.clone(), password_hash: None }).await?;
/// assert_eq!(Users::find(&users, &name).await?, Some(user));
/// # Ok(())
/// # }
/// ```
pub trait Users: fmt::Debug + Send + Sync {
    /// The user of this name. Asked at every request that needs a user, so a backend should make this its fastest path.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; a name that nobody has is `Ok(None)`.
    fn find<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<User>, StoreError>>;

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; an id that nobody has is `Ok(None)`.
    fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>>;

    /// The user of this name, where it is known without asking anybody: the answer of a cache, which says itself how old it may be.
    /// `None` says nothing, and [`Users::find`] is asked.
    fn recall(&self, username: &str) -> Option<Arc<User>> {
        let _ = username;
        None
    }

    /// The user with this id, as [`Users::recall`] knows one by name.
    fn recall_by_id(&self, id: &str) -> Option<Arc<User>> {
        let _ = id;
        None
    }

    /// The user of this name with the password's hash; only logging in needs this.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; a name that nobody has is `Ok(None)`.
    fn find_account<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<Account>, StoreError>>;

    /// The users in the order of their names' bytes, beginning after a name, at most `limit` of them.
    ///
    /// A page that is not full is the last one. The users of one page were there at one moment; pages asked for one after the
    /// other may miss what was added before the place reached.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> BoxFuture<'a, Result<Vec<User>, StoreError>>;

    /// The schemes of all stored password hashes, each once, in the order of their bytes, at most
    /// [`PasswordScheme::MAX_LISTED`] of them.
    ///
    /// A failed login has to take as long as the costliest of them, so this is asked for wherever nobody of that name is
    /// there: a backend must answer without reading every user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn password_schemes(&self) -> BoxFuture<'_, Result<Vec<PasswordScheme>, StoreError>>;

    /// Adds a user.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) where the name or the id is taken, and then nothing has
    /// changed.
    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Puts one hash in the place of another; `false` where the stored hash is not the expected one any more, or the user
    /// is gone.
    ///
    /// For the re-hash at a login: a password that was changed meanwhile stays changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        expected: &'a PasswordHash,
        replacement: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Sets the hash whatever it was, or takes it away, so that no password fits; `false` where there is no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        password_hash: Option<&'a PasswordHash>,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Sets the ceiling, with its order; `false` where there is no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Sets the status; `false` where there is no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes a user; `false` where there was none. Name and id are free again.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<bool, StoreError>>;
}
