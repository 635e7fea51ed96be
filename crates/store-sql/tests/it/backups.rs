//! Backups: their manifest, their audit log, and the places of the log after a restore.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::collections::BTreeMap;
use std::path::Path;

use scopegate_domain::{
    AuditEntry, AuditEvent, AuditId, Client, ClientId, NewsPosition, RegisteredSecret, Revocation, Revoked,
    SecretDigest, Timestamp,
};
use scopegate_store::{Audit, AuditQuery, Clients, News, NewsItem, NewsPage, NewsReader, StoreErrorKind, Users};
use scopegate_store_sql::{DatabaseUrl, OpenMode, SqlStore};
use sqlx::{AssertSqlSafe, Executor as _, query_scalar};

use crate::grants;
use crate::sqlite::{file, john, run, stranger};

const NOW: Timestamp = Timestamp::from_unix(1_900_000_000);

fn of_app(now: Timestamp) -> Revocation {
    Revocation::until(Revoked::Client(ClientId::parse("app").unwrap()), now)
}

fn entry(random: [u8; 8]) -> AuditEntry {
    AuditEntry::new(AuditId::new(1_000_000, random), AuditEvent::AdminRestored)
}

async fn restored(backup: &Path, to: &Path, now: Timestamp) -> SqlStore {
    std::fs::copy(backup, to).unwrap();
    SqlStore::move_ahead(to, now).await.unwrap();
    SqlStore::open(&DatabaseUrl::file(to)).await.unwrap()
}

/// Reads what is new. Returns the revocations, and the number of gaps.
async fn read(reader: &NewsReader, store: &SqlStore) -> (Vec<Revocation>, usize) {
    let mut found = Vec::new();
    let mut add = |page| {
        if let NewsPage::Entries(entries) = page {
            found.extend(entries.into_iter().filter_map(|entry| match entry.item {
                NewsItem::Revoked(revocation) => Some(revocation),
                _ => None,
            }));
        }
    };
    let gaps = reader.read(store, &mut add).await.unwrap();
    (found, gaps.len())
}

/// Whether the last revocation is later than a token that states this position.
async fn is_covered(store: &SqlStore, stated: NewsPosition) -> bool {
    let last = store.heads().await.unwrap().last("app");
    stated.is_before(last) == Some(true)
}

/// The position that a token of `app` states if this store issues it now.
async fn stated(store: &SqlStore) -> NewsPosition {
    store.heads().await.unwrap().last("app")
}

#[tokio::test]
async fn revocation_after_restore_covers_tokens_of_lost_history() {
    let (store, folder) = file().await;
    let path = |name: &str| folder.path().join(name);
    store.revoke(&of_app(Timestamp::from_unix(1_000))).await.unwrap();
    let url = DatabaseUrl::file(path("scopegate.db"));
    let reader = SqlStore::open_with(&url, OpenMode::Copy).await.unwrap();
    reader.copy_to(&path("backup.db")).await.unwrap();
    reader.close().await.unwrap();
    SqlStore::complete_copy(&path("backup.db"), NOW, true).await.unwrap();
    let url = DatabaseUrl::file(path("backup.db"));
    let backup = SqlStore::open_with(&url, OpenMode::ReadOnly).await.unwrap();
    let manifest = backup.manifest().await.unwrap().unwrap();
    backup.close().await.unwrap();
    assert_eq!(
        (manifest.made_at, manifest.version),
        (Some(NOW), SqlStore::newest_version())
    );
    assert!(
        manifest.heads.split(' ').count() == 16 && manifest.heads.contains(":1 "),
        "{manifest:?}"
    );
    assert_eq!(store.manifest().await.unwrap(), None);

    // History that the backup lacks.
    for _ in 0..5 {
        store.revoke(&of_app(Timestamp::from_unix(1_000))).await.unwrap();
    }
    let (lost, running) = (stated(&store).await, NewsReader::new());
    assert_eq!(read(&running, &store).await.0.len(), 6);

    let first = restored(&path("backup.db"), &path("first.db"), NOW).await;
    first.revoke(&of_app(NOW)).await.unwrap();
    assert!(is_covered(&first, lost).await);
    assert!(
        !is_covered(&first, stated(&first).await).await,
        "issued after the revocation"
    );

    let (found, gaps) = read(&running, &first).await;
    assert_eq!((found.len(), gaps), (2, 0), "a running reader reads everything");
    first.revoke(&of_app(NOW)).await.unwrap();
    assert_eq!(
        read(&running, &first).await,
        (vec![of_app(NOW)], 0),
        "places are dense again"
    );
    assert_eq!(read(&NewsReader::new(), &first).await.1, 0);

    // A second restore of the same backup is ahead of the first one.
    let lost = stated(&first).await;
    let after = Timestamp::from_unix(NOW.as_unix() + 1);
    let second = restored(&path("backup.db"), &path("second.db"), after).await;
    second.revoke(&of_app(NOW)).await.unwrap();
    assert!(is_covered(&second, lost).await);
    assert!(second.manifest().await.unwrap().is_some());
    let entry = entry([0x55; 8]);
    second.finish_restore(entry.clone()).await.unwrap();
    second.finish_restore(entry.clone()).await.unwrap();
    assert_eq!(second.manifest().await.unwrap(), None);
    let entries = second.entries(&AuditQuery::default(), 9).await.unwrap();
    assert_eq!(entries, [entry], "once");
}

#[tokio::test]
async fn backup_contains_the_audit_log_if_it_may() {
    let (store, folder) = file().await;
    let entries = [entry([0x22; 8]), entry([0x33; 8])];
    store.write_entries(&entries).await.unwrap();
    let [first, second] = [7, 8].map(|byte| SecretDigest::from_bytes([byte; 32]));
    let app = Client::confidential(ClientId::parse("app").unwrap(), "App", first)
        .with_secrets([first, second].map(RegisteredSecret::new));
    Clients::add(&store, app.clone()).await.unwrap();
    Users::add(&store, john()).await.unwrap();
    store.close().await.unwrap();
    let path = |name: &str| folder.path().join(name);
    for (with_audit, expected) in [(true, 2), (false, 0)] {
        let copy = path(&format!("{with_audit}.db"));
        std::fs::copy(path("scopegate.db"), &copy).unwrap();
        SqlStore::complete_copy(&copy, NOW, with_audit).await.unwrap();
        let copied = SqlStore::open(&DatabaseUrl::file(&copy)).await.unwrap();
        let rows = copied.verify().await.unwrap();
        assert_eq!((rows.audit, rows.client_secrets), (expected, 2));
        assert_eq!((rows.users, rows.clients), (1, 1));
        assert_eq!(Clients::find(&copied, app.id()).await.unwrap().as_ref(), Some(&app));
        let kept = copied.entries(&AuditQuery::default(), 9).await.unwrap();
        assert_eq!(kept, if with_audit { &entries[..] } else { &[] });
        copied.close().await.unwrap();
        let bytes = std::fs::read(&copy).unwrap();
        assert_eq!(bytes.windows(8).any(|window| window == [0x33; 8]), with_audit);
        let added = SqlStore::open(&DatabaseUrl::file(&copy)).await.unwrap();
        added.write_entries(&[entry([0x44; 8])]).await.unwrap();
        added.close().await.unwrap();
        let mut other = stranger(&copy).await;
        let error = other.execute("DELETE FROM audit").await.unwrap_err().to_string();
        assert!(
            error.contains("until its retention has ended"),
            "the copy keeps it: {error}"
        );
    }
}

#[tokio::test]
async fn manifest_of_a_missing_file_is_an_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let missing = folder.path().join("missing.db");
    assert!(SqlStore::complete_copy(&missing, NOW, true).await.is_err());
    assert!(!missing.exists());
    let store = SqlStore::open(&DatabaseUrl::memory()).await.unwrap();
    store.close().await.unwrap();
    let closed = store.manifest().await.unwrap_err();
    assert_eq!(closed.kind(), StoreErrorKind::Unavailable);
}

/// Rows of tables that hold keys, and of one that an earlier version wrote.
const OTHERS: &str = "INSERT INTO signing_keys VALUES (1, 'k1', 'ES256', 1, 2, 600, 0, x'0102'); \
     INSERT INTO sealed_secrets VALUES ('codes', 1, 1, NULL, x'0304'); \
     INSERT INTO revocations (kind, id, issued_until, forget_at) VALUES ('token', 't1', 1, 2)";

/// The tables without a row to copy. A backup writes the first, and each file has its own rows of
/// the second. An upgrade that was ended half-way leaves a row in the third.
const NOT_COPIED: [&str; 3] = ["backup_manifest", "changes", "unnamed_users"];

/// The rows of each table as text.
async fn contents(path: &Path) -> BTreeMap<String, Vec<String>> {
    let mut connection = stranger(path).await;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    let mut contents = BTreeMap::new();
    for table in tables.into_iter().filter(|table| !NOT_COPIED.contains(&table.as_str())) {
        let columns = query_scalar("SELECT name FROM pragma_table_info($1)").bind(&table);
        let columns: Vec<String> = columns.fetch_all(&mut connection).await.unwrap();
        let row: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let rows = format!("SELECT {} AS line FROM {table} ORDER BY line", row.join(" || ', ' || "));
        let rows = query_scalar(AssertSqlSafe(rows))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        contents.insert(table, rows);
    }
    contents
}

#[tokio::test]
async fn backup_contains_every_row_of_each_table() {
    let (store, folder) = file().await;
    let path = |name: &str| folder.path().join(name);
    grants::add_user_and_client(&store).await;
    grants::grant(&store, NOW).await;
    let app = ClientId::parse("app").unwrap();
    let secret = SecretDigest::from_bytes([7; 32]);
    Clients::add(&store, Client::confidential(app, "App", secret))
        .await
        .unwrap();
    store.revoke(&of_app(NOW)).await.unwrap();
    store.write_entries(&[entry([0x22; 8])]).await.unwrap();
    store.close().await.unwrap();
    run(&path("scopegate.db"), OTHERS).await;
    let before = contents(&path("scopegate.db")).await;
    let empty: Vec<_> = before.iter().filter(|(_, rows)| rows.is_empty()).collect();
    assert!(empty.is_empty(), "{empty:?}");

    let url = DatabaseUrl::file(path("scopegate.db"));
    let reader = SqlStore::open_with(&url, OpenMode::Copy).await.unwrap();
    reader.copy_to(&path("backup.db")).await.unwrap();
    reader.close().await.unwrap();
    SqlStore::complete_copy(&path("backup.db"), NOW, true).await.unwrap();
    assert_eq!(contents(&path("backup.db")).await, before);
    SqlStore::complete_copy(&path("backup.db"), NOW, false).await.unwrap();
    let (mut without, mut before) = (contents(&path("backup.db")).await, before);
    assert_eq!(without.remove("audit"), Some(Vec::new()));
    for table in ["audit", "audit_kept"] {
        before.remove(table);
        without.remove(table);
    }
    assert_eq!(without, before);
}
