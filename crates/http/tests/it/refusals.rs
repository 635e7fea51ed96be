//! One format writes every refusal of a gate, and the gate keeps what a client must receive.

mod document;
mod limits;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Request;
use http_body_util::{Full, StreamBody};
use hyper::body::{Body, Frame};
use scopegate_http::credential::{Credential, CredentialCheck, CredentialVerifier};
use scopegate_http::domain::{ApiKeyLocation, ErrorCode};
use scopegate_http::input::{InputError, InvalidInput, Loaded};
use scopegate_http::policy::{CheckContext, Fact, Rule};
use scopegate_http::serde::Deserialize;
use scopegate_http::site::{BodyError, LocationStep, RefusalContext, RefusalFormat, RefusalKind, RefusalSchema};
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::utoipa::ToSchema;
use scopegate_http::warp::{self, Filter};
use scopegate_http::{
    ActiveUser, Catalog, Check, Gate, GateBuilder, Guard, Json, Path, ScopeToken, SecurityScheme, get, post,
};
use serde_json::{Value, json};

use crate::common::{self, Answered, ITEMS, ME, send, token, whole};

const MEDIA_TYPE: &str = "application/vnd.shop.error+json";

/// A format with a state. It writes all that it sees.
struct ShopErrors {
    shop: String,
}

impl RefusalFormat for ShopErrors {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        let missing: Vec<&str> = refusal.missing_scopes().iter().map(|scope| scope.as_str()).collect();
        let required: Vec<&str> = refusal.required_scopes().iter().map(ScopeToken::as_str).collect();
        let inputs: Vec<Value> = refusal
            .inputs
            .iter()
            .map(|input| {
                let steps: String = input.location().iter().map(LocationStep::to_path).collect();
                json!([input.kind(), input.place(), steps, input.message(), input.input()])
            })
            .collect();
        let error = json!({
            "kind": refusal.kind.as_str(),
            "status": refusal.status.as_u16(),
            "message": refusal.sentence,
            "code": refusal.code.map(ErrorCode::as_str),
            "request_id": refusal.request_id,
            "operation": refusal.operation,
            "required_scopes": required,
            "missing_scopes": missing,
            "inputs": inputs,
            "debug": format!("{refusal:?}"),
        });
        json!({ "shop": self.shop, "error": error }).to_string().into_bytes()
    }

    fn schema(&self) -> RefusalSchema {
        let fields = json!({ "$ref": "#/components/schemas/ShopField" });
        let schema = json!({ "type": "object", "properties": { "error": { "type": "object" }, "fields": fields } });
        RefusalSchema::new("ShopError", MEDIA_TYPE, schema).component("ShopField", json!({ "type": "object" }))
    }
}

fn shop() -> ShopErrors {
    ShopErrors {
        shop: "corner".to_owned(),
    }
}

/// Knows no credential, and does not answer for one of them.
struct Verifier;

impl CredentialVerifier for Verifier {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let is_down = credential.secret().expose() == "down";
        Box::pin(async move {
            if is_down {
                Err(StoreError::unavailable("password=hunter2 at /var/db"))
            } else {
                Ok(CredentialCheck::Invalid)
            }
        })
    }
}

#[derive(Debug)]
struct SecretHandshake;

impl Check for SecretHandshake {
    fn name(&self) -> &'static str {
        "secret_handshake"
    }

    fn passes(&self, _: &CheckContext<'_>) -> bool {
        false
    }
}

#[derive(Deserialize, ToSchema)]
struct Order {
    #[expect(dead_code, reason = "only its error counts")]
    count: u8,
}

async fn builder(format: impl RefusalFormat) -> GateBuilder {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ME, "")
        .scope(ITEMS, "")
        .scheme("basic", SecurityScheme::http_basic())
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "x-key"));
    let user = Guard::user().with_scheme("oauth");
    let with = |scheme: &str| Guard::authenticated().with_scheme(scheme);
    let ok = || async { "ok" };
    Gate::builder(catalog.build().unwrap())
        .refusals(format)
        .realm("corner shop")
        .bearer("oauth", common::verifier())
        .verifier("basic", Arc::new(Verifier))
        .verifier("key", Arc::new(Verifier))
        .users(common::users().await)
        .clock(common::clock())
        .body_limit(64)
        .body_timeout(Duration::from_secs(5))
        .operation(
            get("/both")
                .guard(Guard::requires([ME, ITEMS]))
                .named("read_both")
                .then(ok),
        )
        .operation(get("/active").guard(user.check(ActiveUser)).then(ok))
        .operation(get("/check").guard(with("oauth").check(SecretHandshake)).then(ok))
        .operation(
            get("/level")
                .guard(Guard::rule(Rule::All(vec![
                    Rule::Scope(ME),
                    Rule::Fact(Fact::Acr("high".into())),
                ])))
                .then(ok),
        )
        .operation(get("/basic").guard(with("basic")).then(ok))
        .operation(get("/key").guard(with("key")).then(ok))
        .operation(get("/orders/{id}").public().then(|_: Path<u32>| async { None::<&str> }))
        .operation(post("/orders").public().then(|_: Json<Order>| async { "ok" }))
        .operation(get("/panics").public().then(|| async {
            assert!(std::hint::black_box(false), "hunter2");
            "never"
        }))
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<String> {
    let request = Request::builder().method(method).uri(path);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.to_owned()).unwrap()
}

/// A request for each kind of refusals that needs no special body.
fn refused() -> Vec<(Request<String>, RefusalKind)> {
    use RefusalKind as Kind;
    let bearer = |scopes: &[_]| format!("Bearer {}", token("johndoe", scopes));
    let (full, alice) = (bearer(&[ME, ITEMS]), format!("Bearer {}", token("alice", &[])));
    let authorized = |path, value: &str| request("GET", path, &[("authorization", value)], "");
    let json = ("content-type", "application/json");
    vec![
        (request("GET", "/both", &[], ""), Kind::Unauthenticated),
        (authorized("/both", "Bearer swordfish"), Kind::InvalidToken),
        (authorized("/both", &bearer(&[ITEMS])), Kind::InsufficientScope),
        (authorized("/active", &alice), Kind::InactiveUser),
        (authorized("/check", &full), Kind::Forbidden),
        (authorized("/level", &full), Kind::StepUp),
        (authorized("/basic", "Basic swordfish"), Kind::MalformedBasic),
        // `stanley:swordfish`
        (
            authorized("/basic", "Basic c3RhbmxleTpzd29yZGZpc2g="),
            Kind::InvalidBasic,
        ),
        (
            request("GET", "/key", &[("x-key", "swordfish")], ""),
            Kind::InvalidCredential,
        ),
        (request("GET", "/key", &[("x-key", "down")], ""), Kind::Unavailable),
        (
            request(
                "GET",
                "/both",
                &[("authorization", "Bearer a"), ("authorization", &full)],
                "",
            ),
            Kind::RepeatedCredential,
        ),
        (request("GET", "/orders/many", &[], ""), Kind::InvalidInput),
        (
            request("POST", "/orders", &[json], r#"{"count": 300}"#),
            Kind::InvalidInput,
        ),
        (
            request("POST", "/orders", &[("content-type", "text/plain")], "1"),
            Kind::UnsupportedMediaType,
        ),
        (request("POST", "/orders", &[json], &"1".repeat(65)), Kind::BodyTooLarge),
        (request("GET", "/orders/7", &[], ""), Kind::NotFound),
        (request("GET", "/nothing", &[], ""), Kind::NotFound),
        (request("DELETE", "/both", &[], ""), Kind::MethodNotAllowed),
        (request("GET", "/panics", &[], ""), Kind::ServerFault),
        (
            request("GET", "/both", &[("host", "a"), ("host", "b")], ""),
            Kind::InvalidHost,
        ),
    ]
}

/// Checks what a refusal of any kind has.
fn assert_written(answered: &Answered, kind: RefusalKind) {
    let body = answered.json();
    let error = &body["error"];
    assert_eq!(error["kind"], kind.as_str(), "{body}");
    assert_eq!(answered.status, kind.status(), "{body}");
    assert_eq!(error["status"], answered.status.as_u16(), "{body}");
    assert_eq!(body["shop"], "corner");
    assert_eq!(error["request_id"].as_str(), answered.header("x-request-id"), "{body}");
    assert_eq!(answered.header("content-type"), Some(MEDIA_TYPE), "{body}");
    assert_eq!(answered.header("cache-control"), Some("no-store"), "{body}");
    // A check refuses for a reason that no credential changes.
    assert_eq!(
        !answered.challenges().is_empty(),
        answered.status == 401 || kind == RefusalKind::InsufficientScope || kind == RefusalKind::RepeatedCredential,
        "{body}"
    );
    assert_eq!(
        answered.header("allow").is_some(),
        kind == RefusalKind::MethodNotAllowed,
        "{body}"
    );
    assert_eq!(
        answered.header("retry-after").is_some(),
        kind == RefusalKind::Unavailable,
        "{body}"
    );
    // SECURITY: of the input a format sees what the client may read, and nothing of the operator.
    for secret in [
        "swordfish",
        "stanley",
        "hunter2",
        "handshake",
        "johndoe",
        "alice",
        "/var/db",
    ] {
        assert!(!answered.body.contains(secret), "{body}");
    }
}

async fn send_body<B>(gate: &Gate, body: B) -> Answered
where
    B: Body<Data = Bytes, Error = std::io::Error> + Send + 'static,
{
    let request = Request::post("/orders").header("content-type", "application/json");
    let response = hyper::service::Service::call(&gate.service(), request.body(body).unwrap()).await;
    whole(response.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn a_format_writes_every_kind_of_refusal() {
    let gate = builder(shop()).await.build().unwrap();
    let mut kinds = BTreeSet::new();
    for (request, kind) in refused() {
        assert_written(&send(&gate, request).await, kind);
        kinds.insert(kind.as_str());
    }
    let frame = |bytes: &'static [u8]| Ok(Frame::data(Bytes::from_static(bytes)));
    let broken = stream::iter([frame(b"{"), Err(std::io::Error::other("hunter2"))]);
    let slow = stream::iter([frame(b"{")]).chain(stream::pending());
    assert_written(
        &send_body(&gate, StreamBody::new(broken)).await,
        RefusalKind::IncompleteBody,
    );
    assert_written(&send_body(&gate, StreamBody::new(slow)).await, RefusalKind::BodyTimeout);
    assert_eq!(kinds.len() + 2, 20, "{kinds:?}");
}

#[tokio::test]
async fn filters_write_the_same_refusals() {
    let gate = builder(shop()).await.build().unwrap();
    let site = gate.site_filter();
    let filter = gate
        .filter()
        .or(warp::any().map(|| warp::Reply::into_response("the next filter")))
        .unify();
    for (request, kind) in refused() {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let mut service = warp::service(site.clone());
        let answered = tower_service::Service::call(&mut service, request.clone())
            .await
            .unwrap();
        assert_written(&whole(answered).await, kind);
        let mut service = warp::service(filter.clone());
        let answered = whole(
            tower_service::Service::call(&mut service, request.clone())
                .await
                .unwrap(),
        )
        .await;
        if request.uri().path() == "/nothing" || request.method() == "DELETE" {
            assert_eq!(answered.body, "the next filter");
        } else {
            assert_written(&answered, kind);
        }
    }
}

#[tokio::test]
async fn missing_scopes_are_those_that_the_token_lacks() {
    let gate = builder(shop()).await.build().unwrap();
    let both = json!(["me", "items"]);
    for (scopes, missing) in [
        (None, both.clone()),
        (Some(&[][..]), both.clone()),
        (Some(&[ITEMS][..]), json!(["me"])),
        (Some(&[ME][..]), json!(["items"])),
    ] {
        let bearer = scopes.map(|scopes| format!("Bearer {}", token("johndoe", scopes)));
        let header = bearer.as_deref().map(|value| ("authorization", value));
        let answered = send(&gate, request("GET", "/both", header.as_slice(), "")).await;
        let error = &answered.json()["error"];
        assert_eq!(error["missing_scopes"], missing, "{scopes:?}");
        assert_eq!(error["required_scopes"], both, "{scopes:?}");
        assert_eq!(error["operation"], "read_both");
        assert_eq!(error["code"] == "insufficient_scope", scopes.is_some());
    }
    // An invalid token has no scope. A refusal that is not about access requires none.
    let invalid = send(&gate, request("GET", "/both", &[("authorization", "Bearer x")], "")).await;
    assert_eq!(invalid.json()["error"]["missing_scopes"], both);
    let unknown = common::get(&gate, "/nothing").await.json();
    assert_eq!(unknown["error"]["required_scopes"], json!([]));
    assert_eq!(unknown["error"]["operation"], Value::Null);
}

#[tokio::test]
async fn input_errors_have_their_locations() {
    let gate = builder(shop()).await.build().unwrap();
    let path = common::get(&gate, "/orders/many").await.json();
    let message = "Input should be a valid integer, unable to parse string as an integer";
    assert_eq!(
        path["error"]["inputs"],
        json!([["int_parsing", "path", "/id", message, "many"]])
    );
    let body = request("POST", "/orders", &[("content-type", "application/json")], "{}");
    let body = send(&gate, body).await.json();
    assert_eq!(
        body["error"]["inputs"],
        json!([["missing", "body", "/count", "Field required", null]])
    );
}

#[tokio::test]
async fn errors_that_a_handler_returns_are_in_the_format() {
    let input = || InputError::from(InvalidInput::missing("body", Some("note")));
    let gate = builder(shop())
        .await
        .operation(
            get("/input")
                .public()
                .then(move || async move { Err::<&str, _>(input()) }),
        )
        .operation(
            get("/body")
                .public()
                .then(|| async { Err::<&str, _>(BodyError::TooLarge) }),
        )
        .build()
        .unwrap();
    assert_written(&common::get(&gate, "/input").await, RefusalKind::InvalidInput);
    assert_written(&common::get(&gate, "/body").await, RefusalKind::BodyTooLarge);
}

#[tokio::test]
async fn refused_resources_are_in_the_format() {
    async fn of_another_user(_: Path<u32>) -> Option<u32> {
        None
    }
    let route = |path| get(path).guard(Guard::requires([ME]).with_scheme("oauth"));
    let own = |Loaded(number): Loaded<u32>| async move { number.to_string() };
    let gate = builder(shop())
        .await
        .operation(route("/hidden/{id}").load(of_another_user).then(own))
        .operation(route("/seen/{id}").load(of_another_user).or_forbidden().then(own))
        .build()
        .unwrap();
    for (path, kind) in [
        ("/hidden/1", RefusalKind::NotFound),
        ("/seen/1", RefusalKind::Forbidden),
    ] {
        let answered = common::get_once_with(&gate, path, &token("johndoe", &[ME])).await;
        assert_written(&answered, kind);
    }
}

#[tokio::test]
async fn head_has_the_headers_of_a_refusal_and_no_body() {
    let gate = builder(shop()).await.build().unwrap();
    let gets = refused().into_iter().filter(|(request, _)| request.method() == "GET");
    // A panic ends the work that removes the body, and hyper sends none.
    for (mut request, kind) in gets.filter(|(_, kind)| *kind != RefusalKind::ServerFault) {
        let get = send(&gate, request.clone()).await;
        *request.method_mut() = http::Method::HEAD;
        let head = send(&gate, request).await;
        assert_eq!((head.status, head.body.as_str()), (kind.status(), ""), "{kind:?}");
        assert_eq!(head.header("content-type"), Some(MEDIA_TYPE), "{kind:?}");
        assert_eq!(head.challenges(), get.challenges(), "{kind:?}");
        assert_eq!(
            head.header("content-length"),
            Some(&*get.body.len().to_string()),
            "{kind:?}"
        );
    }
}
