//! The layer of tower in front of routes that another router owns.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::body::{Body, to_bytes};
use axum::extract::MatchedPath;
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use scopegate_gate::token::{TokenRules, Verifier};
use scopegate_gate::{Catalog, Gate, GateBuilder, Guard, Operation, Permit, SecurityScheme};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

use crate::tokens::{bearer, key};

fn gate(operations: impl IntoIterator<Item = Operation>) -> Gate {
    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let builder = Gate::builder(catalog.build().unwrap()).bearer(
        "oauth",
        Verifier::new(TokenRules::shared_secret(), key().verifying_key()),
    );
    let builder = operations.into_iter().fold(builder, GateBuilder::operation);
    builder.build().unwrap()
}

fn request(path: &str) -> Request<Body> {
    let request = Request::get(path).header("host", "a.example");
    request.body(Body::empty()).unwrap()
}

/// Templates that overlap in every way which the routers accept.
const TEMPLATES: [&str; 9] = [
    "/{name}",
    "/open",
    "/open/",
    "/open/{id}",
    "/{name}/{id}",
    "/open/me",
    "/open/{id}/x",
    "/a.b/{id}",
    "/files/{*rest}",
];

/// Paths of the templates, with encodings, slashes and dots in every form.
fn path() -> impl Strategy<Value = String> {
    let plain = prop::sample::select(vec![
        "open", "me", "x", "a.b", "files", "7", "a%20b", "%C3%A9", "100%25",
    ]);
    let other = prop::sample::select(vec![
        "%6Fpen",
        "m%65",
        "a%2eb",
        "open%2Fme",
        "open%2f7",
        "files%2Fx",
        "7%2Fx",
        "%2e%2E",
        "..",
        ".",
        "",
        "x%5Cy",
        "open%252Fme",
        "%zz",
        "%00",
    ]);
    let segments = prop::collection::vec(prop_oneof![3 => plain, 2 => other], 1..4);
    segments.prop_map(|segments| format!("/{}", segments.join("/")))
}

/// Answers with the template that the router matched, and that of the operation.
async fn templates(matched: MatchedPath, permit: Option<Extension<Permit>>) -> String {
    let authorized = permit.map_or_else(String::new, |Extension(permit)| {
        permit.operation().template().to_owned()
    });
    format!("{} {authorized}", matched.as_str())
}

proptest! {
    #[test]
    fn request_that_runs_was_authorized_for_its_route(path in path()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let gate = gate(TEMPLATES.map(|template| Operation::get(template).guard(Guard::authenticated())));
        let router = TEMPLATES.iter().fold(Router::new(), |router, template| router.route(template, get(templates)));
        let answer = |router: Router, request: Request<Body>| {
            let response = runtime.block_on(router.oneshot(request)).unwrap();
            let is_answered = response.status() == 200;
            let body = runtime.block_on(to_bytes(response.into_body(), 1000)).unwrap();
            is_answered.then(|| String::from_utf8(body.to_vec()).unwrap())
        };
        let mut raw = request(&path);
        let token = bearer(TokenRules::shared_secret(), "any").parse().unwrap();
        raw.headers_mut().insert("authorization", token);
        let Some(ran) = answer(router.clone().layer(gate.layer()), raw) else {
            return Ok(());
        };
        let (matched, authorized) = ran.split_once(' ').unwrap();
        prop_assert_eq!(matched, authorized, "the raw path `{}`", path);
        // A router that decodes the path first, once.
        let decoded = percent_decode_str(&path).decode_utf8().unwrap();
        let decoded = decoded.split('/').map(|segment| segment.replace('%', "%25").replace(' ', "%20"));
        let decoded = answer(router, request(&decoded.collect::<Vec<_>>().join("/"))).unwrap();
        prop_assert_eq!(decoded.trim(), authorized, "the decoded path of `{}`", path);
        let whole = format!("{}/", path.strip_suffix('/').unwrap_or(&path));
        let structure = ["//", "/./", "/../", "%2e%2E", "%5C"];
        prop_assert!(!structure.iter().any(|part| whole.contains(part)), "`{}`", path);
    }
}

/// Answers with the subject of the permit.
async fn subject(request: Request<Body>) -> Result<Response<Bytes>, Infallible> {
    let permit = request.extensions().get::<Permit>();
    let text = permit.map_or("none", |permit| permit.subject().unwrap_or("no subject"));
    Ok(Response::new(Bytes::copy_from_slice(text.as_bytes())))
}

#[tokio::test]
async fn permit_of_an_outer_layer_does_not_reach_the_service() {
    let outer = gate([Operation::get("/x").guard(Guard::authenticated())]);
    let inner = gate([Operation::get("/x").guard(Guard::public())]);
    let service = |layers: [&Gate; 2]| layers[0].layer().layer(layers[1].layer().layer(service_fn(subject)));
    let request = || {
        let mut request = request("/x");
        let token = bearer(TokenRules::shared_secret(), "any").parse().unwrap();
        request.headers_mut().insert("authorization", token);
        request
    };
    let once = outer
        .layer()
        .layer(service_fn(subject))
        .oneshot(request())
        .await
        .unwrap();
    assert_eq!(once.body(), "u1");
    let twice = service([&outer, &inner]).oneshot(request()).await.unwrap();
    assert_eq!(twice.body(), "none");
}

#[tokio::test]
async fn handler_that_takes_a_permit_fails_if_its_operation_is_public() {
    let gate = gate([Operation::get("/x").guard(Guard::public())]);
    let router = Router::new().route("/x", get(|_: Extension<Permit>| async { "in" }));
    let response = router.layer(gate.layer()).oneshot(request("/x")).await.unwrap();
    assert_eq!(response.status(), 500);
}

#[tokio::test]
async fn error_of_the_service_is_returned() {
    let gate = gate([Operation::get("/x").guard(Guard::public())]);
    let fail = |_: Request<Body>| async { Err::<Response<Bytes>, _>("broken") };
    let service = gate.layer().layer(service_fn(fail));
    assert_eq!(service.clone().oneshot(request("/x")).await.unwrap_err(), "broken");
    assert_eq!(service.oneshot(request("/y")).await.unwrap().status(), 404);
}

/// A service that may be called only after it was ready.
#[derive(Debug, Default)]
struct OnceReady(bool);

impl Clone for OnceReady {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl Service<Request<Body>> for OnceReady {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        self.0 = true;
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(self.0, "called before it was ready");
        std::future::ready(Ok(Response::new(Bytes::from("in"))))
    }
}

#[tokio::test]
async fn service_that_was_ready_takes_the_request() {
    let gate = gate([Operation::get("/x").guard(Guard::public())]);
    let mut service = gate.layer().layer(OnceReady::default());
    for _ in 0..2 {
        let response = service.ready().await.unwrap().call(request("/x")).await.unwrap();
        assert_eq!(response.body(), "in");
    }
}

#[tokio::test]
async fn router_must_match_the_template_of_the_operation() {
    let gate = gate([Operation::get("/x/{id}").guard(Guard::public())]);
    let layer = gate
        .layer()
        .matched_template(|extensions| extensions.get::<&'static str>().copied());
    let service = layer.layer(service_fn(subject));
    for (matched, status) in [
        (Some("/x/{id}"), 200),
        (Some("/x/{other}"), 200),
        (Some("/x/latest"), 404),
        (Some("/x/{*id}"), 404),
        (Some("/{x}/{id}"), 404),
        (None, 404),
    ] {
        let mut request = request("/x/7");
        if let Some(matched) = matched {
            request.extensions_mut().insert::<&'static str>(matched);
        }
        assert_eq!(
            service.clone().oneshot(request).await.unwrap().status(),
            status,
            "{matched:?}"
        );
    }
}

#[tokio::test]
async fn address_of_the_peer_is_read() {
    static READ: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let gate = gate([Operation::get("/x").guard(Guard::public())]);
    let layer = gate.layer().peer(|extensions| {
        READ.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        extensions.get::<IpAddr>().copied()
    });
    let response = layer.layer(service_fn(subject)).oneshot(request("/x")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(READ.load(std::sync::atomic::Ordering::Relaxed), 1);
}
