//! An API on warp that verifies tokens of a Scopegate server with its published keys.

use std::error::Error;

use scopegate_http::domain::{Audience, Issuer};
use scopegate_http::issuers::{AllowedNetwork, HttpFetcher, RemoteIssuer};
use scopegate_http::serde::Serialize;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Catalog, Gate, Guard, Json, Permit, ScopeToken, SecurityScheme, get, tokio, warp};

const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// The client that called.
#[derive(Serialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Caller {
    caller: String,
}

async fn reports(permit: Permit) -> Json<Caller> {
    let caller = permit.client_id().unwrap_or("unknown").to_owned();
    Json(Caller { caller })
}

pub(crate) fn gate(issuer: &str, audience: &str) -> Result<Gate, Box<dyn Error>> {
    let catalog = Catalog::builder()
        .scheme(
            "oauth",
            SecurityScheme::oauth2_client_credentials(format!("{issuer}/token")),
        )
        .scope(ITEMS, "Read items.")
        .build()?;
    // Without this, an issuer on the loopback address is refused.
    let fetcher = HttpFetcher::builder().allow(AllowedNetwork::LOOPBACK).build()?;
    let issuer = RemoteIssuer::builder(Issuer::parse(issuer)?, Audience::parse(audience)?);
    let gate = Gate::builder(catalog)
        .issuer("oauth", issuer.fetcher(fetcher).build()?)
        .operation(get("/reports").guard(Guard::requires([ITEMS])).then(reports))
        .build()?;
    Ok(gate)
}

#[tokio::main(crate = "scopegate_http::tokio")]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = std::env::var("ISSUER").unwrap_or_else(|_| "http://127.0.0.1:8000".to_owned());
    let audience = std::env::var("AUDIENCE").unwrap_or_else(|_| "https://api.example".to_owned());
    let gate = gate(&issuer, &audience)?;
    warp::serve(gate.site_filter()).run(([127, 0, 0, 1], 5000)).await;
    Ok(())
}
