//! Counts the commits of 64 concurrent writers, and compares their rate with single commits of the
//! same rows by the same driver.
//!
//! Rounds of both follow each other; the output shows the median of their ratios. It fails below 4
//! changes for each commit, or below 1.3 times the rate.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may fail")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use scopegate_domain::{Account, PasswordHash, User, UserId, Username};
use scopegate_store::Users;
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions, query};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

const WRITERS: usize = 64;

/// Counts commits alone.
struct Commits(Arc<AtomicU64>);

impl Recorder for Commits {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == "scopegate_store_commits_total" {
            Counter::from_arc(Arc::clone(&self.0))
        } else {
            Counter::noop()
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Opens a new database with a user for each writer.
async fn seeded(path: &Path) -> SqlStore {
    let store = SqlStore::open(&DatabaseUrl::file(path)).await.unwrap();
    for number in 0..WRITERS {
        let name = format!("user{number}");
        let user = User::new(UserId::parse(&name).unwrap(), Username::parse(&name).unwrap());
        let password_hash = Some(PasswordHash::from_stored(HASH));
        store.add(Account { user, password_hash }).await.unwrap();
    }
    store
}

/// Opens the same connection as the store has, for single commits.
async fn single(path: &Path) -> SqliteConnection {
    seeded(path).await.close().await.unwrap();
    let options = SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
        .pragma("secure_delete", "ON");
    options.connect().await.unwrap()
}

/// Runs all writers for a time, and returns the number of changes in a second.
async fn rate<F>(time: Duration, change: impl Fn(usize) -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let change = change.clone();
        writers.spawn(async move {
            let mut changes = 0_u32;
            while begin.elapsed() < time {
                change(writer).await;
                changes += 1;
            }
            changes
        });
    }
    let changes: u32 = writers.join_all().await.into_iter().sum();
    f64::from(changes) / begin.elapsed().as_secs_f64()
}

/// Each change replaces the hash by itself: one statement, which writes the row again.
const HASH: &str = "$2b$12$x";

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
}

#[tokio::main]
async fn main() {
    let commits = Arc::new(AtomicU64::new(0));
    metrics::set_global_recorder(Commits(Arc::clone(&commits))).unwrap();
    // `cargo test` runs each bench once, without this flag.
    let is_measured = std::env::args().any(|flag| flag == "--bench");
    let (rounds, time) = if is_measured { (11, 500) } else { (1, 50) };
    let time = Duration::from_millis(time);
    let folder = tempfile::TempDir::new().unwrap();
    let store = Arc::new(seeded(&folder.path().join("grouped.db")).await);
    let connection = Arc::new(Mutex::new(single(&folder.path().join("single.db")).await));
    let (mut grouped, mut alone, mut ratios, mut sizes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = commits.load(Ordering::Relaxed);
        let begin = Instant::now();
        let store = Arc::clone(&store);
        let ours = rate(time, move |writer| {
            let store = Arc::clone(&store);
            async move {
                let id = UserId::parse(&format!("user{writer}")).unwrap();
                let hash = PasswordHash::from_stored(HASH);
                assert!(store.replace_password_hash(&id, &hash, &hash).await.unwrap());
            }
        });
        let ours = ours.await;
        let made = u32::try_from(commits.load(Ordering::Relaxed) - before).unwrap();
        let size = ours * begin.elapsed().as_secs_f64() / f64::from(made);
        let connection = Arc::clone(&connection);
        let theirs = rate(time, move |writer| {
            let connection = Arc::clone(&connection);
            async move {
                let update =
                    "UPDATE users SET password_hash = $3, password_scheme = $4 WHERE id = $1 AND password_hash = $2";
                let update = query(update).bind(format!("user{writer}")).bind(HASH).bind(HASH);
                let update = update.bind("$2b$12$");
                let result = update.execute(&mut *connection.lock().await).await.unwrap();
                assert_eq!(result.rows_affected(), 1);
            }
        });
        let theirs = theirs.await;
        ratios.push(ours / theirs);
        sizes.push(size);
        grouped.push(ours);
        alone.push(theirs);
    }
    let (size, ratio) = (median(sizes), median(ratios));
    println!("{WRITERS} writers, single commits: {:.0} changes/s", median(alone));
    println!(
        "{WRITERS} writers, grouped: {:.0} changes/s, {size:.1} changes for each commit",
        median(grouped)
    );
    println!("ratio: {ratio:.2}");
    if is_measured {
        assert!(
            size >= 4.0 && ratio >= 1.3,
            "below the limits: 4 changes for each commit, 1.3 times the rate"
        );
    }
}
