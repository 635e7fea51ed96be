//! Malformed paths, methods and credentials: one decoding, one look-up, then the guard.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use proptest::prelude::*;
use scopegate_http::{ActiveUser, Catalog, Gate, Guard, Json, Path, Permit, get, policy::Method, post, route, warp};

use crate::common::{self, Answered, ITEMS, ME, Profile, get_with, send, token};

async fn site(profile: Profile) -> Gate {
    common::gate(profile)
        .await
        .operation(get("/users/me/").guard(Guard::requires([ME])).then(|| async { "me" }))
        .operation(
            get("/users/{id}/")
                .guard(Guard::requires([ITEMS]))
                .then(|Path(id): Path<String>| async { id }),
        )
        .operation(
            post("/users/{id}/")
                .public()
                .then(|Path(name): Path<String>| async { name }),
        )
        .operation(get("/open").public().then(|| async { "open" }))
        .operation(
            get("/any/{*rest}")
                .public()
                .then(|Path(rest): Path<String>| async { rest }),
        )
        .build()
        .unwrap()
}

async fn ask(gate: &Gate, method: &str, path: &str) -> Answered {
    send(
        gate,
        Request::builder().method(method).uri(path).body(String::new()).unwrap(),
    )
    .await
}

#[tokio::test]
async fn unknown_paths_are_404() {
    let gate = site(Profile::Tutorial).await;
    for path in [
        "/",
        "/Open",
        "/open/x",
        "//open",
        "/%2Fopen",
        "/users//",
        "/open%00",
        "/users/x//",
        "/%FF",
        "/open%C0",
    ] {
        let answered = common::get(&gate, path).await;
        assert_eq!(
            (answered.status.as_u16(), answered.body.as_str()),
            (404, r#"{"detail":"Not Found"}"#),
            "{path}"
        );
    }
}

#[tokio::test]
async fn other_methods_are_405_and_say_which_would_do() {
    for (profile, body, get) in [
        (Profile::Tutorial, r#"{"detail":"Method Not Allowed"}"#, "GET"),
        (Profile::Rfc, "", "GET, HEAD"),
    ] {
        let gate = site(profile).await;
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "BREW"] {
            let answered = ask(&gate, method, "/open").await;
            assert_eq!(
                (answered.status.as_u16(), answered.header("allow")),
                (405, Some(get)),
                "{method}"
            );
            assert!(body.is_empty() || answered.body == body);
        }
        assert_eq!(
            ask(&gate, "DELETE", "/users/x/").await.header("allow"),
            Some(&*format!("{get}, POST"))
        );
    }
}

#[tokio::test]
async fn head_is_get_without_a_body_and_with_its_guard() {
    let gate = site(Profile::Rfc).await;
    for (path, authorization) in [
        ("/open", None),
        ("/users/x/", None),
        ("/users/x/", Some("Bearer no.good.token")),
        ("/any/x", None),
        ("/open/", None),
        ("/nothing", None),
    ] {
        let request = |method: &str| {
            let request = Request::builder().method(method).uri(path);
            let request = authorization
                .iter()
                .fold(request, |request, value| request.header("authorization", *value));
            request.body(String::new()).unwrap()
        };
        let mut get = send(&gate, request("GET")).await;
        let mut head = send(&gate, request("HEAD")).await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        let length = head.headers.remove("content-length");
        let length = length.map(|length| length.to_str().unwrap().to_owned());
        assert_eq!(length, Some(get.body.len().to_string()), "{path}");
        for answered in [&mut get, &mut head] {
            answered.headers.remove("content-length");
            answered.headers.remove("x-request-id");
        }
        assert_eq!(head.headers, get.headers, "{path}");
    }
}

#[tokio::test]
async fn head_is_405_in_the_tutorial_unless_declared() {
    let gate = site(Profile::Tutorial).await;
    let head = ask(&gate, "HEAD", "/open").await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (405, ""));
    let gate = Gate::builder(Catalog::builder().build().unwrap())
        .operation(get("/x").public().then(|| async { "long" }))
        .operation(route(Method::Head, "/x").public().then(|| async { "a" }))
        .build()
        .unwrap();
    assert_eq!(ask(&gate, "HEAD", "/x").await.header("content-length"), Some("1"));
    assert_eq!(ask(&gate, "PUT", "/x").await.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn a_missing_or_surplus_slash_is_a_redirect() {
    let gate = site(Profile::Tutorial).await;
    for method in ["GET", "HEAD", "POST", "PUT"] {
        for (path, location) in [
            ("/users/me", "/users/me/"),
            ("/users/me?a=%2F&b", "/users/me/?a=%2F&b"),
            ("/users/me?", "/users/me/"),
            ("/open/", "/open"),
            ("/open//", "/open"),
            ("/users%2Fme", "/users/me/"),
            ("/users/a%20b", "/users/a%20b/"),
        ] {
            let answered = ask(&gate, method, path).await;
            assert_eq!(
                (answered.status.as_u16(), answered.redirected(path).as_deref()),
                (307, Some(location)),
                "{method} {path}"
            );
            assert_eq!(answered.body, "");
        }
    }
}

#[tokio::test]
async fn redirect_stays_on_this_host() {
    let rest = get("/{*rest}").public().then(|Path(rest): Path<String>| async { rest });
    let segments = get("/{one}/{two}/").public();
    let segments = segments.then(|Path((one, two)): Path<(String, String)>| async move { one + &two });
    for operation in [rest, segments] {
        let gate = common::gate(Profile::Rfc).await.operation(operation).build().unwrap();
        for path in [
            "//evil.example",
            "//evil.example/",
            "//evil.example/x",
            "/%2Fevil.example/x",
            "/%5Cevil.example/x",
        ] {
            let answered = common::get(&gate, path).await;
            let location = answered.header("location").unwrap_or("./here");
            let behind = location.trim_start_matches("../");
            assert!(
                location.starts_with("./") || (behind != location && !behind.starts_with(['/', '\\'])),
                "{path}: {location}"
            );
        }
    }
}

#[tokio::test]
async fn a_path_is_decoded_before_it_is_looked_up() {
    let gate = site(Profile::Tutorial).await;
    // For any spelling of `me`, the guard of `/users/me/` applies, not that of `/users/{id}/`.
    let items = token("johndoe", &[ITEMS]);
    for path in [
        "/users/me/",
        "/users/%6de/",
        "/users/%6D%65/",
        "/%75sers/me%2F",
        "/users%2fme/",
    ] {
        let answered = get_with(&gate, path, &items).await;
        assert_eq!(answered.challenges(), [r#"Bearer scope="me""#], "{path}");
    }
    // A decoded value is not decoded again, and the handler gets the sent value.
    for (path, id) in [
        ("/users/%256de/", "%6de"),
        ("/users/m%C3%A9/", "mé"),
        ("/users/.%2e/", ".."),
        ("/users/a+b/", "a+b"),
    ] {
        assert_eq!(get_with(&gate, path, &items).await.body, id, "{path}");
    }
}

#[tokio::test]
async fn an_optional_operation_knows_who_calls_and_refuses_bad_tokens() {
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(get("/hello").guard(Guard::user()).optional().then(
            |user: Option<scopegate_http::CurrentUser>| async move {
                user.map_or_else(|| "stranger".to_owned(), |user| user.username().to_string())
            },
        ))
        .build()
        .unwrap();
    assert_eq!(common::get(&gate, "/hello").await.body, "stranger");
    assert_eq!(get_with(&gate, "/hello", &token("johndoe", &[])).await.body, "johndoe");
    assert_eq!(get_with(&gate, "/hello", &token("nobody", &[])).await.status, 401);
    assert_eq!(get_with(&gate, "/hello", "x").await.status, 401);
}

#[tokio::test]
async fn public_operation_reads_no_credential() {
    let gate = site(Profile::Rfc).await;
    assert_eq!(get_with(&gate, "/open", "x").await.body, "open");
}

#[tokio::test]
async fn a_handler_sees_what_was_required_and_what_was_granted() {
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(
            get("/x")
                .guard(Guard::requires([ME]))
                .then(|permit: Permit| async move {
                    let words = |list: Vec<&scopegate_http::ScopeToken>| {
                        list.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(" ")
                    };
                    format!(
                        "{} of {}",
                        words(permit.required().iter().collect()),
                        words(permit.granted().collect())
                    )
                }),
        )
        .build()
        .unwrap();
    assert_eq!(
        get_with(&gate, "/x", &token("johndoe", &[ITEMS, ME])).await.body,
        "me of me items"
    );
}

#[tokio::test]
async fn users_are_queried_only_for_guards_with_a_user() {
    let gate = site(Profile::Rfc).await;
    assert_eq!(
        get_with(&gate, "/users/me/", &token("nobody at all", &[ME])).await.body,
        "me"
    );
}

#[tokio::test]
async fn a_body_is_not_touched_before_the_guard() {
    let polled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polled);
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(
            post("/x")
                .guard(Guard::requires([ME]))
                .then(|Json(n): Json<u8>| async move { n.to_string() }),
        )
        .build()
        .unwrap();
    let stream = futures_util::stream::poll_fn(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        std::task::Poll::Ready(None::<Result<hyper::body::Frame<bytes::Bytes>, std::convert::Infallible>>)
    });
    let request = Request::post("/x")
        .body(http_body_util::StreamBody::new(stream))
        .unwrap();
    let response = hyper::service::Service::call(&gate.service(), request).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(polled.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn panics_are_500_without_a_word() {
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(get("/late").public().then(late))
        .operation(get("/early").public().then(|| {
            assert!(std::hint::black_box(false), "hunter2");
            async { "never" }
        }))
        .build()
        .unwrap();
    for path in ["/late", "/early"] {
        let answered = common::get(&gate, path).await;
        assert_eq!(answered.status, 500);
        assert!(!answered.body.contains("hunter2"), "{}", answered.body);
    }
}

async fn late() -> &'static str {
    panic!("hunter2")
}

#[tokio::test]
async fn five_hundred_operations_are_one_table() {
    let mut builder = common::gate(Profile::Rfc).await;
    for index in 0..500 {
        let answer = move |Path(id): Path<u32>| async move { format!("{index}:{id}") };
        builder = builder.operation(get(format!("/r{index}/{{id}}")).public().then(answer));
    }
    let gate = builder.build().unwrap();
    assert_eq!(common::get(&gate, "/r499/7").await.body, "499:7");
    assert_eq!(gate.operations().operations().len(), 500);
}

struct OwnBody;

impl scopegate_http::input::Input for OwnBody {
    type Reads = scopegate_http::input::WholeBody;

    fn read(_: &mut scopegate_http::input::RequestParts<'_>) -> Result<Self, scopegate_http::input::InputError> {
        Ok(Self)
    }

    fn describe(_: &mut scopegate_http::answer::OperationDescription) {}
}

#[test]
fn faults_of_a_template_or_a_body_are_errors_when_it_is_built() {
    let told = |operation: scopegate_http::HandledOperation| {
        let builder = Gate::builder(Catalog::builder().build().unwrap());
        let also = get("/p/{id}").public().then(|Path(_): Path<u8>| async { "" });
        builder.operations([also, operation]).build().unwrap_err().to_string()
    };
    let open = || async { "" };
    for (template, says) in [
        ("noslash", "begin it with a slash"),
        ("/n/:id", "write it in braces"),
        ("/a//b", "two slashes"),
        ("/a?b=c", "a query or a fragment"),
    ] {
        let error = told(get(template).public().then(open));
        assert!(
            error.contains(&format!("`GET {template}`")) && error.contains(says),
            "{error}"
        );
    }
    assert_eq!(
        told(post("/p/{name}").public().then(|Path(_): Path<u8>| async { "" })),
        "`POST /p/{name}` has other parameter names in its template than `GET /p/{id}`; use the same names"
    );
    let error = told(get("/x").public().then(|Json(_): Json<u8>| async { "" }));
    assert!(error.contains("`GET /x` reads a body"), "{error}");
    let own = route(Method::Head, "/x").public().then(|_: OwnBody| async { "" });
    assert!(told(own).contains("`HEAD /x` reads a body"));
}

#[tokio::test]
async fn faults_of_a_declaration_are_errors_when_it_is_built() {
    let told = |builder: scopegate_http::GateBuilder| builder.build().unwrap_err().to_string();
    let open = || async { "" };
    let with_user = |_: scopegate_http::CurrentUser| async { "" };
    let base = || common::gate(Profile::Rfc);
    let unknown = scopegate_http::ScopeToken::from_static("unknown");

    assert_eq!(
        told(
            base()
                .await
                .operation(get("/a").guard(Guard::requires([unknown])).then(open))
        ),
        "`GET /a` requires scope `unknown`, which is not declared"
    );
    assert_eq!(
        told(
            base()
                .await
                .operation(get("/a").guard(Guard::requires([ME])).then(with_user))
        ),
        "the handler of `GET /a` takes a user, but its guard requires none; add `Guard::user()`"
    );
    assert_eq!(
        told(Gate::builder(common::catalog()).operation(get("/a").guard(Guard::user().check(ActiveUser)).then(open))),
        "`GET /a` requires a user, and the gate has no users; add them by `GateBuilder::users`"
    );
    assert_eq!(
        told(Gate::builder(common::catalog()).operation(get("/a").guard(Guard::requires([ME])).then(open))),
        "`GET /a` requires a credential for which the gate has no verifier; add one for scheme `OAuth2PasswordBearer` by \
         `GateBuilder::bearer` or `GateBuilder::verifier`"
    );
    assert_eq!(
        told(
            base()
                .await
                .operation(get("/{a}/{b}").public().then(|Path(_): Path<u8>| async { "" }))
        ),
        "the template of `GET /{a}/{b}` has 2 parameters, and its handler takes 1"
    );
    assert_eq!(
        told(base().await.operation(get("/{a}").public().then(open))),
        "the template of `GET /{a}` has 1 parameter, and its handler takes 0"
    );
    assert_eq!(
        told(base().await.operation(get("/docs").public().then(open)).docs()),
        "`GET /docs` cannot be routed: another route has the same method and path"
    );
    assert_eq!(
        told(base().await.bearer("other", verifier())),
        "scheme `other` has a verifier and is not declared"
    );
}

fn verifier() -> scopegate_http::token::Verifier {
    use scopegate_http::domain::Secret;
    use scopegate_http::token::{SigningKey, TokenRules, Verifier};
    let key = SigningKey::hs256(&Secret::new(String::from("another secret text of thirty-two"))).unwrap();
    Verifier::new(TokenRules::shared_secret(), key.verifying_key())
}

#[tokio::test]
async fn the_docs_answer_get_and_head() {
    let gate = common::gate(Profile::Tutorial)
        .await
        .operation(get("/a").public().then(|| async { "" }))
        .docs()
        .build()
        .unwrap();
    for path in [
        "/openapi.json",
        "/docs",
        "/redoc",
        "/docs/oauth2-redirect",
        "/docs/assets/docs.js",
    ] {
        let shown = common::get(&gate, path).await;
        assert_eq!(shown.status, 200, "{path}");
        let head = ask(&gate, "HEAD", path).await;
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""), "{path}");
        assert_eq!(
            head.header("content-length"),
            Some(&*shown.body.len().to_string()),
            "{path}"
        );
        assert_eq!(head.header("content-type"), shown.header("content-type"));
        assert_eq!(
            ask(&gate, "POST", path).await.header("allow"),
            Some("GET, HEAD"),
            "{path}"
        );
    }
    assert_eq!(common::get(&gate, "/docs/").await.header("location"), Some("../docs"));
    assert_eq!(
        common::get(&gate, "/docs/assets/..%2f..%2fCargo.toml").await.status,
        404
    );
}

/// One segment, each character written as itself or percent-encoded, in either case.
fn spelled(segment: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec(0u8..3, segment.len()).prop_map(move |ways| {
        let written = segment.bytes().zip(ways).map(|(byte, way)| match way {
            0 => char::from(byte).to_string(),
            1 => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        });
        written.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any spelling of a path meets the same guard: that of the operation that it names when
    /// decoded once.
    #[test]
    fn one_decoding_one_look_up_then_the_guard(path in spelled("users/me/"), other in "[a-z%2-7]{1,6}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let gate = site(Profile::Rfc).await;
            // A request target begins with a slash that is written as one.
            let path = format!("/{path}");
            let answered = get_with(&gate, &path, &token("johndoe", &[ITEMS])).await;
            prop_assert_eq!(answered.status.as_u16(), 403, "{}", path);
            let challenge = answered.challenges().concat();
            prop_assert!(challenge.ends_with("scope=\"me\""), "{}", challenge);

            // Any other segment is either `me` when decoded, or guarded as `/users/{id}/`.
            let decoded = percent_encoding::percent_decode_str(&other).decode_utf8();
            let answered = get_with(&gate, &format!("/users/{other}/"), &token("johndoe", &[ITEMS])).await;
            match decoded {
                Ok(id) if id == "me" => prop_assert_eq!(answered.status.as_u16(), 403),
                Ok(id) if !id.contains('/') => prop_assert_eq!(answered.body, id),
                _ => prop_assert_eq!(answered.status.as_u16(), 404, "{}", other),
            }
            Ok(())
        })?;
    }

    /// No header causes a panic, and only a valid token grants access.
    #[test]
    fn no_header_opens_it(value in proptest::collection::vec(0x20u8..=0xFF, 0..60), prefix in "(Bearer |bearer|BEARER  |Basic )?") {
        let value = [prefix.as_bytes(), &value].concat();
        let Ok(value) = http::HeaderValue::from_bytes(&value) else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for profile in [Profile::Rfc, Profile::Tutorial] {
                let gate = site(profile).await;
                let request = Request::get("/users/me/").header("authorization", value.clone());
                let answered = send(&gate, request.body(String::new()).unwrap()).await;
                prop_assert_eq!(answered.status.as_u16(), 401);
                let good = format!("Bearer {}", token("johndoe", &[ME]));
                let request = Request::get("/users/me/").header("authorization", good);
                let answered = send(&gate, request.body(String::new()).unwrap()).await;
                prop_assert_eq!(answered.status.as_u16(), 200);
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_gate_can_be_shared_and_served() {
    fn is_shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let gate = Gate::builder(common::catalog()).build().unwrap();
    is_shared(&gate);
    is_shared(&gate.service());
    is_shared(&gate.filter());
    is_shared(&gate.site_filter());
    let _server = warp::serve(gate.site_filter());
}
