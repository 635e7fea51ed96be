//! The order in which revocations become visible.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scopegate_domain::{Account, Revocation, Revoked, Timestamp, TokenId, User};
use tokio::task::{JoinSet, yield_now};

use super::{user_id, username};
use crate::{DisableAndRevoke, RevocationCursor, Revocations, Store};

const WRITERS: usize = 8;
const EACH: usize = 25;

/// Readers that continue after the last place that they saw miss no revocation of many concurrent
/// writers. A store that draws places in one order and makes them visible in another fails.
pub async fn places_become_visible_in_their_order(store: Arc<dyn Store>) {
    let users: Vec<User> = (0..WRITERS)
        .map(|writer| User::new(user_id(&format!("u{writer}")), username(&format!("n{writer}"))))
        .collect();
    for user in users.clone() {
        let account = Account {
            user,
            password_hash: None,
        };
        store.users().add(account).await.unwrap();
    }
    no_reader_misses_any(store, users).await;
}

/// # Panics
///
/// Panics if a reader missed a revocation.
async fn no_reader_misses_any(store: Arc<dyn Revocations>, users: Vec<User>) {
    let is_over = Arc::new(AtomicBool::new(false));
    let mut reading = JoinSet::new();
    for _ in 0..2 {
        reading.spawn(read_on(Arc::clone(&store), Arc::clone(&is_over)));
    }
    let mut writing = JoinSet::new();
    for user in users {
        writing.spawn(write(Arc::clone(&store), user));
    }
    writing.join_all().await;
    is_over.store(true, Ordering::SeqCst);
    for seen in reading.join_all().await {
        assert_eq!(seen, WRITERS * EACH, "a reader missed some");
    }
}

/// Returns the number of revocations that a reader saw.
async fn read_on(store: Arc<dyn Revocations>, is_over: Arc<AtomicBool>) -> usize {
    let (mut seen, mut place) = (0, RevocationCursor::START);
    loop {
        let is_last = is_over.load(Ordering::SeqCst);
        let bound = store.last_cursor().await.unwrap();
        let page = store.revoked_after(place, u16::MAX).await.unwrap();
        place = page.last().map_or(place, |(last, _)| *last);
        assert!(place >= bound, "what `last_cursor` names is visible");
        seen += page.len();
        if is_last {
            return seen;
        }
        yield_now().await;
    }
}

/// Revokes a token and withdraws a right, alternately.
async fn write(store: Arc<dyn Revocations>, user: User) {
    let now = Timestamp::from_unix(1_700_000_000);
    for number in 0..EACH {
        if number % 2 == 0 {
            let id = TokenId::parse(user.id().as_str()).unwrap();
            store.revoke(&Revocation::until(Revoked::Token(id), now)).await.unwrap();
        } else {
            let whose = Revoked::User {
                id: user.id().clone(),
                username: user.username().clone(),
            };
            let (disable, revocation) = (DisableAndRevoke::DisableUser(user.id()), Revocation::until(whose, now));
            assert!(store.withdraw(disable, &revocation).await.unwrap());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicI64;

    use super::*;
    use crate::conformance::runtime;
    use crate::{BoxFuture, RevocationEntry, StoreError};

    /// Draws a place from a sequence and commits some time later, like concurrent transactions of a
    /// database.
    #[derive(Debug, Default)]
    struct Naive {
        sequence: AtomicI64,
        committed: Mutex<BTreeMap<RevocationCursor, Revocation>>,
    }

    impl Revocations for Naive {
        fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>> {
            Box::pin(async move {
                let number = self.sequence.fetch_add(1, Ordering::SeqCst) + 1;
                for _ in 0..number % 5 {
                    yield_now().await;
                }
                let place = RevocationCursor::from_number(number);
                self.committed.lock().unwrap().insert(place, revocation.clone());
                Ok(())
            })
        }

        fn withdraw<'a>(
            &'a self,
            _: DisableAndRevoke<'a>,
            revocation: &'a Revocation,
        ) -> BoxFuture<'a, Result<bool, StoreError>> {
            Box::pin(async move { self.revoke(revocation).await.map(|()| true) })
        }

        fn revoked_after(
            &self,
            place: RevocationCursor,
            limit: u16,
        ) -> BoxFuture<'_, Result<Vec<RevocationEntry>, StoreError>> {
            let committed = self.committed.lock().unwrap();
            let after = committed.iter().filter(|(other, _)| **other > place);
            let page = after.take(limit.into());
            let page = page.map(|(place, revocation)| (*place, revocation.clone())).collect();
            Box::pin(async move { Ok(page) })
        }

        fn last_cursor(&self) -> BoxFuture<'_, Result<RevocationCursor, StoreError>> {
            let last = self.committed.lock().unwrap().keys().next_back().copied();
            Box::pin(async move { Ok(last.unwrap_or(RevocationCursor::START)) })
        }

        fn forget_revocations(&self, _: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
            Box::pin(async { Ok(0) })
        }
    }

    #[test]
    #[should_panic(expected = "a reader missed some")]
    fn a_sequence_without_a_lock_is_found_out() {
        let users = (0..WRITERS).map(|n| User::new(user_id(&format!("u{n}")), username(&format!("n{n}"))));
        runtime().block_on(no_reader_misses_any(Arc::new(Naive::default()), users.collect()));
    }
}
