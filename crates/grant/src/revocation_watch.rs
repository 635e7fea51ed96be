//! What was taken back, kept in the store and known in memory.

use std::sync::{Arc, Mutex, PoisonError};

use scopegate_domain::{Clock, Lifetime, Revocation, Timestamp};
use scopegate_store::{RevocationPlace, Store, StoreError};
use scopegate_token::RevokedSet;

/// How many revocations are read at a time.
const PAGE: u16 = 1_000;

/// How often it is said how long tokens live, and for how long beyond that it holds: a token is issued only while the store answers,
/// so the last one comes soon after it was said last.
const SAID_EVERY: Lifetime = Lifetime::from_minutes(60);
const SAID_FOR: Lifetime = Lifetime::from_minutes(120);

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
    unsaid: Option<Unsaid>,
}

/// Tokens of ours that do not say when they were issued.
#[derive(Debug)]
struct Unsaid {
    lifetime: Lifetime,
    said_at: Mutex<Option<Timestamp>>,
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
            unsaid: None,
        }
    }

    /// Tokens are issued here that live exactly so long and do not say since when. The store remembers that, so that the set reckons
    /// with the longest life that any of them may have, also after another one was set.
    #[must_use]
    pub fn for_unsaid(mut self, lifetime: Lifetime) -> Self {
        self.unsaid = Some(Unsaid {
            lifetime,
            said_at: Mutex::default(),
        });
        self
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
        if let Some(unsaid) = &self.unsaid {
            self.agree_on_lifetime(unsaid).await?;
        }
        loop {
            let kept = self.store.revocations().revoked_after(self.place(), PAGE).await?;
            let last = kept.last().map(|(place, _)| *place);
            let is_last_page = kept.len() < usize::from(PAGE);
            self.set
                .add_placed(kept.into_iter().map(|(place, revocation)| (place.number(), revocation)));
            // After what stands before it is in force: who is dropped in between reads it again.
            self.read_until(last);
            if is_last_page {
                break;
            }
        }
        self.set.forget(self.clock.now());
        Ok(())
    }

    /// Says how long our tokens live, if it is time for it, and reckons with the longest that others said.
    async fn agree_on_lifetime(&self, unsaid: &Unsaid) -> Result<(), StoreError> {
        let (now, revocations) = (self.clock.now(), self.store.revocations());
        let said_at = *unsaid.said_at.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back says it again, too.
        if said_at.is_none_or(|then| now < then || now >= then + SAID_EVERY) {
            let living_until = now + unsaid.lifetime + SAID_FOR;
            revocations.keep_lifetime(unsaid.lifetime, living_until).await?;
            *unsaid.said_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        let longest = revocations.longest_lifetime(now).await?;
        self.set
            .set_lifetime(longest.map_or(unsaid.lifetime, |longest| longest.max(unsaid.lifetime)));
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
