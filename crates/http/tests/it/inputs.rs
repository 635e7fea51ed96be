//! The documented, the accepted and the refused values of an input agree.

use std::collections::HashMap;

use http::Request;
use proptest::prelude::*;
use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::typestate::AccessUndeclared;
use scopegate_http::utoipa::ToSchema;
use scopegate_http::{Gate, Json, Query, Route, get, post};
use serde_json::{Value, json};

use crate::common::{self, Profile, send};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
struct Limit(u8);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    Newest,
    Oldest,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct Paging {
    limit: Option<Limit>,
    #[serde(default)]
    offset: u32,
    ratio: Option<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct Sorting {
    #[serde(flatten)]
    paging: Paging,
    order: Option<Order>,
    reverse: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct Filter {
    title: String,
    #[serde(flatten)]
    sorting: Sorting,
    #[serde(default)]
    tag: Vec<u16>,
    author: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
enum Search {
    Id { id: u32 },
    Name { name: String, exact: Option<bool> },
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
struct Title(String);

impl TryFrom<String> for Title {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.is_empty() {
            Err("a title is needed")
        } else {
            Ok(Self(text))
        }
    }
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.0
    }
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Item {
    title: Title,
    count: Option<u8>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Order2 {
    items: Vec<Item>,
    counts: Option<HashMap<u32, u8>>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Titled {
    #[serde(flatten)]
    rest: Note,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Note {
    title: Title,
    subtitle: Option<Title>,
}

async fn gate(operation: scopegate_http::HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

async fn build_error(operation: scopegate_http::HandledOperation) -> String {
    let built = common::gate(Profile::Rfc).await.operation(operation).build();
    built.map_or_else(|error| error.to_string(), |_| "it is built".to_owned())
}

fn at() -> Route<AccessUndeclared> {
    get("/f")
}

async fn query_gate<T>() -> Gate
where
    T: for<'de> Deserialize<'de> + Serialize + ToSchema + Send + 'static,
{
    gate(
        at().public()
            .then(|Query(query): Query<T>| async move { scopegate_http::answer::AnyJson(query) }),
    )
    .await
}

fn parameters(gate: &Gate) -> Vec<(String, bool)> {
    let parameters = gate.openapi()["paths"]["/f"]["get"]["parameters"].as_array().unwrap();
    let named = parameters.iter().map(|parameter| {
        (
            parameter["name"].as_str().unwrap().to_owned(),
            parameter["required"].as_bool().unwrap(),
        )
    });
    named.collect()
}

fn names(pairs: &[(&str, bool)]) -> Vec<(String, bool)> {
    pairs
        .iter()
        .map(|(name, required)| ((*name).to_owned(), *required))
        .collect()
}

#[tokio::test]
async fn a_flattened_query_is_documented_and_read() {
    let gate = query_gate::<Filter>().await;
    let mut found = parameters(&gate);
    found.sort();
    let expected = [
        ("author", false),
        ("limit", false),
        ("offset", false),
        ("order", false),
        ("ratio", false),
        ("reverse", true),
        ("tag", false),
        ("title", true),
    ];
    assert_eq!(found, names(&expected));
    let answered = common::get(
        &gate,
        "/f?title=7&limit=5&offset=2&ratio=1&order=oldest&reverse=yes&tag=1&tag=2",
    )
    .await;
    assert_eq!(
        answered.json(),
        json!({
            "title": "7", "limit": 5, "offset": 2, "ratio": 1.0, "order": "oldest", "reverse": true, "tag": [1, 2],
            "author": null,
        })
    );
}

#[tokio::test]
async fn parameters_come_in_the_order_of_declaration() {
    let gate = query_gate::<Paging>().await;
    assert_eq!(
        parameters(&gate),
        names(&[("limit", false), ("offset", false), ("ratio", false)])
    );
}

#[tokio::test]
async fn an_enum_with_a_tag_is_a_query() {
    let gate = query_gate::<Search>().await;
    let mut found = parameters(&gate);
    found.sort();
    assert_eq!(
        found,
        names(&[("by", true), ("exact", false), ("id", false), ("name", false)])
    );
    assert_eq!(
        common::get(&gate, "/f?by=id&id=7").await.json(),
        json!({ "by": "id", "id": 7 })
    );
    let by_name = common::get(&gate, "/f?by=name&name=7&exact=true").await;
    assert_eq!(by_name.json(), json!({ "by": "name", "name": "7", "exact": true }));
    assert_eq!(common::get(&gate, "/f?by=id&id=x").await.status, 400);
}

#[tokio::test]
async fn an_optional_query_and_a_map_are_read() {
    let gate = query_gate::<Option<Item>>().await;
    assert_eq!(parameters(&gate), names(&[("title", false), ("count", false)]));
    assert_eq!(common::get(&gate, "/f").await.json(), Value::Null);
    let gate = query_gate::<HashMap<String, u8>>().await;
    assert_eq!(common::get(&gate, "/f?a=1&b=2").await.json(), json!({ "a": 1, "b": 2 }));
    assert_eq!(gate.openapi()["paths"]["/f"]["get"]["parameters"][0]["explode"], true);
}

#[tokio::test]
async fn every_fault_of_a_query_is_listed() {
    let gate = query_gate::<Filter>().await;
    let answered = common::get(&gate, "/f?limit=999&offset=x&order=best&tag=x").await;
    let errors = answered.json()["errors"].clone();
    let mut places: Vec<_> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["loc"][1].as_str().unwrap())
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        ["limit", "offset", "order", "reverse", "tag", "title"],
        "{errors}"
    );
}

#[tokio::test]
async fn two_queries_share_a_parameter() {
    let operation = at().public();
    let gate = gate(operation.then(|_: Query<Paging>, _: Query<Sorting>| async { "" })).await;
    let found = parameters(&gate);
    assert_eq!(found.iter().filter(|(name, _)| name == "limit").count(), 1);
    assert_eq!(common::get(&gate, "/f?limit=5&reverse=true").await.status, 200);
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_not_built() {
    #[derive(Deserialize, ToSchema)]
    struct Nested {
        #[expect(dead_code, reason = "only its schema counts")]
        inner: Paging,
    }
    #[derive(Deserialize, ToSchema)]
    struct Other {
        #[schema(value_type = String)]
        #[expect(dead_code, reason = "only its schema counts")]
        number: u32,
    }
    #[derive(Deserialize)]
    struct Read {
        number: Option<u32>,
    }
    #[derive(Deserialize, ToSchema)]
    #[serde(from = "Read")]
    struct Renamed {
        #[expect(dead_code, reason = "only its schema counts")]
        value: Option<u32>,
    }
    impl From<Read> for Renamed {
        fn from(read: Read) -> Self {
            Self { value: read.number }
        }
    }
    #[derive(Deserialize, ToSchema)]
    struct Hidden {
        #[schema(ignore)]
        #[expect(dead_code, reason = "only its schema counts")]
        key: u32,
    }
    #[derive(Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[expect(dead_code, reason = "only its schema counts")]
        only: Option<u32>,
    }
    let nested = at().public().then(|Query(_): Query<Nested>| async { "" });
    let scalar = at().public().then(|Query(_): Query<u32>| async { "" });
    let other = at().public().then(|Query(_): Query<Other>| async { "" });
    let renamed = at().public().then(|Query(_): Query<Renamed>| async { "" });
    let hidden = at().public().then(|Query(_): Query<Hidden>| async { "" });
    let strict = at().public();
    let strict = strict.then(|_: Query<Strict>, _: Query<Paging>| async { "" });
    for (operation, reason) in [
        (nested, "`inner` is an object"),
        (scalar, "not a structure"),
        (other, "allows `a` for parameter `number`"),
        (renamed, "never reads it"),
        (strict, "refuses `limit`"),
        (hidden, "requires parameter `key`"),
    ] {
        let error = build_error(operation).await;
        assert!(error.contains("`GET /f`") && error.contains(reason), "{error}");
    }
}

async fn body_fault<T>(body: &str) -> Value
where
    T: for<'de> Deserialize<'de> + ToSchema + Send + 'static,
{
    let gate = gate(post("/b").public().then(|Json(_): Json<T>| async { "read" })).await;
    let request = Request::post("/b").header("content-type", "application/json");
    let answered = send(&gate, request.body(body.to_owned()).unwrap()).await;
    assert_eq!(answered.status, 400, "{body}");
    answered.json()["errors"][0].clone()
}

#[tokio::test]
async fn a_fault_of_a_body_names_the_path_and_the_message_of_the_type() {
    let fault = body_fault::<Order2>(r#"{"items":[{"title":"hunter2"},{"title":""}]}"#).await;
    let expected = json!({
        "type": "value_error",
        "loc": ["body", "items", 1, "title"],
        "msg": "Value error, a title is needed",
        "input": null,
    });
    assert_eq!(fault, expected);
    for (body, kind, place) in [
        (r#"{"items":[{}]}"#, "missing", json!(["body", "items", 0, "title"])),
        (r#"{"items":"hunter2"}"#, "list_type", json!(["body", "items"])),
        (
            r#"{"items":[],"counts":{"1":1,"2":"hunter2"}}"#,
            "int_type",
            json!(["body", "counts", "2"]),
        ),
        (
            r#"{"items":[{"title":"a","count":999}]}"#,
            "value_error",
            json!(["body", "items", 0, "count"]),
        ),
        ("\"hunter2\"", "dict_type", json!(["body"])),
    ] {
        let fault = body_fault::<Order2>(body).await;
        assert_eq!((&fault["type"], &fault["loc"]), (&json!(kind), &place), "{body}");
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
    let flattened = body_fault::<Titled>(r#"{"title":"a","subtitle":""}"#).await;
    assert_eq!(flattened["loc"], json!(["body", "subtitle"]));
    assert_eq!(flattened["msg"], "Value error, a title is needed");
}

#[tokio::test]
async fn lists_and_options_refer_to_the_component() {
    let list = at().public().then(|| async { Json(Vec::<Paging>::new()) });
    let option = get("/o").public().then(|| async { Json(None::<Paging>) });
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(list)
        .operation(option)
        .build()
        .unwrap();
    let schema = |path: &str| {
        gate.openapi()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone()
    };
    assert_eq!(schema("/f")["items"]["$ref"], "#/components/schemas/Paging");
    assert!(
        schema("/o").to_string().contains("#/components/schemas/Paging"),
        "{}",
        schema("/o")
    );
    assert!(gate.openapi()["components"]["schemas"]["Paging"]["properties"].is_object());
    assert!(!gate.openapi().to_string().contains("$component"));
}

async fn handler() -> &'static str {
    ""
}

#[tokio::test]
async fn an_operation_id_is_unique_and_can_be_set() {
    let both = |first: &str, second: &str| [get(first).public().then(handler), get(second).public().then(handler)];
    let builder = || common::gate(Profile::Rfc);
    let error = builder()
        .await
        .operations(both("/a-b", "/a_b"))
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("`GET /a-b` and `GET /a_b`"), "{error}");
    builder().await.operations(both("/a", "/b")).build().unwrap();
    let set = get("/a-b").public().operation_id("first").then(handler);
    let gate = builder()
        .await
        .operation(set)
        .operation(get("/a_b").public().then(handler))
        .build()
        .unwrap();
    assert_eq!(gate.openapi()["paths"]["/a-b"]["get"]["operationId"], "first");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A query of documented parameters is accepted if each value has the documented type and the
    /// required ones are present. The errors are exactly the other parameters.
    #[test]
    fn documented_accepted_and_refused_agree(texts in prop::collection::btree_map(
        prop::sample::select(vec!["title", "limit", "offset", "ratio", "order", "reverse", "tag", "author", "other"]),
        prop::sample::select(vec!["7", "true", "newest", "x", "", "1.5", "300", "-1"]),
        0..9,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answered = runtime.block_on(async {
            let gate = query_gate::<Filter>().await;
            let query: Vec<String> = texts.iter().map(|(name, text)| format!("{name}={text}")).collect();
            common::get(&gate, &format!("/f?{}", query.join("&"))).await
        });
        let is_good = |name: &str, text: &str| match name {
            "limit" => text.parse::<u8>().is_ok(),
            "offset" => text.parse::<u32>().is_ok(),
            "tag" => text.parse::<u16>().is_ok(),
            "ratio" => text.parse::<f64>().is_ok(),
            "order" => text == "newest",
            "reverse" => text == "true",
            _ => true,
        };
        let wrong = texts.iter().filter(|(name, text)| !is_good(name, text)).map(|(name, _)| (*name).to_owned());
        let missing = ["title", "reverse"].into_iter().filter(|name| !texts.contains_key(name)).map(str::to_owned);
        let mut expected: Vec<String> = wrong.chain(missing).collect();
        expected.sort();
        let errors = answered.json()["errors"].clone();
        let errors = errors.as_array().cloned().unwrap_or_default();
        let mut found: Vec<_> = errors.iter().map(|fault| fault["loc"][1].as_str().unwrap_or("?").to_owned()).collect();
        found.sort();
        prop_assert_eq!(&found, &expected, "{:?} {}", texts, answered.body);
        prop_assert_eq!(answered.status.as_u16(), if expected.is_empty() { 200 } else { 400 });
    }
}
