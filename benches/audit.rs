//! Compares a filtered page of the audit log with a million entries and with a thousand.
//!
//! Pages of both logs are read in turn; the output shows the median of each filter and its ratio.
//! It fails above 1.5 times.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may fail")]

use std::path::Path;
use std::time::Duration;

use scopegate_domain::{AddressPrefix, AuditEntry, AuditEvent, AuditId, ClientId, UserId};
use scopegate_store::{Audit, AuditQuery};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use tokio::time::Instant;

/// The number of entries of a page.
const PAGE: u16 = 100;

/// The number of pages that are read in a row, so that the time is far above that of the clock.
const READS: u32 = 10;

/// One entry in ten is of this user, client and event, so each page is full in both logs.
fn entry(number: u32) -> AuditEntry {
    let id = AuditId::new(1_700_000_000_000_000 + u64::from(number) * 30_000_000, [7; 8]);
    let is_found = number.is_multiple_of(10);
    let event = if is_found {
        AuditEvent::LoginFailed
    } else {
        AuditEvent::TokenIssued
    };
    let subject = if is_found { 0 } else { number % 1_000 + 1 };
    AuditEntry::new(id, event)
        .of_user(UserId::parse(&format!("{subject:032x}")).unwrap())
        .of_client(ClientId::parse(&format!("client-{subject}")).unwrap())
        .from_address(Some(AddressPrefix::of([192, 0, 2, 1].into())))
}

async fn seeded(path: &Path, entries: u32) -> SqlStore {
    let store = SqlStore::open(&DatabaseUrl::file(path)).await.unwrap();
    for begin in (0..entries).step_by(5_000) {
        let batch: Vec<_> = (begin..entries.min(begin + 5_000)).map(entry).collect();
        store.write_entries(&batch).await.unwrap();
    }
    store
}

/// Returns the time of one page.
async fn time(store: &SqlStore, query: &AuditQuery) -> Duration {
    let begin = Instant::now();
    for _ in 0..READS {
        let page = store.entries(query, PAGE).await.unwrap();
        assert_eq!(page.len(), usize::from(PAGE));
    }
    begin.elapsed() / READS
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap()
}

#[tokio::main]
async fn main() {
    // `cargo test` runs each bench once, without this flag.
    let is_measured = std::env::args().any(|flag| flag == "--bench");
    let (rounds, most) = if is_measured { (101, 1_000_000) } else { (1, 2_000) };
    let folder = tempfile::TempDir::new().unwrap();
    let few = seeded(&folder.path().join("few.db"), 1_000).await;
    let begin = Instant::now();
    let many = seeded(&folder.path().join("many.db"), most).await;
    let seeding = begin.elapsed();
    many.close().await.unwrap();
    let bytes = std::fs::metadata(folder.path().join("many.db")).unwrap().len();
    let many = SqlStore::open(&DatabaseUrl::file(folder.path().join("many.db")))
        .await
        .unwrap();
    println!(
        "{most} entries: {} bytes each, written in {seeding:.1?}",
        bytes / u64::from(most)
    );
    let newest = AuditQuery {
        is_newest_first: true,
        ..AuditQuery::default()
    };
    let of = |number: u32| entry(number);
    let filters = [
        (
            "user",
            AuditQuery {
                user: of(0).user().cloned(),
                ..newest.clone()
            },
        ),
        (
            "client",
            AuditQuery {
                client: of(0).client().cloned(),
                ..newest.clone()
            },
        ),
        (
            "event",
            AuditQuery {
                event: Some(AuditEvent::LoginFailed),
                ..newest.clone()
            },
        ),
        ("none", newest),
    ];
    // A round reads each filter of both logs, so that other load on the machine meets all of them.
    let mut times: Vec<[Vec<Duration>; 2]> = filters.iter().map(|_| Default::default()).collect();
    for _ in 0..rounds {
        for ((_, query), [of_few, of_many]) in filters.iter().zip(&mut times) {
            of_few.push(time(&few, query).await);
            of_many.push(time(&many, query).await);
        }
    }
    for ((name, _), [of_few, of_many]) in filters.iter().zip(times) {
        let (of_few, of_many) = (median(of_few), median(of_many));
        let ratio = of_many.as_secs_f64() / of_few.as_secs_f64();
        println!("filter {name}: {of_few:.0?} and {of_many:.0?} a page, ratio {ratio:.2}");
        assert!(!is_measured || ratio <= 1.5, "above the limit: 1.5 times");
    }
}
