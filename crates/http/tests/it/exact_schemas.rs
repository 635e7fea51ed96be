//! The document allows the values that are read, and no others.
#![expect(dead_code, reason = "fields are only read from requests")]

use std::net::IpAddr;

use http::Request;
use scopegate_http::input::Parsed;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Json, Query, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, Answered, Profile, send};

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

async fn posted(gate: &Gate, target: &str, body: &Value) -> Answered {
    let request = Request::post(target).header("content-type", "application/json");
    send(gate, request.body(body.to_string()).unwrap()).await
}

#[tokio::test]
async fn optional_parameter_allows_no_null() {
    #[derive(Deserialize, ToSchema)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        Up,
        Down,
    }

    #[derive(Deserialize, ToSchema)]
    struct Page {
        limit: Option<u16>,
        order: Option<Order>,
    }

    let gate = built(post("/x").public().then(|_: Query<Page>| async {})).await;
    let document = gate.openapi();
    let parameters = &document["paths"]["/x"]["post"]["parameters"];
    assert!(!parameters.to_string().contains("null"), "{parameters}");
    assert_eq!(parameters[0]["schema"]["type"], "integer");
    for target in ["/x?limit=null", "/x?order=null"] {
        assert_eq!(posted(&gate, target, &Value::Null).await.status, 400, "{target}");
    }
    assert_eq!(posted(&gate, "/x?limit=1&order=up", &Value::Null).await.status, 204);
}

#[tokio::test]
async fn bounds_of_an_integer_of_64_bits_are_documented_and_enforced() {
    #[derive(Deserialize, ToSchema)]
    struct Number {
        number: u64,
        #[schema(value_type = u64)]
        fraction: f64,
    }

    let gate = built(post("/x").public().then(|_: Json<Number>| async {})).await;
    let number = &gate.openapi()["components"]["schemas"]["Number"]["properties"]["number"];
    assert_eq!((&number["minimum"], &number["maximum"]), (&json!(0), &json!(u64::MAX)));
    let body = |number: &str, fraction: &str| {
        let text = format!(r#"{{"number":{number},"fraction":{fraction}}}"#);
        serde_json::from_str::<Value>(&text).unwrap()
    };
    for (number, fraction, status) in [
        ("18446744073709551615", "18446744073709551615", 204),
        ("18446744073709551616", "0", 400),
        ("-1", "0", 400),
        ("0", "-1", 400),
        ("0", "1e20", 400),
    ] {
        let answered = posted(&gate, "/x", &body(number, fraction)).await;
        assert_eq!(answered.status, status, "{number} {fraction}");
    }
}

#[tokio::test]
async fn type_that_is_read_from_its_text_is_a_field() {
    type Address = Parsed<IpAddr>;

    #[derive(Deserialize, ToSchema)]
    struct Host {
        address: Address,
        second: Option<Address>,
        others: Vec<Address>,
    }

    let gate = built(post("/x").public().then(|_: Json<Host>| async {})).await;
    let schemas = &gate.openapi()["components"]["schemas"];
    assert_eq!(
        schemas["Host"]["properties"]["address"]["$ref"],
        "#/components/schemas/String"
    );
    assert_eq!(schemas["String"], json!({ "type": "string" }));
    let good = json!({ "address": "127.0.0.1", "second": "::1", "others": ["::2"] });
    assert_eq!(posted(&gate, "/x", &good).await.status, 204);
    let answered = posted(
        &gate,
        "/x",
        &json!({ "address": "a", "second": "b", "others": ["c", 1] }),
    )
    .await;
    let errors = answered.json()["errors"].as_array().unwrap().clone();
    let places: Vec<_> = errors.iter().map(|fault| fault["loc"].to_string()).collect();
    assert_eq!(
        places,
        [
            r#"["body","address"]"#,
            r#"["body","second"]"#,
            r#"["body","others",0]"#,
            r#"["body","others",1]"#
        ]
    );
}
