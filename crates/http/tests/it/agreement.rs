//! For inputs of many shapes: a value is accepted exactly if the document allows it.
//!
//! The expected answer comes from the document alone, read by a small validator of JSON Schema.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use http::Request;
use proptest::prelude::*;
use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::utoipa::ToSchema;
use scopegate_http::{Gate, Json, Query, answer::AnyJson, get, post};
use serde_json::{Map, Value, json};

use crate::common::{self, Answered, Profile, send};

#[derive(Serialize, Deserialize, ToSchema)]
struct Plain {
    a: u8,
    b: Option<i16>,
    #[serde(default)]
    c: bool,
    d: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Numbers {
    a: i8,
    b: Option<u16>,
    c: Option<i32>,
    d: Option<u32>,
    e: Option<i64>,
    f: Option<u64>,
    g: Option<f64>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Newtype(u8);

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
struct Transparent(i8);

#[derive(Serialize, Deserialize, ToSchema)]
struct Newtypes {
    a: Newtype,
    b: Option<Transparent>,
    #[serde(default)]
    c: Vec<Newtype>,
}

#[derive(Serialize, Deserialize, ToSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Order {
    Newest,
    #[serde(rename = "7")]
    Seven,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum Id {
    Number(u16),
    Flag(bool),
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Enums {
    a: Order,
    b: Option<Order>,
    c: Option<Id>,
    #[serde(default)]
    d: BTreeSet<Order>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Flat {
    a: u8,
    #[serde(flatten)]
    middle: Middle,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Middle {
    #[serde(flatten)]
    inner: Inner,
    #[serde(default)]
    b: Vec<i8>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Inner {
    c: Option<Newtype>,
    d: bool,
    e: Option<Order>,
}

#[derive(Serialize, Deserialize, ToSchema, Default)]
#[serde(default, rename_all = "UPPERCASE", deny_unknown_fields)]
struct Defaults {
    a: u8,
    #[serde(rename = "b")]
    renamed: Option<bool>,
    c: Vec<u8>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Page<T> {
    a: T,
    b: Vec<T>,
}

/// The schema of a generic type has its parameter by name, so each use has a structure of its own.
#[derive(Serialize, Deserialize, ToSchema)]
struct OrderPage(Page<Order>);

#[derive(Serialize, Deserialize, ToSchema)]
struct PlainPage(Page<Plain>);

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "a", rename_all = "snake_case")]
enum Tagged {
    Newest { b: u8 },
    Oldest { c: Option<bool>, d: Newtype },
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Nested {
    a: Vec<Plain>,
    b: Option<Box<Enums>>,
    c: BTreeMap<String, Newtype>,
    d: Option<(u8, bool)>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum External {
    A(u8),
    B { c: bool },
    Newest,
}

/// What a document says of one value.
struct Schemas<'d>(&'d Value);

impl Schemas<'_> {
    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolve(
                self.0
                    .pointer(reference.trim_start_matches('#'))
                    .unwrap_or_else(|| panic!("{reference} of {}", self.0["components"])),
            ),
            None => schema,
        }
    }

    fn allows(&self, schema: &Value, value: &Value) -> bool {
        let schema = self.resolve(schema);
        let list = |word: &str| schema[word].as_array().map(|list| list.iter());
        let fits = |schema: &Value| self.allows(schema, value);
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        list("allOf").is_none_or(|mut all| all.all(fits))
            && list("oneOf").is_none_or(|mut one| one.any(fits))
            && list("anyOf").is_none_or(|mut any| any.any(fits))
            && list("enum").is_none_or(|mut of| of.any(|of| of == value))
            && (types.is_empty() || types.iter().any(|of| self.is_of(of.as_str().unwrap(), schema, value)))
    }

    fn is_of(&self, of: &str, schema: &Value, value: &Value) -> bool {
        match (of, value) {
            ("null", Value::Null)
            | ("boolean", Value::Bool(_))
            | ("string", Value::String(_))
            | ("number", Value::Number(_)) => true,
            ("integer", Value::Number(number)) => {
                let Some(number) = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)) else {
                    return false;
                };
                let bound = |word: &str| schema[word].as_i64().map(i128::from);
                let (least, most) = match schema["format"].as_str().unwrap_or_else(|| panic!("{schema}")) {
                    "int32" => (i32::MIN.into(), i32::MAX.into()),
                    "int64" => (i64::MIN.into(), i64::MAX.into()),
                    "uint64" => (0, u64::MAX.into()),
                    _ => bound("minimum")
                        .zip(bound("maximum"))
                        .unwrap_or_else(|| panic!("{schema}")),
                };
                (least..=most).contains(&number)
            }
            ("array", Value::Array(items)) => {
                let prefix = schema["prefixItems"].as_array().map(Vec::as_slice).unwrap_or_default();
                let rest = &schema["items"];
                let fits = |(index, item)| match prefix.get(index) {
                    Some(schema) => self.allows(schema, item),
                    None => *rest != json!(false) && (rest.is_null() || self.allows(rest, item)),
                };
                prefix.len() <= items.len() && items.iter().enumerate().all(fits)
            }
            ("object", Value::Object(members)) => self.has_members(schema, members),
            _ => false,
        }
    }

    fn has_members(&self, schema: &Value, members: &Map<String, Value>) -> bool {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fits =
            |(name, value): (&String, &Value)| match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(allowed)) => *allowed,
                (Value::Null, Value::Null) => true,
                (Value::Null, schema) | (schema, _) => self.allows(schema, value),
            };
        required.iter().all(|name| members.contains_key(name.as_str().unwrap())) && members.iter().all(fits)
    }

    /// Whether the schema allows the texts of a query: all of them for a list, else the only one.
    fn allows_texts(&self, schema: &Value, texts: &[String]) -> bool {
        let fits = |schema: &Value, text: &String| {
            let values = as_json(text);
            values
                .as_array()
                .unwrap()
                .iter()
                .any(|value| self.allows(schema, value))
        };
        let resolved = self.resolve(schema);
        match resolved["items"].as_object() {
            Some(_) => texts.iter().all(|text| fits(&resolved["items"], text)),
            None => texts.len() == 1 && fits(schema, &texts[0]),
        }
    }
}

/// The values that a text of a query can be. A boolean has FastAPI's words, too.
fn as_json(text: &str) -> Value {
    let boolean = ["0", "1"].contains(&text).then(|| json!(text == "1"));
    let read = serde_json::from_str(text)
        .ok()
        .filter(|value: &Value| value.is_number() || value.is_boolean());
    Value::Array([json!(text)].into_iter().chain(read).chain(boolean).collect())
}

const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "A", "C"];
const TEXTS: [&str; 22] = [
    "0",
    "7",
    "-1",
    "-128",
    "-129",
    "127",
    "128",
    "255",
    "256",
    "32768",
    "65535",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551616",
    "1.5",
    "true",
    "false",
    "newest",
    "oldest",
    "x",
];

/// Returns a gate for each shape, with its name. The flag states whether the schema has
/// alternatives, which parameters cannot express.
async fn query_gates() -> Vec<(&'static str, bool, Gate)> {
    macro_rules! gates {
        ($($shape:ty: $alternatives:literal),* $(,)?) => {{
            let mut gates = Vec::new();
            $(
                let operation = get("/f").public();
                let operation = operation.then(|Query(query): Query<$shape>| async move { AnyJson(query) });
                let gate = common::gate(Profile::Rfc).await.operation(operation).build().unwrap();
                gates.push((stringify!($shape), $alternatives, gate));
            )*
            gates
        }};
    }
    gates!(
        Plain: false, Numbers: false, Newtypes: false, Enums: false, Flat: false, Defaults: false, Page<u8>: false,
        OrderPage: false, Option<Plain>: true, Tagged: true,
    )
}

async fn body_gates() -> Vec<(&'static str, Gate)> {
    macro_rules! gates {
        ($($shape:ty),* $(,)?) => {{
            let mut gates = Vec::new();
            $(
                let operation = post("/f").public();
                let operation = operation.then(|Json(body): Json<$shape>| async move { AnyJson(body) });
                let gate = common::gate(Profile::Rfc).await.operation(operation).build().unwrap();
                gates.push((stringify!($shape), gate));
            )*
            gates
        }};
    }
    gates!(
        Plain, Numbers, Newtypes, Enums, Flat, Defaults, Page<u8>, PlainPage, Option<Plain>, Tagged, Nested, External,
        Vec<Newtype>, Order, Id, u8, BTreeMap<String, Option<bool>>,
    )
}

static QUERY_GATES: LazyLock<Vec<(&str, bool, Gate)>> = LazyLock::new(|| runtime().block_on(query_gates()));
static BODY_GATES: LazyLock<Vec<(&str, Gate)>> = LazyLock::new(|| runtime().block_on(body_gates()));

fn check_query(
    shape: &str,
    has_alternatives: bool,
    document: &Value,
    texts: &BTreeMap<String, Vec<String>>,
    answered: &Answered,
) {
    let schemas = Schemas(document);
    let parameters = document["paths"]["/f"]["get"]["parameters"].as_array().unwrap();
    let mut expected = BTreeSet::new();
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap();
        if has_alternatives && parameter["required"] == false {
            continue;
        }
        match texts.get(name) {
            Some(texts) if schemas.allows_texts(&parameter["schema"], texts) => {}
            None if parameter["required"] == false => {}
            _ => {
                expected.insert(name.to_owned());
            }
        }
    }
    let is_known = |name: &String| parameters.iter().any(|parameter| parameter["name"] == **name);
    if shape == "Defaults" {
        expected.extend(texts.keys().filter(|name| !is_known(name)).cloned());
    }
    let case = format!("{shape}: {texts:?}: {}", answered.body);
    if has_alternatives {
        assert!(answered.status != 200 || expected.is_empty(), "{case}");
        return;
    }
    let body = answered.json();
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let found = errors
        .iter()
        .map(|fault| fault["loc"][1].as_str().unwrap_or("?").to_owned());
    assert_eq!(found.collect::<BTreeSet<_>>(), expected, "{case}");
    assert_eq!(
        answered.status.as_u16(),
        if expected.is_empty() { 200 } else { 400 },
        "{case}"
    );
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Values that are often of a schema: one in eight is of another.
struct Maker<'d> {
    schemas: Schemas<'d>,
    choices: std::vec::IntoIter<u8>,
}

impl Maker<'_> {
    /// A number below the limit, and 0 where the choices have come to their end.
    fn choose(&mut self, limit: usize) -> usize {
        usize::from(self.choices.next().unwrap_or_default()) % limit.max(1)
    }

    fn pick<'v>(&mut self, values: &'v [Value]) -> &'v Value {
        &values[self.choose(values.len())]
    }

    fn value(&mut self, schema: &Value) -> Value {
        if self.choose(8) == 7 {
            let other = [
                json!(null),
                json!(true),
                json!("x"),
                json!([]),
                json!({}),
                json!([1, true]),
                json!({ "a": 1 }),
            ];
            let number = as_json(TEXTS[self.choose(16)])[1].clone();
            return self.pick(&[&other[..], &[number][..]].concat()).clone();
        }
        let schema = self.schemas.resolve(schema).clone();
        for word in ["oneOf", "anyOf", "enum"] {
            if let Some(list) = schema[word].as_array() {
                let picked = self.pick(list).clone();
                return if word == "enum" { picked } else { self.value(&picked) };
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let members = parts.iter().filter_map(|part| self.value(part).as_object().cloned());
            return Value::Object(members.flatten().collect());
        }
        let of = match &schema["type"] {
            Value::Array(types) => self.pick(types).clone(),
            one => one.clone(),
        };
        match of.as_str().unwrap_or_default() {
            "boolean" => json!(self.choose(2) == 1),
            "string" => json!(TEXTS[self.choose(TEXTS.len())]),
            "integer" | "number" => as_json(TEXTS[self.choose(17)])[1].clone(),
            "array" => match schema["prefixItems"].as_array() {
                Some(prefix) => prefix.iter().map(|schema| self.value(schema)).collect(),
                None => (0..self.choose(3)).map(|_| self.value(&schema["items"])).collect(),
            },
            "object" => self.object(&schema),
            _ => Value::Null,
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut members = Map::new();
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            let is_required = schema["required"]
                .as_array()
                .is_some_and(|names| names.contains(&json!(name)));
            if self.choose(16) != 15 && (is_required || self.choose(2) == 1) {
                members.insert(name.clone(), self.value(of));
            }
        }
        if schema["additionalProperties"].is_object() || self.choose(8) == 7 {
            let other = if schema["additionalProperties"].is_object() {
                &schema["additionalProperties"]
            } else {
                &Value::Null
            };
            members.insert(NAMES[self.choose(NAMES.len())].to_owned(), self.value(other));
        }
        Value::Object(members)
    }
}

/// The property below compares these shapes in one direction only: it would hold if everything were
/// refused.
#[test]
fn queries_with_alternatives_are_accepted() {
    for (shape, has_alternatives, gate) in &*QUERY_GATES {
        let queries: &[&str] = match *shape {
            "Option<Plain>" => &["", "a=7", "a=7&b=-129&c=1&d=x"],
            "Tagged" => &["a=newest&b=7", "a=oldest&d=7"],
            _ => {
                assert!(!has_alternatives, "{shape}");
                continue;
            }
        };
        for query in queries {
            let answered = runtime().block_on(common::get(gate, &format!("/f?{query}")));
            assert_eq!(answered.status.as_u16(), 200, "{shape} {query}: {}", answered.body);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_query_is_accepted_exactly_if_its_document_allows_it(texts in prop::collection::btree_map(
        prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned),
        prop::collection::vec(prop::sample::select(TEXTS.to_vec()).prop_map(str::to_owned), 1..3),
        0..9,
    )) {
        let pairs = texts.iter().flat_map(|(name, texts)| texts.iter().map(move |text| format!("{name}={text}")));
        let path = format!("/f?{}", pairs.collect::<Vec<_>>().join("&"));
        let gates = &*QUERY_GATES;
        runtime().block_on(async {
            for (shape, has_alternatives, gate) in gates {
                let answered = common::get(gate, &path).await;
                check_query(shape, *has_alternatives, gate.openapi(), &texts, &answered);
            }
        });
    }

    #[test]
    fn a_body_is_accepted_exactly_if_its_document_allows_it(choices in prop::collection::vec(any::<u8>(), 96)) {
        let gates = &*BODY_GATES;
        runtime().block_on(async {
            for (shape, gate) in gates {
                let body = &gate.openapi()["paths"]["/f"]["post"]["requestBody"];
                let schema = &body["content"]["application/json"]["schema"];
                let choices = choices.clone().into_iter();
                let value = Maker { schemas: Schemas(gate.openapi()), choices }.value(schema);
                // Schemas of enums allow more members than one, and serde reads lists behind a tag.
                let is_enum = ["External", "Tagged"].contains(shape);
                if is_enum && value.as_object().is_none_or(|members| *shape == "External" && members.len() > 1) {
                    continue;
                }
                let request = Request::post("/f").header("content-type", "application/json");
                let answered = send(gate, request.body(value.to_string()).unwrap()).await;
                let expected = if Schemas(gate.openapi()).allows(schema, &value) { 200 } else { 400 };
                assert_eq!(answered.status.as_u16(), expected, "{shape}: {value}: {} {schema}", answered.body);
                if std::env::var_os("STAT").is_some() { println!("STAT {shape} {expected}"); }
            }
        });
    }
}
