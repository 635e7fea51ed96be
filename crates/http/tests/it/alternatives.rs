//! Constraints of the alternatives of an enum: the one that the handler gets decides.
#![expect(dead_code, reason = "fields are only read from requests")]

use http::Request;
use scopegate_http::input::{Cookie, Form, Header};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Json, Query, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, Answered, Profile, send};
use crate::repeated::sent;

#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Circle {
        #[schema(minimum = 1, maximum = 9)]
        size: u32,
    },
    Square {
        #[schema(minimum = 5)]
        size: u32,
        #[schema(max_length = 2)]
        name: Option<String>,
    },
}

#[derive(Deserialize, ToSchema)]
struct Page {
    #[schema(maximum = 10)]
    limit: Option<i64>,
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Deserialize, ToSchema)]
struct Inner<T> {
    #[schema(inline)]
    value: T,
}

#[derive(Deserialize, ToSchema)]
#[schema(maximum = 300)]
struct Big(u32);

/// serde reads the first alternative that the value is of.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum Either {
    Small(u8),
    Short {
        #[schema(max_length = 2)]
        name: String,
    },
    Long {
        #[schema(min_length = 4)]
        name: String,
        #[schema(maximum = 5)]
        size: Option<i64>,
    },
    Big(Big),
    Deep {
        inner: Vec<Inner<bool>>,
    },
    Deeper {
        #[schema(max_items = 1)]
        inner: Vec<Inner<u8>>,
    },
}

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

/// The location and the kind of the first error, if there is one.
fn fault(answered: &Answered) -> Option<(Value, String)> {
    if answered.status == 204 {
        return None;
    }
    assert_eq!(answered.status, 400, "{}", answered.body);
    let fault = answered.json()["errors"][0].clone();
    Some((fault["loc"].clone(), fault["type"].as_str().unwrap().to_owned()))
}

async fn posted(gate: &Gate, body: &Value) -> Option<(Value, String)> {
    let request = Request::post("/x").header("content-type", "application/json");
    fault(&send(gate, request.body(body.to_string()).unwrap()).await)
}

fn at(place: Value, kind: &str) -> (Value, String) {
    (place, kind.to_owned())
}

#[tokio::test]
async fn tag_selects_the_alternative_in_every_place() {
    let body = built(post("/x").public().then(|_: Json<Vec<Shape>>| async {})).await;
    let squares = json!([{ "kind": "circle", "size": 1 }, { "kind": "square", "size": 4 }]);
    assert_eq!(
        posted(&body, &squares).await,
        Some(at(json!(["body", 1, "size"]), "greater_than_equal"))
    );
    let gates = [
        (
            "query",
            built(post("/x").public().then(|_: Query<Page>| async {})).await,
        ),
        (
            "header",
            built(post("/x").public().then(|_: Header<Page>| async {})).await,
        ),
        (
            "cookie",
            built(post("/x").public().then(|_: Cookie<Page>| async {})).await,
        ),
        ("body", built(post("/x").public().then(|_: Form<Page>| async {})).await),
    ];
    for (kind, size, more, wanted) in [
        ("circle", "1", None, None),
        ("circle", "9", Some(("limit", "10")), None),
        ("circle", "10", None, Some(("size", "less_than_equal"))),
        ("circle", "9", Some(("name", "abc")), None),
        ("square", "4", None, Some(("size", "greater_than_equal"))),
        ("square", "10", Some(("name", "ab")), None),
        ("square", "10", Some(("name", "abc")), Some(("name", "string_too_long"))),
        (
            "square",
            "10",
            Some(("limit", "11")),
            Some(("limit", "less_than_equal")),
        ),
    ] {
        let pairs: Vec<_> = [("kind", kind), ("size", size)].into_iter().chain(more).collect();
        for (place, answered) in sent(&gates, &pairs).await {
            let wanted = wanted.map(|(name, kind)| at(json!([place, name]), kind));
            assert_eq!(fault(&answered), wanted, "{place} {pairs:?}");
        }
    }
}

#[tokio::test]
async fn alternative_that_is_read_decides() {
    let gate = built(post("/x").public().then(|_: Json<Either>| async {})).await;
    for (body, wanted) in [
        (json!({ "name": "ab" }), None),
        (
            json!({ "name": "abcd" }),
            Some(at(json!(["body", "name"]), "string_too_long")),
        ),
        (
            json!({ "name": "abcd", "size": 9 }),
            Some(at(json!(["body", "name"]), "string_too_long")),
        ),
        (json!(255), None),
        (json!(300), None),
        (json!(301), Some(at(json!(["body"]), "less_than_equal"))),
        (json!({ "inner": [{ "value": true }, { "value": false }] }), None),
        (json!({ "inner": [{ "value": 1 }] }), None),
        (
            json!({ "inner": [{ "value": 1 }, { "value": 2 }] }),
            Some(at(json!(["body", "inner"]), "too_long")),
        ),
    ] {
        assert_eq!(posted(&gate, &body).await, wanted, "{body}");
    }
}

#[tokio::test]
async fn optional_structure_is_absent_or_follows_its_constraints() {
    #[derive(Deserialize, ToSchema)]
    struct Limit {
        #[schema(maximum = 5)]
        limit: i64,
    }
    let gate = built(post("/x").public().then(|_: Query<Option<Limit>>| async {})).await;
    for (uri, wanted) in [
        ("/x", None),
        ("/x?limit=5", None),
        ("/x?limit=6", Some(at(json!(["query", "limit"]), "less_than_equal"))),
    ] {
        let answered = send(&gate, Request::post(uri).body(String::new()).unwrap()).await;
        assert_eq!(fault(&answered), wanted, "{uri}");
    }
}

/// Each level has two alternatives of the same shape.
#[tokio::test]
async fn alternatives_in_alternatives_end() {
    #[derive(Deserialize, ToSchema)]
    #[serde(untagged)]
    enum Tree {
        Left {
            #[schema(max_length = 1)]
            name: String,
            #[schema(no_recursion)]
            next: Option<Box<Tree>>,
        },
        Right {
            #[schema(max_length = 2)]
            name: String,
            #[schema(no_recursion)]
            next: Option<Box<Tree>>,
        },
    }
    let gate = built(post("/x").public().then(|_: Json<Tree>| async {})).await;
    let nested = |leaf: Value, depth: usize| {
        (0..depth).fold(json!({ "name": leaf }), |next, _| json!({ "name": "a", "next": next }))
    };
    assert_eq!(posted(&gate, &nested(json!("a"), 12)).await, None);
    let place = json!(["body", "next", "next", "name"]);
    assert_eq!(
        posted(&gate, &nested(json!("ab"), 2)).await,
        Some(at(place, "string_too_long"))
    );
    // No alternative has this shape, so that each is tried at each level. serde does the same.
    let refused = posted(&gate, &nested(json!(1), 14)).await.unwrap();
    assert_eq!(refused.0, json!(["body"]));
}

#[tokio::test]
async fn tuple_of_several_types_is_a_build_error_of_inputs() {
    #[derive(Deserialize, serde::Serialize, ToSchema)]
    enum Event {
        Pair(u8, u8),
        Mixed(u8, String),
    }
    #[derive(Deserialize, serde::Serialize, ToSchema)]
    enum Same {
        Pair(u8, u8),
    }
    let builder = common::gate(Profile::Rfc).await;
    let refused = builder
        .operation(post("/x").public().then(|_: Json<Event>| async {}))
        .build();
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("tuple of several types"), "{error}");
    let same = built(post("/x").public().then(|_: Json<Same>| async {})).await;
    assert_eq!(posted(&same, &json!({ "Pair": [1, 2] })).await, None);
    assert!(posted(&same, &json!({ "Pair": [1, 2, 3] })).await.is_some());
    let answers = built(
        post("/x")
            .public()
            .then(|| async { Json(Event::Mixed(1, String::new())) }),
    )
    .await;
    let mixed = &answers.openapi()["components"]["schemas"]["Event"]["oneOf"][1]["properties"]["Mixed"];
    assert_eq!(
        (&mixed["type"], &mixed["items"]["type"]),
        (&json!("array"), &Value::Null)
    );
}
