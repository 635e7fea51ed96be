//! The whole gate as a service of an axum application: its operations have handlers here, and all
//! other routes are those of axum.
//!
//! ```sh
//! KEY=a-secret-text-of-32-bytes-or-more cargo run -p scopegate-http --example axum_service
//! curl -i localhost:8000/status
//! curl -i localhost:8000/reports/1                          # 401 with a challenge
//! curl -i localhost:8000/openapi.json
//! ```

use std::error::Error;

use axum::Router;
use axum::routing::get;
use scopegate_http::domain::{Audience, Issuer, Secret};
use scopegate_http::token::{SigningKey, TokenRules, Verifier};
use scopegate_http::{Catalog, Gate, Guard, Path, Permit, ScopeToken, SecurityScheme};

const READ: ScopeToken = ScopeToken::from_static("reports:read");

async fn read(permit: Permit, Path(id): Path<u32>) -> String {
    format!("report {id}, for {}", permit.subject().unwrap_or("a client"))
}

/// The operations with their handlers.
pub(crate) fn gate(key: &SigningKey) -> Result<Gate, Box<dyn Error>> {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("https://id.example/token"))
        .scope(READ, "Read reports.")
        .build()?;
    let (issuer, audience) = ("https://id.example", "https://api.example");
    let rules = TokenRules::rfc9068(Issuer::parse(issuer)?, Audience::parse(audience)?);
    Ok(Gate::builder(catalog)
        .bearer("oauth", Verifier::new(rules, key.verifying_key()))
        .operation(
            scopegate_http::get("/reports/{id}")
                .guard(Guard::requires([READ]))
                .then(read),
        )
        .docs()
        .build()?)
}

/// The routes of axum come first. The gate answers all other requests, also those to no route.
pub(crate) fn app(gate: &Gate) -> Router {
    Router::new()
        .route("/status", get(|| async { "up" }))
        .fallback_service(gate.service().from_socket())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let key = SigningKey::hs256(&Secret::new(std::env::var("KEY")?))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, app(&gate(&key)?)).await?)
}
