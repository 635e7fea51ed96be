use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape matters")]
struct Ids {
    team: Team,
    report: u32,
    kind: ReportKind,
    day: Day,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape matters")]
struct Team(u64);

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ReportKind {
    Long,
    Short,
}

/// Accepts a date alone.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Day;

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        (text == "2026-01-31").then_some(Self).ok_or("not a date")
    }
}

fn schema(kind: &str) -> Value {
    match kind {
        "u8" => json!({ "type": "integer", "format": "uint8", "minimum": 0, "maximum": u8::MAX }),
        "u32" => json!({ "type": "integer", "format": "uint32", "minimum": 0, "maximum": u32::MAX }),
        "u64" => json!({ "type": "integer", "format": "uint64", "minimum": 0, "maximum": u64::MAX }),
        "i64" => json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX }),
        _ => json!({ "type": kind }),
    }
}

#[test]
fn single_value_is_one_parameter() {
    for (shape, kind) in [
        (PathShape::of::<u32>(), "u32"),
        (PathShape::of::<i64>(), "i64"),
        (PathShape::of::<Team>(), "u64"),
        (PathShape::of::<bool>(), "boolean"),
        (PathShape::of::<f64>(), "number"),
        (PathShape::of::<String>(), "string"),
        (PathShape::of::<char>(), "string"),
        (PathShape::of::<Day>(), "string"),
    ] {
        assert_eq!(shape, Ok(PathShape::InOrder(vec![schema(kind)])));
    }
}

#[test]
fn elements_of_a_tuple_are_parameters_in_order() {
    let shape = PathShape::of::<(Day, String, u8)>();
    let schemas = ["string", "string", "u8"].map(schema).to_vec();
    assert_eq!(shape, Ok(PathShape::InOrder(schemas)));
    assert_eq!(PathShape::of::<()>(), Ok(PathShape::InOrder(Vec::new())));
}

#[test]
fn fields_of_a_structure_are_parameters_by_name() {
    let of_kind = json!({ "type": "string", "enum": ["long", "short"] });
    let fields = vec![
        ("team", schema("u64")),
        ("report", schema("u32")),
        ("kind", of_kind),
        ("day", schema("string")),
    ];
    assert_eq!(PathShape::of::<Ids>(), Ok(PathShape::Named(fields)));
}

#[test]
fn maps_and_lists_are_all_parameters() {
    assert_eq!(PathShape::of::<Vec<String>>(), Ok(PathShape::All));
    assert_eq!(
        PathShape::of::<std::collections::BTreeMap<String, String>>(),
        Ok(PathShape::All)
    );
}
