//! The reference: a store that loses its contents when it is dropped.

mod cleanup;
mod clients;
mod codes;
mod consents;
mod families;
mod grant_rows;
mod grants;
mod sealed_secrets;
mod sessions;
mod signing_keys;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::ready;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use scopegate_domain::{
    Account, AuditEntry, Client, ClientId, NewsPosition, PasswordHash, Revocation, Scope, StoredKey, Timestamp, User,
    UserId, UserStatus, Username,
};

use self::grant_rows::Grants;

use crate::accounts::Accounts;
use crate::audit_log::{AuditLog, Change};
use crate::news_log::NewsLog;
use crate::{
    BoxFuture, Cleanup, DeletedRows, DisableAndRevoke, News, NewsEntry, NewsHeads, NewsItem, PasswordScheme,
    ResealedKey, ResealedSecret, Store, StoreError, Users,
};

/// A store in the memory of this process.
///
/// It is the shortest correct implementation of the traits. The conformance suite compares other
/// backends with it, and it suffices for tests and examples. Its futures are ready when they are
/// made. It never returns [`Unavailable`](crate::StoreErrorKind::Unavailable) or
/// [`Corrupt`](crate::StoreErrorKind::Corrupt).
///
/// ```
/// use std::sync::Arc;
/// use scopegate_store::{MemoryStore, Store, Users};
///
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let users: Arc<dyn Users> = store;
/// ```
#[derive(Default)]
pub struct MemoryStore {
    tables: Arc<RwLock<Tables>>,
    /// The entries that are written with a change.
    audit: Vec<AuditEntry>,
}

#[derive(Clone, Default)]
pub(crate) struct Tables {
    users: Accounts,
    clients: BTreeMap<ClientId, Client>,
    news: NewsLog,
    pub(crate) audit: AuditLog,
    /// The keys by epoch.
    keys: BTreeMap<u32, StoredKey>,
    grants: Grants,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an independent store with the same contents.
    #[cfg(feature = "conformance")]
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self {
            tables: Arc::new(RwLock::new(self.read().clone())),
            audit: self.audit.clone(),
        }
    }

    /// Returns this store, whose changes contain the entries.
    pub(crate) fn with_audit(&self, entries: &[AuditEntry]) -> Self {
        Self {
            tables: Arc::clone(&self.tables),
            audit: entries.to_vec(),
        }
    }

    /// Makes a change, with its entries. If it changes nothing, no entry is written.
    pub(crate) fn change<'a, T: Change + Send + 'a>(
        &self,
        work: impl FnOnce(&mut Tables) -> Result<T, StoreError>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let mut tables = self.write();
        let changed = tables.audit.expect_new(&self.audit).and_then(|()| work(&mut tables));
        if changed.as_ref().is_ok_and(Change::is_made) {
            tables.audit.add(&self.audit);
        }
        Box::pin(ready(changed))
    }

    /// Adds an entry after a change that this store does not make.
    pub(crate) fn tell(&self, item: NewsItem) {
        let mut tables = self.write();
        tables.news.add(item);
        tables.audit.add(&self.audit);
    }

    /// Ends what a user has been granted, because the user was disabled or removed elsewhere. The
    /// entry of the change was added before.
    pub(crate) fn end_grants_of(&self, id: &UserId, is_removed: bool) {
        let mut tables = self.write();
        tables.remove_sessions_of(id);
        if is_removed {
            tables.grants.remove_consents_of(id);
        }
        tables.end_grants_of_user(id);
    }

    /// Keeps a revocation and ends what the change ends, which another store makes.
    pub(crate) fn revoke_for<'a>(
        &self,
        change: DisableAndRevoke<'_>,
        revocation: &Revocation,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.change(|tables| {
            let item = NewsItem::Revoked(revocation.clone());
            tables.news.add(item.clone());
            tables.end_grants_with(change, &item);
            Ok(())
        })
    }

    /// Makes a user of another store known, or forgets it.
    pub(crate) fn mirror(&self, id: &UserId, user: Option<User>) {
        self.write().users.mirror(id, user);
    }

    /// Makes the change of a user that revokes no tokens.
    fn change_user<'a>(&self, id: &UserId, change: DisableAndRevoke<'_>) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.withdraw_and_tell(change, &NewsItem::UserChanged(id.clone()))
    }

    fn withdraw_and_tell<'a>(
        &self,
        change: DisableAndRevoke<'_>,
        item: &NewsItem,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            let is_changed = tables.withdraw(change)?;
            if is_changed {
                tables.news.add(item.clone());
                tables.end_grants_with(change, item);
            }
            Ok(is_changed)
        })
    }

    // No code panics between two changes that belong together, so a poisoned lock guards complete
    // tables.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// Adds an entry if something changed. Returns whether it did.
    fn tell(&mut self, is_changed: bool, item: NewsItem) -> bool {
        if is_changed {
            self.news.add(item);
        }
        is_changed
    }

    fn withdraw(&mut self, withdrawal: DisableAndRevoke<'_>) -> Result<bool, StoreError> {
        Ok(match withdrawal {
            DisableAndRevoke::DisableUser(id) => self.users.change(id, disable),
            DisableAndRevoke::RemoveClient(id) => self.clients.remove(id).is_some(),
            DisableAndRevoke::RemoveUser(id) => self.users.remove(id).is_some(),
            DisableAndRevoke::SetPasswordHash(id, hash) => {
                self.users.change(id, |account| account.password_hash = hash.cloned())
            }
            DisableAndRevoke::SetProfile(user) => self.users.set_profile(user).ok_or_else(StoreError::conflict)?,
            DisableAndRevoke::SetUserScope(id, scope) => self.users.change(id, |account| set_scope(account, scope)),
            DisableAndRevoke::UpdateClient { old, new } => self.update_client(old, new)?,
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

fn set_scope(account: &mut Account, scope: &Scope) {
    account.user = account.user.clone().with_scope(scope.clone());
}

fn disable(account: &mut Account) {
    account.user = account.user.clone().with_status(UserStatus::Disabled);
}

/// Returns a future that is ready with this value.
fn answer<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(ready(Ok(value)))
}

/// Returns the range of the keys that come after one.
fn after<K>(key: Option<&K>) -> (Bound<&K>, Bound<&K>) {
    (key.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

impl Users for MemoryStore {
    fn find<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        answer(
            self.read()
                .users
                .by_name
                .get(username)
                .map(|account| account.user.clone()),
        )
    }

    fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        answer(self.read().users.find_by_id(id).map(|account| account.user.clone()))
    }

    fn find_account<'a>(&'a self, username: &'a Username) -> BoxFuture<'a, Result<Option<Account>, StoreError>> {
        answer(self.read().users.find_canonical(username).cloned())
    }

    fn list<'a>(&'a self, start: Option<&'a Username>, limit: u16) -> BoxFuture<'a, Result<Vec<User>, StoreError>> {
        let tables = self.read();
        let accounts = tables
            .users
            .by_name
            .range::<Username, _>(after(start))
            .take(limit.into());
        answer(accounts.map(|(_, account)| account.user.clone()).collect())
    }

    fn password_schemes(&self) -> BoxFuture<'_, Result<Vec<PasswordScheme>, StoreError>> {
        let tables = self.read();
        let hashes = tables
            .users
            .by_name
            .values()
            .filter_map(|account| account.password_hash.as_ref());
        let schemes: BTreeSet<_> = hashes.filter_map(PasswordScheme::of).collect();
        answer(schemes.into_iter().take(PasswordScheme::MAX_LISTED).collect())
    }

    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), StoreError>> {
        self.change(|tables| {
            let id = account.user.id().clone();
            let is_added = tables.users.add(account);
            if is_added {
                tables.end_grants_of_user(&id);
            }
            is_added.then_some(()).ok_or_else(StoreError::conflict)
        })
    }

    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        expected: &'a PasswordHash,
        replacement: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            let account = tables
                .users
                .get_mut(id)
                .filter(|account| account.password_hash.as_ref() == Some(expected));
            let replaced = account.map(|account| account.password_hash = Some(replacement.clone()));
            Ok(replaced.is_some())
        })
    }

    fn set_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        password_hash: Option<&'a PasswordHash>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change_user(id, DisableAndRevoke::SetPasswordHash(id, password_hash))
    }

    fn set_profile<'a>(&'a self, user: &'a User) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change_user(user.id(), DisableAndRevoke::SetProfile(user))
    }

    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change_user(id, DisableAndRevoke::SetUserScope(id, scope))
    }

    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            let set = |account: &mut Account| account.user = account.user.clone().with_status(status);
            let is_changed = tables.users.change(id, set);
            tables.tell(is_changed, NewsItem::UserChanged(id.clone()));
            if is_changed && status == UserStatus::Disabled {
                tables.remove_sessions_of(id);
                tables.end_grants_of_user(id);
            }
            Ok(is_changed)
        })
    }

    fn remove<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change_user(id, DisableAndRevoke::RemoveUser(id))
    }
}

impl News for MemoryStore {
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>> {
        self.change(|tables| {
            tables.news.add(NewsItem::Revoked(revocation.clone()));
            tables.end_grants(revocation.whose());
            Ok(())
        })
    }

    fn withdraw<'a>(
        &'a self,
        withdrawal: DisableAndRevoke<'a>,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.withdraw_and_tell(withdrawal, &NewsItem::Revoked(revocation.clone()))
    }

    fn heads(&self) -> BoxFuture<'_, Result<NewsHeads, StoreError>> {
        answer(self.read().news.heads())
    }

    fn news_after(&self, position: NewsPosition, limit: u16) -> BoxFuture<'_, Result<Vec<NewsEntry>, StoreError>> {
        answer(self.read().news.after(position, limit))
    }

    fn forget_news(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        answer(self.write().news.forget(now))
    }
}

impl Store for MemoryStore {
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        answer(())
    }

    fn check_writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        answer(())
    }

    fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store> {
        Arc::new(self.with_audit(entries))
    }

    fn reseal<'a>(
        &'a self,
        keys: &'a [ResealedKey],
        secrets: &'a [ResealedSecret],
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            // The keys are checked before the secrets change, and changed after them.
            Ok(tables.resealed_keys(keys).is_some() && tables.reseal_secrets(secrets) && tables.rewrap(keys))
        })
    }

    fn delete_expired(&self, cleanup: Cleanup) -> BoxFuture<'_, Result<DeletedRows, StoreError>> {
        answer(self.write().delete_expired(cleanup))
    }

    fn count_rows(&self) -> BoxFuture<'_, Result<Vec<(&'static str, u64)>, StoreError>> {
        answer(self.read().count_rows())
    }
}
