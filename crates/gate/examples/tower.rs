//! A tower service with routes of its own, guarded by the policy in `policy.toml`.
//!
//! `cargo run -p scopegate-gate --features tower --example tower` sends requests through the gate
//! and checks their status.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use scopegate_gate::domain::{AccessTokenClaims, Clock, Lifetime, ScopeToken, Secret, SystemClock};
use scopegate_gate::token::{Signer, SigningKey, TokenRules, Verifier};
use scopegate_gate::{Gate, Permit};
use scopegate_openapi::import::{self, EnforceOptions, ReadOptions};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

/// The policy of the service.
pub(crate) const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/policy.toml");

/// The gate of a policy file.
pub(crate) fn gate(policy: &str, key: &SigningKey) -> Result<Gate, Box<dyn Error>> {
    let table = import::read_file(policy.as_ref(), &ReadOptions::new())?.enforceable(&EnforceOptions::new())?;
    Ok(Gate::builder_of(&table)
        .bearer("oauth", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
        .build()?)
}

/// The service of the application. It finds its routes itself, and knows nothing of scopes.
async fn answer(request: Request<String>) -> Result<Response<Bytes>, Infallible> {
    let caller = request.extensions().get::<Permit>().and_then(Permit::subject);
    let segments: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let text = match *segments {
        ["status"] => "up".to_owned(),
        ["reports", id] => format!("report {id}, for {}", caller.unwrap_or("a client")),
        _ => "a route that the policy does not have".to_owned(),
    };
    Ok(Response::new(Bytes::from(text)))
}

/// The service behind the gate. Layers above this one see each request, those below only allowed
/// ones.
pub(crate) fn guarded(
    gate: &Gate,
) -> impl Service<Request<String>, Response = Response<Bytes>, Error = Infallible> + Clone {
    ServiceBuilder::new().layer(gate.layer()).service(service_fn(answer))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    const READ: ScopeToken = ScopeToken::from_static("reports:read");
    let key = SigningKey::hs256(&Secret::new("a secret text of thirty-two bytes".to_owned()))?;
    let gate = gate(POLICY, &key)?;
    let service = guarded(&gate);
    let claims = AccessTokenClaims::new("u1", SystemClock.now(), Lifetime::from_minutes(5)).with_scopes([READ]);
    let bearer = format!(
        "Bearer {}",
        Signer::new(TokenRules::shared_secret(), key).issue(&claims)?.expose()
    );
    for (method, path, status) in [
        ("GET", "/status", 200),
        ("GET", "/reports/1", 200),
        ("DELETE", "/reports/1", 403),
        ("POST", "/status", 405),
        ("GET", "/secrets", 404),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "api.example");
        let request = request.header("authorization", &bearer).body(String::new())?;
        assert_eq!(
            service.clone().oneshot(request).await?.status(),
            status,
            "{method} {path}"
        );
    }
    Ok(())
}
