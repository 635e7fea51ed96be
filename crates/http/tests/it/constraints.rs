//! Constraints of schemas: the document shows them, and requests must follow them.
#![expect(dead_code, reason = "fields are only read from requests")]

use http::{Request, StatusCode};
use scopegate_http::input::{Cookie, Form, Header};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Gate, HandledOperation, Json, Path, Query, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{self, Answered, Profile, send};

async fn built(operation: HandledOperation) -> Gate {
    common::gate(Profile::Rfc).await.operation(operation).build().unwrap()
}

async fn error_of(operation: HandledOperation) -> String {
    let builder = common::gate(Profile::Rfc).await.operation(operation);
    builder.build().unwrap_err().to_string()
}

async fn posted(gate: &Gate, body: &Value) -> Answered {
    let request = Request::post("/x").header("content-type", "application/json");
    send(gate, request.body(body.to_string()).unwrap()).await
}

/// The location and the kind of each error; none if the request is answered.
fn faults(answered: &Answered) -> Vec<(Value, String)> {
    if answered.status == StatusCode::NO_CONTENT {
        return Vec::new();
    }
    assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{}", answered.body);
    let body = answered.json();
    let faults = body["errors"].as_array().unwrap();
    let fault = |fault: &Value| (fault["loc"].clone(), fault["type"].as_str().unwrap().to_owned());
    faults.iter().map(fault).collect()
}

fn expected(faults: &[(Value, &str)]) -> Vec<(Value, String)> {
    faults
        .iter()
        .map(|(place, kind)| (place.clone(), (*kind).to_owned()))
        .collect()
}

#[derive(Deserialize, ToSchema)]
struct Item {
    #[schema(min_length = 2, max_length = 4)]
    title: String,
    #[schema(minimum = 1, maximum = 100)]
    count: Option<u8>,
    #[schema(exclusive_minimum = 0, exclusive_maximum = 1)]
    share: Option<f64>,
    #[schema(multiple_of = 5)]
    step: Option<i64>,
    #[schema(no_recursion)]
    next: Option<Box<Item>>,
}

#[derive(Deserialize, ToSchema)]
struct Order {
    #[schema(min_items = 1, max_items = 3)]
    items: Vec<Item>,
    #[serde(default)]
    notes: std::collections::BTreeMap<String, Item>,
}

async fn order() -> Gate {
    built(post("/x").public().then(|_: Json<Order>| async {})).await
}

#[tokio::test]
async fn every_error_of_a_body_has_its_location() {
    let gate = order().await;
    let good = json!({ "items": [{ "title": "añb" }], "notes": { "n": { "title": "ab", "share": 0.5, "step": -10 } } });
    assert_eq!(faults(&posted(&gate, &good).await), []);
    let body = json!({
        "items": [
            { "title": "a" },
            { "title": "ab", "count": 0, "share": 0, "step": 7 },
            { "title": "abcde", "count": 101, "share": 1.0 },
            { "title": "ab", "next": { "title": "ab", "next": { "title": "" } } },
        ],
        "notes": { "n": { "title": "a" } },
    });
    let wanted = expected(&[
        (json!(["body", "items"]), "too_long"),
        (json!(["body", "items", 0, "title"]), "string_too_short"),
        (json!(["body", "items", 1, "count"]), "greater_than_equal"),
        (json!(["body", "items", 1, "share"]), "greater_than"),
        (json!(["body", "items", 1, "step"]), "multiple_of"),
        (json!(["body", "items", 2, "title"]), "string_too_long"),
        (json!(["body", "items", 2, "count"]), "less_than_equal"),
        (json!(["body", "items", 2, "share"]), "less_than"),
        (json!(["body", "items", 3, "next", "next", "title"]), "string_too_short"),
        (json!(["body", "notes", "n", "title"]), "string_too_short"),
    ]);
    assert_eq!(faults(&posted(&gate, &body).await), wanted);
    let empty = posted(&gate, &json!({ "items": [] })).await;
    assert_eq!(empty.json()["errors"][0]["msg"], "List should have at least 1 item");
}

#[tokio::test]
async fn error_of_a_type_is_next_to_those_of_constraints() {
    let gate = order().await;
    let body = json!({ "items": [{ "title": "a", "count": "many" }] });
    let wanted = expected(&[
        (json!(["body", "items", 0, "title"]), "string_too_short"),
        (json!(["body", "items", 0, "count"]), "int_type"),
    ]);
    assert_eq!(faults(&posted(&gate, &body).await), wanted);
    let request = Request::post("/x").header("content-type", "application/json");
    // serde does not parse what it ignores.
    let ignored = r#"{ "items": [{ "title": "ab" }], "other": 1e999 }"#;
    let answered = send(&gate, request.body(ignored.to_owned()).unwrap()).await;
    assert_eq!(faults(&answered), expected(&[(json!(["body"]), "json_invalid")]));
}

#[tokio::test]
async fn parameters_follow_their_constraints_in_every_place() {
    #[derive(Deserialize, ToSchema)]
    struct Fields {
        #[schema(minimum = 10)]
        x_size: Option<i64>,
        #[schema(max_length = 3)]
        x_name: Option<String>,
        #[serde(default)]
        #[schema(max_items = 2)]
        x_tag: Vec<String>,
        other: Option<String>,
    }
    type All = (Query<Fields>, Header<Fields>, Cookie<Fields>, Form<Fields>);
    let all = |a: Query<Fields>, b: Header<Fields>, c: Cookie<Fields>, d: Form<Fields>| async move {
        let _: All = (a, b, c, d);
    };
    let gate = built(post("/x").public().then(all)).await;
    let request = |text: &str, header: &str| {
        let cookie = text.replace('&', "; ");
        let request = Request::post(format!("/x?{text}")).header("cookie", cookie);
        let request = request.header("x-size", header).header("x-name", "añb");
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(text.to_owned())
            .unwrap()
    };
    assert_eq!(
        faults(&send(&gate, request("x_size=10&x_name=abc&x_tag=a&x_tag=b", "10")).await),
        []
    );
    let refused = send(&gate, request("x_size=9&x_name=abcd&x_tag=a&x_tag=b&x_tag=c", "-3")).await;
    let of = |place: &str| {
        [
            (json!([place, "x_size"]), "greater_than_equal"),
            (json!([place, "x_name"]), "string_too_long"),
            (json!([place, "x_tag"]), "too_long"),
        ]
    };
    let mut wanted = of("query").to_vec();
    wanted.push((json!(["header", "x-size"]), "greater_than_equal"));
    wanted.extend(of("cookie"));
    wanted.extend(of("body"));
    assert_eq!(faults(&refused), expected(&wanted));
    let parameters = &gate.openapi()["paths"]["/x"]["post"]["parameters"];
    assert_eq!(parameters[0]["schema"]["minimum"], 10);
}

#[tokio::test]
async fn constraint_that_is_not_enforced_is_a_build_error() {
    #[derive(Deserialize, ToSchema)]
    struct Pattern {
        #[schema(pattern = "^a+$")]
        code: String,
    }
    #[derive(Deserialize, ToSchema)]
    struct Outer {
        inner: Vec<Pattern>,
    }
    #[derive(Deserialize, ToSchema, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[schema(max_length = 3)]
    struct Name(String);
    #[derive(Deserialize, ToSchema)]
    struct Named {
        map: std::collections::BTreeMap<Name, u8>,
    }
    let of_body = error_of(post("/x").public().then(|_: Json<Outer>| async {})).await;
    let of_query = error_of(get("/x").public().then(|_: Query<Pattern>| async {})).await;
    let of_names = error_of(post("/x").public().then(|_: Json<Named>| async {})).await;
    assert!(of_names.contains("`propertyNames`"), "{of_names}");
    for error in [of_body, of_query] {
        assert!(
            error.contains("/x`") && error.contains("`code`") && error.contains("`pattern`"),
            "{error}"
        );
    }
}

/// The document does not name an alias, so that its value has no constraints.
#[tokio::test]
async fn alias_is_not_read_around_a_constraint() {
    #[derive(Deserialize, ToSchema)]
    struct Aliased {
        #[serde(alias = "titel")]
        #[schema(max_length = 2)]
        title: String,
        #[serde(flatten)]
        more: More,
    }
    #[derive(Deserialize, ToSchema)]
    struct More {
        #[serde(default, alias = "zahl")]
        #[schema(maximum = 5)]
        number: i64,
    }
    async fn body(Json(list): Json<Vec<Aliased>>) -> String {
        let read = list.iter().map(|read| format!("{} {}", read.title, read.more.number));
        read.collect::<Vec<_>>().join(";")
    }
    async fn query(Query(read): Query<Aliased>) -> String {
        format!("{} {}", read.title, read.more.number)
    }
    let gate = built(post("/x").public().then(body)).await;
    let known = json!([{ "title": "ab", "number": 5, "other": 1 }]);
    assert_eq!(posted(&gate, &known).await.body, "ab 5");
    let aliased = posted(&gate, &json!([{ "title": "ab" }, { "titel": "abc" }])).await;
    assert_eq!(faults(&aliased), expected(&[(json!(["body", 1, "title"]), "missing")]));
    let flattened = posted(&gate, &json!([{ "title": "ab", "zahl": 6 }])).await;
    assert_eq!(flattened.body, "ab 0");
    let gate = built(get("/x").public().then(query)).await;
    assert_eq!(common::get(&gate, "/x?title=ab&number=5&other=1").await.body, "ab 5");
    assert_eq!(common::get(&gate, "/x?title=ab&zahl=6").await.status, 400);
    let aliased = common::get(&gate, "/x?titel=abc").await;
    assert_eq!(faults(&aliased), expected(&[(json!(["query", "title"]), "missing")]));
}

#[tokio::test]
async fn errors_of_one_answer_are_bounded() {
    #[derive(Deserialize, ToSchema)]
    struct Many {
        values: Vec<Item>,
    }
    let gate = built(post("/x").public().then(|_: Json<Many>| async {})).await;
    let body = json!({ "values": vec![json!({ "title": "" }); 5_000] });
    assert_eq!(faults(&posted(&gate, &body).await).len(), 100);
}

/// The type has a constraint, so that the body is read again without the unknown members.
#[tokio::test]
async fn integer_keeps_its_digits_next_to_an_unknown_member() {
    #[derive(Deserialize, ToSchema)]
    struct Long {
        #[schema(max_length = 2)]
        title: String,
        #[schema(minimum = 1)]
        id: u128,
        ids: Vec<u128>,
    }
    let read = |Json(list): Json<Vec<Long>>| async move { format!("{} {:?}", list[0].id, list[0].ids) };
    let gate = built(post("/x").public().then(read)).await;
    let most = u128::MAX;
    for other in ["", r#", "other": [1e3], "titel": "abc""#] {
        let body = format!(r#"[{{ "title": "ab", "id": {most}, "ids": [{most}, 0]{other} }}]"#);
        let request = Request::post("/x").header("content-type", "application/json");
        let answered = send(&gate, request.body(body).unwrap()).await;
        assert_eq!(answered.body, format!("{most} [{most}, 0]"));
    }
    let body = format!(r#"[{{ "title": "abc", "id": 0, "ids": [{most}], "other": {most} }}]"#);
    let request = Request::post("/x").header("content-type", "application/json");
    let refused = faults(&send(&gate, request.body(body).unwrap()).await);
    let wanted = [
        (json!(["body", 0, "title"]), "string_too_long"),
        (json!(["body", 0, "id"]), "greater_than_equal"),
    ];
    assert_eq!(refused, expected(&wanted));
}

/// The type in Rust has other bounds than the documented type.
#[tokio::test]
async fn bounds_of_a_declared_value_type_are_enforced() {
    #[derive(Deserialize, ToSchema)]
    struct Small {
        #[schema(value_type = u8)]
        size: i64,
        #[schema(value_type = Option<i8>, minimum = -128, maximum = 127)]
        step: Option<i64>,
    }
    #[derive(Deserialize, ToSchema)]
    struct Size {
        #[schema(value_type = u8)]
        size: i64,
    }
    let body = built(post("/x").public().then(|_: Json<Vec<Small>>| async {})).await;
    let fields = built(post("/x").public().then(|_: Query<Small>| async {})).await;
    let path = built(get("/{size}").public().then(|_: Path<Size>| async {})).await;
    for (size, step, wanted) in [
        (255, -128, &[][..]),
        (256, 127, &[("size", "less_than_equal")]),
        (-1, 128, &[("size", "greater_than_equal"), ("step", "less_than_equal")]),
        (0, -129, &[("step", "greater_than_equal")]),
    ] {
        let at = |place: Value| {
            let fault = move |(name, kind): &(&'static str, &'static str)| {
                let mut place = place.as_array().unwrap().clone();
                place.push(json!(name));
                (Value::Array(place), *kind)
            };
            wanted.iter().map(fault).collect::<Vec<_>>()
        };
        let sent = posted(&body, &json!([{ "size": size, "step": step }])).await;
        assert_eq!(faults(&sent), expected(&at(json!(["body", 0]))));
        let request = Request::post(format!("/x?size={size}&step={step}"));
        let sent = send(&fields, request.body(String::new()).unwrap()).await;
        assert_eq!(faults(&sent), expected(&at(json!(["query"]))));
        let mut of_path = at(json!(["path"]));
        of_path.retain(|(place, _)| place[1] == "size");
        let sent = common::get(&path, &format!("/{size}")).await;
        assert_eq!(faults(&sent), expected(&of_path));
    }
}
