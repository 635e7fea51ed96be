//! API keys for machines. The table has digests, so a copy of the database has no key.

use scopegate_http::answer::{Created, HandlerError, NoContent, StatusCode};
use scopegate_http::credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::token::{ClientSecret, SystemRandomSource};
use scopegate_http::{Json, Path, ScopeToken, State};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, types};
use utoipa::ToSchema;

use crate::app::{Answered, App, Caller};

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

pub(crate) async fn list_keys(caller: Caller, app: State<App>) -> Answered<Json<Vec<ApiKey>>> {
    let query = sqlx::query_as("SELECT id, name, scopes FROM api_keys WHERE owner = ? ORDER BY id");
    Ok(Json(query.bind(&caller.subject).fetch_all(&app.db).await?))
}

/// Answers with the key. It is in no other response.
pub(crate) async fn create_key(
    caller: Caller,
    app: State<App>,
    Json(new): Json<NewKey>,
) -> Answered<Created<Json<String>>> {
    let is_granted = |scope: &String| caller.permit().granted().any(|granted| granted.as_str() == scope);
    if !new.scopes.iter().all(is_granted) {
        let message = "a key has only scopes of its creator";
        return Err(HandlerError::new(StatusCode::FORBIDDEN, "foreign_scope", message));
    }
    let key = ClientSecret::generate(&SystemRandomSource)?;
    let query = sqlx::query("INSERT INTO api_keys (owner, name, scopes, digest) VALUES (?, ?, ?, ?)");
    let query = query.bind(&caller.subject).bind(new.name).bind(types::Json(new.scopes));
    query.bind(key.digest().as_bytes().to_vec()).execute(&app.db).await?;
    Ok(Created(Json(key.expose().to_owned())))
}

pub(crate) async fn revoke_key(caller: Caller, app: State<App>, Path(id): Path<i64>) -> Answered<Option<NoContent>> {
    let owner = caller.subject.clone();
    app.run("DELETE FROM api_keys WHERE id = ? AND owner = ?", id, owner)
        .await
}

impl CredentialVerifier for App {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        Box::pin(async {
            let Ok(key) = ClientSecret::parse(credential.secret().expose()) else {
                return Ok(CredentialCheck::Invalid);
            };
            let query = sqlx::query_as("SELECT owner, scopes FROM api_keys WHERE digest = ?");
            let query = query.bind(key.digest().as_bytes().to_vec()).fetch_optional(&self.db);
            let row: Option<(String, types::Json<Vec<String>>)> = query.await.map_err(StoreError::unavailable)?;
            Ok(row.map_or(CredentialCheck::Invalid, |(owner, scopes)| {
                let scopes = scopes.iter().filter_map(|scope| ScopeToken::parse(scope).ok());
                CredentialCheck::Valid(AuthenticatedCredential::of_subject(owner).with_scopes(scopes))
            }))
        })
    }
}
