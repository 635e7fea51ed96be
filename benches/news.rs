//! Revokes a million tokens in a simulated month, and compares the log of changes at its end with
//! that after a day.
//!
//! A server reads the log and deletes ended entries once an hour. The output shows the entries and
//! the pages of the database in use, the revocations in memory and the memory of the process. It
//! fails above 1.1 times.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may fail")]

use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use scopegate_domain::{Clock as _, Lifetime, ManualClock, Revocation, Revoked, Timestamp, TokenId};
use scopegate_grant::RevocationWatch;
use scopegate_store::Store;
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use scopegate_token::{RevokedSet, SubjectClaim};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, query_scalar};

const HOUR: Lifetime = Lifetime::from_minutes(60);
const TOKEN_LIFETIME: Lifetime = Lifetime::from_minutes(30);
const WRITERS: usize = 64;

/// What the log takes.
struct Sizes([(&'static str, f64); 4]);

impl Sizes {
    async fn measure(path: &Path, set: &RevokedSet) -> Self {
        let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        let rows: i64 = query_scalar("SELECT COUNT(*) FROM news")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let used =
            "SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)";
        let pages: i64 = query_scalar(used).fetch_one(&mut connection).await.unwrap();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|line| line.split_whitespace().next()?.parse().ok());
        let count = |number: i64| f64::from(u32::try_from(number).unwrap());
        Self([
            ("entries of the log", count(rows)),
            ("pages in use", count(pages)),
            ("revocations in memory", f64::from(u32::try_from(set.len()).unwrap())),
            ("kB of memory", memory.unwrap_or(1.0)),
        ])
    }
}

/// Revokes tokens in this hour, by many writers.
async fn revoke(watch: &RevocationWatch, hour: usize, count: usize, now: Timestamp) {
    let writer = |writer: usize| async move {
        for number in (writer..count).step_by(WRITERS) {
            let token = TokenId::parse(&format!("{hour:08x}{number:024x}")).unwrap();
            let revocation = Revocation::until(Revoked::Token(token), now).forgotten_at(now + TOKEN_LIFETIME);
            watch.revoke(&revocation).await?;
        }
        Ok::<(), scopegate_store::StoreError>(())
    };
    try_join_all((0..WRITERS).map(writer)).await.unwrap();
}

#[tokio::main]
async fn main() {
    // `cargo test` runs each bench once, without this flag.
    let is_measured = std::env::args().any(|flag| flag == "--bench");
    let (days, each_hour) = if is_measured { (30, 1_389) } else { (2, 4) };
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("news.db");
    let store: Arc<dyn Store> = Arc::new(SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap());
    let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix(1_700_000_000)));
    let watch = RevocationWatch::new(store, Arc::clone(&set), Arc::<ManualClock>::clone(&clock));
    let mut first = None;
    for hour in 0..days * 24 {
        revoke(&watch, hour, each_hour, clock.now()).await;
        watch.refresh().await.unwrap();
        watch.tidy().await.unwrap();
        if hour == 23 {
            first = Some(Sizes::measure(&path, &set).await);
        }
        if hour + 1 < days * 24 {
            clock.advance(HOUR);
        }
    }
    let (Sizes(first), Sizes(last)) = (first.unwrap(), Sizes::measure(&path, &set).await);
    println!("{} revocations in {days} days", days * 24 * each_hour);
    let mut is_within = true;
    for ((name, before), (_, after)) in first.into_iter().zip(last) {
        println!(
            "{name}: {before} after a day, {after} at the end, {:.3} times",
            after / before
        );
        is_within &= after <= before * 1.1;
    }
    assert!(is_within || !is_measured, "above 1.1 times");
}
