//! An authorization server over an application's own table of users.
//!
//! ```console
//! $ cargo run -p scopegate-example-notes --example login
//! $ curl -d grant_type=password -d client_id=app -d username=ada -d password=secret http://127.0.0.1:8000/token
//! ```

use std::error::Error;
use std::sync::Arc;

use scopegate_http::domain::{
    Account, Client, ClientId, GrantType, PasswordHash, Scope, Secret, User, UserId, Username,
};
use scopegate_http::store::{ApplicationStore, BoxFuture, Clients, StoreError, Users};
use scopegate_http::token::{
    PasswordHasher, PasswordPolicy, Signer, SigningKey, SystemRandomSource, TokenRules, Verifier,
};
use scopegate_http::{Catalog, CurrentUser, Gate, Guard, ScopeToken, SecurityScheme, get, warp};
use scopegate_portal::{TokenEndpoint, grant::AuthorizationServer};
use sqlx::sqlite::{SqlitePoolOptions, SqliteRow};
use sqlx::{Row, SqlitePool};

const ME: ScopeToken = ScopeToken::from_static("me");

#[derive(Debug)]
struct Members(SqlitePool);

impl Members {
    async fn find(&self, statement: &'static str, value: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(statement)
            .bind(value)
            .fetch_optional(&self.0)
            .await
            .map_err(StoreError::unavailable)?;
        let account = |row: SqliteRow| {
            let (id, name) = (UserId::parse(row.get("id"))?, Username::from_stored(row.get("name"))?);
            let password_hash = Some(PasswordHash::from_stored(row.get::<String, _>("hash")));
            let user = User::new(id, name).with_scope(Scope::from_iter([ME]));
            Ok::<_, Box<dyn Error + Send + Sync>>(Account { user, password_hash })
        };
        row.map(account).transpose().map_err(StoreError::corrupt)
    }
}

impl Users for Members {
    fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        let found = self.find("SELECT * FROM people WHERE id = ?", id.as_str());
        Box::pin(async { Ok(found.await?.map(|account| account.user)) })
    }

    fn find_account<'a>(&'a self, name: &'a Username) -> BoxFuture<'a, Result<Option<Account>, StoreError>> {
        Box::pin(self.find("SELECT * FROM people WHERE name = ?", name.as_str()))
    }
}

/// Builds the API: `POST /token` and `GET /me`.
pub(crate) async fn gate(db: SqlitePool) -> Result<Gate, Box<dyn Error>> {
    let catalog = Catalog::builder()
        .scheme("login", SecurityScheme::oauth2_password("token"))
        .scope(ME, "Who I am.")
        .build()?;
    let store = Arc::new(ApplicationStore::new(Arc::new(Members(db))));
    let app = Client::public(ClientId::parse("app")?, "The app")
        .with_grant_types([GrantType::Password])
        .with_scope(Scope::from_iter([ME]));
    Clients::add(&*store, app).await?;
    let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
    let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
    let server = AuthorizationServer::builder(
        store.clone(),
        Signer::new(TokenRules::shared_secret(), key),
        catalog.clone(),
    );
    let me = get("/me").guard(Guard::requires([ME]).depends_on(&Guard::user()));
    let gate = Gate::builder(catalog).bearer("login", verifier).users(store);
    let gate = gate.site(TokenEndpoint::new("/token", server.password_grant(true).build()));
    Ok(gate
        .operation(me.then(|user: CurrentUser| async move { user.username().to_string() }))
        .build()?)
}

/// Opens a table with one user.
pub(crate) async fn table() -> Result<SqlitePool, Box<dyn Error>> {
    // Each connection would have a database in memory of its own.
    let db = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await?;
    let hash =
        PasswordHasher::new(PasswordPolicy::default()).hash(&Secret::new("secret".into()), &SystemRandomSource)?;
    sqlx::raw_sql("CREATE TABLE people (id TEXT, name TEXT UNIQUE, hash TEXT)")
        .execute(&db)
        .await?;
    sqlx::query("INSERT INTO people VALUES ('u1', 'ada', ?)")
        .bind(hash.expose())
        .execute(&db)
        .await?;
    Ok(db)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    warp::serve(gate(table().await?).await?.site_filter())
        .run(([127, 0, 0, 1], 8000))
        .await;
    Ok(())
}
