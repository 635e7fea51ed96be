//! An endpoint that is not an operation: routing, `HEAD`, CORS, metrics, request id, panic and body
//! limit.

use std::sync::Mutex;

use bytes::Bytes;
use http::{Request, Response};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use scopegate_http::store::BoxFuture;
use scopegate_http::token::{KeySet, SigningKey};
use scopegate_http::{
    Catalog, Gate,
    cors::Cors,
    site::{BodyError, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute},
};
use scopegate_portal::PublishedKeys;
use serde_json::{Map, json};

use crate::common::send;

/// Echoes bodies, panics on request, and shows the parameter of its path.
struct Echo(Vec<SiteRoute>);

impl Echo {
    fn new() -> Self {
        let operation = json!({ "operationId": "echo", "responses": { "200": { "description": "The body" } } });
        let document = SiteDocument::new(operation.as_object().unwrap().clone(), Map::new());
        Self(vec![
            SiteRoute::post("/echo")
                .body_limit(4)
                .label("(echo)")
                .open_to_other_origins()
                .document(document),
            SiteRoute::get("/shown/{name}"),
            SiteRoute::get("/panic"),
        ])
    }
}

impl SiteEndpoint for Echo {
    fn routes(&self) -> &[SiteRoute] {
        &self.0
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move {
            Response::new(match request.route {
                0 => request.body,
                1 => Bytes::from(request.values.concat()),
                _ => panic!("asked to"),
            })
        })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        let mut response = Response::new(Bytes::from(error.to_string()));
        *response.status_mut() = error.status();
        Some(response)
    }
}

fn gate() -> Gate {
    let cors = Cors::origins(["https://app.example"]).unwrap();
    let gate = Gate::builder(Catalog::builder().build().unwrap());
    gate.site(Echo::new()).cors(cors).build().unwrap()
}

fn request(method: &str, path: &str, body: &str) -> Request<String> {
    let request = Request::builder().method(method).uri(path);
    request
        .header("origin", "https://app.example")
        .body(body.to_owned())
        .unwrap()
}

#[tokio::test]
async fn site_endpoint_is_routed_like_an_operation() {
    let gate = gate();
    for (method, path, body, status, answer) in [
        ("POST", "/echo", "four", 200, "four"),
        ("POST", "/echo", "5five", 413, "the body is too large"),
        ("GET", "/shown/a%20b", "", 200, "a b"),
        ("HEAD", "/shown/a%20b", "", 200, ""),
        ("POST", "/echo/", "", 307, ""),
    ] {
        let answered = send(&gate, request(method, path, body)).await;
        assert_eq!(
            (answered.status.as_u16(), answered.body.as_str()),
            (status, answer),
            "{method} {path}"
        );
        assert!(answered.header("x-request-id").is_some(), "{method} {path}");
        assert_eq!(answered.header("x-content-type-options"), Some("nosniff"));
        let is_open = answered.header("access-control-allow-origin").is_some();
        assert_eq!(is_open, path.starts_with("/echo"), "{method} {path}");
    }
    let head = send(&gate, request("HEAD", "/shown/a%20b", "")).await;
    assert_eq!(head.header("content-length"), Some("3"));
    let other = send(&gate, request("PUT", "/echo", "")).await;
    assert_eq!((other.status.as_u16(), other.header("allow")), (405, Some("POST")));
    let other = send(&gate, request("POST", "/panic", "")).await;
    assert_eq!((other.status.as_u16(), other.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn panic_of_a_site_endpoint_gets_500() {
    let answered = send(&gate(), request("GET", "/panic", "")).await;
    assert_eq!(answered.status, 500);
    assert!(answered.header("x-request-id").is_some());
}

#[tokio::test]
async fn preflight_lists_the_open_methods_of_a_site() {
    let mut asked = request("OPTIONS", "/echo", "");
    asked
        .headers_mut()
        .insert("access-control-request-method", "POST".parse().unwrap());
    let answered = send(&gate(), asked).await;
    assert_eq!(
        (
            answered.status.as_u16(),
            answered.header("access-control-allow-methods")
        ),
        (204, Some("POST"))
    );
}

#[test]
fn document_contains_the_entry_of_a_site() {
    let gate = gate();
    assert_eq!(gate.openapi()["paths"]["/echo"]["post"]["operationId"], "echo");
    assert!(gate.openapi()["paths"].get("/panic").is_none());
}

#[tokio::test]
async fn published_keys_are_readable_by_configured_origins() {
    let cors = Cors::origins(["https://app.example"]).unwrap();
    let key = SigningKey::es256_generate().unwrap();
    let keys = PublishedKeys::new(&KeySet::from(key.verifying_key()));
    let gate = Gate::builder(Catalog::builder().build().unwrap());
    let gate = gate.site(keys).cors(cors).docs().build().unwrap();
    let ask = async |method: &str, headers: &[(&str, &str)]| {
        let request = Request::builder().method(method).uri("/.well-known/jwks.json");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        send(&gate, request.body(String::new()).unwrap()).await
    };
    for (origin, open) in [
        ("https://app.example", Some("https://app.example")),
        ("https://evil.example", None),
    ] {
        let answer = ask("GET", &[("origin", origin)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), open);
    }
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
    ];
    assert_eq!(ask("OPTIONS", &preflight).await.status.as_u16(), 204);
    assert_eq!(ask("POST", &[]).await.header("allow"), Some("GET, HEAD"));
    assert!(gate.openapi()["paths"].as_object().unwrap().is_empty(), "no operation");
}

/// The label `route` of each counter of requests.
#[derive(Default)]
struct Labels(Mutex<Vec<String>>);

impl Recorder for Labels {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == "scopegate_requests_total" {
            let label = |name| key.labels().find(|label| label.key() == name).unwrap().value();
            self.0
                .lock()
                .unwrap()
                .push(format!("{} {}", label("method"), label("route")));
        }
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn metrics_name_a_site_by_its_label() {
    let labels = Labels::default();
    drop(metrics::with_local_recorder(&labels, gate));
    let mut labels = labels.0.into_inner().unwrap();
    labels.dedup();
    assert_eq!(
        labels,
        ["POST (echo)", "GET /shown/{name}", "GET /panic", "(any) (unknown)"]
    );
}
