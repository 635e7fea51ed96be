//! Credentials other than tokens: people by name and password, weather stations by a key, and both
//! at once.
//!
//! ```console
//! $ cargo run --example schemes
//! $ curl -u ada:swordfish http://127.0.0.1:8000/me
//! $ curl -H 'X-Key: key of the station' http://127.0.0.1:8000/readings
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use scopegate_http::domain::{SchemeName, Secret};
use scopegate_http::policy::{Fact, Rule};
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::{
    Catalog, Gate, Guard, Json, Permit, SecurityScheme,
    credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier},
    domain::ApiKeyLocation,
    get, put, tokio, warp,
};

/// Names and passwords, as in FastAPI's page on HTTP basic. A real program stores hashes instead of
/// passwords, and computes them on separate threads.
struct People {
    passwords: HashMap<String, Secret<String>>,
    decoy: Secret<String>,
}

impl CredentialVerifier for People {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let name = credential.username().unwrap_or_default();
        let password = self.passwords.get(name);
        // Compared in constant time, for an unknown name with a decoy: the time does not reveal
        // whether the name exists.
        let is_right = password.unwrap_or(&self.decoy).same_as(credential.secret());
        let verdict = if is_right && password.is_some() {
            CredentialCheck::Valid(AuthenticatedCredential::of_subject(name))
        } else {
            CredentialCheck::Invalid
        };
        Box::pin(async { Ok(verdict) })
    }
}

/// The keys of all stations. They have no subject: a key proves that a station calls, not which
/// one.
struct StationKeys(Vec<Secret<String>>);

impl CredentialVerifier for StationKeys {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        // Each key is compared, also after one was found.
        let is_known = |known: bool, key: &Secret<String>| known | key.same_as(credential.secret());
        let verdict = if self.0.iter().fold(false, is_known) {
            CredentialCheck::Valid(AuthenticatedCredential::without_subject())
        } else {
            CredentialCheck::Invalid
        };
        Box::pin(async { Ok(verdict) })
    }
}

async fn who(permit: Permit) -> Json<Option<String>> {
    Json(permit.subject().map(str::to_owned))
}

fn gate(people: People, stations: StationKeys) -> Result<Gate, Box<dyn Error>> {
    let catalog = Catalog::builder()
        .scheme("person", SecurityScheme::http_basic())
        .scheme("station", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .without_subject()
        .build()?;
    let person = Guard::authenticated().with_scheme("person");
    let station = Guard::authenticated().with_scheme("station");
    let scheme = |name| SchemeName::parse(name).map(Fact::Scheme).map(Rule::Fact);
    let either = Guard::rule(Rule::Any(vec![scheme("person")?, scheme("station")?]));

    Ok(Gate::builder(catalog)
        .info("Weather", "1.0.0")
        .verifier("person", Arc::new(people))
        .verifier("station", Arc::new(stations))
        .operation(get("/me").guard(&person).then(who))
        .operation(get("/readings").guard(either).then(who))
        // A person is at the station.
        .operation(put("/calibration").guard(person.depends_on(&station)).then(who))
        .docs()
        .build()?)
}

pub(crate) fn example() -> Result<Gate, Box<dyn Error>> {
    let secret = |text: &str| Secret::new(text.to_owned());
    let people = People {
        passwords: HashMap::from([("ada".to_owned(), secret("swordfish"))]),
        decoy: secret("nobody's"),
    };
    gate(
        people,
        StationKeys(vec![secret("key of the station"), secret("its next key")]),
    )
}

#[tokio::main(crate = "scopegate_http::tokio")]
async fn main() -> Result<(), Box<dyn Error>> {
    warp::serve(example()?.site_filter()).run(([127, 0, 0, 1], 8000)).await;
    Ok(())
}
