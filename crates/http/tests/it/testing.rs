//! Doubles: an application's tests choose who calls.

use std::sync::Arc;

use scopegate_http::domain::{Lifetime, User, UserId, UserStatus, Username};
use scopegate_http::policy::{Fact, Rule, SubjectKind};
use scopegate_http::store::BoxFuture;
use scopegate_http::token::{TokenRules, Verifier};
use scopegate_http::{
    ActiveUser, Catalog, CurrentUser, Gate, Guard, Json, Permit, SecurityScheme,
    credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier},
    domain::ApiKeyLocation,
    get,
};

use crate::common::{self, ITEMS, ME, Profile};

async fn who(user: CurrentUser) -> Json<String> {
    Json(user.username().to_string())
}

async fn tell(permit: Permit) -> String {
    let user = permit.user().map_or("-", |user| user.username().as_str());
    format!("{} {user}", permit.subject().unwrap_or("nobody"))
}

async fn gate() -> Gate {
    let guard = Guard::requires([ME]).check(ActiveUser).depends_on(&Guard::user());
    common::gate(Profile::Rfc)
        .await
        .operation(get("/who").guard(guard).then(who))
        .build()
        .unwrap()
}

fn user() -> User {
    User::new(UserId::parse("u7").unwrap(), Username::parse("ada").unwrap())
}

async fn get_from(gate: Gate, path: &str) -> (u16, String) {
    let answered = common::get(&gate, path).await;
    (answered.status.as_u16(), answered.body)
}

#[tokio::test]
async fn test_identity_is_decided_like_a_token() {
    let gate = gate().await;
    let ask = |gate: Gate| async move { common::get(&gate, "/who").await };
    assert_eq!(
        ask(gate.testing().as_user(user()).scope(ME).gate()).await.body,
        "\"ada\""
    );
    assert_eq!(
        ask(gate.testing().as_user(user()).scope(ITEMS).gate()).await.status,
        403
    );
    let disabled = user().with_status(UserStatus::Disabled);
    assert_eq!(ask(gate.testing().as_user(disabled).scope(ME).gate()).await.status, 403);
    assert_eq!(ask(gate.testing().scope(ME).gate()).await.status, 401);
    assert_eq!(ask(gate.testing().gate()).await.status, 401);
    assert_eq!(ask(gate).await.status, 401);
}

#[tokio::test]
async fn a_handler_can_be_called_without_a_request() {
    let gate = gate().await;
    let permit = Permit::for_test(&gate.operations().operations()[0], Some(Arc::new(user())));
    let caller = CurrentUser::of_permit(permit).unwrap();
    assert_eq!(who(caller).await, Json("ada".to_owned()));
}

/// The permit of a double is that of a token of the same subject, in both profiles.
#[tokio::test]
async fn a_double_has_the_subject_that_a_token_has() {
    for (profile, subject) in [(Profile::Rfc, "u7"), (Profile::Tutorial, "ada")] {
        let gate = common::gate(profile)
            .await
            .operation(get("/subject").guard(Guard::requires([ME])).then(tell))
            .operation(
                get("/user")
                    .guard(Guard::requires([ME]).depends_on(&Guard::user()))
                    .then(tell),
            )
            .build()
            .unwrap();
        let ada = || gate.testing().as_user(user()).scope(ME).gate();
        // The gate looks a user up only if the operation requires one.
        assert_eq!(get_from(ada(), "/subject").await, (200, format!("{subject} -")));
        assert_eq!(get_from(ada(), "/user").await, (200, format!("{subject} ada")));
        let named = gate.testing().subject("somebody").scope(ME).gate();
        assert_eq!(
            get_from(named.clone(), "/subject").await,
            (200, "somebody -".to_owned())
        );
        assert_eq!(get_from(named, "/user").await.0, 401);
    }
}

#[tokio::test]
async fn a_subject_without_a_user_is_looked_up_as_that_of_a_token() {
    let gate = common::gate(Profile::Tutorial)
        .await
        .operation(
            get("/user")
                .guard(Guard::requires([ME]).depends_on(&Guard::user()))
                .then(tell),
        )
        .build()
        .unwrap();
    let named = gate.testing().subject("johndoe").scope(ME).gate();
    assert_eq!(get_from(named, "/user").await, (200, "johndoe johndoe".to_owned()));
}

struct Hook;

impl CredentialVerifier for Hook {
    fn verify<'a>(
        &'a self,
        _: &'a Credential,
    ) -> BoxFuture<'a, Result<CredentialCheck, scopegate_http::store::StoreError>> {
        Box::pin(async { Ok(CredentialCheck::Valid(AuthenticatedCredential::without_subject())) })
    }
}

fn with_webhook() -> Gate {
    let key = SecurityScheme::ApiKey {
        location: ApiKeyLocation::Header,
        name: "x-hook".to_owned(),
    };
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ME, "")
        .scheme("webhook", key)
        .without_subject()
        .build()
        .unwrap();
    let token = Guard::requires([ME]).with_scheme("oauth");
    let hook = Guard::authenticated().with_scheme("webhook");
    Gate::builder(catalog)
        .bearer("oauth", common::verifier())
        .verifier("webhook", Arc::new(Hook))
        .operation(get("/token").guard(token.clone()).then(tell))
        .operation(get("/hook").guard(hook.clone()).then(tell))
        .operation(get("/both").guard(Guard::all_of([&token, &hook])).then(tell))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_double_satisfies_one_scheme_unless_more_are_named() {
    let gate = with_webhook();
    let statuses = |testing: scopegate_http::testing::TestGate| async {
        let gate = testing.gate();
        let mut statuses = Vec::new();
        for path in ["/token", "/hook", "/both"] {
            statuses.push(common::get(&gate, path).await.status.as_u16());
        }
        statuses
    };
    let ada = || gate.testing().as_user(user()).scope(ME);
    assert_eq!(statuses(ada()).await, [200, 401, 401]);
    assert_eq!(statuses(ada().scheme("webhook")).await, [200, 200, 200]);
    assert_eq!(statuses(ada().scheme("oauth")).await, [200, 401, 401]);
    assert_eq!(statuses(ada().scheme("oauth").scheme("webhook")).await, [200, 200, 200]);
    assert_eq!(statuses(gate.testing().scheme("webhook")).await, [401, 200, 401]);
    assert_eq!(statuses(gate.testing().authenticated()).await, [403, 200, 401]);
    assert_eq!(statuses(gate.testing()).await, [401, 401, 401]);
    let both = ada().scheme("webhook").gate();
    assert_eq!(get_from(both.clone(), "/both").await.1, "u7 -");
    assert_eq!(get_from(both, "/hook").await.1, "nobody -");
}

#[tokio::test]
#[should_panic(expected = "scheme `webhok` is not declared")]
async fn a_double_of_an_undeclared_scheme_is_refused() {
    let _ = with_webhook().testing().scheme("webhok");
}

/// A double can state everything that a token can: the claims take the same path.
#[tokio::test]
async fn a_double_says_by_claims_what_a_token_says() {
    let fact = |fact| Guard::rule(Rule::Fact(fact)).with_scheme("oauth");
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .build()
        .unwrap();
    let issuer = "https://id.example".parse().unwrap();
    let audience = "https://api.example".parse().unwrap();
    let keys = common::key().verifying_key();
    let gate = Gate::builder(catalog)
        .bearer("oauth", Verifier::new(TokenRules::jwt(issuer, audience), keys))
        .clock(common::clock())
        .operation(get("/acr").guard(fact(Fact::Acr("high".into()))).then(tell))
        .operation(
            get("/age")
                .guard(fact(Fact::AgeAtMost(Lifetime::from_minutes(5))))
                .then(tell),
        )
        .operation(
            get("/service")
                .guard(fact(Fact::Subject(SubjectKind::Service)))
                .then(tell),
        )
        .operation(get("/person").guard(fact(Fact::Subject(SubjectKind::User))).then(tell))
        .build()
        .unwrap();
    let ask = |path: &'static str, testing: scopegate_http::testing::TestGate| async move {
        get_from(testing.gate(), path).await.0
    };
    let app = || gate.testing().subject("app");
    let time = common::NOW.as_unix();
    assert_eq!(ask("/acr", app()).await, 401);
    assert_eq!(ask("/acr", app().claim("acr", "high")).await, 200);
    assert_eq!(ask("/acr", app().claim("acr", "low")).await, 401);
    assert_eq!(ask("/age", app().claim("auth_time", time - 300)).await, 200);
    assert_eq!(ask("/age", app().claim("auth_time", time - 301)).await, 401);
    assert_eq!(ask("/service", app().claim("client_id", "app")).await, 200);
    assert_eq!(ask("/service", app()).await, 403);
    assert_eq!(ask("/person", app()).await, 200);
    assert_eq!(ask("/person", app().claim("acr", 7)).await, 401);
}
