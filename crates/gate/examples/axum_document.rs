//! The routes of an axum application, guarded by its OpenAPI document `reports.yaml`. The key of
//! the authorization server is in the environment:
//!
//! ```sh
//! KEY=a-secret-text-of-32-bytes-or-more cargo run -p scopegate-gate --features tower --example axum_document
//! curl -i localhost:8000/v1/status
//! curl -i localhost:8000/v1/reports/1                       # 401 with a challenge
//! curl -i -H "X-Key: a key of a partner" localhost:8000/v1/exports/1
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Path};
use axum::routing::{get, post};
use axum::{Extension, Router};
use scopegate_gate::domain::{Audience, Issuer, Secret};
use scopegate_gate::store::{BoxFuture, StoreError};
use scopegate_gate::token::{SigningKey, TokenRules, Verifier};
use scopegate_gate::{
    AuthenticatedCredential, Check, CheckContext, Credential, CredentialCheck, CredentialVerifier, Gate, Permit,
};
use scopegate_openapi::import::{self, EnforceOptions, ReadOptions};

/// The document of the application.
pub(crate) const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/reports.yaml");

/// The key of the scheme `partner`.
struct PartnerKey(Secret<String>);

impl CredentialVerifier for PartnerKey {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let check = if credential.secret().same_as(&self.0) {
            CredentialCheck::Valid(AuthenticatedCredential::without_subject())
        } else {
            CredentialCheck::Invalid
        };
        Box::pin(async { Ok(check) })
    }
}

/// The check that the document names as `check:one_scope`.
#[derive(Debug)]
struct OneScope;

impl Check for OneScope {
    fn name(&self) -> &'static str {
        "one_scope"
    }

    fn passes(&self, context: &CheckContext<'_>) -> bool {
        context.granted().count() == 1
    }
}

/// The gate of a document. What the document requires and the gate cannot enforce is an error.
pub(crate) fn gate(document: &str, key: &SigningKey) -> Result<Gate, Box<dyn Error>> {
    let imported = import::read_file(document.as_ref(), &ReadOptions::new())?;
    let table = imported.enforceable(&EnforceOptions::new())?;
    let (issuer, audience) = ("https://id.example", "https://api.example");
    let rules = TokenRules::rfc9068(Issuer::parse(issuer)?, Audience::parse(audience)?);
    Ok(Gate::builder_of(&table)
        .bearer("oauth", Verifier::new(rules, key.verifying_key()))
        .verifier(
            "partner",
            Arc::new(PartnerKey(Secret::new("a key of a partner".to_owned()))),
        )
        .check(OneScope)
        .title(imported.title().unwrap_or("Reports"))
        .build()?)
}

async fn read(Path(id): Path<String>, Extension(permit): Extension<Permit>) -> String {
    format!("report {id}, for {}", permit.subject().unwrap_or("a client"))
}

/// The permit is absent for a public operation, and for an anonymous request to an optional one.
async fn greet(permit: Option<Extension<Permit>>) -> String {
    let name = permit.and_then(|Extension(permit)| permit.subject().map(str::to_owned));
    format!("hello {}", name.as_deref().unwrap_or("stranger"))
}

/// The routes, which know nothing of scopes. `/v1/reports/latest` is not in the document.
fn routes() -> Router {
    Router::new()
        .route("/status", get(|| async { "up" }))
        .route("/greeting", get(greet))
        .route("/reports/latest", get(|| async { "undocumented" }))
        .route("/reports/{number}", get(read).delete(|| async { "deleted" }))
        .route("/reports", post(|| async { "created" }))
        .route("/exports/{id}", get(read).put(|| async { "replaced" }))
}

/// The application behind the gate. `Router::layer` puts the gate between router and routes.
pub(crate) fn app(gate: &Gate) -> Router {
    let layer = gate
        .layer()
        .matched_template(|extensions| extensions.get::<MatchedPath>().map(MatchedPath::as_str))
        .peer(|extensions| {
            let peer = extensions.get::<ConnectInfo<SocketAddr>>();
            peer.map(|ConnectInfo(address)| address.ip())
        });
    Router::new().nest("/v1", routes()).layer(layer)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let key = SigningKey::hs256(&Secret::new(std::env::var("KEY")?))?;
    let app = app(&gate(DOCUMENT, &key)?).into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, app).await?)
}
