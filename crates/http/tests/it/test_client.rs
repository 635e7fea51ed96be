//! The client of an application's tests, and the snapshot of a policy.

use scopegate_http::input::{Bytes, Form, HeaderMap, PeerAddress};
use scopegate_http::testing::TestClient;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{CurrentUser, Gate, Guard, Json, delete, get, patch, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, ME, Profile, token};

#[derive(Deserialize, ToSchema)]
struct Note {
    title: String,
}

async fn gate() -> Gate {
    async fn headers(headers: HeaderMap, PeerAddress(peer): PeerAddress) -> Json<Value> {
        Json(json!([headers.get_all("x-a").iter().count(), peer]))
    }
    let me = Guard::requires([ME]).depends_on(&Guard::user());
    common::gate(Profile::Rfc)
        .await
        .operation(
            get("/me")
                .guard(me)
                .then(|user: CurrentUser| async move { Json(user.username().to_string()) }),
        )
        .operation(get("/headers").public().then(headers))
        .operation(
            post("/json")
                .public()
                .then(|Json(note): Json<Note>| async move { note.title }),
        )
        .operation(
            put("/form")
                .public()
                .then(|Form(note): Form<Note>| async move { note.title }),
        )
        .operation(patch("/bytes").public().then(|body: Bytes| async { body }))
        .operation(delete("/none").public().then(|| async {}))
        .build()
        .unwrap()
}

#[tokio::test]
async fn client_sends_each_kind_of_request() {
    let client = TestClient::new(gate().await).from_peer([192, 0, 2, 1].into());
    let refused = client.get("/me").send().await;
    assert_eq!(refused.status(), 401);
    assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer"));
    let allowed = client.get("/me").bearer(&token("johndoe", &[ME])).send().await;
    assert_eq!(allowed.json::<String>(), "johndoe");
    let headers = client
        .get("/headers")
        .header("x-a", "1")
        .header("x-a", "2")
        .send()
        .await;
    assert_eq!(headers.json::<Value>(), json!([2, "192.0.2.1"]));
    assert_eq!(
        client.post("/json").json(&json!({ "title": "a" })).send().await.text(),
        "a"
    );
    assert_eq!(
        client.put("/form").form(&[("title", "a&b c")]).send().await.text(),
        "a&b c"
    );
    let bytes = client.patch("/bytes").body("image/png", vec![1, 2]).send().await;
    assert_eq!(bytes.bytes().as_ref(), [1, 2]);
    assert_eq!(client.delete("/none").send().await.status(), 204);
}

#[tokio::test]
async fn client_of_a_test_gate_needs_no_token() {
    let users = common::users().await;
    let johndoe = scopegate_http::store::Users::find(&*users, &"johndoe".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let gate = gate().await.testing().as_user(johndoe).scope(ME).gate();
    assert_eq!(
        TestClient::new(gate).get("/me").send().await.json::<String>(),
        "johndoe"
    );
}

#[tokio::test]
#[should_panic(expected = "the JSON of response 401 Unauthorized")]
async fn response_that_is_not_json_of_the_type_names_status_and_body() {
    let client = TestClient::new(gate().await);
    let _: Vec<u8> = client.get("/me").send().await.json();
}

#[tokio::test]
async fn policy_agrees_with_its_snapshot() {
    scopegate_http::assert_policy_snapshot!(gate().await, "tests/it/test_client/policy.toml");
}

#[tokio::test]
#[should_panic(expected = "SCOPEGATE_SNAPSHOT=write")]
async fn missing_snapshot_names_the_remedy() {
    scopegate_http::assert_policy_snapshot!(gate().await, "tests/it/test_client/missing.toml");
}
