//! Doubles: an application's tests choose who calls.

use std::sync::Arc;

use scopegate_http::domain::{User, UserId, UserStatus, Username};
use scopegate_http::{ActiveUser, Caller, CurrentUser, Gate, Guard, Guarded, Json, Permit, Profile, get};

use crate::common::{self, ITEMS, ME};

async fn who(user: CurrentUser) -> Json<String> {
    Json(user.username().to_string())
}

async fn gate() -> Gate {
    let guard = Guard::requires([ME]).check(ActiveUser).on(&Guard::user());
    common::gate(Profile::Rfc)
        .await
        .operation(get("/who").guard(guard).then(who))
        .build()
        .unwrap()
}

fn user() -> User {
    User::new(UserId::parse("u7").unwrap(), Username::parse("ada").unwrap())
}

#[tokio::test]
async fn a_double_stands_in_for_a_token_and_is_decided_about_as_ever() {
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
    let caller = <CurrentUser as Caller<Guarded>>::admit(Some(permit)).unwrap();
    assert_eq!(who(caller).await, Json("ada".to_owned()));
}
