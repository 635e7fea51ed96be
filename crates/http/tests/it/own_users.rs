//! Users of an application's own type.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use scopegate_http::domain::ApplicationUser;
use scopegate_http::input::Loaded;
use scopegate_http::site::ResolveUser;
use scopegate_http::store::StoreError;
use scopegate_http::testing::TestClient;
use scopegate_http::{ActiveUser, CurrentUser, Gate, GateBuilder, Guard, HandledOperation, Permit, get};

use crate::common::{self, ME, Profile, token};

struct Member {
    email: String,
    is_blocked: bool,
}

impl ApplicationUser for Member {
    fn is_active(&self) -> bool {
        !self.is_blocked
    }
}

/// Knows `ada`, and `bob`, who is blocked. The table of `down` cannot be read.
struct Members(Arc<AtomicUsize>);

impl ResolveUser for Members {
    type User = Member;

    async fn resolve(&self, subject: &str) -> Result<Option<Member>, StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let member = |is_blocked| Member {
            email: format!("{subject}@example.com"),
            is_blocked,
        };
        match subject {
            "ada" => Ok(Some(member(false))),
            "bob" => Ok(Some(member(true))),
            "down" => Err(StoreError::unavailable("the table is locked")),
            _ => Ok(None),
        }
    }
}

async fn email(member: CurrentUser<Member>) -> String {
    format!("{} {:?}", member.email, member.permit().subject())
}

fn builder(resolver: Members) -> GateBuilder {
    Gate::builder(common::catalog())
        .bearer("OAuth2PasswordBearer", common::verifier())
        .clock(common::clock())
        .user_resolver(resolver)
}

fn client(operation: HandledOperation) -> (TestClient, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let gate = builder(Members(calls.clone())).operation(operation).build().unwrap();
    (TestClient::new(gate), calls)
}

fn user() -> Guard {
    Guard::requires([ME]).depends_on(&Guard::user())
}

async fn asked(client: &TestClient, subject: &str) -> (StatusCode, String) {
    let response = client.get("/me").bearer(&token(subject, &[ME])).send().await;
    (response.status(), response.text())
}

#[tokio::test]
async fn handler_takes_the_user_of_the_application() {
    let (client, calls) = client(get("/me").guard(user()).then(email));
    let (status, text) = asked(&client, "ada").await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::OK, r#"ada@example.com Some("ada")"#)
    );
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(asked(&client, "eve").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(asked(&client, "down").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn inactive_user_is_refused_by_guards_for_active_users() {
    let (open, _) = client(get("/me").guard(user()).then(email));
    assert_eq!(asked(&open, "bob").await.0, StatusCode::OK);
    let (active, _) = client(get("/me").guard(user().check(ActiveUser)).then(email));
    assert_eq!(asked(&active, "bob").await.0, StatusCode::FORBIDDEN);
    assert_eq!(asked(&active, "ada").await.0, StatusCode::OK);
}

#[tokio::test]
async fn user_is_resolved_only_if_a_guard_requires_one() {
    let (client, calls) = client(get("/me").guard(Guard::requires([ME])).then(|_: Permit| async { "" }));
    assert_eq!(asked(&client, "down").await.0, StatusCode::OK);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn check_of_a_resource_takes_it_too_and_so_does_an_optional_caller() {
    async fn own(member: CurrentUser<Member>) -> Option<String> {
        (member.email == "ada@example.com").then(|| member.email.clone())
    }
    let (checked, _) = client(
        get("/me")
            .guard(user())
            .load(own)
            .then(|Loaded(email): Loaded<String>| async { email }),
    );
    assert_eq!(asked(&checked, "ada").await.1, "ada@example.com");
    assert_eq!(asked(&checked, "bob").await.0, StatusCode::NOT_FOUND);
    let who = |member: Option<CurrentUser<Member>>| async move {
        member.map_or("nobody".to_owned(), |member| member.email.clone())
    };
    let (optional, _) = client(get("/me").guard(user()).optional().then(who));
    assert_eq!(optional.get("/me").send().await.text(), "nobody");
    assert_eq!(asked(&optional, "ada").await.1, "ada@example.com");
}

#[tokio::test]
async fn user_of_another_type_is_a_build_error() {
    struct Other;

    impl ApplicationUser for Other {
        fn is_active(&self) -> bool {
            true
        }
    }

    let other = || get("/me").guard(user()).then(|_: CurrentUser<Other>| async { "" });
    let error = builder(Members(Arc::default()))
        .operation(other())
        .build()
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`GET /me`") && error.contains("user_resolver"),
        "{error}"
    );
    let stored = common::gate(Profile::Rfc).await.operation(other()).build();
    assert!(stored.unwrap_err().to_string().contains("Other"));
    // The user as the policy knows it is always there.
    let plain = get("/me")
        .guard(user())
        .then(|user: CurrentUser| async move { user.id().to_string() });
    assert_eq!(asked(&client(plain).0, "ada").await.1, "ada");
}

#[tokio::test]
async fn double_has_a_user_of_the_application() {
    let gate = builder(Members(Arc::default()))
        .operation(get("/me").guard(user()).then(email))
        .build()
        .unwrap();
    let member = Member {
        email: "eve@example.com".to_owned(),
        is_blocked: false,
    };
    let double = gate.testing().as_application_user("eve", member).scope(ME).gate();
    let text = TestClient::new(double).get("/me").send().await.text();
    assert_eq!(text, r#"eve@example.com Some("eve")"#);
}
