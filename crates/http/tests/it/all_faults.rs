//! All errors of a body of JSON are in one answer, each with its location.
#![expect(dead_code, reason = "fields are only read from requests")]

use std::collections::BTreeMap;

use http::Request;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Json, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::common::{self, Profile, send};

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

/// The location and the kind of each error of a text; none if it is accepted.
async fn faults_of(gate: &Gate, body: String) -> Vec<String> {
    let request = Request::post("/x").header("content-type", "application/json");
    let answered = send(gate, request.body(body).unwrap()).await;
    if answered.status == 204 {
        return Vec::new();
    }
    assert_eq!(answered.status, 400, "{}", answered.body);
    let body = answered.json();
    let fault = |fault: &Value| {
        let steps = fault["loc"].as_array().unwrap().iter().skip(1);
        let steps = steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
        format!(
            "{} {}",
            steps.collect::<Vec<_>>().join("/"),
            fault["type"].as_str().unwrap()
        )
    };
    body["errors"].as_array().unwrap().iter().map(fault).collect()
}

async fn faults(gate: &Gate, body: Value) -> Vec<String> {
    faults_of(gate, body.to_string()).await
}

/// A text with a rule of its own, which the document does not state.
#[derive(Deserialize, ToSchema)]
#[serde(try_from = "String")]
struct Code(String);

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "xyzzy" {
            Ok(Self(text))
        } else {
            Err("no code")
        }
    }
}

/// A time, which the document calls a string.
#[derive(Deserialize, ToSchema)]
#[serde(try_from = "String")]
struct Date(String);

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() == 10 {
            Ok(Self(text))
        } else {
            Err("no date")
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Equipment {
    Phone,
    Screen,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Booking {
    room: u64,
    #[schema(min_length = 1)]
    title: String,
    start: Date,
    #[schema(minimum = 1, maximum = 20)]
    people: u16,
    equipment: Vec<Equipment>,
    owner: Owner,
}

#[derive(Deserialize, ToSchema)]
struct Owner {
    name: String,
    age: Option<u8>,
    #[serde(default)]
    tags: BTreeMap<String, bool>,
}

#[tokio::test]
async fn every_member_that_is_missing_or_wrong_is_named() {
    let gate = built(post("/x").public().then(|_: Json<Booking>| async {})).await;
    assert_eq!(
        faults(&gate, json!({})).await,
        [
            "room missing",
            "title missing",
            "start missing",
            "people missing",
            "equipment missing",
            "owner missing"
        ]
    );
    let body = json!({
        "owner": { "age": "old", "tags": { "a": true, "b": 1, "c": null } },
        "start": "now",
        "equipment": ["phone", "table", 7, "screen", null],
        "other": 1,
        "people": -1,
        "title": "",
        "another": {},
    });
    assert_eq!(
        faults(&gate, body).await,
        [
            "owner/age int_type",
            "owner/tags/b bool_type",
            "owner/tags/c bool_type",
            "owner/name missing",
            "start value_error",
            "equipment/1 enum",
            "equipment/2 enum",
            "equipment/4 enum",
            "other extra_forbidden",
            "people greater_than_equal",
            "title string_too_short",
            "another extra_forbidden",
            "room missing"
        ]
    );
    assert_eq!(faults(&gate, json!([])).await, [" dict_type"]);
    assert_eq!(faults_of(&gate, "{".to_owned()).await, [" json_invalid"]);
    let repeated = r#"{ "room": 1, "title": 7, "title": "a", "start": 2, "people": 3 }"#;
    assert_eq!(
        faults_of(&gate, repeated.to_owned()).await,
        [
            "title value_error",
            "start string_type",
            "equipment missing",
            "owner missing"
        ]
    );
}

#[tokio::test]
async fn error_of_a_rule_that_no_sample_follows_hides_no_other() {
    #[derive(Deserialize, ToSchema)]
    struct Order {
        code: Code,
        note: Option<Code>,
        count: u8,
        deep: Deep,
        last: u8,
    }

    #[derive(Deserialize, ToSchema)]
    struct Deep {
        code: Code,
        count: u8,
    }

    let gate = built(post("/x").public().then(|_: Json<Order>| async {})).await;
    let body = json!({ "code": "a", "note": "b", "deep": { "code": "c", "count": "d" }, "count": "e", "last": "f" });
    assert_eq!(
        faults(&gate, body).await,
        [
            "code value_error",
            "note value_error",
            "deep/code value_error",
            "deep/count int_type",
            "count int_type",
            "last int_type"
        ]
    );
}

#[tokio::test]
async fn error_that_a_replaced_value_causes_is_not_reported() {
    #[derive(Deserialize, ToSchema)]
    #[serde(try_from = "Numbers")]
    struct Range(u64, u64);

    #[derive(Deserialize, ToSchema)]
    struct Numbers {
        start: u64,
        end: u64,
    }

    impl TryFrom<Numbers> for Range {
        type Error = &'static str;

        fn try_from(numbers: Numbers) -> Result<Self, Self::Error> {
            (numbers.start < numbers.end)
                .then_some(Self(numbers.start, numbers.end))
                .ok_or("no range")
        }
    }

    #[derive(Deserialize, ToSchema)]
    struct Search {
        #[schema(value_type = Numbers)]
        range: Range,
        limit: u8,
    }

    let gate = built(post("/x").public().then(|_: Json<Search>| async {})).await;
    let body = json!({ "range": { "start": "x", "end": 0 }, "limit": "y" });
    assert_eq!(faults(&gate, body).await, ["range/start int_type", "limit int_type"]);
    let body = json!({ "range": { "start": 2, "end": 1 }, "limit": "y" });
    assert_eq!(faults(&gate, body).await, ["range value_error", "limit int_type"]);
}

#[derive(Deserialize, ToSchema)]
struct Inner {
    number: u8,
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum Either {
    Object { inner: Inner },
    Text(String),
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Tagged {
    Circle { size: u8, inner: Inner },
    Unit,
}

#[derive(Deserialize, ToSchema)]
struct Flat {
    count: u8,
    either: Vec<Either>,
    #[serde(flatten)]
    inner: Inner,
    #[serde(default)]
    tagged: Vec<Tagged>,
    equipment: Option<Equipment>,
}

#[tokio::test]
async fn errors_behind_flatten_and_in_enums_are_reported() {
    let gate = built(post("/x").public().then(|_: Json<Flat>| async {})).await;
    let body = json!({
        "name": 1,
        "count": "a",
        "either": ["a", 1, { "inner": { "number": 1, "name": "a" } }, true],
        "number": "b",
        "tagged": [{ "kind": "oval" }, { "kind": "unit" }, {}, { "kind": "circle", "size": 1 }],
        "equipment": "table",
    });
    assert_eq!(
        faults(&gate, body).await,
        [
            "name value_error",
            "count int_type",
            "either/1 value_error",
            "either/3 value_error",
            "number value_error",
            "tagged/0/kind enum",
            "tagged/2/kind missing",
            "tagged/3/inner missing",
            "equipment enum"
        ]
    );
}

#[tokio::test]
async fn array_and_object_are_refused_where_the_document_has_none() {
    let gate = built(post("/x").public().then(|_: Json<Flat>| async {})).await;
    let good = json!({
        "count": 1, "name": "a", "number": 1, "equipment": "phone", "either": ["a"],
        "tagged": [{ "kind": "unit" }, { "kind": "circle", "size": 1, "inner": { "number": 1, "name": "a" } }],
    });
    assert_eq!(faults(&gate, good.clone()).await, [""; 0]);
    for (member, value, wanted) in [
        ("equipment", json!({ "phone": null }), "equipment value_error"),
        (
            "either",
            json!([[{ "number": 1, "name": "a" }]]),
            "either/0 value_error",
        ),
        (
            "either",
            json!(["a", { "inner": [1, "a"] }]),
            "either/1/inner value_error",
        ),
        ("tagged", json!([["unit"]]), "tagged/0 value_error"),
        (
            "tagged",
            json!([{ "kind": "circle", "size": 1, "inner": [1, "a"] }]),
            "tagged/0/inner value_error",
        ),
    ] {
        let mut body = good.clone();
        body[member] = value;
        assert_eq!(faults(&gate, body).await, [wanted]);
    }
    // A member of another variant is one that the document does not name, and serde ignores it.
    let mut other = good.clone();
    other["tagged"] = json!([{ "kind": "unit", "inner": [1, "a"] }]);
    assert_eq!(faults(&gate, other).await, [""; 0]);
    let list = built(post("/x").public().then(|_: Json<Vec<Equipment>>| async {})).await;
    assert_eq!(
        faults(&list, json!(["phone", { "screen": null }])).await,
        ["1 value_error"]
    );
    // The other form is reported next to errors of types.
    let body = json!(["phone", { "screen": null }, "table"]);
    assert_eq!(faults(&list, body).await, ["1 value_error", "2 enum"]);
}

#[tokio::test]
async fn search_for_errors_in_a_large_body_ends_soon() {
    #[derive(Deserialize, ToSchema)]
    struct Lists {
        numbers: Vec<u8>,
        flat: Vec<Flat>,
    }

    let gate = built(post("/x").body_limit(2 << 20).public().then(|_: Json<Lists>| async {})).await;
    let wrong = "x".repeat(95);
    let valid = json!({ "count": 1, "either": [], "number": 1, "name": "a" });
    let flat = [vec![valid; 1_000], vec![json!({}); 1_000]].concat();
    let body = json!({ "flat": flat, "numbers": vec![wrong; 10_000] });
    let begin = Instant::now();
    let found = faults(&gate, body).await;
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(found.len() > 1 && found.len() <= 100, "{found:?}");
    assert_eq!(found[0], "flat/1000/count missing");
}
