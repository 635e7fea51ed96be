//! Concurrent look-ups share a statement, and each returns the same as a single one.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::sync::Arc;

use scopegate_domain::{Account, User, UserId, UserStatus, Username};
use scopegate_store::{StoreErrorKind, Users};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use tempfile::TempDir;
use tokio::task::JoinSet;

const USERS: usize = 50;

fn name(number: usize) -> Username {
    Username::parse(&format!("user{number}")).unwrap()
}

fn id(number: usize) -> UserId {
    UserId::parse(&format!("u{number}")).unwrap()
}

/// A store with users of even numbers.
async fn seeded(url: &DatabaseUrl) -> Arc<SqlStore> {
    let store = SqlStore::open(url).await.unwrap();
    for number in (0..USERS).step_by(2) {
        let user = User::new(id(number), name(number));
        let account = Account {
            user,
            password_hash: None,
        };
        store.add(account).await.unwrap();
    }
    Arc::new(store)
}

async fn stores() -> [(Arc<SqlStore>, TempDir); 2] {
    let (memory, file) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let url = DatabaseUrl::file(file.path().join("scopegate.db"));
    [
        (seeded(&DatabaseUrl::memory()).await, memory),
        (seeded(&url).await, file),
    ]
}

/// Reads all users several times, concurrently.
fn look(store: &Arc<SqlStore>, rounds: usize) -> JoinSet<()> {
    let mut looking = JoinSet::new();
    for number in (0..rounds).flat_map(|_| 0..USERS) {
        let store = Arc::clone(store);
        looking.spawn(async move {
            let by_name = store.find(&name(number)).await.unwrap();
            let by_id = store.find_by_id(&id(number)).await.unwrap();
            let expected = number.is_multiple_of(2).then(|| id(number));
            assert_eq!(by_name.as_ref().map(User::id), expected.as_ref());
            assert_eq!(by_id, by_name);
        });
    }
    looking
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_finds_its_own() {
    for (store, _folder) in stores().await {
        look(&store, 20).join_all().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropped_lookups_delay_no_other() {
    for (store, _folder) in stores().await {
        for _ in 0..20 {
            let (staying, mut going) = (look(&store, 2), look(&store, 2));
            tokio::task::yield_now().await;
            going.abort_all();
            while going.join_next().await.is_some() {}
            staying.join_all().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_is_seen_by_every_look_up_after_its_answer() {
    for (store, _folder) in stores().await {
        for round in 0..40 {
            let _others = look(&store, 1);
            let status = if round % 2 == 0 {
                UserStatus::Disabled
            } else {
                UserStatus::Active
            };
            assert!(store.set_status(&id(0), status).await.unwrap());
            let mut looking = JoinSet::new();
            for _ in 0..40 {
                let store = Arc::clone(&store);
                looking.spawn(async move { store.find(&name(0)).await.unwrap().unwrap().status() });
            }
            assert!(looking.join_all().await.into_iter().all(|seen| seen == status));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closed_store_answers_every_lookup() {
    for (store, _folder) in stores().await {
        let mut looking = JoinSet::new();
        for number in 0..500 {
            let store = Arc::clone(&store);
            looking.spawn(async move {
                (
                    number,
                    store.find(&name(number % USERS)).await.map(|user| user.is_some()),
                )
            });
        }
        store.close().await.unwrap();
        for (number, answer) in looking.join_all().await {
            match answer {
                Ok(is_found) => assert_eq!(is_found, number.is_multiple_of(2)),
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
            }
        }
        let error = store.find(&name(0)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
}
