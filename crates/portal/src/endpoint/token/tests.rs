//! Tests of the token endpoint: each answer and each refusal.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};
use scopegate_domain::{
    Account, Catalog, Client, ClientId, Lifetime, PasswordHash, ScopeToken, Secret, SecurityScheme, User, UserId,
    Username,
};
use scopegate_grant::{
    ClientCredentials, GrantError, InvalidClientCause, InvalidRequestCause, InvalidScopeCause, Unavailable,
};
use scopegate_store::{MemoryStore, Store, StoreError};
use scopegate_token::{Signer, SigningKey, TokenRules};
use serde_json::{Value, json};

use super::*;
use crate::problem::{incomplete, refusal};

/// bcrypt of `secret`, cost 4.
const HASH: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";
const FORM: &str = "application/x-www-form-urlencoded";

async fn server() -> AuthorizationServer {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let demo_app = ClientId::parse("demo-app").unwrap();
    let user = User::new(UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
    let user = user.with_scope("me items".parse().unwrap());
    store
        .users()
        .add(Account {
            user,
            password_hash: Some(PasswordHash::from_stored(HASH)),
        })
        .await
        .unwrap();
    let client = Client::public(demo_app, "demo").with_grant_types([GrantType::Password]);
    store
        .clients()
        .add(client.with_scope("me items".parse().unwrap()))
        .await
        .unwrap();
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ScopeToken::from_static("me"), "")
        .scope(ScopeToken::from_static("items"), "");
    let key = SigningKey::hs256(&Secret::new("k".repeat(64))).unwrap();
    let signer = Signer::new(TokenRules::shared_secret(), key);
    let builder = AuthorizationServer::builder(store, signer, catalog.build().unwrap()).password_grant(true);
    builder.build()
}

async fn ask(content_type: &'static str, body: &'static str) -> (StatusCode, HeaderMap, Value) {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    read(ask_with(&server().await, &headers, body.as_bytes()).await)
}

async fn ask_with(server: &AuthorizationServer, headers: &HeaderMap, body: &[u8]) -> Response<Bytes> {
    match ClientRequest::parse(headers, body, scopegate_grant::RequestOrigin::default()) {
        Ok(request) => token(server, request).await,
        Err(refusal) => *refusal,
    }
}

fn read(response: Response<Bytes>) -> (StatusCode, HeaderMap, Value) {
    let (head, body) = response.into_parts();
    assert_eq!(head.headers.get(CACHE_CONTROL).unwrap(), "no-store");
    assert_eq!(head.headers.get(PRAGMA).unwrap(), "no-cache");
    assert_eq!(head.headers.get(CONTENT_TYPE).unwrap(), "application/json");
    (head.status, head.headers, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn token_response_has_four_members() {
    let form = "grant_type=password&client_id=demo-app&username=johndoe&password=secret&scope=me+admin";
    let (status, _, body) = ask(FORM, form).await;
    let access_token = body.get("access_token").and_then(Value::as_str).unwrap();
    assert_eq!(status, StatusCode::OK);
    // A part of the first second is over, and what the login took.
    let expires_in = body.get("expires_in").and_then(Value::as_u64).unwrap();
    assert!((500..600).contains(&expires_in), "{expires_in}");
    let members = json!({
        "access_token": access_token, "token_type": "Bearer", "expires_in": expires_in, "scope": "me",
    });
    assert_eq!(body, members);
}

#[tokio::test]
async fn refusal_has_a_code() {
    let (status, _, body) = ask("application/json", "{}").await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(body.get("error"), Some(&json!("invalid_request")));
    for (content_type, form, error) in [
        (FORM, "", "invalid_request"),
        (FORM, "grant_type=x", "unsupported_grant_type"),
        (
            FORM,
            "grant_type=password&client_id=demo-app&username=johndoe&password=x",
            "invalid_grant",
        ),
    ] {
        let (status, _, body) = ask(content_type, form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(body.get("error"), Some(&json!(error)), "{form}");
        assert!(body.get("error_description").is_some_and(Value::is_string));
    }
}

#[tokio::test]
async fn a_body_that_is_not_whole_is_refused_as_all_else_is() {
    for (cause, status) in [
        (BodyError::Incomplete, 400),
        (BodyError::TooLarge, 413),
        (BodyError::TooSlow, 408),
    ] {
        let (answered, _, body) = read(incomplete(cause));
        assert_eq!(
            (answered.as_u16(), body.get("error")),
            (status, Some(&json!("invalid_request")))
        );
    }
}

#[tokio::test]
async fn a_client_that_fails_to_authenticate_is_challenged() {
    let server = server().await;
    let body = Bytes::from_static(b"grant_type=password&username=johndoe&password=secret");
    for (credentials, status) in [
        ("", 400),
        ("Basic Og==", 400),
        ("Bearer x", 401),
        ("Basic !", 401),
        ("Basic ZGVtby1hcHA6eA==", 401),
        ("Basic bm9ib2R5Og==", 401),
        ("Basic ZGVtby1hcHA6", 200),
    ] {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
        if !credentials.is_empty() {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(credentials));
        }
        let (answered, headers, body) = read(ask_with(&server, &headers, &body).await);
        assert_eq!(answered.as_u16(), status, "{credentials}");
        if status != 200 {
            assert_eq!(body.get("error"), Some(&json!("invalid_client")), "{credentials}");
        }
        let challenge = headers.get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap());
        assert_eq!(
            challenge,
            (status == 401).then_some(r#"Basic realm="token", charset="UTF-8""#)
        );
    }
}

#[tokio::test]
async fn a_client_that_the_form_names_is_refused_without_a_challenge() {
    let refused = "client is unknown, or it did not authenticate as it is registered";
    for (client, description) in [
        ("", "`client_id` is missing"),
        ("&client_id=", "`client_id` is missing"),
        ("&client_secret=x", "`client_id` is missing"),
        ("&client_id=nobody", refused),
        ("&client_id=nobody&client_secret=x", refused),
        ("&client_id=demo-app&client_secret=x", refused),
    ] {
        let form = format!("grant_type=password&username=johndoe&password=secret{client}");
        for empty in [None, Some("Basic Og==")] {
            let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
            headers.extend(empty.map(|empty| (AUTHORIZATION, HeaderValue::from_static(empty))));
            let server = server().await;
            let (status, headers, body) = read(ask_with(&server, &headers, form.as_bytes()).await);
            assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
            assert!(!headers.contains_key(WWW_AUTHENTICATE), "{form}");
            let told = json!({ "error": "invalid_client", "error_description": description });
            assert_eq!(body, told, "{form}");
        }
    }
}

#[tokio::test]
async fn every_refusal_has_its_status_and_shows_no_cause() {
    let outage = Unavailable::Store(StoreError::unavailable("disk /var/lib is full"));
    let malformed = "a  b".parse::<Scope>().unwrap_err();
    for (error, status) in [
        (GrantError::InvalidRequest(InvalidRequestCause::Repeated), 400),
        (GrantError::InvalidClient(InvalidClientCause::Refused), 400),
        (GrantError::InvalidGrant, 400),
        (GrantError::UnauthorizedClient, 400),
        (GrantError::UnsupportedGrantType, 400),
        (GrantError::InvalidScope(InvalidScopeCause::Malformed(malformed)), 400),
        (
            GrantError::Busy {
                retry_after: Lifetime::from_seconds(2),
            },
            503,
        ),
        (
            GrantError::Throttled {
                retry_after: Lifetime::from_seconds(30),
            },
            429,
        ),
        (GrantError::Unavailable(outage), 503),
        (GrantError::Corrupt(StoreError::corrupt("disk /var/lib is odd")), 500),
    ] {
        let (answered, headers, body) = read(refusal(&error, &ClientCredentials::Absent));
        assert_eq!(answered.as_u16(), status, "{error}");
        assert_eq!(body.get("error"), Some(&json!(error.code().as_str())));
        assert!(!body.to_string().contains("disk"));
        assert_eq!(headers.contains_key(RETRY_AFTER), matches!(status, 429 | 503));
        if matches!(error, GrantError::InvalidClient(_)) {
            let refused = refusal(&error, &ClientCredentials::Malformed);
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        }
        let description = body.get("error_description").and_then(Value::as_str).unwrap();
        assert!(
            description
                .bytes()
                .all(|byte| matches!(byte, 0x20..=0x7E) && !matches!(byte, b'"' | b'\\'))
        );
    }
}
