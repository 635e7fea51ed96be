//! **What must be remembered?** Users, clients, signing keys and what was taken back, behind traits that any database can stand
//! behind.
//!
//! ```text
//!            Store  (ping, rehearse_change)      Arc<dyn Store> is also an Arc<dyn Users>
//!      ________|__________________
//!     |        |        |         |
//!   Users   Clients  SigningKeys  Revocations    one trait for each kind of thing
//!     |________|________|_________|
//!              |
//!     MemoryStore, or another backend        each passes the same conformance suite
//! ```
//!
//! Who checks tokens asks for [`Users`] alone; who issues them asks for a [`Store`]. [`CachedUsers`] stands before a store and
//! knows those users that were asked for a moment ago.
//!
//! ```
//! use std::sync::Arc;
//! use scopegate_domain::{Account, User, UserId, Username};
//! use scopegate_store::{MemoryStore, Store, StoreErrorKind};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
//! let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
//! let account = Account { user, password_hash: None };
//!
//! store.users().add(account.clone()).await?;
//! assert_eq!(store.users().find(account.user.username()).await?.as_ref(), Some(&account.user));
//!
//! let error = store.users().add(account).await.unwrap_err();
//! assert_eq!(error.kind(), StoreErrorKind::Conflict);
//! # Ok(())
//! # }
//! ```
//!
//! # How to write a backend
//!
//! 1. Make a crate that depends on this one, and a type for the store. It is shared between threads and has a mute `Debug`:
//!    what it holds must not come into a log.
//! 2. Implement [`Users`], [`Clients`], [`SigningKeys`] and [`Revocations`], one file each, each method a
//!    `Box::pin(async move { .. })`. Methods are whole: what
//!    must happen together is one method, and no transaction reaches the caller. A future that is dropped half-way leaves the
//!    change made or not made, never half made.
//! 3. A look-up answers `Ok(None)` for what is not there, a change answers `Ok(false)`. [`StoreError::conflict`] is for a name or
//!    an id that is taken: let the database's own constraint find it out, for a look-up before the insert is a race.
//! 4. Turn rows into values with the constructors of the domain. A row that is refused there is [`StoreError::corrupt`],
//!    whatever else would have been answered: skipping it would make a user vanish from a list and nobody would know. The cause
//!    names the column, not the value.
//! 5. Keep a scope with its order, and any scope: [`Scope::parse`](scopegate_domain::Scope::parse) has limits for text from outside
//!    that a scope made by a program need not keep.
//! 6. Order names and ids by their bytes. For SQL that is `COLLATE BINARY` or `COLLATE "C"`, not the order of a language.
//! 7. Keep [`PasswordScheme::of`] a hash beside it, indexed, so that [`Users::password_schemes`] reads a few rows and not all.
//! 8. Answer a write when it would survive a crash, not before.
//! 9. Answer [`StoreError::unavailable`] for what an operator can mend (a full disk, a lock, a network), and the next call anew:
//!    nobody starts the program again because a disk was full. [`Store::rehearse_change`] finds it out before a user does.
//! 10. Implement [`Store`], and in a test file let the suite behind the feature `conformance` try to break it all:
//!     `scopegate_store::conformance!(make_a_store);`
//!
//! # Deliberately absent
//!
//! Hashing and comparing passwords, sealing keys (the store takes what it is given), and a clock: what expires is forgotten when somebody says
//! what time it is.

mod boxed;
mod cached_users;
mod clients;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod memory;
mod password_scheme;
mod revocations;
mod signing_keys;
mod users;

pub use boxed::BoxFuture;
pub use cached_users::CachedUsers;
pub use clients::Clients;
pub use error::{StoreError, StoreErrorKind};
pub use memory::MemoryStore;
pub use password_scheme::PasswordScheme;
pub use revocations::{KeptRevocation, RevocationPlace, Revocations, Withdrawal};
pub use signing_keys::{Rewrapped, SigningKeys};
pub use users::Users;

/// All that must be remembered, in one place.
///
/// The traits share method names; on a `dyn Store` say [`store.users()`](#method.users), [`store.clients()`](#method.clients) or
/// [`store.signing_keys()`](#method.signing_keys) first. An `Arc<dyn Store>` coerces to an `Arc` of each of the traits.
pub trait Store: Users + Clients + Revocations + SigningKeys {
    /// Whether the store answers questions now; for a health check.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it does not.
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether the store can keep a change now, found out by making one that changes nothing: a disk may be full, or a database
    /// read-only, while every question is answered. It costs what a small change costs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it cannot.
    fn rehearse_change(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

impl dyn Store + '_ {
    /// The users.
    #[must_use]
    pub fn users(&self) -> &dyn Users {
        self
    }

    /// The clients.
    #[must_use]
    pub fn clients(&self) -> &dyn Clients {
        self
    }

    /// The revocations.
    #[must_use]
    pub fn revocations(&self) -> &dyn Revocations {
        self
    }

    /// The keys that sign tokens.
    #[must_use]
    pub fn signing_keys(&self) -> &dyn SigningKeys {
        self
    }
}
