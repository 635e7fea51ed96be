use std::borrow::Cow;

use scopegate_domain::{UserId, Username};
use scopegate_store::Users as _;
use sqlx::migrate::{Migrate as _, Migration, MigrationType};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, SqlSafeStr as _, SqliteConnection};
use tempfile::TempDir;

use super::*;
use crate::migrations::tests::of_version;
use crate::{DatabaseUrl, OpenError, OpenMode, SqlStore, connect};

/// The statements of the earlier builds, as they were.
const FIRST: &str = include_str!("../../tests/it/upgrade/earlier/0011_first.sql");
const SECOND: &str = include_str!("../../tests/it/upgrade/earlier/0011_second.sql");
const THIRD: &str = include_str!("../../tests/it/upgrade/earlier/0011_third.sql");
const LATER: [(i64, &str); 3] = [
    (
        12,
        include_str!("../../tests/it/upgrade/earlier/0012_unnamed_users.sql"),
    ),
    (13, include_str!("../../tests/it/upgrade/earlier/0013_grants.sql")),
    (14, include_str!("../../tests/it/upgrade/earlier/0014_grant_marks.sql")),
];

const ADA: &str =
    "INSERT INTO users (id, username, status, scope, canonical_name) VALUES ('a', 'Ada', 'active', 'me', 'ada')";

const PLACE: &str = "UPDATE users SET grants_from = 7 WHERE id = 'a'; \
     INSERT INTO consents (user_id, client_id, scope, refused_scope, granted_at, changed_at, place) \
     VALUES ('a', 'app', 'me', '', 1, 1, 0)";

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// A database that an earlier build made, with this version as its last one.
async fn made(first: &'static str, last: i64) -> (DatabaseUrl, TempDir) {
    let (mut writer, url, folder) = of_version(10).await;
    for (version, sql) in [(11, first)]
        .into_iter()
        .chain(LATER)
        .filter(|(version, _)| *version <= last)
    {
        let text = sql.into_sql_str();
        let migration = Migration::new(version, Cow::Borrowed("earlier"), MigrationType::Simple, text, false);
        writer.apply("_sqlx_migrations", &migration).await.unwrap();
        if version == 11 {
            run(&mut writer, ADA).await;
        }
        if version == 13 {
            run(&mut writer, PLACE).await;
        }
    }
    writer.close().await.unwrap();
    (url, folder)
}

/// The objects of a database and their texts, without white space.
async fn schema(url: &DatabaseUrl) -> Vec<(String, String)> {
    let mut reader = connect::writer(url).await.unwrap();
    let rows = "SELECT name, COALESCE(sql, '') FROM sqlite_schema ORDER BY name";
    let rows = sqlx::query(rows).fetch_all(&mut reader).await.unwrap();
    reader.close().await.unwrap();
    let object = |row: &sqlx::sqlite::SqliteRow| {
        let text: String = row.get(1);
        (row.get(0), text.split_whitespace().collect())
    };
    rows.iter().map(object).collect()
}

async fn place(url: &DatabaseUrl) -> Option<i64> {
    let mut reader = connect::writer(url).await.unwrap();
    let place = sqlx::query_scalar("SELECT grants_from FROM user_grants WHERE user_id = 'a'");
    let place = place.fetch_optional(&mut reader).await.unwrap();
    reader.close().await.unwrap();
    place
}

#[tokio::test]
async fn database_of_an_earlier_build_is_converted() {
    let folder = TempDir::new().unwrap();
    let new = DatabaseUrl::file(folder.path().join("new.db"));
    SqlStore::open(&new).await.unwrap().close().await.unwrap();
    let current = schema(&new).await;
    let builds = [FIRST, SECOND, THIRD]
        .into_iter()
        .flat_map(|first| (11..=14).map(move |last| (first, last)));
    for (number, (first, last)) in builds.enumerate() {
        let (url, _folder) = made(first, last).await;
        for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
            let refused = SqlStore::open_with(&url, mode).await.unwrap_err();
            assert!(
                matches!(refused, OpenError::Older { found: 10, .. }),
                "{number}: {refused}"
            );
        }
        let newest: Vec<i64> = (11..=SqlStore::newest_version()).collect();
        let plan = SqlStore::plan(&url, &[]).await.unwrap();
        assert_eq!(
            plan.steps.iter().map(|(version, _)| *version).collect::<Vec<_>>(),
            newest
        );
        assert_eq!((plan.users_without_canonical_name, plan.rows.users), (1, 1));

        let store = SqlStore::open(&url).await.unwrap();
        assert_eq!((store.migrated(), store.named_users()), (newest.as_slice(), 1));
        let ada = store
            .find_account(&Username::parse("ADA").unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(ada.user.id(), &UserId::parse("a").unwrap());
        store.close().await.unwrap();
        assert_eq!(schema(&url).await, current, "{number}");
        assert_eq!(place(&url).await, (last >= 13).then_some(7), "{number}");

        let again = SqlStore::open_with(&url, OpenMode::Existing).await.unwrap();
        assert!(again.migrated().is_empty());
        assert_eq!(again.verify().await.unwrap().consents, u64::from(last >= 13));
        again.close().await.unwrap();
    }
}

#[test]
fn each_earlier_version_has_its_statements() {
    let versions: Vec<i64> = EARLIER.iter().map(|earlier| earlier.version).collect();
    assert_eq!(versions, [11, 11, 11, 12, 13, 14]);
}
