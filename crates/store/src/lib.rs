//! **Which records must survive a restart?** Users, clients, signing keys and server secrets,
//! sessions, consents, codes and token families, the log of changes and the audit log. Traits that
//! any database can implement describe them.
//!
//! An application with its own table of users implements [`Users`]. A backend implements all
//! traits. Start with [`Store`], [`Users`], [`Clients`], [`SigningKeys`], [`Sessions`],
//! [`Consents`], [`Codes`], [`Families`], [`News`], [`Audit`], [`MemoryStore`], [`UsersCache`],
//! [`StoreError`], [`StoreErrorKind`] and [`BoxFuture`].
//!
//! ```text
//!            Store  (ping, check_writable)      Arc<dyn Store> is also an Arc<dyn Users>
//!      ________|__________________________
//!     |        |        |         |       |
//!   Users   Clients  SigningKeys  News  Audit    one trait for each kind of record
//!     |        |        |         |       |
//!  Sessions Consents  Codes  Families  SealedSecrets
//!     |________|________|_________|_______|
//!              |
//!     MemoryStore, or another backend        each passes the same conformance suite
//! ```
//!
//! Code that verifies tokens requires [`Users`] alone; code that issues them requires a [`Store`].
//! [`UsersCache`] wraps [`Users`] and caches those that were read recently. [`ClientsCache`] caches
//! clients while the log of changes is read.
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
//! 1. Make a crate that depends on this one, and a type for the store. It is shared between
//!    threads. Its `Debug` prints no contents, because they must not appear in a log.
//! 2. Implement [`Users`], [`Clients`], [`SigningKeys`], [`SealedSecrets`], [`Sessions`],
//!    [`Consents`], [`Codes`], [`Families`], [`News`] and [`Audit`], one file each, each method a
//!    `Box::pin(async move { .. })`. Methods are complete: changes that must happen together are
//!    one method, and no transaction reaches the caller. If a future is dropped before it
//!    completes, the change is made or not made, never half made.
//! 3. A look-up returns `Ok(None)` for an absent value, a change returns `Ok(false)`.
//!    [`StoreError::conflict`] reports a name or an id that is taken. Let the constraint of the
//!    database detect it, because a look-up before the insert is a race.
//! 4. Turn rows into values with the constructors of the domain. A row that they reject is
//!    [`StoreError::corrupt`], regardless of the rest of the result. A skipped row would remove a
//!    user from a list without notice. The cause names the column, not the value.
//! 5. Keep a scope with its order, and any scope. [`Scope::parse`](scopegate_domain::Scope::parse)
//!    has limits for text from outside; a scope made by a program need not keep them.
//! 6. Order names and ids by their bytes. For SQL that is `COLLATE BINARY` or `COLLATE "C"`, not
//!    the order of a language.
//! 7. Keep [`PasswordScheme::of`] each hash next to it, indexed, so that
//!    [`Users::password_schemes`] reads a few rows and not all.
//! 8. Complete a write when it would survive a crash, not before.
//! 9. Return [`StoreError::unavailable`] for a fault that an operator can fix (a full disk, a lock,
//!    a network), and try the next call again. A full disk must not require a restart of the
//!    program. [`Store::check_writable`] detects such a fault before a user does.
//! 10. Let the database refuse to change an entry of the audit log, and to delete one too early.
//! 11. Implement [`Store`], and run the suite behind the feature `conformance` in a test file:
//!     `scopegate_store::conformance!(make_a_store);`
//!
//! # Out of scope
//!
//! Hashing and comparing passwords, sealing keys (the store takes the sealed bytes), and a clock:
//! expired data are forgotten when a caller passes the time.

use std::future::ready;
use std::sync::Arc;

use scopegate_domain::AuditEntry;

mod accounts;
mod age;
mod application_store;
mod audit;
mod audit_log;
mod boxed;
mod change_time;
mod cleanup;
mod clients;
mod clients_cache;
mod codes;
#[cfg(feature = "conformance")]
pub mod conformance;
mod consents;
mod error;
mod families;
mod memory;
mod memory_audit;
mod news;
mod news_log;
mod news_reader;
mod password_scheme;
mod sealed_secrets;
mod sessions;
mod signing_keys;
mod standing;
mod users;
mod users_cache;

pub use application_store::ApplicationStore;
pub use audit::{Audit, AuditQuery, AuditRetention};
pub use boxed::BoxFuture;
pub use change_time::ChangeTime;
pub use cleanup::{Cleanup, DeletedRows};
pub use clients::{AddSecretOutcome, Clients};
pub use clients_cache::ClientsCache;
pub use codes::{AllowOutcome, Codes, RedeemOutcome, Redemption};
pub use consents::{ConsentSummary, Consents};
pub use error::{StoreError, StoreErrorKind};
pub use families::{
    ENDED_KEPT, Families, FamilyCondition, FamilyKey, FoundFamily, RotateDecision, RotateOutcome, Rotation,
};
pub use memory::MemoryStore;
pub use news::{DisableAndRevoke, News, NewsEntry, NewsHead, NewsHeads, NewsItem, NewsKind};
pub use news_reader::{NewsGap, NewsPage, NewsReader};
pub use password_scheme::PasswordScheme;
pub use sealed_secrets::{ResealedSecret, SealedSecrets};
pub use sessions::{BeginOutcome, EndSessions, EndedSession, SEEN_EVERY, Sessions};
pub use signing_keys::{ResealedKey, SigningKeys};
pub use standing::Standing;
pub use users::Users;
pub use users_cache::UsersCache;

/// A store of all persistent data.
///
/// The traits share method names; on a `dyn Store` call [`store.users()`](#method.users),
/// [`store.clients()`](#method.clients) or [`store.signing_keys()`](#method.signing_keys) first. An
/// `Arc<dyn Store>` coerces to an `Arc` of each of the traits.
pub trait Store:
    Users + Clients + News + SigningKeys + SealedSecrets + Sessions + Consents + Codes + Families + Audit
{
    /// Checks whether the store answers queries now; for a health check.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it does not.
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Checks whether the store can keep a change now, by a change that has no effect. A disk may
    /// be full, or a database read-only, while every query succeeds. The check costs as much as a
    /// small change.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot.
    fn check_writable(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Returns this store for one change, which writes these entries of the audit log in its
    /// transaction: both or neither. A change that finds no record writes none.
    ///
    /// A second change through the result fails, because the entries exist already.
    fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store>;

    /// Replaces the sealed bytes of all signing keys and all server secrets, or of none, so that
    /// one key-encryption key opens all of them at each moment. Returns `false`, and changes
    /// nothing, if the stored ones are not exactly those of the lists, each with its `old` bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn reseal<'a>(
        &'a self,
        keys: &'a [ResealedKey],
        secrets: &'a [ResealedSecret],
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Deletes rows that have ended: one batch over all tables. The caller repeats it while rows
    /// remain.
    ///
    /// A code is deleted [`AuthorizationCode::KEPT`](scopegate_domain::AuthorizationCode::KEPT)
    /// after its expiry, a session after the day of its end, and a family [`ENDED_KEPT`] after its
    /// end. Idle families are found by a walk over all: [`Cleanup::after`].
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some rows may have been deleted.
    fn delete_expired(&self, cleanup: Cleanup) -> BoxFuture<'_, Result<DeletedRows, StoreError>>;

    /// Returns the tables that grow with use, by name, each with its number of rows. Default: none.
    ///
    /// A backend may read the keys of all rows. So a program calls this after a pass of the
    /// cleanup, and not at each request. Rows that change meanwhile may be counted or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn count_rows(&self) -> BoxFuture<'_, Result<Vec<(&'static str, u64)>, StoreError>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    /// Returns whether clients, revocations and keys end with the process. Default: `false`.
    fn is_volatile(&self) -> bool {
        false
    }
}

impl dyn Store + '_ {
    /// Returns the users.
    #[must_use]
    pub fn users(&self) -> &dyn Users {
        self
    }

    /// Returns the clients.
    #[must_use]
    pub fn clients(&self) -> &dyn Clients {
        self
    }

    /// Returns the revocations and other changes.
    #[must_use]
    pub fn news(&self) -> &dyn News {
        self
    }

    /// Returns the audit log.
    #[must_use]
    pub fn audit(&self) -> &dyn Audit {
        self
    }

    /// Returns the sessions of users.
    #[must_use]
    pub fn sessions(&self) -> &dyn Sessions {
        self
    }

    /// Returns the consents of users.
    #[must_use]
    pub fn consents(&self) -> &dyn Consents {
        self
    }

    /// Returns the authorization codes.
    #[must_use]
    pub fn codes(&self) -> &dyn Codes {
        self
    }

    /// Returns the token families.
    #[must_use]
    pub fn families(&self) -> &dyn Families {
        self
    }

    /// Returns the server secrets.
    #[must_use]
    pub fn secrets(&self) -> &dyn SealedSecrets {
        self
    }

    /// Returns the keys that sign tokens.
    #[must_use]
    pub fn signing_keys(&self) -> &dyn SigningKeys {
        self
    }
}
