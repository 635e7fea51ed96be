//! The order in which entries of the log become visible.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scopegate_domain::{Account, NewsLane, NewsPosition, Revocation, Revoked, Timestamp, TokenId, User};
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use super::{user_id, username};
use crate::{DisableAndRevoke, News, Store};

const WRITERS: usize = 16;
const EACH: usize = 24;

/// Readers that continue after the last place that they saw miss no entry of many concurrent
/// writers, and find no gap. Writers pause, and some of their changes are undone. A store that
/// draws places in one order and makes them visible in another fails.
pub async fn no_reader_misses_an_entry(store: Arc<dyn Store>) {
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

/// What a reader found.
#[derive(Debug, Default)]
struct Seen {
    entries: usize,
    gaps: usize,
}

/// # Panics
///
/// Panics if a reader missed an entry or found a gap.
async fn no_reader_misses_any(store: Arc<dyn News>, users: Vec<User>) {
    let is_over = Arc::new(AtomicBool::new(false));
    let mut reading = JoinSet::new();
    for _ in 0..2 {
        reading.spawn(read_on(Arc::clone(&store), Arc::clone(&is_over)));
    }
    let mut writing = JoinSet::new();
    for (number, user) in users.into_iter().enumerate() {
        writing.spawn(write(Arc::clone(&store), user, number));
    }
    writing.join_all().await;
    is_over.store(true, Ordering::SeqCst);
    for seen in reading.join_all().await {
        assert_eq!(seen.entries, WRITERS * EACH, "a reader missed some");
        assert_eq!(seen.gaps, 0, "a reader found gaps");
    }
}

/// Reads each lane after its last place.
async fn read_on(store: Arc<dyn News>, is_over: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut places) = (Seen::default(), [0; 16]);
    loop {
        let is_last = is_over.load(Ordering::SeqCst);
        let heads = store.heads().await.unwrap();
        for (lane, place) in NewsLane::all().zip(&mut places) {
            let page = store
                .news_after(NewsPosition::new(lane, *place), u16::MAX)
                .await
                .unwrap();
            for entry in page {
                seen.gaps += usize::from(entry.position.place() != *place + 1);
                *place = entry.position.place();
                seen.entries += 1;
            }
            assert!(*place >= heads.of(lane).last, "a place that a head names is visible");
        }
        if is_last {
            return seen;
        }
        yield_now().await;
    }
}

/// Revokes a token and withdraws a right, alternately. Between them are pauses, and withdrawals
/// that are undone because the user is unknown.
async fn write(store: Arc<dyn News>, user: User, writer: usize) {
    let now = Timestamp::from_unix(1_700_000_000);
    let whose = |user: &User| Revoked::User {
        id: user.id().clone(),
        username: user.username().clone(),
    };
    let unknown = User::new(user_id("unknown"), username("unknown"));
    let mut random = writer;
    for number in 0..EACH {
        random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        match random / 65_536 % 4 {
            0 => sleep(Duration::from_micros(300)).await,
            1 => {
                let revocation = Revocation::until(whose(&unknown), now);
                let disable = DisableAndRevoke::DisableUser(unknown.id());
                assert!(!store.withdraw(disable, &revocation).await.unwrap());
            }
            _ => {}
        }
        if number % 2 == 0 {
            let id = TokenId::parse(&format!("{}-{number}", user.id())).unwrap();
            store.revoke(&Revocation::until(Revoked::Token(id), now)).await.unwrap();
        } else {
            let revocation = Revocation::until(whose(&user), now);
            let disable = DisableAndRevoke::DisableUser(user.id());
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
    use crate::{BoxFuture, NewsEntry, NewsHead, NewsHeads, NewsItem, StoreError};

    /// Draws a place from a sequence and commits some time later, like concurrent transactions of a
    /// database.
    #[derive(Debug, Default)]
    struct Naive {
        sequences: [AtomicI64; 16],
        committed: Mutex<BTreeMap<(NewsLane, i64), Revocation>>,
        /// An undone change keeps its place, and the others commit at once.
        keeps_places: bool,
    }

    impl Naive {
        fn draw(&self, revocation: &Revocation) -> (NewsLane, i64) {
            let lane = NewsLane::of(&NewsItem::Revoked(revocation.clone()).subject());
            let sequence = &self.sequences[usize::from(lane.number())];
            (lane, sequence.fetch_add(1, Ordering::SeqCst) + 1)
        }
    }

    impl News for Naive {
        fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>> {
            Box::pin(async move {
                if self.keeps_places {
                    let mut committed = self.committed.lock().unwrap();
                    committed.insert(self.draw(revocation), revocation.clone());
                    return Ok(());
                }
                let (lane, number) = self.draw(revocation);
                for _ in 0..number % 5 {
                    yield_now().await;
                }
                let mut committed = self.committed.lock().unwrap();
                committed.insert((lane, number), revocation.clone());
                Ok(())
            })
        }

        fn withdraw<'a>(
            &'a self,
            withdrawal: DisableAndRevoke<'a>,
            revocation: &'a Revocation,
        ) -> BoxFuture<'a, Result<bool, StoreError>> {
            Box::pin(async move {
                if matches!(withdrawal, DisableAndRevoke::DisableUser(id) if id.as_str() == "unknown") {
                    if self.keeps_places {
                        self.draw(revocation);
                    }
                    return Ok(false);
                }
                self.revoke(revocation).await.map(|()| true)
            })
        }

        fn heads(&self) -> BoxFuture<'_, Result<NewsHeads, StoreError>> {
            let committed = self.committed.lock().unwrap();
            let heads = committed
                .keys()
                .map(|(lane, last)| (*lane, NewsHead { first: 1, last: *last }));
            let heads = NewsHeads::new(heads);
            Box::pin(async move { Ok(heads) })
        }

        fn news_after(&self, position: NewsPosition, limit: u16) -> BoxFuture<'_, Result<Vec<NewsEntry>, StoreError>> {
            let committed = self.committed.lock().unwrap();
            let after = committed
                .iter()
                .filter(|((lane, place), _)| *lane == position.lane() && *place > position.place());
            let entry = |((lane, place), revocation): (&(NewsLane, i64), &Revocation)| NewsEntry {
                position: NewsPosition::new(*lane, *place),
                item: NewsItem::Revoked(revocation.clone()),
            };
            let page = after.take(limit.into()).map(entry).collect();
            Box::pin(async move { Ok(page) })
        }

        fn forget_news(&self, _: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
            Box::pin(async { Ok(0) })
        }
    }

    fn check(store: Naive) {
        let users = (0..WRITERS).map(|n| User::new(user_id(&format!("u{n}")), username(&format!("n{n}"))));
        runtime().block_on(no_reader_misses_any(Arc::new(store), users.collect()));
    }

    #[test]
    #[should_panic(expected = "a reader missed some")]
    fn a_sequence_without_a_lock_is_found_out() {
        check(Naive::default());
    }

    #[test]
    #[should_panic(expected = "a reader found gaps")]
    fn an_undone_change_that_keeps_its_place_is_found_out() {
        check(Naive {
            keeps_places: true,
            ..Naive::default()
        });
    }
}
