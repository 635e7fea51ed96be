//! Headers of answers and examples of types: sent and documented from one declaration.
#![expect(dead_code, reason = "fields are only read from requests")]

use scopegate_http::answer::{Created, WithHeaders};
use scopegate_http::input::Header;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Json, Path, Query, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::common::{self, Profile};

#[derive(Serialize, ToSchema)]
struct Paging {
    /// The number of all rows.
    #[schema(minimum = 0, example = 3)]
    x_total: i64,
    x_tags: Vec<String>,
    x_next: Option<String>,
    #[serde(rename = "ETag")]
    tag: &'static str,
}

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

fn paging(next: Option<&str>) -> Paging {
    Paging {
        x_total: 3,
        x_tags: vec!["a".to_owned(), "b".to_owned()],
        x_next: next.map(str::to_owned),
        tag: "\"v1\"",
    }
}

#[tokio::test]
async fn fields_are_headers_of_the_answer_and_of_the_document() {
    let list = || async { WithHeaders(paging(None), Created(Json(vec!["row"]))) };
    let gate = built(get("/x").public().then(list)).await;
    let answered = common::get(&gate, "/x").await;
    assert_eq!((answered.status.as_u16(), answered.body.as_str()), (201, r#"["row"]"#));
    assert_eq!(answered.header("x-total"), Some("3"));
    assert_eq!(answered.header("x-tags"), Some("a, b"));
    assert_eq!(answered.header("x-next"), None);
    assert_eq!(answered.header("etag"), Some("\"v1\""));
    let responses = &gate.openapi()["paths"]["/x"]["get"]["responses"];
    let headers = &responses["201"]["headers"];
    assert_eq!(headers.as_object().unwrap().len(), 4, "{headers}");
    assert_eq!(
        (&headers["x-total"]["required"], &headers["x-next"]["required"]),
        (&json!(true), &json!(false))
    );
    let total = &headers["x-total"]["schema"];
    assert_eq!(
        (&total["type"], &total["minimum"], &total["example"]),
        (&json!("integer"), &json!(0), &json!(3))
    );
    assert_eq!(headers["x-tags"]["schema"]["type"], "array");
    assert_eq!(headers["x-total"]["description"], "The number of all rows.");
    // A field that is `None` is not sent, so no header is `null`.
    assert_eq!(headers["x-next"]["schema"]["type"], "string");
    // Refusals of the gate have no such headers.
    let others = responses
        .as_object()
        .unwrap()
        .iter()
        .filter(|(status, _)| *status != "201");
    assert!(
        others
            .into_iter()
            .all(|(_, response)| response["headers"]["x-total"].is_null())
    );
}

#[tokio::test]
async fn header_that_cannot_be_sent_is_a_server_error() {
    let gate = built(
        get("/x")
            .public()
            .then(|| async { WithHeaders(paging(Some("a\nb")), "text") }),
    )
    .await;
    let answered = common::get(&gate, "/x").await;
    assert_eq!(answered.status, 500);
    assert_eq!(answered.header("x-total"), None);
}

#[tokio::test]
async fn headers_without_a_structure_are_a_build_error() {
    #[derive(Serialize, ToSchema)]
    struct Nested {
        x_inner: Inner,
    }
    #[derive(Serialize, ToSchema)]
    struct Inner {
        value: u8,
    }
    let nested = || async {
        WithHeaders(
            Nested {
                x_inner: Inner { value: 1 },
            },
            "text",
        )
    };
    for operation in [
        get("/x").public().then(|| async { WithHeaders(7_u8, "text") }),
        get("/x").public().then(nested),
    ] {
        let error = common::gate(Profile::Rfc)
            .await
            .operation(operation)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("the headers"), "{error}");
    }
}

#[tokio::test]
async fn examples_of_types_are_in_the_document() {
    #[derive(Serialize, Deserialize, ToSchema)]
    #[schema(example = json!({ "title": "An example" }))]
    struct Report {
        #[schema(example = "A title")]
        title: String,
    }
    #[derive(Deserialize, ToSchema)]
    struct Fields {
        #[schema(example = 20)]
        x_limit: u8,
    }
    #[derive(Deserialize, ToSchema)]
    #[schema(example = 7)]
    struct Id(u32);
    let write = |_: Path<(Id,)>, _: Query<Fields>, _: Header<Fields>, report: Json<Report>| async { report };
    let gate = built(post("/x/{id}").public().then(write)).await;
    let document = gate.openapi();
    let operation = &document["paths"]["/x/{id}"]["post"];
    let examples: Vec<_> = operation["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["schema"]["example"].clone())
        .collect();
    assert_eq!(examples, [json!(7), json!(20), json!(20)]);
    let report = &document["components"]["schemas"]["Report"];
    assert_eq!(report["example"]["title"], "An example");
    assert_eq!(report["properties"]["title"]["example"], "A title");
    let reference = |body: &Value| body["content"]["application/json"]["schema"]["$ref"].clone();
    for body in [&operation["requestBody"], &operation["responses"]["200"]] {
        assert_eq!(reference(body), "#/components/schemas/Report");
    }
}
