//! Constraints of the types of a path: the document shows them, and requests must follow them.
#![expect(dead_code, reason = "fields are only read from requests")]

use std::collections::BTreeMap;

use scopegate_http::input::{InputError, Parsed};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Path, get};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, Profile};

#[derive(Deserialize, ToSchema)]
#[schema(minimum = 1)]
struct NoteId(i64);

#[derive(Deserialize, ToSchema)]
#[schema(min_length = 2, max_length = 4)]
struct Slug(String);

#[derive(Deserialize, ToSchema)]
struct Ids {
    id: NoteId,
    #[schema(min_length = 2, max_length = 4)]
    slug: String,
}

#[derive(Deserialize, ToSchema)]
struct IdAlone {
    #[schema(exclusive_minimum = 0)]
    id: i64,
}

#[derive(Deserialize, ToSchema)]
struct Pair(NoteId, Slug);

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

async fn error_of(operation: HandledOperation) -> String {
    let builder = common::gate(Profile::Rfc).await.operation(operation);
    builder.build().unwrap_err().to_string()
}

/// The location and the kind of each error; none if the request is answered.
async fn faults(gate: &Gate, path: &str) -> Vec<(Value, String)> {
    let answered = common::get(gate, path).await;
    if answered.status == 204 {
        return Vec::new();
    }
    assert_eq!(answered.status, 400, "{}", answered.body);
    let body = answered.json();
    let faults = body["errors"].as_array().unwrap();
    let fault = |fault: &Value| (fault["loc"].clone(), fault["type"].as_str().unwrap().to_owned());
    faults.iter().map(fault).collect()
}

fn parameter(gate: &Gate, template: &str, name: &str) -> Value {
    let parameters = &gate.openapi()["paths"][template]["get"]["parameters"];
    let found = parameters.as_array().unwrap().iter();
    let found: Vec<_> = found.filter(|parameter| parameter["name"] == name).collect();
    assert_eq!(found.len(), 1, "{parameters}");
    assert_eq!(found[0]["in"], "path");
    found[0]["schema"].clone()
}

fn route() -> scopegate_http::Route<scopegate_http::typestate::Public> {
    get("/{id}/{slug}").public()
}

#[tokio::test]
async fn constraints_of_a_path_are_enforced_and_documented() {
    type Raw = Result<Path<(NoteId, Slug)>, InputError>;
    for operation in [
        route().then(|_: Path<(NoteId, Slug)>| async {}),
        route().then(|_: Path<Ids>| async {}),
        route().then(|read: Raw| async { read.map(|_| ()) }),
    ] {
        let gate = built(operation).await;
        for (path, wanted) in [
            ("/1/ab", &[][..]),
            ("/9223372036854775807/a%C3%B1b", &[]),
            ("/0/ab", &[("id", "greater_than_equal")]),
            ("/1/a", &[("slug", "string_too_short")]),
            (
                "/-5/abcde",
                &[("id", "greater_than_equal"), ("slug", "string_too_long")],
            ),
            ("/x/abcde", &[("id", "int_parsing"), ("slug", "string_too_long")]),
            ("/9223372036854775808/ab", &[("id", "int_parsing")]),
        ] {
            let wanted = wanted
                .iter()
                .map(|(name, kind)| (json!(["path", name]), (*kind).to_owned()));
            assert_eq!(faults(&gate, path).await, wanted.collect::<Vec<_>>(), "{path}");
        }
        let (id, slug) = (
            parameter(&gate, "/{id}/{slug}", "id"),
            parameter(&gate, "/{id}/{slug}", "slug"),
        );
        assert_eq!(
            (&id["type"], &id["minimum"], &id["maximum"]),
            (&json!("integer"), &json!(1), &json!(i64::MAX))
        );
        assert_eq!((&slug["minLength"], &slug["maxLength"]), (&json!(2), &json!(4)));
    }
}

#[tokio::test]
async fn constraint_of_each_argument_is_enforced() {
    let gate = built(route().then(|_: Path<Ids>, _: Path<IdAlone>| async {})).await;
    let wanted = ["greater_than_equal", "greater_than"].map(|kind| (json!(["path", "id"]), kind.to_owned()));
    assert_eq!(faults(&gate, "/0/ab").await, wanted);
}

#[tokio::test]
async fn single_value_and_maps_of_a_path_have_constraints() {
    let template = || get("/{id}").public();
    for operation in [
        template().then(|_: Path<NoteId>| async {}),
        template().then(|_: Path<(NoteId,)>| async {}),
        template().then(|_: Path<Vec<NoteId>>| async {}),
        template().then(|_: Path<BTreeMap<String, NoteId>>| async {}),
        template().then(|_: Path<IdAlone>| async {}),
    ] {
        let gate = built(operation).await;
        assert_eq!(faults(&gate, "/1").await, []);
        let found = faults(&gate, "/0").await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, json!(["path", "id"]));
        assert!(found[0].1.starts_with("greater_than"), "{found:?}");
        let schema = parameter(&gate, "/{id}", "id").to_string();
        assert!(schema.contains("inimum") || schema.contains("NoteId"), "{schema}");
    }
}

#[tokio::test]
async fn path_that_is_not_as_documented_is_a_build_error() {
    #[derive(Deserialize, ToSchema)]
    #[schema(pattern = "^a+$")]
    struct Pattern(String);
    #[derive(Deserialize, ToSchema)]
    struct Number {
        #[schema(value_type = String)]
        id: u8,
    }
    #[derive(Deserialize, ToSchema)]
    #[serde(try_from = "String")]
    struct Day {
        day: u8,
    }
    impl TryFrom<String> for Day {
        type Error = std::num::ParseIntError;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            text.parse().map(|day| Self { day })
        }
    }
    // utoipa does not describe the elements of a tuple structure.
    let pair = error_of(route().then(|_: Path<Pair>| async {})).await;
    assert!(pair.contains("use a tuple"), "{pair}");
    let template = || get("/{id}").public();
    for (operation, reason) in [
        (template().then(|_: Path<Pattern>| async {}), "`pattern`"),
        (template().then(|_: Path<(Pattern,)>| async {}), "`pattern`"),
        (template().then(|_: Path<Number>| async {}), "the document allows `a`"),
        (template().then(|_: Path<Day>| async {}), "is an object"),
        (template().then(|_: Path<(Day,)>| async {}), "is an object"),
    ] {
        let error = error_of(operation).await;
        assert!(error.contains("`GET /{id}`") && error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn value_with_its_own_rule_is_read_as_documented() {
    let read = |Path((Parsed(host), id)): Path<(Parsed<std::net::IpAddr>, u128)>| async move { format!("{host} {id}") };
    let gate = built(get("/{host}/{id}").public().then(read)).await;
    let most = u128::MAX;
    assert_eq!(
        common::get(&gate, &format!("/127.0.0.1/{most}")).await.body,
        format!("127.0.0.1 {most}")
    );
    assert_eq!(parameter(&gate, "/{host}/{id}", "host"), json!({ "type": "string" }));
}
