//! Revocations, kept in the store and in memory.

use std::sync::{Arc, Mutex, PoisonError};

use scopegate_domain::{Clock, Revocation};
use scopegate_store::{RevocationCursor, Store, StoreError};
use scopegate_token::RevokedSet;

/// The number of revocations that are read at a time.
const PAGE: u16 = 1_000;

/// Keeps a [`RevokedSet`] equal to the store. A revocation through it takes effect at once, one by
/// another process at the next refresh.
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
/// store.revocations().revoke(&client("of others")?).await?;
/// watch.refresh().await?;
/// assert_eq!(set.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RevocationWatch {
    store: Arc<dyn Store>,
    set: Arc<RevokedSet>,
    clock: Arc<dyn Clock>,
    /// The place up to which the store was read.
    place: Mutex<RevocationCursor>,
}

impl RevocationWatch {
    /// Creates a watch that has read nothing yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, set: Arc<RevokedSet>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            set,
            clock,
            place: Mutex::new(RevocationCursor::START),
        }
    }

    /// Returns the set.
    #[must_use]
    pub const fn set(&self) -> &Arc<RevokedSet> {
        &self.set
    }

    /// Reads the new revocations, and drops those that cover no unexpired token.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the revocations that were read until then take effect.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        loop {
            let kept = self.store.revocations().revoked_after(self.place(), PAGE).await?;
            let last = kept.last().map(|(place, _)| *place);
            let is_last_page = kept.len() < usize::from(PAGE);
            self.set
                .add_placed(kept.into_iter().map(|(place, revocation)| (place.number(), revocation)));
            // Set after the revocations before this place took effect: a future that is dropped in
            // between reads them again.
            self.read_until(last);
            if is_last_page {
                break;
            }
        }
        self.set.forget(self.clock.now());
        Ok(())
    }

    /// Revokes tokens: keeps the revocation in the store, then applies it here.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing takes effect. The store may still have kept it, and then the
    /// next refresh finds it.
    pub async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        self.store.revocations().revoke(revocation).await?;
        self.set.add([revocation.clone()]);
        Ok(())
    }

    /// Drops the revocations that cover no unexpired token from the store, and returns their
    /// number.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tidy(&self) -> Result<u64, StoreError> {
        self.store.revocations().forget_revocations(self.clock.now()).await
    }

    fn place(&self) -> RevocationCursor {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_until(&self, last: Option<RevocationCursor>) {
        if let Some(last) = last {
            let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
            *place = (*place).max(last);
        }
    }
}
