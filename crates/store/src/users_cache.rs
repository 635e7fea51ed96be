//! A store that caches users that were read recently.

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use scopegate_domain::{
    Account, Client, ClientId, Clock, Lifetime, PasswordHash, Revocation, Scope, SecretDigest, StoredKey, Timestamp,
    User, UserId, UserStatus, Username,
};

use crate::{
    BoxFuture, Clients, DisableAndRevoke, PasswordScheme, ResealedKey, RevocationCursor, RevocationEntry, Revocations,
    SigningKeys, Store, StoreError, Users,
};

/// A store in front of another store. It caches users that were read, for a limited time:
/// [`Users::cached`] returns them without a query.
///
/// A change through this store takes effect at once. A change by another process takes effect when
/// the cached entry expires: after `age` at the latest. The same holds for a change whose future
/// was dropped before it completed. The absence of a name or an id is not cached.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{Account, Lifetime, SystemClock, User, UserId, UserStatus, Username};
/// use scopegate_store::{UsersCache, MemoryStore, Users};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let age = Lifetime::from_seconds(60);
/// let users = UsersCache::new(Arc::new(MemoryStore::new()), Arc::new(SystemClock), age);
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// Users::add(&users, Account { user: user.clone(), password_hash: None }).await?;
///
/// assert!(users.cached("johndoe").is_none());
/// assert!(Users::find(&users, user.username()).await?.is_some());
/// assert!(users.cached("johndoe").is_some() && users.cached_by_id("u1").is_some());
///
/// Users::set_status(&users, user.id(), UserStatus::Disabled).await?;
/// assert!(users.cached("johndoe").is_none());
/// # Ok(())
/// # }
/// ```
pub struct UsersCache {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    age: Lifetime,
    known: RwLock<Known>,
}

impl UsersCache {
    /// The maximum number of cached users.
    pub const MOST: usize = 16_384;

    /// The minimum time until a user that is not read again is dropped. Such users are dropped when
    /// another user is read, after twice this time, or twice the age if that is longer.
    pub const PERIOD: Lifetime = Lifetime::from_seconds(60);

    /// Caches users of this store for at most `age`, measured by this clock. An age of 0 disables
    /// the cache.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, age: Lifetime) -> Self {
        Self {
            store,
            clock,
            age,
            known: RwLock::default(),
        }
    }

    /// Returns the number of cached users, including those that are too old.
    #[must_use]
    pub fn len(&self) -> usize {
        let known = self.read();
        known.young.by_id.len() + known.old.by_id.len()
    }

    /// Returns whether no user is cached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn young_enough(&self, entry: Option<&Arc<Entry>>) -> Option<Arc<User>> {
        let entry = entry?;
        // A clock that was set back does not tell an age.
        let age = self.clock.now().seconds_since(entry.read_at);
        (0..i64::from(self.age.as_seconds()))
            .contains(&age)
            .then(|| Arc::clone(&entry.user))
    }

    /// Called before the query to the store.
    fn begin(&self) -> Begun {
        Begun {
            changes: self.read().changes,
            at: self.clock.now(),
        }
    }

    // SECURITY: a value that was read before a change is not kept after it, because the number of
    // changes grows before the change completes. Tested by
    // `value_read_before_change_is_not_cached`.
    fn keep(&self, begun: Begun, user: &User) {
        if self.age.as_seconds() == 0 {
            return;
        }
        let entry = Arc::new(Entry {
            user: Arc::new(user.clone()),
            read_at: begun.at,
        });
        let mut known = self.write();
        if known.changes == begun.changes {
            known.add(entry, self.age);
        }
    }

    fn remembering<'a>(&'a self, begun: Begun, asked: Asked<'a, Option<User>>) -> Asked<'a, Option<User>> {
        Box::pin(async move {
            let found = asked.await?;
            if let Some(user) = &found {
                self.keep(begun, user);
            }
            Ok(found)
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pending query.
type Asked<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The moment at which a query to the store began.
#[derive(Clone, Copy)]
struct Begun {
    changes: u64,
    at: Timestamp,
}

struct Entry {
    user: Arc<User>,
    read_at: Timestamp,
}

/// Two tables of cached users. When the young one is full or a minute old, it becomes the old one,
/// and the old one is dropped.
#[derive(Default)]
struct Known {
    young: Table,
    old: Table,
    /// The moment at which the first user of the young table was read.
    begun: Option<Timestamp>,
    /// The number of completed changes of users.
    changes: u64,
}

// INVARIANT: an entry is in both maps of its table or in neither. Tested by
// `change_invalidates_one_user`.
#[derive(Default)]
struct Table {
    by_id: HashMap<String, Arc<Entry>>,
    by_name: HashMap<String, Arc<Entry>>,
}

impl Known {
    fn by_name(&self, name: &str) -> Option<&Arc<Entry>> {
        self.young.by_name.get(name).or_else(|| self.old.by_name.get(name))
    }

    fn by_id(&self, id: &str) -> Option<&Arc<Entry>> {
        self.young.by_id.get(id).or_else(|| self.old.by_id.get(id))
    }

    fn add(&mut self, entry: Arc<Entry>, age: Lifetime) {
        let period = UsersCache::PERIOD.max(age);
        let is_due = self
            .begun
            .is_none_or(|begun| !(0..=i64::from(period.as_seconds())).contains(&entry.read_at.seconds_since(begun)));
        if is_due || self.young.by_id.len() >= UsersCache::MOST / 2 {
            self.old = std::mem::take(&mut self.young);
            self.begun = Some(entry.read_at);
        }
        let (id, name) = (entry.user.id().to_string(), entry.user.username().to_string());
        // The previous user of the id or of the name was removed.
        self.young.remove(&id, &name);
        self.young.by_id.insert(id, Arc::clone(&entry));
        self.young.by_name.insert(name, entry);
    }

    fn forget(&mut self, id: &str, name: Option<&str>) {
        self.changes = self.changes.wrapping_add(1);
        for table in [&mut self.young, &mut self.old] {
            table.remove(id, name.unwrap_or_default());
        }
    }
}

impl Table {
    fn remove(&mut self, id: &str, name: &str) {
        if let Some(entry) = self.by_id.remove(id) {
            self.by_name.remove(entry.user.username().as_str());
        }
        if let Some(entry) = self.by_name.remove(name) {
            self.by_id.remove(entry.user.id().as_str());
        }
    }
}

/// A pending change of a user. Afterwards nothing is cached of that user, whether the change
/// completed or was dropped.
struct Changing<'a> {
    users: &'a UsersCache,
    id: UserId,
    name: Option<Username>,
}

impl Changing<'_> {
    fn end<'a, T: Send + 'a>(self, change: Asked<'a, T>) -> Asked<'a, T>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let answer = change.await;
            drop(self);
            answer
        })
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let name = self.name.as_ref().map(Username::as_str);
        self.users.write().forget(self.id.as_str(), name);
    }
}

impl UsersCache {
    /// Called before the change is made.
    fn changing(&self, id: &UserId) -> Changing<'_> {
        Changing {
            users: self,
            id: id.clone(),
            name: None,
        }
    }
}

impl Users for UsersCache {
    fn find<'a>(&'a self, username: &'a Username) -> Asked<'a, Option<User>> {
        if let Some(user) = self.cached(username.as_str()) {
            return Box::pin(ready(Ok(Some((*user).clone()))));
        }
        self.remembering(self.begin(), self.store.users().find(username))
    }

    fn find_by_id<'a>(&'a self, id: &'a UserId) -> Asked<'a, Option<User>> {
        if let Some(user) = self.cached_by_id(id.as_str()) {
            return Box::pin(ready(Ok(Some((*user).clone()))));
        }
        self.remembering(self.begin(), self.store.users().find_by_id(id))
    }

    fn cached(&self, username: &str) -> Option<Arc<User>> {
        self.young_enough(self.read().by_name(username))
    }

    fn cached_by_id(&self, id: &str) -> Option<Arc<User>> {
        self.young_enough(self.read().by_id(id))
    }

    fn find_account<'a>(&'a self, username: &'a Username) -> Asked<'a, Option<Account>> {
        self.store.users().find_account(username)
    }

    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> Asked<'a, Vec<User>> {
        self.store.users().list(after, limit)
    }

    fn password_schemes(&self) -> Asked<'_, Vec<PasswordScheme>> {
        self.store.users().password_schemes()
    }

    fn add(&self, account: Account) -> Asked<'_, ()> {
        let mut changing = self.changing(account.user.id());
        changing.name = Some(account.user.username().clone());
        changing.end(self.store.users().add(account))
    }

    // The password hash is not part of a user.
    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        expected: &'a PasswordHash,
        replacement: &'a PasswordHash,
    ) -> Asked<'a, bool> {
        self.store.users().replace_password_hash(id, expected, replacement)
    }

    fn set_password_hash<'a>(&'a self, id: &'a UserId, password_hash: Option<&'a PasswordHash>) -> Asked<'a, bool> {
        self.store.users().set_password_hash(id, password_hash)
    }

    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> Asked<'a, bool> {
        let changing = self.changing(id);
        changing.end(self.store.users().set_scope(id, scope))
    }

    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> Asked<'a, bool> {
        let changing = self.changing(id);
        changing.end(self.store.users().set_status(id, status))
    }

    fn remove<'a>(&'a self, id: &'a UserId) -> Asked<'a, bool> {
        let changing = self.changing(id);
        changing.end(self.store.users().remove(id))
    }
}

impl Clients for UsersCache {
    fn find<'a>(&'a self, id: &'a ClientId) -> Asked<'a, Option<Client>> {
        self.store.clients().find(id)
    }

    fn list<'a>(&'a self, after: Option<&'a ClientId>, limit: u16) -> Asked<'a, Vec<Client>> {
        self.store.clients().list(after, limit)
    }

    fn add(&self, client: Client) -> Asked<'_, ()> {
        self.store.clients().add(client)
    }

    fn set_scope<'a>(&'a self, id: &'a ClientId, scope: &'a Scope) -> Asked<'a, bool> {
        self.store.clients().set_scope(id, scope)
    }

    fn set_secret<'a>(&'a self, id: &'a ClientId, secret: SecretDigest) -> Asked<'a, bool> {
        self.store.clients().set_secret(id, secret)
    }

    fn remove<'a>(&'a self, id: &'a ClientId) -> Asked<'a, bool> {
        self.store.clients().remove(id)
    }
}

impl Revocations for UsersCache {
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> Asked<'a, ()> {
        self.store.revocations().revoke(revocation)
    }

    fn withdraw<'a>(&'a self, withdrawal: DisableAndRevoke<'a>, revocation: &'a Revocation) -> Asked<'a, bool> {
        let Some(id) = withdrawal.changed_user() else {
            return self.store.revocations().withdraw(withdrawal, revocation);
        };
        let changing = self.changing(id);
        changing.end(self.store.revocations().withdraw(withdrawal, revocation))
    }

    fn revoked_after(&self, place: RevocationCursor, limit: u16) -> Asked<'_, Vec<RevocationEntry>> {
        self.store.revocations().revoked_after(place, limit)
    }

    fn last_cursor(&self) -> Asked<'_, RevocationCursor> {
        self.store.revocations().last_cursor()
    }

    fn forget_revocations(&self, now: Timestamp) -> Asked<'_, u64> {
        self.store.revocations().forget_revocations(now)
    }

    fn keep_lifetime(&self, lifetime: Lifetime, living_until: Timestamp) -> Asked<'_, ()> {
        self.store.revocations().keep_lifetime(lifetime, living_until)
    }

    fn longest_lifetime(&self, now: Timestamp) -> Asked<'_, Option<Lifetime>> {
        self.store.revocations().longest_lifetime(now)
    }
}

impl SigningKeys for UsersCache {
    fn list(&self) -> Asked<'_, Vec<StoredKey>> {
        self.store.signing_keys().list()
    }

    fn rotate(&self, key: StoredKey) -> Asked<'_, bool> {
        self.store.signing_keys().rotate(key)
    }

    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> Asked<'_, bool> {
        self.store.signing_keys().allow_lifetime(from_epoch, lifetime)
    }

    fn remove_through(&self, epoch: u32) -> Asked<'_, bool> {
        self.store.signing_keys().remove_through(epoch)
    }

    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> Asked<'a, bool> {
        self.store.signing_keys().replace(old, new)
    }

    fn rewrap<'a>(&'a self, keys: &'a [ResealedKey]) -> Asked<'a, bool> {
        self.store.signing_keys().rewrap(keys)
    }
}

impl Store for UsersCache {
    fn ping(&self) -> Asked<'_, ()> {
        self.store.ping()
    }

    fn check_writable(&self) -> Asked<'_, ()> {
        self.store.check_writable()
    }
}

impl fmt::Debug for UsersCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsersCache")
            .field("age", &self.age)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
