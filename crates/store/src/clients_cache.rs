//! A cache of clients that follows the log of changes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use scopegate_domain::{Client, ClientId};

use crate::age::{self, Microseconds};
use crate::{BoxFuture, Clients, NewsHeads, StoreError};

/// Clients in front of a store. It is in use only while its owner reads the log of changes: after
/// each read it calls [`ClientsCache::forget`] for each changed client, then
/// [`ClientsCache::confirm`].
///
/// A change by any process takes effect at the next read of the log. If the log was not read within
/// `age`, nothing is cached. The absence of an id is not cached.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{Client, ClientId, Lifetime};
/// use scopegate_store::{Clients, ClientsCache, MemoryStore, News};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, now) = (Arc::new(MemoryStore::new()), 1_000_000_000);
/// let client = Client::public(ClientId::parse("demo-app")?, "The demo");
/// Clients::add(&*store, client.clone()).await?;
///
/// let cache = ClientsCache::new(store.clone(), Lifetime::from_seconds(5));
/// cache.find(client.id()).await?;
/// assert!(cache.cached("demo-app", now).is_none());
/// cache.confirm(store.heads().await?, now);
/// assert!(cache.cached("demo-app", now).is_some());
/// assert!(cache.cached("demo-app", now + 4_999_999).is_some());
/// assert!(cache.cached("demo-app", now + 5_000_000).is_none());
/// # Ok(())
/// # }
/// ```
pub struct ClientsCache {
    clients: Arc<dyn Clients>,
    age: Duration,
    by_id: Cache<Box<str>, Arc<Client>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of times that clients were dropped.
    drops: u64,
    /// The state of the log up to which it was read, and a moment before that read.
    read: Option<(NewsHeads, Microseconds)>,
}

impl ClientsCache {
    /// The maximum number of cached clients.
    pub const MOST: usize = 16_384;

    /// Caches these clients while the log was read within this time. A time of 0 disables the
    /// cache.
    #[must_use]
    pub fn new(clients: Arc<dyn Clients>, age: impl Into<Duration>) -> Self {
        Self {
            clients,
            age: age.into(),
            by_id: Cache::new(Self::MOST),
            state: Mutex::default(),
        }
    }

    /// Returns the cached client, and the state of the log before the client was found. `None`: the
    /// client is not cached, or the log was not read recently. `now` is in [microseconds since
    /// 1970](scopegate_domain::Clock::now_in_microseconds).
    #[must_use]
    pub fn cached(&self, id: &str, now: u64) -> Option<(Arc<Client>, NewsHeads)> {
        // SECURITY: the state of the log is taken first. A change that drops the client afterwards
        // is later than this state, so it covers the tokens of the client. Tested by
        // `token_of_a_stale_client_is_covered` in grant/tests/it/clients_cache.rs.
        let (heads, read_at) = self.state().read?;
        let client = self.by_id.get(id).filter(|_| age::is_within(self.age, read_at, now))?;
        Some((client, heads))
    }

    /// Reads the client with this id from the store, and caches it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; an id that no client has is `Ok(None)`.
    pub fn find<'a>(&'a self, id: &'a ClientId) -> BoxFuture<'a, Result<Option<Client>, StoreError>> {
        let drops = self.state().drops;
        let query = self.clients.find(id);
        Box::pin(async move {
            let found = query.await?;
            if let Some(client) = &found {
                // SECURITY: a value that was read before a drop is not kept after it. Tested by
                // `value_read_before_a_drop_is_not_cached` in tests/it/clients_cache.rs.
                let state = self.state();
                // A value that is there already needs no second copy: a wrong secret would
                // cost more for a known client than for an unknown one.
                let is_there = self.by_id.get(id.as_str()).is_some_and(|there| *there == *client);
                if state.drops == drops && !self.age.is_zero() && !is_there {
                    self.by_id.insert(id.as_str().into(), Arc::new(client.clone()));
                }
            }
            Ok(found)
        })
    }

    /// Drops a client that has changed.
    pub fn forget(&self, id: &ClientId) {
        let mut state = self.state();
        state.drops = state.drops.wrapping_add(1);
        self.by_id.remove(id.as_str());
    }

    /// Drops all clients, after changes of unknown clients.
    pub fn forget_all(&self) {
        let mut state = self.state();
        state.drops = state.drops.wrapping_add(1);
        self.by_id.clear();
    }

    /// Records that the log was read up to this state and that all changed clients were dropped.
    /// `read_at` is a moment before the read began, in microseconds since 1970.
    pub fn confirm(&self, heads: NewsHeads, read_at: u64) {
        self.state().read = Some((heads, read_at));
    }

    /// Returns the number of cached clients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Returns whether no client is cached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ClientsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientsCache")
            .field("age", &self.age)
            .finish_non_exhaustive()
    }
}
