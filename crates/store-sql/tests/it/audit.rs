//! The audit log of a database file: what SQLite refuses, and by which index a page is read.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use scopegate_domain::{AuditEntry, AuditEvent, AuditId, ClientId, UserId};
use scopegate_store::{Audit, AuditQuery, AuditRetention, Clients, Store, StoreErrorKind, Users};
use scopegate_store_sql::SqlStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row, query_scalar};

use crate::sqlite::{file, john, path};

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

fn entry(number: u64) -> AuditEntry {
    AuditEntry::new(
        AuditId::new(DAY * 10 + number * (DAY / 2), [1; 8]),
        AuditEvent::UserAdded,
    )
}

async fn all(store: &SqlStore) -> Vec<AuditEntry> {
    store.entries(&AuditQuery::default(), u16::MAX).await.unwrap()
}

/// Runs a statement of another program. Returns its error.
async fn refused(other: &mut SqliteConnection, sql: &str) -> String {
    other.execute(AssertSqlSafe(sql)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn database_refuses_to_change_an_entry() {
    let (store, folder) = file().await;
    let entries: Vec<_> = (0..6).map(entry).collect();
    store.write_entries(&entries).await.unwrap();
    let retention = AuditRetention {
        first_day: 11,
        max_entries: 100,
    };
    assert_eq!(store.delete_entries(retention, 1).await.unwrap(), 1);

    let mut other = SqliteConnectOptions::new()
        .filename(path(&folder))
        .connect()
        .await
        .unwrap();
    for (sql, cause) in [
        ("UPDATE audit SET user_id = 'x'", "never changes"),
        ("UPDATE audit SET day = 0 WHERE day = 10", "never changes"),
        ("DELETE FROM audit", "until its retention has ended"),
        ("DELETE FROM audit WHERE day >= 11", "until its retention has ended"),
        ("REPLACE INTO audit SELECT * FROM audit", "never replaced"),
        (
            "INSERT OR REPLACE INTO audit (day, id, event, is_refused, count) \
          SELECT day, id, 1, 0, 1 FROM audit",
            "never replaced",
        ),
        ("DELETE FROM audit_kept", "never removed"),
        ("UPDATE audit_kept SET first_day = 1", "never becomes earlier"),
    ] {
        let error = refused(&mut other, sql).await;
        assert!(error.contains(cause), "{sql}: {error}");
    }
    assert_eq!(all(&store).await, entries[1..]);
    // The day of this entry has ended.
    other.execute("DELETE FROM audit WHERE day < 11").await.unwrap();
    assert_eq!(all(&store).await, entries[2..]);
    let kept: i64 = query_scalar("SELECT entries FROM audit_kept")
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(kept, 4);
}

/// An entry that cannot be written is the end of its change, also of one in the same group.
#[tokio::test]
async fn change_fails_if_its_entry_is_not_written() {
    let (store, folder) = file().await;
    let mut other = SqliteConnectOptions::new()
        .filename(path(&folder))
        .connect()
        .await
        .unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk is full'); END";
    other.execute(full).await.unwrap();
    let audited = store.audited(&[entry(1)]);
    let (added, other_added) = tokio::join!(audited.users().add(john()), async {
        let client = scopegate_domain::Client::public(ClientId::parse("c1").unwrap(), "App");
        Clients::add(&store, client).await
    });
    assert_eq!(added.unwrap_err().kind(), StoreErrorKind::Unavailable);
    other_added.unwrap();
    assert_eq!(Users::find(&store, john().user.username()).await.unwrap(), None);
    assert_eq!(all(&store).await, []);
    other.execute("DROP TRIGGER full").await.unwrap();
    audited.users().add(john()).await.unwrap();
    assert_eq!(all(&store).await, [entry(1)]);
}

/// Each filter has an index that reads entries in their order, so a page of many entries costs as
/// much as one of few.
#[tokio::test]
async fn each_filter_reads_one_range_of_an_index() {
    let (_store, folder) = file().await;
    let mut other = SqliteConnectOptions::new()
        .filename(path(&folder))
        .connect()
        .await
        .unwrap();
    let source = include_str!("../../src/audit.rs");
    let filters: Vec<_> = source
        .split("pages!(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(filters.len(), 4, "{filters:?}");
    let head = source
        .split("\"SELECT id, event")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    for filter in filters {
        let index = match filter.split(' ').next().unwrap() {
            "event" => "USING INDEX audit_event (event=? AND (day,id)>(?,?) AND (day,id)<(?,?))",
            "client_id" => "USING INDEX audit_client (client_id=? AND (day,id)>(?,?) AND (day,id)<(?,?))",
            "user_id" => "USING INDEX audit_user (user_id=? AND (day,id)>(?,?) AND (day,id)<(?,?))",
            _ => "USING PRIMARY KEY ((day,id)>(?,?) AND (day,id)<(?,?))",
        };
        for order in ["day, id", "day DESC, id DESC"] {
            let plan = format!(
                "EXPLAIN QUERY PLAN SELECT id, event{head}{filter} AND (day, id) > ($1, $2) AND (day, id) < ($3, $4) ORDER \
                 BY {order} LIMIT $5"
            );
            let rows = sqlx::query(AssertSqlSafe(plan)).fetch_all(&mut other).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            assert_eq!(steps, [format!("SEARCH audit {index}")], "{filter}");
        }
    }
}

#[tokio::test]
async fn damaged_row_is_corrupt() {
    let (store, folder) = file().await;
    let entry = entry(1).of_user(UserId::parse("u1").unwrap());
    store.write_entries(std::slice::from_ref(&entry)).await.unwrap();
    let mut other = SqliteConnectOptions::new()
        .filename(path(&folder))
        .connect()
        .await
        .unwrap();
    other.execute("DROP TRIGGER audit_update").await.unwrap();
    for (set, column) in [
        ("event = 999", "event"),
        ("event = 1, detail = 'password:hunter2'", "detail"),
        ("detail = NULL, address = 'somewhere'", "address"),
        ("address = NULL, count = 4294967296", "count"),
        ("count = 1, user_id = ''", "user_id"),
    ] {
        other
            .execute(AssertSqlSafe(format!("UPDATE audit SET {set}")))
            .await
            .unwrap();
        let error = store.entries(&AuditQuery::default(), 1).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(column) && !cause.contains("hunter2"), "{cause}");
    }
}
