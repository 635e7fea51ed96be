//! Storage of resource owners.

use std::fmt;
use std::future::ready;
use std::sync::Arc;

use scopegate_domain::{Account, PasswordHash, Scope, User, UserId, UserStatus, Username};

use crate::{BoxFuture, PasswordScheme, StoreError};

/// The users of a store.
///
/// The gate needs [`find_by_id`](Self::find_by_id) alone. A login needs
/// [`find_account`](Self::find_account), too, and
/// [`replace_password_hash`](Self::replace_password_hash) renews an old hash. The other methods are
/// for commands that change users; without them these fail. A table of an application so has one to
/// three methods, and [`ApplicationStore`](crate::ApplicationStore) makes a whole store of it.
///
/// A user has one name and one id, and both are unique: names by their
/// [canonical form](scopegate_domain::CanonicalName), ids byte for byte. Every change is visible to
/// each call that begins after the change completed.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid user.
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
    /// Returns the user with exactly this name, byte for byte: the name in a token. Every request
    /// that needs a user calls it, so a backend should make this its fastest path.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; an unknown name is `Ok(None)`.
    fn find<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        let account = self.find_account(username);
        Box::pin(async move {
            let user = account.await?.map(|account| account.user);
            Ok(user.filter(|user| user.username() == username))
        })
    }

    /// Returns the user with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; an unknown id is `Ok(None)`.
    fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>>;

    /// Returns the user with this name from a cache, without a query. The cache documents how old
    /// the value may be. `None` means that the user is not cached, and the caller calls
    /// [`Users::find`].
    fn cached(&self, username: &str) -> Option<Arc<User>> {
        let _ = username;
        None
    }

    /// Returns the user with this id from a cache, as [`Users::cached`] does by name.
    fn cached_by_id(&self, id: &str) -> Option<Arc<User>> {
        let _ = id;
        None
    }

    /// Returns the user whose name has the same canonical form, and the hash of the password; only
    /// a login needs this. A backend that compares in another way may find fewer users.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; an unknown name is `Ok(None)`.
    fn find_account<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<Account>, StoreError>> {
        let _ = username;
        unsupported()
    }

    /// Returns at most `limit` users after a name, in the order of the bytes of their names.
    ///
    /// A page that is not full is the last one. The users of one page existed at one moment.
    /// Successive pages may miss users that were added before the place reached.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> BoxFuture<'a, Result<Vec<User>, StoreError>> {
        let _ = (after, limit);
        unsupported()
    }

    /// Returns the schemes of all stored password hashes, each once, in the order of their bytes,
    /// at most [`PasswordScheme::MAX_LISTED`] of them.
    ///
    /// A failed login must take as long as the costliest of them, so every login with an unknown
    /// name calls this. A backend must answer without reading every user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn password_schemes(&self) -> BoxFuture<'_, Result<Vec<PasswordScheme>, StoreError>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    /// Adds a user.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the canonical name or the
    /// id is taken, and then nothing has changed.
    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), StoreError>> {
        let _ = account;
        unsupported()
    }

    /// Replaces one hash by another. Returns `false` if the stored hash is no longer the expected
    /// one, or if the user was removed.
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
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _ = (id, expected, replacement);
        Box::pin(ready(Ok(false)))
    }

    /// Sets the hash regardless of the old one, or removes it, so that no password matches. Returns
    /// `false` if there is no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        password_hash: Option<&'a PasswordHash>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _ = (id, password_hash);
        unsupported()
    }

    /// Sets name, email address and full name to those of this value, for the user with its id.
    /// Returns `false` if there is no such user.
    ///
    /// A token can name its user by name. So another name needs a revocation as well:
    /// [`DisableAndRevoke::SetProfile`](crate::DisableAndRevoke::SetProfile).
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if another user has the
    /// canonical name, and then nothing has changed.
    fn set_profile<'a>(&'a self, user: &'a User) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _ = user;
        unsupported()
    }

    /// Sets the ceiling, with its order. Returns `false` if there is no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _ = (id, scope);
        unsupported()
    }

    /// Sets the status. Returns `false` if there is no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _ = (id, status);
        unsupported()
    }

    /// Removes a user. Returns `false` if there was none. Name and id are free again.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _ = id;
        unsupported()
    }
}

/// Fails a method that a table of users does not have.
fn unsupported<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(ready(Err(StoreError::unavailable(
        "this table of users does not support the method",
    ))))
}
