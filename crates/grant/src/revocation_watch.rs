//! What was taken back, kept in the store and known in memory.

use std::sync::{Arc, Mutex, PoisonError};

use scopegate_domain::{Clock, Revocation};
use scopegate_store::{RevocationPlace, Store, StoreError};
use scopegate_token::RevokedSet;

/// How many revocations are read at a time.
const PAGE: u16 = 1_000;

/// Keeps a [`RevokedSet`] as the store has it: what is taken back here is in force at once, what others took back when the store is
/// asked the next time.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{ClientId, Clock as _, Revocation, Revoked, SystemClock};
/// use scopegate_grant::RevocationWatch;
/// use scopegate_store::{MemoryStore, Store};
/// use scopegate_token::{RevokedSet, SubjectNames};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let set = Arc::new(RevokedSet::new(SubjectNames::UserIds));
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
    /// Until where the store was read.
    place: Mutex<RevocationPlace>,
}

impl RevocationWatch {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, set: Arc<RevokedSet>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            set,
            clock,
            place: Mutex::new(RevocationPlace::START),
        }
    }

    /// The set.
    #[must_use]
    pub const fn set(&self) -> &Arc<RevokedSet> {
        &self.set
    }

    /// Reads what is new, and drops what covers no token that lives.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was read until then is in force.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        loop {
            let kept = self.store.revocations().revoked_after(self.place(), PAGE).await?;
            let last = kept.last().map(|(place, _)| *place);
            let is_last_page = kept.len() < usize::from(PAGE);
            self.set.add(kept.into_iter().map(|(_, revocation)| revocation));
            // After what stands before it is in force: who is dropped in between reads it again.
            self.read_until(last);
            if is_last_page {
                break;
            }
        }
        self.set.forget(self.clock.now());
        Ok(())
    }

    /// Takes tokens back: kept in the store, then in force here.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing is in force; it may have been kept even so, and is then found by the next refresh.
    pub async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        self.store.revocations().revoke(revocation).await?;
        self.set.add([revocation.clone()]);
        Ok(())
    }

    /// Drops from the store what covers no token that lives, and says how many they were.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tidy(&self) -> Result<u64, StoreError> {
        self.store.revocations().forget_revocations(self.clock.now()).await
    }

    fn place(&self) -> RevocationPlace {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_until(&self, last: Option<RevocationPlace>) {
        if let Some(last) = last {
            let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
            *place = (*place).max(last);
        }
    }
}
