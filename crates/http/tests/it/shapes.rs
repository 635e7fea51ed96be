//! Values of other shapes than the document states: none is read around a constraint or a rule.

use http::StatusCode;
use scopegate_http::input::{Form, Header, Loaded};
use scopegate_http::testing::TestClient;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Guard, HandledOperation, Json, Path, Permit, Query, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, ME, Profile};

async fn client(operation: HandledOperation) -> TestClient {
    TestClient::new(common::gate(Profile::Rfc).await.operation(operation).build().unwrap())
}

#[derive(Deserialize, ToSchema)]
struct Money {
    #[schema(maximum = 100)]
    amount: u32,
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Payment {
    #[serde(alias = "credit")]
    Card { money: Money },
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "t", content = "c", rename_all = "lowercase")]
enum Adjacent {
    Money(Money),
}

#[derive(Deserialize, ToSchema)]
struct Flat {
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Deserialize, ToSchema)]
struct Inner {
    money: Money,
}

#[tokio::test]
async fn value_of_another_shape_follows_constraints() {
    async fn payment(Json(payment): Json<Payment>) -> String {
        let Payment::Card { money } = payment;
        money.amount.to_string()
    }
    async fn adjacent(Json(Adjacent::Money(money)): Json<Adjacent>) -> String {
        money.amount.to_string()
    }
    async fn flat(Json(flat): Json<Flat>) -> String {
        flat.inner.money.amount.to_string()
    }
    let open = || post("/x").public();
    for (operation, good, bad) in [
        (
            open().then(payment),
            json!({ "kind": "card", "money": { "amount": 9 } }),
            vec![
                json!({ "kind": "card", "money": { "amount": 999 } }),
                json!({ "kind": "card", "money": [999] }),
                json!({ "kind": "credit", "money": { "amount": 999 } }),
            ],
        ),
        (
            open().then(adjacent),
            json!({ "t": "money", "c": { "amount": 9 } }),
            vec![json!({ "c": [999], "t": "money" }), json!({ "t": "money", "c": [999] })],
        ),
        (
            open().then(flat),
            json!({ "money": { "amount": 9 } }),
            vec![json!({ "money": [999] }), json!({ "money": { "amount": 999 } })],
        ),
    ] {
        let client = client(operation).await;
        let sent = async |body: &Value| client.post("/x").json(body).send().await;
        assert_eq!(sent(&good).await.text(), "9");
        for body in bad {
            let response = sent(&body).await;
            assert_eq!(
                response.status(),
                StatusCode::BAD_REQUEST,
                "{body}: {}",
                response.text()
            );
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only that it is read matters")]
struct Numbers {
    #[schema(minimum = 0, maximum = 10)]
    price: Option<f64>,
    #[serde(default)]
    #[schema(max_items = 2)]
    list: Vec<f64>,
    plain: Option<f32>,
}

#[tokio::test]
async fn text_that_json_cannot_hold_is_not_a_number() {
    let query = client(get("/x").public().then(|_: Query<Numbers>| async {})).await;
    assert_eq!(
        query.get("/x?price=1.5&list=1&list=2&plain=2").send().await.status(),
        204
    );
    for text in [
        "price=NaN",
        "price=inf",
        "price=1e999",
        "plain=NaN",
        "list=1&list=2&list=3&list=NaN",
    ] {
        let status = query.get(&format!("/x?{text}")).send().await.status();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    }
    let form = client(post("/x").public().then(|_: Form<Numbers>| async {})).await;
    assert_eq!(form.post("/x").form(&[("price", "inf")]).send().await.status(), 400);
    let header = client(get("/x").public().then(|_: Header<Numbers>| async {})).await;
    assert_eq!(header.get("/x").header("price", "NaN").send().await.status(), 400);
    let path = client(get("/{n}").public().then(|_: Path<f64>| async {})).await;
    assert_eq!(path.get("/NaN").send().await.status(), 400);
    assert_eq!(path.get("/1.5").send().await.status(), 204);
}

#[tokio::test]
async fn optional_query_refuses_an_unknown_name_if_its_type_does() {
    #[derive(Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[expect(dead_code, reason = "only that it is read matters")]
        limit: Option<u8>,
    }
    let strict = client(
        get("/x")
            .public()
            .then(|page: Option<Query<Strict>>| async move { page.is_some().to_string() }),
    )
    .await;
    assert_eq!(strict.get("/x").send().await.text(), "false");
    assert_eq!(strict.get("/x?limit=1").send().await.text(), "true");
    assert_eq!(strict.get("/x?limt=5").send().await.status(), 400);
    let lenient = client(
        get("/x")
            .public()
            .then(|page: Option<Query<Numbers>>| async move { page.is_some().to_string() }),
    )
    .await;
    assert_eq!(lenient.get("/x?other=5").send().await.text(), "false");
}

#[tokio::test]
async fn operation_has_one_check_that_runs_for_a_caller() {
    async fn never(_: Permit) -> Option<u8> {
        None
    }
    async fn nested(Loaded(number): Loaded<u8>) -> Option<u8> {
        Some(number)
    }
    let route = || get("/x").guard(Guard::requires([ME]));
    let handler = |_: Loaded<u8>| async {};
    let operations = [
        route().load(never).load(never).then(handler),
        route().load(never).optional().then(handler),
        route().load(nested).then(handler),
    ];
    for operation in operations {
        let builder = common::gate(Profile::Rfc).await.operation(operation);
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains("`GET /x` needs one check"), "{error}");
    }
    let early = route().or_forbidden().check_named("mine").load(never).then(handler);
    let gate = common::gate(Profile::Rfc).await.operation(early).build().unwrap();
    assert!(gate.openapi().to_string().contains("check:resource:mine"));
    let response = TestClient::new(gate)
        .get("/x")
        .bearer(&common::token("johndoe", &[ME]))
        .send()
        .await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
