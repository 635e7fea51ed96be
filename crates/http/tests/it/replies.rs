//! Every refusal in both profiles: status, challenge, body.

use std::sync::Arc;

use http::Request;
use scopegate_http::domain::{Account, PasswordHash, Scope, User, UserId, UserStatus, Username};
use scopegate_http::store::{BoxFuture, PasswordScheme, StoreError, Users};
use scopegate_http::{ActiveUser, Gate, Guard, answer::AnyJson, get};
use serde_json::json;

use crate::common::{self, Answered, ITEMS, ME, Profile, get_with, send, token};

/// The tutorial's three operations.
async fn tutorial(profile: Profile) -> Gate {
    let user = Guard::user();
    let active = Guard::requires([ME]).check(ActiveUser).depends_on(&user);
    let ok = || async { AnyJson(json!("ok")) };
    common::gate(profile)
        .await
        .info("items \"live\"", "1")
        .operation(get("/users/me/").guard(&active).then(ok))
        .operation(
            get("/users/me/items/")
                .guard(Guard::requires([ITEMS]).depends_on(&active))
                .then(ok),
        )
        .operation(get("/status/").guard(&user).then(ok))
        .operation(get("/nobody").guard(Guard::deny()).then(ok))
        .build()
        .unwrap()
}

fn row(answered: &Answered) -> (u16, Vec<&str>, &str) {
    (answered.status.as_u16(), answered.challenges(), &answered.body)
}

const ITEMS_ME: &str = r#"Bearer scope="items me""#;

#[tokio::test]
async fn the_tutorial_byte_for_byte() {
    let gate = tutorial(Profile::Tutorial).await;
    let items = "/users/me/items/";
    let ask = |path, token: String| {
        let gate = &gate;
        async move { get_with(gate, path, &token).await }
    };
    let not_authenticated = r#"{"detail":"Not authenticated"}"#;
    let not_validated = r#"{"detail":"Could not validate credentials"}"#;
    let not_enough = r#"{"detail":"Not enough permissions"}"#;
    assert_eq!(
        row(&common::get(&gate, items).await),
        (401, vec!["Bearer"], not_authenticated)
    );
    assert_eq!(row(&ask(items, "x".into()).await), (401, vec![ITEMS_ME], not_validated));
    assert_eq!(
        row(&ask(items, String::new()).await),
        (401, vec![ITEMS_ME], not_validated)
    );
    assert_eq!(
        row(&ask("/status/", "x".into()).await),
        (401, vec!["Bearer"], not_validated)
    );
    assert_eq!(
        row(&ask(items, token("nobody", &[ITEMS, ME])).await),
        (401, vec![ITEMS_ME], not_validated)
    );
    assert_eq!(
        row(&ask(items, token("johndoe", &[ME])).await),
        (401, vec![ITEMS_ME], not_enough)
    );
    assert_eq!(
        row(&ask("/users/me/", token("johndoe", &[])).await),
        (401, vec![r#"Bearer scope="me""#], not_enough)
    );
    assert_eq!(
        row(&ask(items, token("alice", &[ME])).await),
        (401, vec![ITEMS_ME], not_enough)
    );
    let inactive = r#"{"detail":"Inactive user"}"#;
    assert_eq!(
        row(&ask(items, token("alice", &[ME, ITEMS])).await),
        (400, vec![], inactive)
    );
    assert_eq!(
        row(&ask("/status/", token("alice", &[])).await),
        (200, vec![], "\"ok\"")
    );
    assert_eq!(
        row(&ask(items, token("johndoe", &[ME, ITEMS])).await),
        (200, vec![], "\"ok\"")
    );
    assert_eq!(
        row(&ask("/nobody", token("johndoe", &[])).await),
        (403, vec![], r#"{"detail":"Forbidden"}"#)
    );
}

const REALM: &str = r#"Bearer realm="items \"live\"""#;

#[tokio::test]
async fn the_rfcs_with_problems_and_codes() {
    let gate = tutorial(Profile::Rfc).await;
    let items = "/users/me/items/";

    let absent = common::get(&gate, items).await;
    assert_eq!(
        (absent.status.as_u16(), absent.challenges()),
        (401, vec![&*format!("{REALM}, scope=\"items me\"")])
    );
    assert_eq!(absent.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        absent.json(),
        json!({ "title": "Unauthorized", "status": 401, "detail": "a credential is needed" })
    );

    let bad = get_with(&gate, items, "x").await;
    let description = "the access token is expired, revoked, malformed or not meant for here";
    let challenge = format!(r#"{REALM}, error="invalid_token", error_description="{description}", scope="items me""#);
    assert_eq!((bad.status.as_u16(), bad.challenges()), (401, vec![&*challenge]));
    assert_eq!(bad.json()["error"], "invalid_token");
    for unknown in [token("nobody", &[ITEMS, ME]), "a b".into(), String::new(), "=".into()] {
        assert_eq!(get_with(&gate, items, &unknown).await.challenges(), [&*challenge]);
    }

    let short = get_with(&gate, items, &token("johndoe", &[ME])).await;
    let challenge = format!(
        r#"{REALM}, error="insufficient_scope", error_description="the access token does not allow this", scope="items me""#
    );
    assert_eq!((short.status.as_u16(), short.challenges()), (403, vec![&*challenge]));

    // A fact that no token can provide is reported first: a new token would not help.
    for scopes in [&[ME][..], &[ME, ITEMS]] {
        let inactive = get_with(&gate, items, &token("alice", scopes)).await;
        assert_eq!((inactive.status.as_u16(), inactive.challenges()), (403, vec![]));
    }
    assert_eq!(get_with(&gate, "/nobody", &token("johndoe", &[])).await.status, 403);
}

#[tokio::test]
async fn two_authorization_headers() {
    let ask = |token: String| {
        let request = Request::get("/status/").header("authorization", format!("Bearer {token}"));
        request
            .header("authorization", "Bearer other")
            .body(String::new())
            .unwrap()
    };
    let first_counts = send(&tutorial(Profile::Tutorial).await, ask(token("johndoe", &[]))).await;
    assert_eq!(first_counts.status, 200);
    let refused = send(&tutorial(Profile::Rfc).await, ask(token("johndoe", &[]))).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]),
        (400, &json!("invalid_request"))
    );
    assert!(refused.challenges()[0].contains("error=\"invalid_request\""));
}

#[tokio::test]
async fn a_token_in_the_query_is_never_read() {
    for profile in [Profile::Rfc, Profile::Tutorial] {
        let gate = tutorial(profile).await;
        let path = format!("/status/?access_token={}", token("johndoe", &[]));
        assert_eq!(common::get(&gate, &path).await.status, 401);
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_that_no_client_chooses() {
    let gate = tutorial(Profile::Rfc).await;
    let mut seen = std::collections::HashSet::new();
    for (method, path) in [
        ("GET", "/status/"),
        ("GET", "/nowhere"),
        ("POST", "/status/"),
        ("GET", "/status"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-request-id", "chosen");
        let answered = send(&gate, request.body(String::new()).unwrap()).await;
        assert!(seen.insert(answered.header("x-request-id").unwrap().to_owned()));
    }
    assert!(!seen.contains("chosen"));
}

/// A store that has one answer.
#[derive(Debug)]
pub(crate) struct Down(pub(crate) fn(&'static str) -> StoreError);

impl Down {
    fn answer<T: Send + 'static>(&self) -> BoxFuture<'static, Result<T, StoreError>> {
        let error = self.0("password=hunter2 at /var/db");
        Box::pin(async { Err(error) })
    }
}

impl Users for Down {
    fn find<'a>(&'a self, _: &'a Username) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        self.answer()
    }
    fn find_by_id<'a>(&'a self, _: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        self.answer()
    }
    fn find_account<'a>(&'a self, _: &'a Username) -> BoxFuture<'a, Result<Option<Account>, StoreError>> {
        self.answer()
    }
    fn list<'a>(&'a self, _: Option<&'a Username>, _: u16) -> BoxFuture<'a, Result<Vec<User>, StoreError>> {
        self.answer()
    }
    fn password_schemes(&self) -> BoxFuture<'_, Result<Vec<PasswordScheme>, StoreError>> {
        self.answer()
    }
    fn add(&self, _: Account) -> BoxFuture<'_, Result<(), StoreError>> {
        self.answer()
    }
    fn replace_password_hash<'a>(
        &'a self,
        _: &'a UserId,
        _: &'a PasswordHash,
        _: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.answer()
    }
    fn set_password_hash<'a>(
        &'a self,
        _: &'a UserId,
        _: Option<&'a PasswordHash>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.answer()
    }
    fn set_scope<'a>(&'a self, _: &'a UserId, _: &'a Scope) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.answer()
    }
    fn set_status<'a>(&'a self, _: &'a UserId, _: UserStatus) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.answer()
    }
    fn remove<'a>(&'a self, _: &'a UserId) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.answer()
    }
}

#[tokio::test]
async fn unavailable_store_refuses_without_details() {
    let unavailable: fn(&'static str) -> StoreError = StoreError::unavailable;
    for (profile, media_type) in [
        (Profile::Rfc, "application/problem+json"),
        (Profile::Tutorial, "application/json"),
    ] {
        for (error, status, retry_after) in [
            (unavailable, 503, Some("1")),
            // Asking again does not help.
            (StoreError::corrupt, 500, None),
        ] {
            let gate = common::gate(profile)
                .await
                .users(Arc::new(Down(error)))
                .operation(get("/user").guard(Guard::user()).then(|| async { "in" }))
                .operation(get("/me").guard(Guard::requires([ME])).then(|| async { "in" }))
                .build()
                .unwrap();
            let refused = get_with(&gate, "/user", &token("johndoe", &[])).await;
            assert_eq!(
                (refused.status.as_u16(), refused.header("retry-after")),
                (status, retry_after)
            );
            assert_eq!(refused.header("content-type"), Some(media_type));
            assert!(refused.header("x-request-id").is_some());
            assert!(
                !refused.body.contains("hunter2") && !refused.body.contains("/var"),
                "{}",
                refused.body
            );
            // An operation that requires no user does not need the store.
            assert_eq!(get_with(&gate, "/me", &token("johndoe", &[ME])).await.body, "in");
        }
    }
}
