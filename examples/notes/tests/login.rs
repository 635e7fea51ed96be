//! The example of a login, as a client uses it.

#[path = "../examples/login.rs"]
#[expect(dead_code, reason = "the example is a program with a `main`")]
mod login;

use scopegate_http::testing::TestClient;
use serde_json::Value;

#[tokio::test]
async fn member_of_the_table_logs_in_and_is_known() {
    let gate = login::gate(login::table().await.unwrap()).await.unwrap();
    let client = TestClient::new(gate);
    let form = |password| {
        [
            ("grant_type", "password"),
            ("client_id", "app"),
            ("username", "ada"),
            ("password", password),
        ]
    };
    let wrong = client.post("/token").form(&form("wrong")).send().await;
    assert_eq!(wrong.status(), 400);
    let tokens: Value = client.post("/token").form(&form("secret")).send().await.json();
    let me = client
        .get("/me")
        .bearer(tokens["access_token"].as_str().unwrap())
        .send()
        .await;
    assert_eq!(me.text(), "ada");
}
