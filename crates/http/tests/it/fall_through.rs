//! A gate next to other warp filters: unknown requests fall through, refused ones do not.

use crate::common::{Answered, ME, Profile, gate, token, whole};
use http::Request;
use http_body_util::Full;
use scopegate_http::warp::filters::BoxedFilter;
use scopegate_http::warp::{self, Filter, Reply};
use scopegate_http::{Guard, Json, Permit, get, post};
use tower_service::Service;

async fn ask<R: Reply>(routes: &BoxedFilter<(R,)>, request: Request<&'static str>) -> Answered {
    let mut service = warp::service(routes.clone());
    let request = request.map(|body| Full::new(bytes::Bytes::from(body)));
    whole(service.call(request).await.unwrap()).await
}

fn request(method: &str, path: &str) -> Request<&'static str> {
    Request::builder().method(method).uri(path).body("").unwrap()
}

async fn routes() -> BoxedFilter<(impl Reply,)> {
    let gate = gate(Profile::Tutorial)
        .await
        .operation(
            get("/users/me")
                .guard(Guard::requires([ME]))
                .then(|_: Permit| async { "me" }),
        )
        .operation(
            post("/users/me")
                .guard(Guard::requires([ME]))
                .then(|_: Permit, Json(n): Json<u8>| async move { n.to_string() }),
        )
        .operation(get("/panics").public().then(panics))
        .build()
        .unwrap();
    let open = warp::path!("users" / String).map(|name| format!("open: {name}"));
    let open_panics = warp::path!("panics").map(|| "open");
    let old = warp::path!("old").and(warp::get()).map(|| "old");
    gate.filter().or(open).or(open_panics).or(old).boxed()
}

async fn panics() -> &'static str {
    panic!("a secret in a panic")
}

#[tokio::test]
async fn a_denied_request_does_not_reach_a_sibling_route() {
    let routes = routes().await;
    let denied = ask(&routes, request("GET", "/users/me")).await;
    assert_eq!(
        (denied.status.as_u16(), denied.body.as_str()),
        (401, r#"{"detail":"Not authenticated"}"#)
    );
    assert_eq!(denied.challenges(), ["Bearer"]);
    assert!(denied.headers.contains_key("x-request-id"));

    let other = ask(&routes, request("GET", "/users/you")).await;
    assert_eq!((other.status.as_u16(), other.body.as_str()), (200, "open: you"));
}

#[tokio::test]
async fn an_allowed_request_is_answered_by_the_gate() {
    let routes = routes().await;
    let mut allowed = request("GET", "/users/me");
    allowed.headers_mut().insert(
        "authorization",
        format!("Bearer {}", token("johndoe", &[ME])).parse().unwrap(),
    );
    assert_eq!(ask(&routes, allowed).await.body, "me");
}

#[tokio::test]
async fn neither_a_bad_body_nor_a_panic_reaches_a_sibling_route() {
    let routes = routes().await;
    let mut bad = Request::post("/users/me")
        .header("content-type", "application/json")
        .body("x")
        .unwrap();
    bad.headers_mut().insert(
        "authorization",
        format!("Bearer {}", token("johndoe", &[ME])).parse().unwrap(),
    );
    assert_eq!(ask(&routes, bad).await.status, 422);

    let panicked = ask(&routes, request("GET", "/panics")).await;
    assert_eq!(
        (panicked.status.as_u16(), panicked.body.as_str()),
        (500, r#"{"detail":"Internal Server Error"}"#)
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_fall_through() {
    let routes = routes().await;
    assert_eq!(ask(&routes, request("GET", "/old")).await.body, "old");
    assert_eq!(ask(&routes, request("PUT", "/users/me")).await.body, "open: me");
    assert_eq!(ask(&routes, request("GET", "/nowhere")).await.status, 404);
    assert_eq!(ask(&routes, request("POST", "/old")).await.status, 405);
}

#[tokio::test]
async fn alone_it_rejects_as_warp_does() {
    let gate = gate(Profile::Rfc)
        .await
        .operation(get("/a").public().then(|| async { "a" }))
        .build()
        .unwrap();
    let filter = gate.filter().boxed();
    assert_eq!(ask(&filter, request("GET", "/a")).await.body, "a");
    let wrong_method = ask(&filter, request("POST", "/a")).await;
    assert_eq!(
        (wrong_method.status.as_u16(), wrong_method.body.as_str()),
        (405, "HTTP method not allowed")
    );
    assert_eq!(ask(&filter, request("GET", "/b")).await.status, 404);
    assert_eq!(ask(&filter, request("GET", "/a/")).await.status, 404);
}

#[tokio::test]
async fn the_whole_site_answers_everything_at_the_end_of_a_chain() {
    let gate = gate(Profile::Tutorial)
        .await
        .operation(get("/a/").public().then(|| async { "a" }))
        .build()
        .unwrap();
    let routes = warp::path!("old").map(|| "old").or(gate.site_filter()).boxed();
    assert_eq!(ask(&routes, request("GET", "/old")).await.body, "old");
    assert_eq!(ask(&routes, request("GET", "/a/")).await.body, "a");
    assert_eq!(
        ask(&routes, request("GET", "/a?x=1")).await.header("location"),
        Some("./a/?x=1")
    );
    assert_eq!(
        ask(&routes, request("GET", "/b")).await.body,
        r#"{"detail":"Not Found"}"#
    );
    assert_eq!(ask(&routes, request("POST", "/a/")).await.header("allow"), Some("GET"));
}

#[tokio::test]
async fn body_taken_by_an_earlier_filter_does_not_fall_through() {
    let gate = gate(Profile::Tutorial)
        .await
        .operation(
            post("/n")
                .public()
                .then(|Json(n): Json<u8>| async move { n.to_string() }),
        )
        .build()
        .unwrap();
    let greedy = warp::path!("n").and(warp::body::json::<String>()).map(|text| text);
    let routes = greedy.or(gate.filter()).or(warp::any().map(|| "fell through")).boxed();
    let request = Request::post("/n")
        .header("content-type", "application/json")
        .body("7")
        .unwrap();
    assert_eq!(ask(&routes, request).await.status, 422);
}
