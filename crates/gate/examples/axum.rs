//! Three axum routes behind a gate, with the permit as an extractor. The key of the authorization
//! server is in the environment:
//!
//! ```sh
//! KEY=a-secret-text-of-32-bytes-or-more cargo run -p scopegate-gate --features tower --example axum
//! curl -i localhost:8000/status
//! curl -i localhost:8000/reports/1                          # 401 with a challenge
//! curl -i -H "Authorization: Bearer $TOKEN" localhost:8000/reports/1
//! ```

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use axum::{Json, Router};
use scopegate_gate::domain::{Audience, Issuer, Secret};
use scopegate_gate::token::{SigningKey, TokenRules, Verifier};
use scopegate_gate::{Catalog, Gate, Guard, Operation, Permit, ScopeToken, SecurityScheme};

const READ: ScopeToken = ScopeToken::from_static("reports:read");
const WRITE: ScopeToken = ScopeToken::from_static("reports:write");

/// The permit of the request, for handlers of guarded routes.
pub(crate) struct Caller(Permit);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // The route is public, which is a fault of the program.
        let permit = parts.extensions.remove::<Permit>();
        permit.map(Caller).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

async fn read(Caller(permit): Caller, Path(id): Path<u32>) -> String {
    format!("report {id}, for {}", permit.subject().unwrap_or("a client"))
}

async fn write(Caller(_): Caller, Json(title): Json<String>) -> (StatusCode, String) {
    (StatusCode::CREATED, format!("report `{title}` is created"))
}

/// The policy: what each route requires.
pub(crate) fn policy(key: &SigningKey) -> Result<Gate, Box<dyn std::error::Error>> {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("https://id.example/token"))
        .scope(READ, "Read reports.")
        .scope(WRITE, "Write reports.")
        .build()?;
    let rules = TokenRules::rfc9068(
        Issuer::parse("https://id.example")?,
        Audience::parse("https://api.example")?,
    );
    Ok(Gate::builder(catalog)
        .bearer("oauth", Verifier::new(rules, key.verifying_key()))
        .operation(Operation::get("/status").guard(Guard::public()))
        .operation(Operation::get("/reports/{id}").guard(Guard::requires([READ])))
        .operation(Operation::post("/reports").guard(Guard::requires([WRITE])))
        .build()?)
}

/// The routes. The layer is outside of the router, so it guards unknown paths, too.
pub(crate) fn app(gate: &Gate) -> Router {
    Router::new()
        .route("/status", get(|| async { "up" }))
        .route("/reports/{id}", get(read))
        .route("/reports", post(write))
        .layer(gate.layer())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = SigningKey::hs256(&Secret::new(std::env::var("KEY")?))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, app(&policy(&key)?)).await?)
}
