//! A simulated year of a database in use: each table that drops rows stays small.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::collections::BTreeMap;
use std::path::Path;

use scopegate_domain::{AuditEntry, AuditEvent, AuditId, ClientId, Lifetime, Revocation, Revoked, Timestamp, TokenId};
use scopegate_store::{Audit, AuditRetention, Cleanup, News, Store};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, query_scalar};

use crate::grants;

const DAY: Lifetime = Lifetime::from_minutes(24 * 60);

/// The number of rows of each table.
async fn rows(path: &Path) -> BTreeMap<String, i64> {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let count = query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")));
        rows.insert(table, count.fetch_one(&mut connection).await.unwrap());
    }
    rows
}

/// The number of clients whose revocations at the begin are kept for more than a year.
const CLIENTS: u32 = 200;

/// The number of entries of the audit log in a day.
const ENTRIES: u8 = 20;

/// Writes the entries of a day, and returns the day.
async fn write_entries(store: &SqlStore, now: Timestamp) -> i64 {
    let at = u64::try_from(now.as_unix()).unwrap() * 1_000_000;
    let entry = |number: u8| AuditEntry::new(AuditId::new(at, [number; 8]), AuditEvent::TokenIssued);
    let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
    store.write_entries(&entries).await.unwrap();
    AuditId::new(at, [0; 8]).day()
}

/// The tables of a database.
const TABLES: [&str; 20] = [
    "_sqlx_migrations",
    "audit",
    "audit_kept",
    "backup_manifest",
    "changes",
    "client_secrets",
    "clients",
    "codes",
    "consents",
    "families",
    "news",
    "news_head",
    "revocations",
    "sealed_secrets",
    "sessions",
    "signing_keys",
    "unnamed_users",
    "user_grants",
    "user_names",
    "users",
];

/// The most rows of each table. One that is not listed grows by commands of an operator alone.
const BOUNDS: [(&str, i64); 13] = [
    ("audit", 640),
    ("audit_kept", 1),
    ("backup_manifest", 0),
    ("changes", 1_000),
    ("codes", 1),
    ("consents", 1),
    ("families", 3),
    ("news", 204),
    ("news_head", 16),
    ("revocations", 0),
    ("sealed_secrets", 0),
    ("sessions", 2),
    ("unnamed_users", 0),
];

/// Each day: four revocations of tokens, a login with its grant, and the cleaning that a server
/// does.
#[tokio::test]
async fn a_year_of_changes_is_forgotten() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    grants::add_user_and_client(&store).await;
    let mut now = Timestamp::from_unix(1_700_000_000);
    let mut most: BTreeMap<String, i64> = BTreeMap::new();
    for number in 0..CLIENTS {
        let client = Revoked::Client(ClientId::parse(&format!("c{number}")).unwrap());
        store.revoke(&Revocation::until(client, now)).await.unwrap();
    }
    for day in 0..365_u32 {
        let lifetime = Lifetime::from_seconds(1_800 + day);
        for number in 0..4 {
            let token = Revoked::Token(TokenId::parse(&format!("{day}-{number}")).unwrap());
            let revocation = Revocation::until(token, now).forgotten_at(now + lifetime);
            store.revoke(&revocation).await.unwrap();
        }
        let today = write_entries(&store, now).await;
        grants::grant(&store, now).await;
        // A readiness check.
        store.check_writable().await.unwrap();
        if day % 10 == 0 {
            for (table, count) in rows(&path).await {
                let known = most.entry(table).or_default();
                *known = (*known).max(count);
            }
        }
        let retention = AuditRetention {
            first_day: today - 30,
            max_entries: u32::MAX,
        };
        while store.delete_entries(retention, 7).await.unwrap() > 0 {}
        now = now + DAY;
        store.forget_news(now).await.unwrap();
        let cleanup = Cleanup {
            now,
            max: Cleanup::MAX,
            after: None,
        };
        assert!(!store.delete_expired(cleanup).await.unwrap().has_more);
    }
    for (table, bound) in BOUNDS {
        assert!(most[table] <= bound, "{table}: {most:?}");
    }
    assert_eq!(
        most.keys().collect::<Vec<_>>(),
        TABLES.each_ref(),
        "a new table needs a bound"
    );
    let rows_of = rows(&path).await;
    assert!(rows_of["audit"] > 0 && rows_of["news"] > 0, "{rows_of:?}");
    for (table, count) in store.count_rows().await.unwrap() {
        assert_eq!(i64::try_from(count).unwrap(), rows_of[table], "{table}");
    }
    // The last changes are there, so that a copy is recognized.
    assert_eq!(rows(&path).await["changes"], 1_000);
}
