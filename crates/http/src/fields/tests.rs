//! Values become the fields of a structure.

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Page {
    number: u32,
    #[serde(default)]
    tags: Vec<String>,
    order: Option<Order>,
    all: Option<bool>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Newest,
    Oldest,
}

/// Returns the documented parameters of [`Page`].
fn shape() -> FieldShape {
    let schema = json!({
        "type": "object",
        "required": ["number"],
        "properties": {
            "number": { "type": "integer" },
            "tags": { "type": "array", "items": { "type": "string" } },
            "order": { "type": "string" },
            "all": { "type": ["boolean", "null"] },
        },
    });
    FieldShape::of(&schema, &serde_json::Map::new()).unwrap()
}

fn parsed(query: &str) -> FieldValues<'_> {
    parse(query.as_bytes(), FieldPlace::Query).unwrap()
}

fn faults_of(query: &str) -> Vec<Value> {
    let faults = read::<Page>(&parsed(query), &shape(), FieldPlace::Query).unwrap_err();
    faults.iter().map(InvalidInput::to_json).collect()
}

/// The only fault.
fn fault(query: &str) -> Value {
    let mut faults = faults_of(query);
    assert_eq!(faults.len(), 1, "{query}");
    faults.remove(0)
}

#[test]
fn all_faults_come_in_the_order_of_declaration() {
    let places: Vec<_> = faults_of("all=maybe&order=best")
        .iter()
        .map(|fault| fault["loc"][1].clone())
        .collect();
    assert_eq!(places, ["number", "order", "all"]);
}

#[test]
fn a_query_becomes_a_structure() {
    let texts = parsed("number=2&tags=a%20b&tags=c+d&order=oldest&all=Yes&unknown=x&unknown=y");
    let page: Page = read(&texts, &shape(), FieldPlace::Query).unwrap();
    let expected = Page {
        number: 2,
        tags: vec!["a b".into(), "c d".into()],
        order: Some(Order::Oldest),
        all: Some(true),
    };
    assert_eq!(page, expected);
    read::<()>(&parsed("anything=1"), &FieldShape::default(), FieldPlace::Query).unwrap();
}

#[test]
fn faults_name_the_field_and_no_type() {
    assert_eq!(
        fault(""),
        json!({ "type": "missing", "loc": ["query", "number"], "msg": "Field required", "input": null })
    );
    assert_eq!(fault("number=x").get("type"), Some(&json!("int_parsing")));
    assert_eq!(fault("number=x").get("loc"), Some(&json!(["query", "number"])));
    assert_eq!(fault("number=-1").get("input"), Some(&json!("-1")));
    assert_eq!(fault("number=1&all=maybe").get("type"), Some(&json!("bool_parsing")));
    assert_eq!(
        fault("number=1&order=best").get("msg"),
        Some(&json!("Input should be one of 'newest', 'oldest'"))
    );
    for query in [
        "",
        "number=x",
        "number=1&order=best",
        "number=1&all=maybe",
        "number=99999999999999",
    ] {
        let text = fault(query).to_string();
        assert!(
            !text.contains("Page") && !text.contains("u32") && !text.contains("Order"),
            "{text}"
        );
    }
}

#[test]
fn ten_thousand_names_are_linear_work() {
    let names: Vec<_> = (0..10_000).map(|index| format!("n{index}=")).collect();
    assert_eq!(fault(&names.join("&")).get("type"), Some(&json!("missing")));
}
