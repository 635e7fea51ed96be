//! Revocations and changes, kept in the store and in memory.

use std::sync::Arc;

use scopegate_domain::{AuditEntry, Clock, Revocation, Revoked};
use scopegate_store::{
    ClientsCache, NewsEntry, NewsGap, NewsItem, NewsPage, NewsReader, Store, StoreError, UsersCache,
};
use scopegate_token::RevokedSet;

/// The number of changed users that are dropped from a cache one by one.
const MOST_DROPPED: usize = 32;

/// Keeps a [`RevokedSet`] equal to the store, and drops changed users and clients from their
/// caches. A revocation through it takes effect at once, one by another process at the next
/// refresh.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{ClientId, Clock as _, Revocation, Revoked, SystemClock};
/// use scopegate_grant::RevocationWatch;
/// use scopegate_store::{MemoryStore, Store};
/// use scopegate_token::{RevokedSet, SubjectClaim};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
/// let watch = RevocationWatch::new(Arc::clone(&store), Arc::clone(&set), Arc::new(SystemClock));
///
/// let client = |id| ClientId::parse(id).map(|id| Revocation::until(Revoked::Client(id), SystemClock.now()));
/// watch.revoke(&client("ours")?).await?;
/// assert_eq!(set.len(), 1);
///
/// store.news().revoke(&client("of others")?).await?;
/// watch.refresh().await?;
/// assert_eq!(set.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RevocationWatch {
    store: Arc<dyn Store>,
    set: Arc<RevokedSet>,
    users: Option<Arc<UsersCache>>,
    clients: Option<Arc<ClientsCache>>,
    clock: Arc<dyn Clock>,
    /// The places up to which the store was read.
    reader: NewsReader,
}

impl RevocationWatch {
    /// Creates a watch that has read nothing yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, set: Arc<RevokedSet>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            set,
            users: None,
            clients: None,
            clock,
            reader: NewsReader::new(),
        }
    }

    /// Sets a cache that drops users when the store reports a change of them. Default: none.
    #[must_use]
    pub fn users(mut self, users: Arc<UsersCache>) -> Self {
        self.users = Some(users);
        self
    }

    /// Sets a cache that drops clients when the store reports a change of them. It is in use while
    /// [`RevocationWatch::refresh`] succeeds. Default: none.
    #[must_use]
    pub fn clients(mut self, clients: Arc<ClientsCache>) -> Self {
        self.clients = Some(clients);
        self
    }

    /// Returns the set.
    #[must_use]
    pub const fn set(&self) -> &Arc<RevokedSet> {
        &self.set
    }

    /// Fails while revocations may be unknown.
    pub(crate) fn expect_news(&self) -> Result<(), StoreError> {
        self.set.check().map_err(StoreError::unavailable)
    }

    /// Reads the new revocations and changes, and drops revocations that cover no unexpired token.
    /// Returns the gaps of the log, after which all cached users were dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was read until then takes effect.
    pub async fn refresh(&self) -> Result<Vec<NewsGap>, StoreError> {
        let read_at = self.clock.now_in_microseconds();
        let gaps = self
            .reader
            .read(self.store.news(), &mut |page| self.apply(page))
            .await?;
        if let Some(users) = &self.users {
            users.confirm(read_at);
        }
        if let Some(clients) = &self.clients {
            clients.confirm(self.reader.heads(), read_at);
        }
        self.set.forget(self.clock.now());
        Ok(gaps)
    }

    fn apply(&self, page: NewsPage) {
        match page {
            NewsPage::Entries(entries) => {
                self.forget_users(&entries);
                self.forget_clients(&entries);
                let placed = entries.into_iter().filter_map(|entry| match entry.item {
                    NewsItem::Revoked(revocation) => Some((entry.position, revocation)),
                    NewsItem::ClientChanged(_) | NewsItem::Other(_) | NewsItem::UserChanged(_) => None,
                });
                self.set.add_placed(placed);
            }
            NewsPage::Everything => {
                if let Some(users) = &self.users {
                    users.forget_all();
                }
                if let Some(clients) = &self.clients {
                    clients.forget_all();
                }
            }
            NewsPage::OldRevocations(revocations) => self.set.add(revocations),
        }
    }

    /// Drops the users that these entries name. If they are many, all users are dropped, because
    /// each search reads the whole cache.
    fn forget_users(&self, entries: &[NewsEntry]) {
        let Some(cache) = &self.users else { return };
        let changed = |entry: &NewsEntry| match &entry.item {
            NewsItem::UserChanged(id) => Some(id.clone()),
            NewsItem::Revoked(revocation) => match revocation.whose() {
                Revoked::User { id, .. } => Some(id.clone()),
                Revoked::Client(_) | Revoked::Consent { .. } | Revoked::Family(_) | Revoked::Token(_) => None,
            },
            NewsItem::ClientChanged(_) | NewsItem::Other(_) => None,
        };
        let changed: Vec<_> = entries.iter().filter_map(changed).collect();
        if changed.len() > MOST_DROPPED {
            cache.forget_all();
        } else {
            for id in changed {
                cache.forget(id);
            }
        }
    }

    /// Drops the clients that these entries name.
    fn forget_clients(&self, entries: &[NewsEntry]) {
        let Some(cache) = &self.clients else { return };
        for entry in entries {
            match &entry.item {
                NewsItem::ClientChanged(id) => cache.forget(id),
                NewsItem::Revoked(revocation) => match revocation.whose() {
                    Revoked::Client(id) => cache.forget(id),
                    Revoked::Consent { .. } | Revoked::Family(_) | Revoked::Token(_) | Revoked::User { .. } => {}
                },
                NewsItem::UserChanged(_) | NewsItem::Other(_) => {}
            }
        }
    }

    /// Revokes tokens: keeps the revocation in the store, then applies it here.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing takes effect. The store may still have kept it, and then the
    /// next refresh finds it.
    pub async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        self.revoke_audited(revocation, &[]).await
    }

    /// Does the same, and writes entries of the audit log with the revocation: both or neither.
    ///
    /// # Errors
    ///
    /// Those of [`RevocationWatch::revoke`].
    pub async fn revoke_audited(&self, revocation: &Revocation, entries: &[AuditEntry]) -> Result<(), StoreError> {
        self.store.audited(entries).news().revoke(revocation).await?;
        self.set.add([revocation.clone()]);
        if let (Some(clients), Revoked::Client(id)) = (&self.clients, revocation.whose()) {
            clients.forget(id);
        }
        Ok(())
    }

    /// Drops the entries of the log that cover no unexpired token from the store, and returns their
    /// number.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tidy(&self) -> Result<u64, StoreError> {
        self.store.news().forget_news(self.clock.now()).await
    }
}
