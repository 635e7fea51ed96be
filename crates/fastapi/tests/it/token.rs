//! The token endpoint of the tutorial.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use scopegate_domain::{
    Account, Catalog, Client, ClientId, GrantType, PasswordHash, ScopeToken, Secret, SecretDigest, SecurityScheme,
    User, UserId, UserStatus, Username,
};
use scopegate_fastapi::{TutorialTokenEndpoint, gate_dialect, grant_dialect};
use scopegate_gate::{BodyError, Gate, GateError, RequestHead, SiteEndpoint};
use scopegate_grant::AuthorizationServer;
use scopegate_portal::TokenEndpoint;
use scopegate_store::{MemoryStore, Store};
use scopegate_token::{PayloadBuffer, Signer, SigningKey, TokenRules, Verifier};
use serde_json::{Value, json};

/// bcrypt of `secret`, cost 4.
const HASH: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";
const FORM: &str = "application/x-www-form-urlencoded";

fn key() -> SigningKey {
    SigningKey::hs256(&Secret::new("k".repeat(64))).unwrap()
}

async fn endpoint() -> TutorialTokenEndpoint {
    let client = Client::public(ClientId::parse("demo-app").unwrap(), "demo");
    endpoint_with(Some(client.with_grant_types([GrantType::Password]))).await
}

/// The endpoint with this client of all logins.
async fn endpoint_with(client: Option<Client>) -> TutorialTokenEndpoint {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    for (name, status) in [("johndoe", UserStatus::Active), ("alice", UserStatus::Disabled)] {
        let user = User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap());
        let user = user.with_scope("me items".parse().unwrap()).with_status(status);
        let password_hash = Some(PasswordHash::from_stored(HASH));
        store.users().add(Account { user, password_hash }).await.unwrap();
    }
    let id = ClientId::parse("demo-app").unwrap();
    if let Some(client) = client {
        let client = client.with_scope("me items".parse().unwrap());
        store.clients().add(client).await.unwrap();
    }
    let server = AuthorizationServer::builder(store, Signer::new(TokenRules::shared_secret(), key()), catalog())
        .password_grant(true)
        .dialect(grant_dialect())
        .build();
    TutorialTokenEndpoint::new(TokenEndpoint::new("/token", server), id)
}

fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ScopeToken::from_static("me"), "")
        .scope(ScopeToken::from_static("items"), "")
        .build()
        .unwrap()
}

async fn send(headers: &HeaderMap, body: impl Into<Bytes>) -> Response<Bytes> {
    send_to(endpoint().await, headers, body).await
}

async fn send_to(endpoint: TutorialTokenEndpoint, headers: &HeaderMap, body: impl Into<Bytes>) -> Response<Bytes> {
    let gate = Gate::builder(catalog()).dialect(gate_dialect());
    let gate = gate.site(endpoint).build().unwrap();
    let head = RequestHead::new(&Method::POST, "/token", headers);
    let routed = match gate.route(&head) {
        Ok(routed) => routed,
        Err(refusal) => panic!("the endpoint has a route: {refusal:?}"),
    };
    routed.answer_site(&head, body.into()).await
}

async fn ask(content_type: &'static str, body: &'static str) -> (StatusCode, HeaderMap, Value) {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    read(send(&headers, body).await)
}

fn read(response: Response<Bytes>) -> (StatusCode, HeaderMap, Value) {
    let (head, body) = response.into_parts();
    assert_eq!(head.headers.get(CACHE_CONTROL).unwrap(), "no-store");
    assert_eq!(head.headers.get(PRAGMA).unwrap(), "no-cache");
    assert_eq!(head.headers.get(CONTENT_TYPE).unwrap(), "application/json");
    (head.status, head.headers, serde_json::from_slice(&body).unwrap())
}

fn claims_of(body: &Value) -> Value {
    let token = body.get("access_token").and_then(Value::as_str).unwrap();
    let verifier = Verifier::new(TokenRules::shared_secret(), key().verifying_key());
    let now = scopegate_domain::Clock::now(&scopegate_domain::SystemClock);
    let mut scratch = PayloadBuffer::new();
    let claims = verifier.verify(token, now, &mut scratch).unwrap();
    json!({
        "sub": claims.subject(),
        "scopes": claims.scopes().collect::<Vec<_>>(),
        "has_iat": claims.issued_at().is_some(),
        "has_jti": claims.token_id().is_some(),
        "client_id": claims.client_id(),
    })
}

#[tokio::test]
async fn token_response_has_two_members() {
    let form = "username=johndoe&password=secret&scope=items+me%20items+admin";
    let (status, _, body) = ask(FORM, form).await;
    let access_token = body.get("access_token").and_then(Value::as_str).unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, json!({ "access_token": access_token, "token_type": "bearer" }));
    let expected = json!({
        "sub": "johndoe", "scopes": ["items", "me", "items"], "has_iat": true, "has_jti": true, "client_id": null,
    });
    assert_eq!(claims_of(&body), expected);
}

#[tokio::test]
async fn disabled_user_gets_a_token_without_scopes() {
    let (status, _, body) = ask(FORM, "username=alice&password=secret").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(claims_of(&body)["sub"], "alice");
    assert_eq!(claims_of(&body)["scopes"], json!([]));
}

#[tokio::test]
async fn client_codings_and_repeated_fields_are_ignored() {
    let form = "username=nobody&client_id=nobody&client_secret=x&x=y&x=y&username=johndoe&password=secret";
    for (name, value) in [
        (AUTHORIZATION, "Basic bm9ib2R5Ong="),
        (AUTHORIZATION, "nonsense"),
        (CONTENT_ENCODING, "gzip"),
        (CONTENT_TYPE, "application/json"),
    ] {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
        headers.append(&name, HeaderValue::from_static(value));
        assert_eq!(send(&headers, form).await.status(), StatusCode::OK, "{name}: {value}");
    }
    let multipart = "--b\r\nContent-Disposition: form-data; name=username\r\n\r\njohndoe\r\n\
                     --b\r\nContent-Disposition: form-data; name=password\r\n\r\nsecret\r\n--b--\r\n";
    let (status, ..) = ask("multipart/form-data; boundary=b", multipart).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn other_grant_types_are_answered_by_the_inner_endpoint() {
    for (grant_type, refused) in [
        ("authorization_code", "unsupported_grant_type"),
        ("client_credentials", "unauthorized_client"),
        ("refresh_token", "unsupported_grant_type"),
    ] {
        for (client, status, error) in [
            ("&client_id=demo-app", 400, refused),
            ("&x=1&x=2", 400, "invalid_request"),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
            let form = format!("grant_type={grant_type}&username=johndoe&password=secret{client}");
            let (answered, _, body) = read(send(&headers, form).await);
            assert_eq!(
                (answered.as_u16(), &body["error"]),
                (status, &json!(error)),
                "{grant_type}"
            );
        }
    }
}

#[tokio::test]
async fn incomplete_body_has_a_detail() {
    for (error, status, detail) in [
        (BodyError::Incomplete, 400, "Bad Request"),
        (BodyError::TooLarge, 413, "Payload Too Large"),
        (BodyError::TooSlow, 408, "Request Timeout"),
    ] {
        let (answered, _, body) = read(endpoint().await.body_error(0, error).unwrap());
        assert_eq!((answered.as_u16(), body), (status, json!({ "detail": detail })));
    }
}

#[tokio::test]
async fn login_is_refused_in_the_words_of_the_tutorial() {
    let missing = |field| json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null });
    let pattern = json!({
        "type": "string_pattern_mismatch",
        "loc": ["body", "grant_type"],
        "msg": "String should match pattern '^password$'",
        "input": "x",
        "ctx": { "pattern": "^password$" },
    });
    let multipart = "multipart/form-data; boundary=b";
    for (content_type, form, status, detail) in [
        (
            FORM,
            "username=johndoe&password=x",
            400,
            json!("Incorrect username or password"),
        ),
        (
            FORM,
            "grant_type=x&username=johndoe",
            422,
            json!([pattern, missing("password")]),
        ),
        (
            "application/json",
            "{}",
            422,
            json!([missing("username"), missing("password")]),
        ),
        (multipart, "username=johndoe", 400, json!("Invalid multipart data.")),
        ("multipart/form-data", "", 400, json!("Missing boundary in multipart.")),
    ] {
        let (answered, headers, body) = ask(content_type, form).await;
        assert_eq!(
            (answered.as_u16(), body),
            (status, json!({ "detail": detail })),
            "{form}"
        );
        assert!(!headers.contains_key(WWW_AUTHENTICATE));
    }
}

#[tokio::test]
async fn refused_client_of_all_logins_is_reported() {
    let public = || Client::public(ClientId::parse("demo-app").unwrap(), "demo");
    let form = "username=johndoe&password=secret";
    let wrong = "username=johndoe&password=wrong";
    let foreign = "grant_type=client_credentials&client_id=nobody&client_secret=x";
    let usable = || public().with_grant_types([GrantType::Password]);
    for (client, form, expected) in [
        (None, form, 1),
        (Some(public()), form, 1),
        (Some(public().with_secret(SecretDigest::from_bytes([1; 32]))), form, 1),
        (Some(usable()), form, 0),
        (Some(usable()), wrong, 0),
        // The request names this client itself.
        (None, foreign, 0),
    ] {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let endpoint = endpoint_with(client.clone()).await;
        let endpoint = endpoint.on_refused_client(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
        let answer = send_to(endpoint, &headers, form).await;
        assert_eq!(count.load(Ordering::Relaxed), expected, "{client:?} {form}: {answer:?}");
    }
}

#[tokio::test]
async fn endpoint_and_gate_must_name_users_alike() {
    let built = Gate::builder(catalog()).site(endpoint().await).build();
    assert!(matches!(built, Err(GateError::SubjectClaim { .. })), "{built:?}");
    let alike = Gate::builder(catalog()).dialect(gate_dialect());
    assert!(alike.site(endpoint().await).build().is_ok());
}
