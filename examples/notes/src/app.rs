//! The database, its members, and the changes of notes as they happen.

use std::str::FromStr;

use scopegate_http::answer::{HandlerError, NoContent};
use scopegate_http::domain::ApplicationUser;
use scopegate_http::site::ResolveUser;
use scopegate_http::store::StoreError;
use scopegate_http::{CurrentUser, State};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{Encode, FromRow, Sqlite, SqlitePool, Type};
use tokio::sync::broadcast;

use crate::feed::Change;

pub(crate) type Answered<T> = Result<T, HandlerError>;

/// What all handlers share.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) db: SqlitePool,
    pub(crate) changes: broadcast::Sender<Change>,
}

/// A user, as a member of a tenant.
#[derive(Debug, FromRow)]
pub struct Member {
    pub(crate) subject: String,
    pub(crate) tenant: String,
    is_active: bool,
}

pub(crate) type Caller = CurrentUser<Member>;

impl App {
    /// Opens the database, and creates its tables.
    ///
    /// # Errors
    ///
    /// The URL is not one of SQLite, or the file is not a database.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
        let db = SqlitePool::connect_with(options.journal_mode(SqliteJournalMode::Wal)).await?;
        sqlx::raw_sql(include_str!("../schema.sql")).execute(&db).await?;
        let (changes, _) = broadcast::channel(256);
        Ok(Self { db, changes })
    }

    /// Adds a member to a tenant, or moves it there.
    ///
    /// # Errors
    ///
    /// The database cannot be written.
    pub async fn add_member(&self, subject: &str, tenant: &str) -> Result<(), sqlx::Error> {
        let query = sqlx::query(
            "INSERT INTO members (subject, tenant) VALUES (?1, ?2)
             ON CONFLICT (subject) DO UPDATE SET tenant = ?2",
        );
        query.bind(subject).bind(tenant).execute(&self.db).await.map(drop)
    }

    /// Runs a statement with two values. It is 404 if no row is changed.
    pub(crate) async fn run<T>(&self, statement: &'static str, id: i64, other: T) -> Answered<Option<NoContent>>
    where
        T: for<'q> Encode<'q, Sqlite> + Type<Sqlite> + Send + 'static,
    {
        let done = sqlx::query(statement).bind(id).bind(other).execute(&self.db).await?;
        Ok((done.rows_affected() > 0).then_some(NoContent))
    }

    pub(crate) async fn member(&self, subject: &str) -> Result<Option<Member>, sqlx::Error> {
        let query = sqlx::query_as("SELECT * FROM members WHERE subject = ?");
        query.bind(subject).fetch_optional(&self.db).await
    }
}

impl ApplicationUser for Member {
    fn is_active(&self) -> bool {
        self.is_active
    }
}

impl ResolveUser for App {
    type User = Member;

    async fn resolve(&self, subject: &str) -> Result<Option<Member>, StoreError> {
        self.member(subject).await.map_err(StoreError::unavailable)
    }
}

pub(crate) async fn status(app: State<App>) -> Answered<NoContent> {
    sqlx::query("SELECT 1").execute(&app.db).await?;
    Ok(NoContent)
}
