//! A name that has one value is refused if a request repeats it, in every place.
#![expect(dead_code, reason = "fields are only read from requests")]

use std::collections::{BTreeMap, HashMap};

use http::Request;
use scopegate_http::input::{Cookie, Form, Header, Parsed};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Json, Query, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, Answered, Profile, send};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    A,
}

#[derive(Deserialize, ToSchema)]
struct Fields {
    text: Option<String>,
    number: Option<u8>,
    kind: Option<Kind>,
    #[schema(value_type = Option<String>)]
    peer: Option<Parsed<std::net::IpAddr>>,
    #[schema(maximum = 5)]
    bounded: Option<u8>,
    #[serde(default)]
    list: Vec<String>,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Deserialize, ToSchema)]
struct Inner {
    flag: Option<bool>,
    #[serde(default)]
    numbers: Vec<u8>,
}

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

/// The only error, if there is one.
fn place(answered: &Answered) -> Option<Value> {
    if answered.status.is_success() {
        return None;
    }
    assert_eq!(answered.status, 400, "{}", answered.body);
    let body = answered.json();
    let faults = body["errors"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0]["msg"], "Value error, the name is there more than once");
    Some(faults[0]["loc"].clone())
}

/// Sends the pairs in each place.
pub(crate) async fn sent(gates: &[(&str, Gate)], pairs: &[(&str, &str)]) -> Vec<(String, Answered)> {
    let written: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut answers = Vec::new();
    for (place, gate) in gates {
        let uri = match *place {
            "query" => format!("/x?{}", written.join("&")),
            _ => "/x".to_owned(),
        };
        let mut request = Request::post(uri).header("content-type", "application/x-www-form-urlencoded");
        match *place {
            "header" => {
                request = pairs
                    .iter()
                    .fold(request, |request, (name, value)| request.header(*name, *value));
            }
            "cookie" => {
                request = written
                    .iter()
                    .fold(request, |request, pair| request.header("cookie", pair));
            }
            _ => {}
        }
        let body = if *place == "body" {
            written.join("&")
        } else {
            String::new()
        };
        answers.push(((*place).to_owned(), send(gate, request.body(body).unwrap()).await));
    }
    answers
}

#[tokio::test]
async fn name_of_one_value_is_refused_if_it_is_repeated() {
    let lists = |fields: Fields| async move { format!("{:?} {:?}", fields.list, fields.inner.numbers) };
    let gates = [
        (
            "query",
            built(post("/x").public().then(move |Query(read): Query<Fields>| lists(read))).await,
        ),
        (
            "header",
            built(
                post("/x")
                    .public()
                    .then(move |Header(read): Header<Fields>| lists(read)),
            )
            .await,
        ),
        (
            "cookie",
            built(
                post("/x")
                    .public()
                    .then(move |Cookie(read): Cookie<Fields>| lists(read)),
            )
            .await,
        ),
        (
            "body",
            built(post("/x").public().then(move |Form(read): Form<Fields>| lists(read))).await,
        ),
    ];
    for (name, value) in [
        ("text", "a"),
        ("text", ""),
        ("number", "1"),
        ("kind", "a"),
        ("peer", "127.0.0.1"),
        ("bounded", "5"),
        ("flag", "true"),
    ] {
        for (of, answered) in sent(&gates, &[(name, value)]).await {
            assert_eq!(place(&answered), None, "{of} {name}");
        }
        for (of, answered) in sent(&gates, &[(name, value), ("list", "x"), (name, value)]).await {
            assert_eq!(place(&answered), Some(json!([of, name])), "{name}");
        }
    }
    let pairs = [("list", "x"), ("numbers", "1"), ("list", "y"), ("numbers", "2")];
    for (of, answered) in sent(&gates, &pairs).await {
        assert_eq!(answered.body, r#"["x", "y"] [1, 2]"#, "{of}");
    }
    // Nothing reads these.
    for (of, answered) in sent(&gates, &[("other", "1"), ("other", "2")]).await {
        assert_eq!(place(&answered), None, "{of}");
    }
}

/// [RFC 9110, section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)
#[tokio::test]
async fn list_of_a_header_is_separated_by_commas() {
    let read = |Header(read): Header<Fields>| async move { format!("{:?} {:?}", read.list, read.text) };
    let gate = built(post("/x").public().then(read)).await;
    let request = Request::post("/x").header("list", "a, b ,,c").header("list", "\td");
    let answered = send(&gate, request.header("text", "a, b").body(String::new()).unwrap()).await;
    assert_eq!(answered.body, r#"["a", "b", "c", "d"] Some("a, b")"#);
}

#[tokio::test]
async fn map_of_parameters_has_each_name_once() {
    let gate = built(post("/x").public().then(|_: Query<BTreeMap<String, u8>>| async {})).await;
    assert_eq!(
        place(&send(&gate, Request::post("/x?a=1&b=2").body(String::new()).unwrap()).await),
        None
    );
    let repeated = send(&gate, Request::post("/x?a=1&b=2&a=1").body(String::new()).unwrap()).await;
    assert_eq!(place(&repeated), Some(json!(["query", "a"])));
}

#[tokio::test]
async fn member_of_json_is_refused_if_it_is_repeated() {
    #[derive(Deserialize, ToSchema)]
    struct Body {
        name: Option<String>,
        #[serde(default)]
        map: BTreeMap<String, BTreeMap<String, u8>>,
        #[serde(default)]
        numbers: HashMap<u16, u8>,
        #[serde(default)]
        list: Vec<Value>,
        either: Option<Either>,
        #[serde(default)]
        bounded: BTreeMap<String, Bounded>,
    }
    #[derive(Deserialize, ToSchema)]
    struct Bounded {
        #[schema(maximum = 5)]
        number: i64,
    }
    #[derive(Deserialize, ToSchema)]
    #[serde(untagged)]
    enum Either {
        Named { name: String },
        Number(u8),
    }
    let gate = built(post("/x").public().then(|_: Json<Body>| async {})).await;
    for (body, wanted) in [
        (
            r#"{"map":{"a":{"b":1},"b":{"b":1}},"numbers":{"1":1,"2":1},"list":[{"a":1},{"a":1}]}"#,
            None,
        ),
        (r#"{"name":"a","name":"a"}"#, Some(json!(["body", "name"]))),
        (r#"{"map":{"a":{},"\u0061":{}}}"#, Some(json!(["body", "map", "a"]))),
        (
            r#"{"map":{"a":{"b":1,"c":2,"b":1}}}"#,
            Some(json!(["body", "map", "a", "b"])),
        ),
        (r#"{"numbers":{"1":1,"1":1}}"#, Some(json!(["body", "numbers", "1"]))),
        (
            r#"{"list":[1,[{}],{"a":1,"a":2}]}"#,
            Some(json!(["body", "list", 2, "a"])),
        ),
        (
            r#"{"either":{"name":"a","name":"b"}}"#,
            Some(json!(["body", "either", "name"])),
        ),
        (
            r#"{"bounded":{"a":{"number":1},"a":{"number":2}}}"#,
            Some(json!(["body", "bounded", "a"])),
        ),
        // Nothing reads these.
        (r#"{"other":1,"other":{"a":1,"a":2}}"#, None),
    ] {
        let request = Request::post("/x").header("content-type", "application/json");
        let answered = send(&gate, request.body(body.to_owned()).unwrap()).await;
        assert_eq!(place(&answered), wanted, "{body}");
    }
}
