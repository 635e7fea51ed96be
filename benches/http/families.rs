//! Token families of a database: their refresh tokens, and the baseline of a single commit.
//!
//! `families tokens DATABASE KEY_FILE COUNT` gives new secrets to this number of random families
//! and prints the client and the refresh token of each. `families commit DATABASE` obeys the lines
//! of standard input. `SECONDS` changes the rows of families for this time, one after the other,
//! each in a commit of its own; then it makes the same changes in one commit. It prints the number
//! of changes, the seconds, the microseconds of CPU of a change in both ways, and the median
//! microseconds with a commit of its own. The connection has the options of the store.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a yardstick ends where it cannot go on"
)]

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use scopegate_domain::{Clock as _, Day, FamilyId, SealedSecret, Secret, SecretPurpose, SystemClock};
use scopegate_store::SealedSecrets as _;
use scopegate_store_sql::{DatabaseUrl, OpenMode, SqlStore};
use scopegate_token::{KeyEncryptionKey, RefreshToken, SecretRing, SystemRandomSource};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Row as _, query};
use tokio::time::Instant;

/// The day of the end and the id of a family.
type Key = (i64, Vec<u8>);

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_mins(1))
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
        .pragma("secure_delete", "ON");
    options.connect().await.unwrap()
}

/// The ring that authenticates refresh tokens.
async fn ring(path: &Path, key_file: &str) -> SecretRing {
    let store = SqlStore::open_with(&DatabaseUrl::file(path), OpenMode::Existing).await;
    let store = store.unwrap();
    let rows: Vec<SealedSecret> = store.sealed_secrets().await.unwrap();
    store.close().await.unwrap();
    let key = Secret::new(std::fs::read_to_string(key_file).unwrap().trim().to_owned());
    let key = KeyEncryptionKey::parse(&key).unwrap();
    SecretRing::open(&key, SecretPurpose::Mac, &rows, SystemClock.now()).unwrap()
}

async fn print_tokens(path: &Path, key_file: &str, count: i64) {
    let ring = ring(path, key_file).await;
    let mut connection = connect(path).await;
    let live = "SELECT ends_on, id, client_id FROM families WHERE ended_at IS NULL ORDER BY random() LIMIT $1";
    let rows = query(live).bind(count).fetch_all(&mut connection).await.unwrap();
    let mut change = connection.begin().await.unwrap();
    for row in rows {
        let (ends_on, id): Key = (row.get(0), row.get(1));
        let day = Day::from_number(u16::try_from(ends_on).unwrap());
        let family = FamilyId::from_bytes(id.clone().try_into().unwrap());
        let token = RefreshToken::begin(family, day, &SystemRandomSource).unwrap();
        let digest = token.secret_digest();
        let update = "UPDATE families SET secret_digest = $3 WHERE ends_on = $1 AND id = $2";
        let update = query(update).bind(ends_on).bind(id).bind(digest.as_bytes().as_slice());
        assert_eq!(update.execute(&mut *change).await.unwrap().rows_affected(), 1);
        println!("{} {}", row.get::<String, _>(2), token.to_text(&ring).expose());
    }
    change.commit().await.unwrap();
    connection.close().await.unwrap();
}

/// The CPU time of this process in microseconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u32::try_from(time.tv_sec).unwrap();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap();
    f64::from(seconds).mul_add(1e6, f64::from(nanoseconds) / 1e3)
}

async fn commit(path: &Path) {
    let mut connection = connect(path).await;
    let keys = query("SELECT ends_on, id FROM families ORDER BY random() LIMIT 64");
    let keys = keys.fetch_all(&mut connection).await.unwrap();
    let keys: Vec<Key> = keys.iter().map(|row| (row.get(0), row.get(1))).collect();
    for order in io::stdin().lines() {
        let end = Duration::from_secs_f64(order.unwrap().parse().unwrap());
        let (begin, before) = (Instant::now(), cpu());
        let mut times = Vec::new();
        while begin.elapsed() < end {
            let key = keys.get(times.len() % keys.len()).unwrap();
            let change_began = Instant::now();
            change(&mut connection, key).await;
            times.push(change_began.elapsed().as_secs_f64() * 1e6);
        }
        let (seconds, each) = (begin.elapsed().as_secs_f64(), cpu() - before);
        let mut together = connection.begin().await.unwrap();
        let before = cpu();
        for key in keys.iter().cycle().take(times.len()) {
            change(&mut together, key).await;
        }
        let inside = cpu() - before;
        together.commit().await.unwrap();
        times.sort_unstable_by(f64::total_cmp);
        let count = f64::from(u32::try_from(times.len()).unwrap());
        let median = times.get(times.len() / 2).unwrap();
        println!("{count} {seconds} {} {} {median}", each / count, inside / count);
    }
}

/// Changes the row of a family, as a refresh does.
async fn change(connection: &mut SqliteConnection, (ends_on, id): &Key) {
    let change = "UPDATE families SET generation = generation + 1, rotated_at = rotated_at + 1 \
         WHERE ends_on = $1 AND id = $2";
    let changed = query(change).bind(ends_on).bind(id).execute(connection).await;
    assert_eq!(changed.unwrap().rows_affected(), 1);
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["tokens", database, key_file, count] => {
            print_tokens(Path::new(database), key_file, count.parse().unwrap()).await;
        }
        ["commit", database] => commit(Path::new(database)).await,
        _ => panic!("families tokens DATABASE KEY_FILE COUNT, or families commit DATABASE"),
    }
}
