//! A cache of users in front of a store.

use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use scopegate_domain::{Account, Clock, Lifetime, PasswordHash, Scope, User, UserId, UserStatus, Username};

use crate::age::{self, Microseconds};
use crate::{BoxFuture, PasswordScheme, StoreError, StoreErrorKind, Users};

/// Users in front of other users. It caches users that were read, for a limited time:
/// [`Users::cached`] returns them without a query.
///
/// A change through this value takes effect at once, also if its future is dropped before it
/// completes. A change elsewhere, also by another process, takes effect when the cached entry
/// expires: after `age` at the latest, or at [`UsersCache::forget`]. The absence of a name or an id
/// is not cached. [`UsersCache::outage`] returns cached users while the store does not answer.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{Account, Lifetime, SystemClock, User, UserId, UserStatus, Username};
/// use scopegate_store::{MemoryStore, Users, UsersCache};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let age = Lifetime::from_seconds(60);
/// let users = UsersCache::new(Arc::new(MemoryStore::new()), Arc::new(SystemClock), age);
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// users.add(Account { user: user.clone(), password_hash: None }).await?;
///
/// assert!(users.cached("johndoe").is_none());
/// assert!(users.find(user.username()).await?.is_some());
/// assert!(users.cached("johndoe").is_some() && users.cached_by_id("u1").is_some());
///
/// users.set_status(user.id(), UserStatus::Disabled).await?;
/// assert!(users.cached("johndoe").is_none());
/// # Ok(())
/// # }
/// ```
pub struct UsersCache {
    users: Arc<dyn Users>,
    clock: Arc<dyn Clock>,
    age: Duration,
    outage: Duration,
    by_id: Cache<Box<str>, CachedUser>,
    by_name: Cache<Box<str>, CachedUser>,
    changes: Mutex<Changes>,
}

#[derive(Clone)]
struct CachedUser {
    user: Arc<User>,
    read_at: Microseconds,
}

/// The history of the entries. It is locked while an entry is added or removed.
#[derive(Default)]
struct Changes {
    /// The number of changes of users that have ended.
    count: u64,
    /// The moment at which old users were last dropped.
    swept_at: Option<Microseconds>,
    /// A moment before the last read of the log of changes.
    confirmed_at: Option<Microseconds>,
}

impl UsersCache {
    /// The maximum number of users in each of the two indexes, by id and by name.
    pub const MOST: usize = 16_384;

    /// The interval at which users that were read longer ago are dropped, when another user is
    /// read. It is the age if that is longer.
    pub const PERIOD: Lifetime = Lifetime::from_seconds(60);

    /// Caches these users for at most `age`, measured by this clock. An age of 0 disables the
    /// cache.
    #[must_use]
    pub fn new(users: Arc<dyn Users>, clock: Arc<dyn Clock>, age: impl Into<Duration>) -> Self {
        Self {
            users,
            clock,
            age: age.into(),
            outage: Duration::ZERO,
            by_id: Cache::new(Self::MOST),
            by_name: Cache::new(Self::MOST),
            changes: Mutex::default(),
        }
    }

    /// Sets how long after the last [`UsersCache::confirm`] a read that the store does not answer
    /// returns the cached user, although the entry has expired. It must have been read within
    /// [`UsersCache::PERIOD`] before that moment. Default: 0.
    #[must_use]
    pub fn outage(mut self, limit: impl Into<Duration>) -> Self {
        self.outage = limit.into();
        self
    }

    /// Records that the log of changes was read, and that all changed users were dropped. `read_at`
    /// is a moment before the read began, in [microseconds since 1970](Clock::now_in_microseconds).
    pub fn confirm(&self, read_at: u64) {
        self.changes().confirmed_at = Some(read_at);
    }

    /// Returns the number of cached users, including those that are too old.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len().max(self.by_name.len())
    }

    /// Returns whether no user is cached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops a user from the cache, after a change that did not go through this value. A
    /// [`DisableAndRevoke`](crate::DisableAndRevoke) is such a change.
    pub fn forget(&self, id: UserId) {
        drop(Forget(self, id, None));
    }

    /// Drops all users from the cache, after changes of unknown users.
    pub fn forget_all(&self) {
        let mut changes = self.changes();
        changes.count = changes.count.wrapping_add(1);
        self.retain(|_| false);
    }

    /// Whether a moment is less than a period before this time.
    fn is_recent(&self, moment: Microseconds, now: Microseconds) -> bool {
        age::is_within(Self::PERIOD.as_duration().max(self.age), moment, now)
    }

    fn young(&self, entry: Option<CachedUser>) -> Option<Arc<User>> {
        let now = || self.clock.now_in_microseconds();
        Some(
            entry
                .filter(|entry| age::is_within(self.age, entry.read_at, now()))?
                .user,
        )
    }

    /// Returns the user of an entry while the store does not answer.
    // SECURITY: the log has every change by this program, up to its last read. Only a foreign
    // program's change may be missed. Tested by `user_of_an_outage_was_read_shortly_before`.
    fn of_outage(&self, entry: Option<CachedUser>) -> Option<User> {
        let (entry, confirmed_at) = (entry?, self.changes().confirmed_at?);
        let is_usable = self.is_recent(entry.read_at, confirmed_at.max(entry.read_at))
            && age::is_within(self.outage, confirmed_at, self.clock.now_in_microseconds());
        is_usable.then(|| (*entry.user).clone())
    }

    /// Drops the entries of both indexes that fail this test. Each index is searched whole, because
    /// one may have evicted an entry that the other has.
    fn retain(&self, keeps: impl Fn(&CachedUser) -> bool) {
        self.by_id.retain(|_, entry| keeps(entry));
        self.by_name.retain(|_, entry| keeps(entry));
    }

    // SECURITY: a value that was read before a change is not kept after it, because the number of
    // changes grows when the change ends. Tested by `value_read_before_change_is_not_cached`.
    fn keep(&self, user: &User, read_at: Microseconds, count: u64) {
        let mut changes = self.changes();
        if self.age.is_zero() || changes.count != count {
            return;
        }
        if !changes.swept_at.is_some_and(|swept| self.is_recent(swept, read_at)) {
            changes.swept_at = Some(read_at);
            self.retain(|entry| self.is_recent(entry.read_at, read_at));
        }
        // The previous user of the id or of the name was removed.
        if let Some(old) = self.by_id.peek(user.id().as_str()) {
            self.by_name.remove(old.user.username().as_str());
        }
        if let Some(old) = self.by_name.peek(user.username().as_str()) {
            self.by_id.remove(old.user.id().as_str());
        }
        let entry = CachedUser {
            user: Arc::new(user.clone()),
            read_at,
        };
        self.by_id.insert(entry.user.id().as_str().into(), entry.clone());
        self.by_name.insert(entry.user.username().as_str().into(), entry);
    }

    /// Caches the result of this query, which is not polled yet. `known` finds the entry in an
    /// outage.
    fn caching<'a>(
        &'a self,
        query: Query<'a, Option<User>>,
        known: impl FnOnce() -> Option<CachedUser> + Send + 'a,
    ) -> Query<'a, Option<User>> {
        let (read_at, count) = (self.clock.now_in_microseconds(), self.changes().count);
        Box::pin(async move {
            let found = match query.await {
                Err(cause) if cause.kind() == StoreErrorKind::Unavailable => {
                    return self.of_outage(known()).map(Some).ok_or(cause);
                }
                answer => answer?,
            };
            if let Some(user) = &found {
                self.keep(user, read_at, count);
            }
            Ok(found)
        })
    }

    /// Drops the user with this id or name when this change ends, or when its future is dropped.
    fn changing<'a, T: Send + 'a>(&'a self, id: UserId, name: Option<Username>, change: Query<'a, T>) -> Query<'a, T> {
        let forget = Forget(self, id, name);
        Box::pin(async move {
            let answer = change.await;
            drop(forget);
            answer
        })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pending query or change.
type Query<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Drops the user with this id or name from the cache when it is dropped.
struct Forget<'a>(&'a UsersCache, UserId, Option<Username>);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        let Self(cache, id, name) = self;
        let mut changes = cache.changes();
        changes.count = changes.count.wrapping_add(1);
        cache.retain(|CachedUser { user, .. }| user.id() != id && Some(user.username()) != name.as_ref());
    }
}

impl Users for UsersCache {
    fn find<'a>(&'a self, username: &'a Username) -> Query<'a, Option<User>> {
        match self.cached(username.as_str()) {
            Some(user) => Box::pin(ready(Ok(Some((*user).clone())))),
            None => self.caching(self.users.find(username), || self.by_name.get(username.as_str())),
        }
    }

    fn find_by_id<'a>(&'a self, id: &'a UserId) -> Query<'a, Option<User>> {
        match self.cached_by_id(id.as_str()) {
            Some(user) => Box::pin(ready(Ok(Some((*user).clone())))),
            None => self.caching(self.users.find_by_id(id), || self.by_id.get(id.as_str())),
        }
    }

    fn cached(&self, username: &str) -> Option<Arc<User>> {
        self.young(self.by_name.get(username))
    }

    fn cached_by_id(&self, id: &str) -> Option<Arc<User>> {
        self.young(self.by_id.get(id))
    }

    fn find_account<'a>(&'a self, username: &'a Username) -> Query<'a, Option<Account>> {
        self.users.find_account(username)
    }

    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> Query<'a, Vec<User>> {
        self.users.list(after, limit)
    }

    fn password_schemes(&self) -> Query<'_, Vec<PasswordScheme>> {
        self.users.password_schemes()
    }

    fn add(&self, account: Account) -> Query<'_, ()> {
        let (id, name) = (account.user.id().clone(), account.user.username().clone());
        self.changing(id, Some(name), self.users.add(account))
    }

    // The password hash is not part of a user.
    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        expected: &'a PasswordHash,
        replacement: &'a PasswordHash,
    ) -> Query<'a, bool> {
        self.users.replace_password_hash(id, expected, replacement)
    }

    fn set_password_hash<'a>(&'a self, id: &'a UserId, password_hash: Option<&'a PasswordHash>) -> Query<'a, bool> {
        self.users.set_password_hash(id, password_hash)
    }

    fn set_profile<'a>(&'a self, user: &'a User) -> Query<'a, bool> {
        let (id, name) = (user.id().clone(), user.username().clone());
        self.changing(id, Some(name), self.users.set_profile(user))
    }

    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> Query<'a, bool> {
        self.changing(id.clone(), None, self.users.set_scope(id, scope))
    }

    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> Query<'a, bool> {
        self.changing(id.clone(), None, self.users.set_status(id, status))
    }

    fn remove<'a>(&'a self, id: &'a UserId) -> Query<'a, bool> {
        self.changing(id.clone(), None, self.users.remove(id))
    }
}

impl fmt::Debug for UsersCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UsersCache");
        debug.field("age", &self.age).finish_non_exhaustive()
    }
}
