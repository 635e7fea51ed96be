//! The database, its members, their API keys, and the changes of notes as they happen.

use std::time::Duration;

use futures_util::{Stream, StreamExt, future::ready};
use scopegate_http::prelude::*;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{FromRow, SqlitePool, types};

pub(crate) type Answered<T> = Result<T, HandlerError>;
/// 404 if no row is changed.
pub(crate) type Done = Answered<Option<NoContent>>;
pub(crate) type New<T> = Answered<Created<Json<T>>>;
pub(crate) type Caller = CurrentUser<Member>;

/// What all handlers share.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) db: SqlitePool,
    /// Each change, with the members who may know of it.
    changes: Broadcast<(Vec<String>, String)>,
}

/// A user, as a member of a tenant.
#[derive(Debug, FromRow)]
pub struct Member {
    pub(crate) subject: String,
    pub(crate) tenant: String,
    is_active: bool,
}

#[derive(FromRow, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    id: i64,
    name: String,
    #[sqlx(json)]
    scopes: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewKey {
    name: String,
    scopes: Vec<String>,
}

impl App {
    /// Opens the database, and creates its tables. Fails if it is not a database of SQLite.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let options = url.parse::<SqliteConnectOptions>()?.create_if_missing(true);
        let db = SqlitePool::connect_with(options.journal_mode(SqliteJournalMode::Wal)).await?;
        sqlx::raw_sql(include_str!("../schema.sql")).execute(&db).await?;
        let changes = Broadcast::new(256);
        Ok(Self { db, changes })
    }

    /// Adds a member to a tenant, or moves it there. Fails if the database cannot be written.
    pub async fn add_member(&self, subject: &str, tenant: &str) -> Result<(), sqlx::Error> {
        let query = sqlx::query("INSERT INTO members VALUES (?1, ?2, TRUE) ON CONFLICT DO UPDATE SET tenant = ?2");
        query.bind(subject).bind(tenant).execute(&self.db).await.map(drop)
    }

    /// Runs a statement with two values.
    pub(crate) async fn run(&self, statement: &'static str, id: i64, other: &str) -> Done {
        let done = sqlx::query(statement).bind(id).bind(other).execute(&self.db).await?;
        Ok((done.rows_affected() > 0).then_some(NoContent))
    }

    pub(crate) async fn publish(&self, note: i64, tenant: &str, kind: &str) -> Answered<()> {
        let query = sqlx::query_scalar("SELECT reader FROM readable WHERE id = ? AND tenant = ?");
        let readers = query.bind(note).bind(tenant).fetch_all(&self.db).await?;
        let change = json!({ "note": note, "kind": kind }).to_string();
        self.changes.send((readers, change));
        Ok(())
    }

    /// Returns the changes that the caller may know of.
    fn changes_for(&self, caller: Caller) -> impl Stream<Item = String> + Send + Sync + use<> {
        let changes = self.changes.subscribe();
        changes.filter_map(move |(readers, change)| ready(readers.contains(&caller.subject).then_some(change)))
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
        let query = sqlx::query_as("SELECT * FROM members WHERE subject = ?").bind(subject);
        query.fetch_optional(&self.db).await.map_err(StoreError::unavailable)
    }
}

impl FindApiKey for App {
    async fn find_api_key(&self, digest: &SecretDigest) -> Result<Option<AuthenticatedCredential>, StoreError> {
        let query = sqlx::query_as("SELECT owner, scopes FROM api_keys WHERE digest = ?");
        let query = query.bind(&digest.as_bytes()[..]).fetch_optional(&self.db);
        let row: Option<(String, types::Json<Vec<String>>)> = query.await.map_err(StoreError::unavailable)?;
        Ok(row.map(|(owner, scopes)| AuthenticatedCredential::of_subject(owner).with_scope_names(scopes.0)))
    }
}

pub(crate) async fn status(app: State<App>) -> Answered<NoContent> {
    sqlx::query("SELECT 1").execute(&app.db).await?;
    Ok(NoContent)
}

pub(crate) async fn events(caller: Caller, app: State<App>) -> Sse<impl Stream<Item = Event> + Send + Sync> {
    Sse(app.changes_for(caller).map(Event::text)).keep_alive(Duration::from_secs(15))
}

pub(crate) async fn feed(caller: Caller, app: State<App>, upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    upgrade.send_all(app.changes_for(caller))
}

pub(crate) async fn list_keys(caller: Caller, app: State<App>) -> Answered<Json<Vec<ApiKey>>> {
    let query = sqlx::query_as("SELECT id, name, scopes FROM api_keys WHERE owner = ? ORDER BY id");
    Ok(Json(query.bind(&caller.subject).fetch_all(&app.db).await?))
}

/// Answers with the key. It is in no other response, and the table has its digest only.
pub(crate) async fn create_key(caller: Caller, app: State<App>, Json(new): Json<NewKey>) -> New<String> {
    let is_granted = |scope: &String| caller.permit().granted().any(|granted| granted.as_str() == scope);
    let message = "a key has only scopes of its creator";
    if !new.scopes.iter().all(is_granted) {
        return Err(HandlerError::forbidden("foreign_scope", message));
    }
    let key = ClientSecret::generate(&SystemRandomSource)?;
    let query = sqlx::query("INSERT INTO api_keys (owner, name, scopes, digest) VALUES (?, ?, ?, ?)");
    let query = query.bind(&caller.subject).bind(new.name).bind(types::Json(new.scopes));
    query.bind(&key.digest().as_bytes()[..]).execute(&app.db).await?;
    Ok(Created(Json(key.expose().to_owned())))
}

pub(crate) async fn revoke_key(caller: Caller, app: State<App>, Path(id): Path<i64>) -> Done {
    app.run("DELETE FROM api_keys WHERE id = ? AND owner = ?", id, &caller.subject)
        .await
}
