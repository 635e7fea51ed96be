//! Storage of the audit log.

use std::fmt;

use scopegate_domain::{AuditEntry, AuditEvent, AuditId, ClientId, UserId};

use crate::{BoxFuture, StoreError};

/// A log of security events. An entry never changes.
///
/// The entry of a change is written together with it:
/// [`Store::audited`](crate::Store::audited) does that. The methods here write the entries of
/// events that change nothing, and read the log.
///
/// ```
/// use scopegate_domain::{AuditEntry, AuditEvent, AuditId, ClientId};
/// use scopegate_store::{Audit, AuditQuery, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let entry = |at| AuditEntry::new(AuditId::new(at, [0; 8]), AuditEvent::LoginFailed);
/// store.write_entries(&[entry(1), entry(2)]).await?;
/// let query = AuditQuery { after: entry(1).id(), ..AuditQuery::default() };
/// assert_eq!(store.entries(&query, 100).await?, [entry(2)]);
/// # Ok(())
/// # }
/// ```
pub trait Audit: fmt::Debug + Send + Sync {
    /// Writes entries, all or none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and none is written. An id that exists is an error.
    fn write_entries<'a>(&'a self, entries: &'a [AuditEntry]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Returns the entries that a query finds, in its order, at most `limit` of them. The id of the
    /// last one begins the next page.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; of kind `Corrupt` if a row of the result is not a valid entry.
    fn entries<'a>(&'a self, query: &'a AuditQuery, limit: u16) -> BoxFuture<'a, Result<Vec<AuditEntry>, StoreError>>;

    /// Deletes entries that need not be kept, the oldest first, at most `limit` of them. Returns
    /// their number. The store refuses to delete any other entry.
    ///
    /// The first day that is kept never becomes earlier: an earlier one has no effect.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn delete_entries(&self, retention: AuditRetention, limit: u16) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// The entries to read. The default is all, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend must evaluate a new filter")]
pub struct AuditQuery {
    /// Only entries of this user.
    pub user: Option<UserId>,
    /// Only entries of this client.
    pub client: Option<ClientId>,
    /// Only entries of this event.
    pub event: Option<AuditEvent>,
    /// Only entries after this one.
    pub after: AuditId,
    /// Only entries before this one.
    pub before: AuditId,
    /// Whether the newest entry is the first.
    pub is_newest_first: bool,
}

impl Default for AuditQuery {
    fn default() -> Self {
        Self {
            user: None,
            client: None,
            event: None,
            after: AuditId::MIN,
            before: AuditId::MAX,
            is_newest_first: false,
        }
    }
}

impl AuditQuery {
    /// Returns whether the query finds an entry.
    #[must_use]
    pub fn finds(&self, entry: &AuditEntry) -> bool {
        self.user.as_ref().is_none_or(|user| entry.user() == Some(user))
            && self.client.as_ref().is_none_or(|client| entry.client() == Some(client))
            && self.event.is_none_or(|event| entry.event() == event)
            && self.after < entry.id()
            && entry.id() < self.before
    }
}

/// The entries that must be kept: those from the first day on, unless they are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend must obey a new limit")]
pub struct AuditRetention {
    /// The first day (UTC) whose entries are kept, in days since 1970.
    pub first_day: i64,
    /// The maximum number of entries. The oldest ones beyond it may be deleted.
    pub max_entries: u32,
}
