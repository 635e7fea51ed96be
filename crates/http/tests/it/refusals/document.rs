//! The document shows the refusals of the format.

use http::StatusCode;
use scopegate_http::answer::{Answer, OperationDescription, Response};
use scopegate_http::serde::Serialize;
use scopegate_http::site::{
    Dialect, RefusalContext, RefusalFormat, RefusalKind, RefusalSchema, RfcRefusals, refusal_schema,
};
use scopegate_http::utoipa::ToSchema;
use scopegate_http::{Json, get, input, post};
use serde_json::{Value, json};

use super::{MEDIA_TYPE, Order, builder, shop};

fn responses<'d>(document: &'d Value, method: &str, path: &str) -> &'d Value {
    &document["paths"][path][method]["responses"]
}

/// The statuses of refusals that refer to the schema of the format.
fn refusals(document: &Value, method: &str, path: &str, media_type: &str, name: &str) -> Vec<u16> {
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    let responses = responses(document, method, path).as_object().unwrap().iter();
    let refers = responses.filter(|(_, response)| response["content"][media_type]["schema"] == reference);
    refers.map(|(status, _)| status.parse().unwrap()).collect()
}

#[tokio::test]
async fn operations_share_the_schema_of_the_format() {
    let raw = post("/raw").public().then(|_: input::Bytes| async { "" });
    let gate = builder(shop()).await.operation(raw).build().unwrap();
    let document = gate.openapi();
    for (method, path, statuses) in [
        ("get", "/both", &[401, 403][..]),
        ("get", "/active", &[401, 403]),
        ("get", "/key", &[401, 403]),
        ("get", "/orders/{id}", &[400, 404]),
        ("post", "/orders", &[400, 413, 415]),
        // The body can have any media type.
        ("post", "/raw", &[400, 413]),
        ("get", "/panics", &[]),
    ] {
        assert_eq!(
            refusals(document, method, path, MEDIA_TYPE, "ShopError"),
            statuses,
            "{path}"
        );
    }
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["ShopError"], *shop().schema().schema());
    assert_eq!(schemas["ShopField"], json!({ "type": "object" }));
    assert_eq!(schemas["ProblemDetails"], Value::Null);
    assert_eq!(
        responses(document, "get", "/both")["403"]["description"],
        "The credential does not allow this"
    );
}

#[tokio::test]
async fn every_answered_refusal_is_documented() {
    let gate = builder(shop()).await.build().unwrap();
    for (request, kind) in super::refused() {
        let path = match request.uri().path() {
            "/orders/many" | "/orders/7" => "/orders/{id}",
            path => path,
        };
        let documented = responses(gate.openapi(), &request.method().as_str().to_lowercase(), path);
        let is_general = matches!(
            kind,
            RefusalKind::InvalidHost
                | RefusalKind::MethodNotAllowed
                | RefusalKind::RepeatedCredential
                | RefusalKind::ServerFault
                | RefusalKind::Unavailable
        );
        if !is_general && path != "/nothing" {
            let answered = super::send(&gate, request).await;
            assert!(
                documented.get(answered.status.as_str()).is_some(),
                "{kind:?} {documented}"
            );
        }
    }
}

/// An error of the application that is documented with statuses of the gate, too.
#[derive(Serialize, ToSchema)]
struct OutOfStock {
    left: u8,
}

impl Answer for OutOfStock {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(self)).into_response()
    }

    fn describe(description: &mut OperationDescription) {
        description.json_response::<Self>(
            StatusCode::BAD_REQUEST,
            "Too few are left\n\nThe request is not as declared",
        );
    }
}

#[tokio::test]
async fn an_error_of_the_application_is_merged() {
    /// Writes JSON, as the application does.
    struct PlainJson;
    impl RefusalFormat for PlainJson {
        fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
            json!({ "error": refusal.kind.as_str() }).to_string().into_bytes()
        }
        fn schema(&self) -> RefusalSchema {
            RefusalSchema::new("PlainError", "application/json", json!({ "type": "object" }))
        }
    }
    let sell = || {
        let sell = |_: Json<Order>| async { if true { Err(OutOfStock { left: 0 }) } else { Ok("") } };
        post("/sell").public().then(sell)
    };
    let other = builder(shop()).await.operation(sell()).build().unwrap();
    let response = &responses(other.openapi(), "post", "/sell")["400"];
    assert_eq!(
        response["description"],
        "Too few are left\n\nThe request is not as declared"
    );
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    assert_eq!(
        response["content"]["application/json"]["schema"],
        reference("OutOfStock")
    );
    assert_eq!(response["content"][MEDIA_TYPE]["schema"], reference("ShopError"));

    let same = builder(PlainJson).await.operation(sell()).build().unwrap();
    let response = &responses(same.openapi(), "post", "/sell")["400"];
    assert_eq!(
        response["content"]["application/json"]["schema"],
        json!({ "anyOf": [reference("OutOfStock"), reference("PlainError")] })
    );
}

/// Hides what a client may not do, and documents less than the RFC format.
struct Hidden;

impl RefusalFormat for Hidden {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        RfcRefusals.body(refusal)
    }

    fn schema(&self) -> RefusalSchema {
        RfcRefusals.schema()
    }

    fn status(&self, kind: RefusalKind, status: StatusCode) -> StatusCode {
        match kind {
            RefusalKind::InsufficientScope | RefusalKind::Forbidden => StatusCode::NOT_FOUND,
            _ => status,
        }
    }

    fn description(&self, kind: RefusalKind) -> Option<&str> {
        match kind {
            RefusalKind::InsufficientScope | RefusalKind::Forbidden => Some("There is nothing to see"),
            _ => RfcRefusals.description(kind),
        }
    }
}

#[tokio::test]
async fn a_changed_status_is_documented() {
    let gate = builder(Hidden).await.build().unwrap();
    let problem = "application/problem+json";
    let statuses = refusals(gate.openapi(), "get", "/both", problem, "ProblemDetails");
    assert_eq!(statuses, [401, 404]);
    let description = &responses(gate.openapi(), "get", "/both")["404"]["description"];
    assert_eq!(description, "There is nothing to see");
    let key = super::request("GET", "/check", &[("authorization", &bearer())], "");
    let answered = super::send(&gate, key).await;
    assert_eq!(
        (answered.status.as_u16(), &answered.json()["status"]),
        (404, &json!(404))
    );
}

fn bearer() -> String {
    format!("Bearer {}", super::token("johndoe", &[]))
}

#[tokio::test]
async fn a_format_replaces_that_of_the_dialect_in_either_order() {
    let dialect = scopegate_fastapi::gate_dialect;
    for gate in [
        builder(shop()).await.dialect(dialect()),
        builder(shop()).await.dialect(Dialect::rfc()).refusals(shop()),
    ] {
        let gate = gate.build().unwrap();
        let answered = super::common::get(&gate, "/nothing").await;
        assert_eq!(answered.json()["error"]["kind"], "not_found");
        assert!(gate.openapi()["components"]["schemas"]["ShopError"].is_object());
    }
}

#[tokio::test]
async fn a_format_with_invalid_names_is_not_built() {
    struct Named(RefusalSchema);
    impl RefusalFormat for Named {
        fn body(&self, _: &RefusalContext<'_>) -> Vec<u8> {
            Vec::new()
        }
        fn schema(&self) -> RefusalSchema {
            self.0.clone()
        }
    }
    let schema = |name, media_type| RefusalSchema::new(name, media_type, json!({}));
    for (schema, word) in [
        (schema("My Error", "text/plain"), "`My Error`"),
        (schema("", "text/plain"), "``"),
        (schema("E", "text/plain").component("a/b", json!({})), "`a/b`"),
        (schema("E", "json"), "`json`"),
        (schema("E", "text/\nplain"), "media type"),
    ] {
        let error = builder(Named(schema)).await.build().unwrap_err().to_string();
        assert!(error.contains("format of refusals") && error.contains(word), "{error}");
    }
    let free = get("/free").public().then(|| async { "" });
    let gate = builder(Named(schema("My.Error-1_x", "text/plain; charset=utf-8"))).await;
    assert!(gate.operation(free).build().is_ok());
}

/// A body with a part of its own type.
#[derive(Serialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Nested {
    parts: Vec<Part>,
}

#[derive(Serialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Part {
    message: String,
}

struct NestedErrors;

impl RefusalFormat for NestedErrors {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        let message = refusal.sentence.to_owned();
        let parts = vec![Part { message }];
        serde_json::to_vec(&Nested { parts }).unwrap()
    }

    fn schema(&self) -> RefusalSchema {
        refusal_schema::<Nested>("application/json")
    }
}

#[tokio::test]
async fn schema_of_a_type_has_the_schemas_to_which_it_refers() {
    let gate = builder(NestedErrors).await.build().unwrap();
    let document = gate.openapi();
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["Nested"]["properties"]["parts"]["items"]["$ref"],
        "#/components/schemas/Part"
    );
    assert_eq!(schemas["Part"]["required"], json!(["message"]));
    assert_eq!(
        refusals(document, "get", "/both", "application/json", "Nested"),
        [401, 403]
    );
}
