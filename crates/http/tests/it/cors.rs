//! Requests of pages of other origins: every origin with every kind of answer, preflights, and what
//! neither reveals.

use std::sync::Arc;

use http::{HeaderName, Method, Request};
use scopegate_http::domain::{ApiKeyLocation, Lifetime, Secret};
use scopegate_http::store::StoreError;
use scopegate_http::token::{Signer, SigningKey, TokenRules};
use scopegate_http::warp::{self, Filter};
use scopegate_http::{
    Catalog, Gate, GateBuilder, Group, Guard, Json, Path, Permit, ScopeToken, SecurityScheme, cors::Cors, get, post,
    route,
};
use scopegate_portal::TokenEndpoint;
use scopegate_portal::grant::AuthorizationServer;
use tower_service::Service;

use crate::common::{self, Answered, ITEMS, ME, Profile, token};
use crate::replies::Down;

const APP: &str = "https://app.example";
const LOCAL: &str = "http://localhost:3000";
const OPEN: &str = "access-control-allow-origin";

fn these() -> Cors {
    Cors::origins([APP, LOCAL]).unwrap()
}

/// Operations of every kind, a token endpoint and the pages of the document.
async fn site(change: impl FnOnce(GateBuilder) -> GateBuilder) -> Gate {
    let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes"))).unwrap();
    let store = common::users().await;
    let server = AuthorizationServer::builder(store, Signer::new(TokenRules::shared_secret(), key), common::catalog())
        .password_grant(true)
        .lifetime(Lifetime::from_minutes(1));
    let gate = common::gate(Profile::Rfc)
        .await
        .body_limit(8)
        .operation(get("/open").public().then(|| async { "open" }))
        .operation(
            get("/me/")
                .guard(Guard::requires([ME]))
                .then(|_: Permit| async { "me" }),
        )
        .operation(
            post("/me/")
                .guard(Guard::requires([ITEMS]))
                .then(|Json(n): Json<u8>| async move { n.to_string() }),
        )
        .operation(get("/panics").public().then(panics))
        .group(
            Group::new("/users/{id}").guard(Guard::requires([ME])).operation(
                get("/{x}")
                    .inherit_guards()
                    .then(|Path((a, b)): Path<(u8, u8)>| async move { (a ^ b).to_string() }),
            ),
        )
        .site(TokenEndpoint::new("/token", server.build()))
        .docs();
    change(gate).build().unwrap()
}

async fn panics() -> &'static str {
    panic!("a fault of the handler")
}

/// A request, with what of it may have to do with CORS left open.
type RecordedRequest = (&'static str, &'static str, &'static str, &'static str);

/// Method, path, scope of the token, body; and the status that is answered.
const OPEN_TO_OTHERS: [(RecordedRequest, u16); 17] = [
    (("GET", "/open", "", ""), 200),
    (("HEAD", "/open", "", ""), 200),
    (("DELETE", "/open", "", ""), 405),
    (("OPTIONS", "/open", "", ""), 405),
    (("GET", "/me/", "", ""), 401),
    (("GET", "/me/", "items", ""), 403),
    (("GET", "/me/", "me", ""), 200),
    (("GET", "/me", "", ""), 307),
    (("POST", "/me/", "items", "7"), 200),
    (("POST", "/me/", "items", "x"), 400),
    (("POST", "/me/", "items", "123456789"), 413),
    (("GET", "/panics", "", ""), 500),
    (("GET", "/users/1/2", "me", ""), 200),
    (("GET", "/nothing", "", ""), 404),
    (("POST", "/token", "", ""), 415),
    (("GET", "/openapi.json", "", ""), 200),
    (("HEAD", "/openapi.json", "", ""), 200),
];
const CLOSED: [(RecordedRequest, u16); 8] = [
    (("GET", "/docs", "", ""), 200),
    (("HEAD", "/docs", "", ""), 200),
    (("POST", "/docs", "", ""), 405),
    (("OPTIONS", "/docs", "", ""), 405),
    (("GET", "/docs/", "", ""), 307),
    (("GET", "/redoc", "", ""), 200),
    (("GET", "/docs/oauth2-redirect", "", ""), 200),
    (("GET", "/docs/assets/docs.js", "", ""), 200),
];

/// Lists of `Origin` headers, and whether the page may read the answer.
const ORIGINS: [(&[&str], bool); 11] = [
    (&[], false),
    (&[APP], true),
    (&[LOCAL], true),
    (&["https://evil.example"], false),
    (&["null"], false),
    (&["https://app.example/"], false),
    (&["https://APP.example"], false),
    (&["https://app.example:443"], false),
    (&["http://app.example"], false),
    (&["https://app.example.evil.example"], false),
    (&[APP, APP], false),
];

async fn ask(gate: &Gate, (method, path, scope, body): RecordedRequest, headers: &[(&str, &str)]) -> Answered {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json");
    if !scope.is_empty() {
        let token = token("johndoe", &[ScopeToken::parse(scope).unwrap()]);
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answered = common::send(gate, request.body(body.to_owned()).unwrap()).await;
    assert!(answered.headers.remove("x-request-id").is_some());
    assert!(!answered.headers.contains_key("access-control-allow-credentials"));
    answered
}

fn origin_headers(origins: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    origins.iter().map(|origin| ("origin", *origin)).collect()
}

/// The answer without what CORS adds; with what it added.
fn parted(mut answered: Answered) -> (Answered, [Option<String>; 3]) {
    let added = [OPEN, "access-control-expose-headers", "vary"];
    let added = added.map(|name| {
        answered
            .headers
            .remove(name)
            .map(|value| value.to_str().unwrap().to_owned())
    });
    (answered, added)
}

const EXPOSED: &str = "www-authenticate, retry-after, x-request-id";

#[tokio::test]
async fn configured_origins_read_every_answer_but_pages_and_others_none() {
    let (gate, without) = (site(|gate| gate.cors(these())).await, site(|gate| gate).await);
    for (asked, status) in OPEN_TO_OTHERS.into_iter().chain(CLOSED) {
        let is_open = OPEN_TO_OTHERS.contains(&(asked, status));
        let plain = ask(&without, asked, &[]).await;
        assert_eq!(plain.status, status, "{asked:?}");
        for (origins, is_configured) in ORIGINS {
            let answered = ask(&gate, asked, &origin_headers(origins)).await;
            let (bare, added) = parted(answered);
            assert_eq!(bare, plain, "{asked:?} {origins:?}: all else is answered as ever");
            let read = |value: &str| (is_open && is_configured).then(|| value.to_owned());
            let origin = origins.first().copied().unwrap_or_default();
            let vary = is_open.then(|| "Origin".to_owned());
            assert_eq!(added, [read(origin), read(EXPOSED), vary], "{asked:?} {origins:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_while_the_store_is_down_can_be_read() {
    let user = get("/user").guard(Guard::user()).then(|| async { "in" });
    let gate = site(|gate| {
        gate.cors(these())
            .users(Arc::new(Down(StoreError::unavailable)))
            .operation(user)
    })
    .await;
    let (bare, added) = parted(ask(&gate, ("GET", "/user", "me", ""), &[("origin", APP)]).await);
    assert_eq!((bare.status.as_u16(), bare.header("retry-after")), (503, Some("1")));
    assert_eq!(added, [APP, EXPOSED, "Origin"].map(|value| Some(value.to_owned())));
}

#[tokio::test]
async fn with_any_origin_every_page_reads_the_same() {
    let (gate, without) = (site(|gate| gate.cors(Cors::any())).await, site(|gate| gate).await);
    for (asked, _) in OPEN_TO_OTHERS.into_iter().chain(CLOSED) {
        let is_open = OPEN_TO_OTHERS.iter().any(|(open, _)| *open == asked);
        let plain = ask(&without, asked, &[]).await;
        for (origins, _) in ORIGINS {
            let (bare, added) = parted(ask(&gate, asked, &origin_headers(origins)).await);
            assert_eq!(bare, plain, "{asked:?} {origins:?}");
            let read = |value: &str| (is_open && origins.len() == 1).then(|| value.to_owned());
            assert_eq!(added, [read("*"), read(EXPOSED), None], "{asked:?} {origins:?}");
        }
    }
}

#[tokio::test]
async fn response_without_cors_has_no_cors_header() {
    let gate = site(|gate| gate).await;
    for (asked, _) in OPEN_TO_OTHERS.into_iter().chain(CLOSED) {
        let preflight = [("origin", APP), ("access-control-request-method", "GET")];
        for headers in [&preflight[..1], &preflight] {
            let answered = ask(&gate, asked, headers).await;
            let mut names = answered.headers.keys().map(HeaderName::as_str);
            assert!(
                !names.any(|name| name.starts_with("access-control") || name == "vary"),
                "{asked:?}"
            );
        }
    }
}

/// What a browser asks before it sends a request with a token.
async fn preflight(gate: &Gate, path: &'static str, origin: &'static str) -> Answered {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization, x-anything"),
    ];
    ask(gate, ("OPTIONS", path, "", ""), &headers).await
}

#[tokio::test]
async fn a_preflight_is_answered_with_the_methods_of_the_path() {
    let gate = site(|gate| gate.cors(these())).await;
    for (path, methods) in [
        ("/open", "GET, HEAD"),
        ("/me/", "GET, HEAD, POST"),
        ("/me", "GET, HEAD, POST"),
        ("/users/any/thing", "GET, HEAD"),
        ("/token", "POST"),
        ("/openapi.json", "GET, HEAD"),
    ] {
        let answered = preflight(&gate, path, LOCAL).await;
        assert_eq!((answered.status.as_u16(), answered.body.as_str()), (204, ""), "{path}");
        let said = answered
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let mut headers: Vec<_> = said
            .filter(|(name, _)| name.starts_with("access-control") || *name == "vary")
            .collect();
        headers.sort_unstable();
        assert_eq!(
            headers,
            [
                ("access-control-allow-headers", "authorization, content-type"),
                ("access-control-allow-methods", methods),
                (OPEN, LOCAL),
                ("access-control-expose-headers", EXPOSED),
                ("access-control-max-age", "600"),
                ("vary", "Origin"),
            ],
            "{path}"
        );
    }
}

/// The answer to a preflight equals that to any wrong method, with `Allow` in other headers. It
/// reveals nothing of guards, and for pages and unknown paths nothing at all.
#[tokio::test]
async fn preflight_lists_no_more_than_allow() {
    let gate = site(|gate| gate.cors(these())).await;
    for path in [
        "/open",
        "/me/",
        "/panics",
        "/users/1/2",
        "/token",
        "/openapi.json",
        "/docs",
        "/redoc",
        "/nothing",
        "/docs/x",
    ] {
        let plain = ask(&gate, ("OPTIONS", path, "", ""), &[("origin", LOCAL)]).await;
        let asked = preflight(&gate, path, LOCAL).await;
        match asked.header("access-control-allow-methods") {
            Some(methods) => assert_eq!(
                (Some(methods), plain.status.as_u16()),
                (plain.header("allow"), 405),
                "{path}"
            ),
            None => assert_eq!(asked, plain, "{path}"),
        }
        for foreign in ["https://evil.example", "null"] {
            let plain = ask(&gate, ("OPTIONS", path, "", ""), &[("origin", foreign)]).await;
            assert_eq!(preflight(&gate, path, foreign).await, plain, "{path}");
        }
    }
    let (open, guarded) = (
        preflight(&gate, "/open", APP).await,
        preflight(&gate, "/users/1/2", APP).await,
    );
    assert_eq!(open, guarded);
}

#[tokio::test]
async fn headers_of_keys_and_of_the_application_may_be_sent_and_read() {
    let catalog = Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .scheme("again", SecurityScheme::api_key(ApiKeyLocation::Header, "x-key"))
        .scheme("cookie", SecurityScheme::api_key(ApiKeyLocation::Cookie, "session"))
        .scheme("query", SecurityScheme::api_key(ApiKeyLocation::Query, "key"))
        .build()
        .unwrap();
    let cors = these()
        .max_age(std::time::Duration::from_mins(1))
        .request_header(HeaderName::from_static("if-match"))
        .expose(HeaderName::from_static("etag"));
    let gate = common::with_catalog(catalog, Profile::Rfc).await.cors(cors);
    let gate = gate
        .operation(get("/x").public().then(|| async { "x" }))
        .build()
        .unwrap();
    let asked = preflight(&gate, "/x", APP).await;
    assert_eq!(
        asked.header("access-control-allow-headers"),
        Some("authorization, content-type, x-key, if-match")
    );
    assert_eq!(asked.header("access-control-max-age"), Some("60"));
    let answered = ask(&gate, ("GET", "/x", "", ""), &[("origin", APP)]).await;
    assert_eq!(
        answered.header("access-control-expose-headers"),
        Some("www-authenticate, retry-after, x-request-id, etag")
    );
}

/// A custom operation for `OPTIONS` answers everything but preflights.
#[tokio::test]
async fn declared_options_operation_does_not_replace_preflights() {
    let own = route(scopegate_http::policy::Method::Options, "/open").guard(Guard::requires([ME]));
    let own = own.then(|| async { "options" });
    let gate = site(|gate| gate.cors(these()).operation(own)).await;
    assert_eq!(
        ask(&gate, ("OPTIONS", "/open", "me", ""), &[("origin", APP)])
            .await
            .body,
        "options"
    );
    assert_eq!(
        ask(&gate, ("OPTIONS", "/open", "", ""), &[("origin", APP)])
            .await
            .status,
        401
    );
    assert_eq!(preflight(&gate, "/open", "https://evil.example").await.status, 401);
    let asked = preflight(&gate, "/open", APP).await;
    assert_eq!(
        (asked.status.as_u16(), asked.header("access-control-allow-methods")),
        (204, Some("GET, HEAD, OPTIONS"))
    );
}

#[tokio::test]
async fn filter_answers_preflights_of_its_own_paths() {
    let gate = site(|gate| gate.cors(these())).await;
    let old = warp::path!("old").map(|| "old");
    let routes = gate.filter().or(old).boxed();
    let ask = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).header("origin", APP);
        let request = request.header("access-control-request-method", "GET");
        let body = http_body_util::Empty::<bytes::Bytes>::new();
        let answer = warp::service(routes.clone())
            .call(request.body(body).unwrap())
            .await
            .unwrap();
        (answer.status().as_u16(), answer.headers().get(OPEN).is_some())
    };
    assert_eq!(ask(Method::OPTIONS, "/me/").await, (204, true));
    assert_eq!(ask(Method::GET, "/me/").await, (401, true));
    assert_eq!(ask(Method::PUT, "/me/").await, (405, false));
    assert_eq!(ask(Method::OPTIONS, "/old").await, (200, false));
    assert_eq!(ask(Method::OPTIONS, "/docs").await, (405, false));
    assert_eq!(ask(Method::OPTIONS, "/nothing").await, (404, false));
}
