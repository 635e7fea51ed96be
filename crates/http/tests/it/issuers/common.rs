//! Issuers for one test, and gates that accept their tokens.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::service::Service as _;
use scopegate_http::domain::{
    AccessTokenClaims, Audience, ClientId, Clock as _, Issuer, KeyId, Lifetime, SystemClock, TokenId,
};
use scopegate_http::token::{KeySet, Signer, SigningKey, TokenRules};
use scopegate_http::{
    Catalog, Gate, GateBuilder, Guard, Permit, ScopeToken, SecurityScheme, get,
    issuers::{AllowedNetwork, HttpFetcher, RemoteIssuer, RemoteIssuerBuilder},
};
use scopegate_issuers::test_provider::{Step, TestProvider, json, response};

pub(crate) const READ: ScopeToken = ScopeToken::from_static("reports:read");
pub(crate) const AUDIENCE: &str = "https://api.example";

pub(crate) fn audience() -> Audience {
    Audience::parse(AUDIENCE).unwrap()
}

/// Longer than a busy machine takes. Tests of the timeout skip it.
pub(crate) const FETCH_TIMEOUT: Duration = Duration::from_mins(1);

/// Creates a client that connects only to loopback addresses.
pub(crate) fn fetcher() -> HttpFetcher {
    let local = HttpFetcher::builder()
        .allow(AllowedNetwork::LOOPBACK)
        .body_limit(64 * 1024);
    let local = local.connect_timeout(FETCH_TIMEOUT).timeout(FETCH_TIMEOUT);
    local.build().unwrap()
}

/// An issuer that publishes the given keys.
pub(crate) struct LocalIssuer {
    pub(crate) provider: TestProvider,
    pub(crate) name: Issuer,
    jwks: Arc<Mutex<Option<String>>>,
}

impl LocalIssuer {
    /// Starts an issuer that publishes this key. Without a key, it returns 503.
    pub(crate) async fn start(key: Option<&SigningKey>) -> Self {
        let jwks = Arc::new(Mutex::new(key.map(jwks)));
        let published = Arc::clone(&jwks);
        let provider = TestProvider::start(move |request, _| match &*published.lock().unwrap() {
            None => response("503 X", "", ""),
            Some(jwks) => publish(request, jwks),
        })
        .await;
        let name = Issuer::parse(&format!("http://{}", provider.address)).unwrap();
        Self { provider, name, jwks }
    }

    /// Replaces the published key set. `None`: it returns 503.
    pub(crate) fn publish(&self, jwks: Option<String>) {
        *self.jwks.lock().unwrap() = jwks;
    }

    pub(crate) fn remote(&self) -> RemoteIssuerBuilder {
        RemoteIssuer::builder(self.name.clone(), audience())
            .fetcher(fetcher())
            .timeout(2 * FETCH_TIMEOUT)
    }
}

/// Returns the metadata document of an issuer, or its key set.
pub(crate) fn publish(request: &str, jwks: &str) -> Vec<Step> {
    let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    match request.split(' ').nth(1).unwrap() {
        "/jwks" => json(jwks),
        "/.well-known/oauth-authorization-server" => json(&format!(
            r#"{{"issuer": "http://{host}", "jwks_uri": "http://{host}/jwks"}}"#
        )),
        _ => response("404 X", "", ""),
    }
}

pub(crate) fn key(id: &str) -> SigningKey {
    SigningKey::es256_generate().unwrap().with_id(KeyId::parse(id).unwrap())
}

pub(crate) fn jwks(key: &SigningKey) -> String {
    KeySet::from(key.verifying_key()).to_jwks()
}

fn copy(key: &SigningKey) -> SigningKey {
    let public = key.verifying_key();
    let document = key.to_pkcs8().unwrap().clone();
    let copy = SigningKey::from_pkcs8(public.algorithm(), document).unwrap();
    match public.id() {
        Some(id) => copy.with_id(id.clone()),
        None => copy,
    }
}

/// Returns a token of RFC 9068 that names this issuer, signed by any key.
pub(crate) fn token(issuer: &Issuer, key: &SigningKey, subject: &str) -> String {
    token_by(issuer, copy(key), subject)
}

pub(crate) fn token_by(issuer: &Issuer, key: SigningKey, subject: &str) -> String {
    let rules = TokenRules::rfc9068(issuer.clone(), audience());
    let claims = AccessTokenClaims::new(subject, SystemClock.now(), Lifetime::from_minutes(10))
        .with_scopes([READ])
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t").unwrap());
    Signer::new(rules, key).issue(&claims).unwrap().expose().to_owned()
}

pub(crate) fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_client_credentials("/token"))
        .scope(READ, "Read reports.")
        .build()
        .unwrap()
}

/// Returns a gate whose `/reports` requires the scope and responds with the subject.
pub(crate) fn gate() -> GateBuilder {
    let tell = |permit: Permit| async move { permit.subject().unwrap_or("nobody").to_owned() };
    Gate::builder(catalog()).operation(get("/reports").guard(Guard::requires([READ])).then(tell))
}

/// Returns status, header `Retry-After` and body of a response.
pub(crate) async fn ask(gate: &Gate, path: &str, token: &str) -> (u16, Option<String>, String) {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let answer = gate
        .service()
        .call(request.body(Full::new(Bytes::new())).unwrap())
        .await
        .unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let retry = head
        .headers
        .get("retry-after")
        .map(|value| value.to_str().unwrap().to_owned());
    (head.status.as_u16(), retry, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn status(gate: &Gate, token: &str) -> u16 {
    ask(gate, "/reports", token).await.0
}

/// Sends requests without a pause in several tasks until it is stopped. Returns their number, and
/// every status other than 200.
pub(crate) struct Load {
    stop: Arc<Mutex<bool>>,
    tasks: Vec<tokio::task::JoinHandle<(usize, BTreeSet<u16>)>>,
}

impl Load {
    /// Starts the tasks. Each takes the present tokens in turn.
    pub(crate) fn start(gate: &Gate, tokens: &Arc<Mutex<Vec<String>>>) -> Self {
        let stop = Arc::<Mutex<bool>>::default();
        let run = |_| {
            let (gate, tokens, stop) = (gate.clone(), Arc::clone(tokens), Arc::clone(&stop));
            tokio::spawn(async move {
                let (mut count, mut odd) = (0, BTreeSet::new());
                while !*stop.lock().unwrap() {
                    let token = {
                        let tokens = tokens.lock().unwrap();
                        tokens[count % tokens.len()].clone()
                    };
                    let status = status(&gate, &token).await;
                    if status != 200 {
                        odd.insert(status);
                    }
                    count += 1;
                    tokio::task::yield_now().await;
                }
                (count, odd)
            })
        };
        let tasks = (0..4).map(run).collect();
        Self { stop, tasks }
    }

    pub(crate) async fn end(self) -> (usize, BTreeSet<u16>) {
        *self.stop.lock().unwrap() = true;
        let (mut count, mut odd) = (0, BTreeSet::new());
        for task in self.tasks {
            let (more, statuses) = task.await.unwrap();
            count += more;
            odd.extend(statuses);
        }
        (count, odd)
    }
}
