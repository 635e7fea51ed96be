//! An API protected by the tokens of another provider: Keycloak, Entra, Auth0, Okta, or any that
//! publishes its keys.
//!
//! ```console
//! $ export ISSUER=https://id.example AUDIENCE=https://api.example
//! $ cargo run --example other_issuer --features remote-issuers
//! $ curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/reports/7
//! ```

use std::error::Error;

use scopegate_http::domain::{Audience, Issuer};
use scopegate_http::{
    Catalog, Gate, Guard, Json, Path, Permit, ScopeToken, SecurityScheme, get,
    issuers::{HttpFetcher, RemoteIssuer},
    tokio, warp,
};

const READ: ScopeToken = ScopeToken::from_static("reports:read");

async fn report(permit: Permit, Path(id): Path<u32>) -> Json<String> {
    Json(format!("report {id} for {}", permit.subject().unwrap_or("nobody")))
}

pub(crate) fn gate(issuer: &str, audience: &str, fetcher: HttpFetcher) -> Result<Gate, Box<dyn Error>> {
    let document = format!("{issuer}/.well-known/openid-configuration");
    let catalog = Catalog::builder()
        .scheme("provider", SecurityScheme::openid_connect(document))
        .scope(READ, "Read reports.")
        .build()?;
    let issuer = RemoteIssuer::builder(Issuer::parse(issuer)?, Audience::parse(audience)?)
        .fetcher(fetcher)
        .build()?;
    let r = Guard::requires([READ]);
    Ok(Gate::builder(catalog)
        .issuer("provider", issuer)
        .operation(get("/reports/{id}").guard(&r).then(report))
        .build()?)
}

#[tokio::main(crate = "scopegate_http::tokio")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (issuer, audience) = (std::env::var("ISSUER")?, std::env::var("AUDIENCE")?);
    let gate = gate(&issuer, &audience, HttpFetcher::builder().build()?)?;
    warp::serve(gate.site_filter()).run(([127, 0, 0, 1], 8000)).await;
    Ok(())
}
