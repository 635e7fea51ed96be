//! Measures the latency of 500 users that are read at once from a file, without a cache.
//!
//! Rounds follow each other; the output shows the median of their percentiles.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may fail")]

use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{Account, User, UserId, Username};
use scopegate_store::Store;
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use tokio::time::Instant;

const USERS: usize = 500;

/// Returns the latency at 50 % and 99 % of one round, and its whole time.
async fn round(store: &Arc<dyn Store>, ids: &[UserId]) -> [Duration; 3] {
    let begin = Instant::now();
    let tasks: Vec<_> = ids
        .iter()
        .map(|id| {
            let (store, id) = (Arc::clone(store), id.clone());
            tokio::spawn(async move {
                assert!(store.users().find_by_id(&id).await.unwrap().is_some());
                begin.elapsed()
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.push(task.await.unwrap());
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap();
    [at(50), at(99), begin.elapsed()]
}

#[tokio::main]
async fn main() {
    // `cargo test` runs each bench once, without this flag.
    let rounds = if std::env::args().any(|flag| flag == "--bench") {
        101
    } else {
        1
    };
    let folder = tempfile::TempDir::new().unwrap();
    let url = DatabaseUrl::file(folder.path().join("users.db"));
    let store: Arc<dyn Store> = Arc::new(SqlStore::open(&url).await.unwrap());
    let mut ids = Vec::new();
    for number in 0..USERS {
        let id = UserId::parse(&format!("u{number}")).unwrap();
        let name = Username::parse(&format!("user{number}")).unwrap();
        let user = User::new(id.clone(), name);
        let account = Account {
            user,
            password_hash: None,
        };
        store.users().add(account).await.unwrap();
        ids.push(id);
    }
    let mut measured = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        let times = round(&store, &ids).await;
        measured.iter_mut().zip(times).for_each(|(list, time)| list.push(time));
    }
    for (name, mut list) in ["p50", "p99", "all"].into_iter().zip(measured) {
        list.sort_unstable();
        println!("{USERS} users, {name}: {:?}", list.get(list.len() / 2).unwrap());
    }
}
