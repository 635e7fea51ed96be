use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn read_all(text: &str) -> Result<usize, JsonError> {
    let mut reader = Reader::new(text);
    reader.skip()?;
    reader.skip_space();
    let steps = reader.steps.get();
    reader.finish()?;
    Ok(steps)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn only_json_is_read() {
    for good in [
        "{}",
        "[]",
        " [ ] ",
        "0",
        "-0.0e-0",
        "1E+2",
        "\"\"",
        "true",
        "false",
        "null",
        "[1,{\"a\":[]}]",
        "\"é\"",
    ] {
        assert!(read_all(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        " ",
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "1.",
        ".5",
        "1e",
        "+1",
        "-",
        "0x1",
        "tru",
        "nul",
        "True",
        "{a:1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{,}",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\t\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "[1]x",
        "// a\n1",
        "\u{feff}1",
        "{1:2}",
        "[",
        "{",
        "]",
    ] {
        assert_eq!(read_all(bad), Err(JsonError::Syntax), "{bad}");
    }
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read_all(&nested(16)).is_ok());
    assert_eq!(read_all(&nested(17)), Err(JsonError::Depth));
    assert_eq!(read_all(&"[".repeat(100_000)), Err(JsonError::Depth));
    assert_eq!(read_all(&"{\"a\":".repeat(17)), Err(JsonError::Depth));
    let siblings = vec![nested(15); 20].join(",");
    assert!(read_all(&format!("[{siblings}]")).is_ok(), "depth is not a count");
}

#[test]
fn escapes_mean_what_json_says() {
    for (written, meant) in [
        (r#""\u0065xp""#, "exp"),
        (r#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
        (r#""\ud83d\ude00""#, "\u{1f600}"),
        (r#""\u0000""#, "\0"),
        ("\"1234567\\n\"", "1234567\n"),
        ("\"12345678\\n\"", "12345678\n"),
    ] {
        assert_eq!(Reader::new(written).text().unwrap(), meant, "{written}");
    }
    assert!(matches!(Reader::new("\"plain\"").text(), Ok(Cow::Borrowed("plain"))));
}

#[test]
fn numbers_are_truncated_in_their_range() {
    for (written, meant) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("1700000000", Some(1_700_000_000)),
        ("1700000000.9", Some(1_700_000_000)),
        ("-1.9", Some(-1)),
        ("1.7e9", Some(1_700_000_000)),
        ("9007199254740991", Some(Number::MAX_SAFE)),
        ("9007199254740992", None),
        ("-9007199254740992", None),
        ("1180591620717411303424", None),
        ("1e300", None),
        ("1e999", None),
    ] {
        assert_eq!(Reader::new(written).number().unwrap().truncated(), meant, "{written}");
    }
}

#[test]
fn a_name_is_new_once() {
    let mut names = MemberNames::default();
    for index in 0..40 {
        assert!(names.insert(Cow::Owned(format!("owned{index}"))));
    }
    for name in [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
    ] {
        assert!(names.insert(Cow::Borrowed(name)), "{name}");
        assert!(!names.insert(Cow::Borrowed(name)), "{name}");
        assert!(!names.insert(Cow::Owned(name.to_owned())), "{name}");
    }
    assert!(!names.insert(Cow::Borrowed("owned7")));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z\"\\\\\n]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(".{0,9}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_prints_is_read(value in value()) {
        prop_assert!(read_all(&value.to_string()).is_ok());
        prop_assert!(read_all(&serde_json::to_string_pretty(&value).unwrap()).is_ok());
        if let Value::String(text) = &value {
            let printed = value.to_string();
            let mut reader = Reader::new(&printed);
            prop_assert_eq!(reader.text().unwrap(), text.as_str());
        }
    }

    /// Changes a valid text in one place: both readers agree whether the result is JSON.
    #[test]
    fn a_changed_text_is_judged_as_serde_json_does(
        value in value(),
        at in any::<prop::sample::Index>(),
        change in prop_oneof![Just(String::new()), "[ -~]", "[\\\\\"{}:,\\[\\]0-9eE.+-]"],
    ) {
        let mut characters: Vec<String> = value.to_string().chars().map(String::from).collect();
        let index = at.index(characters.len());
        characters[index] = change;
        let text = characters.concat();
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => prop_assert_eq!(read_all(&text).is_ok(), depth(&value) <= 16),
            // A number that no float holds is JSON all the same.
            Err(fault) if fault.to_string().starts_with("number out of range") => {}
            Err(_) => prop_assert!(read_all(&text).is_err()),
        }
    }

    #[test]
    fn eight_bytes_at_once_end_like_single_bytes(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            proptest::collection::vec(prop_oneof![Just(b'a'), Just(0x80), any::<u8>()], 0..40),
        ],
    ) {
        let is_plain = |byte: &&u8| **byte > 0x1F && !b"\"\\".contains(*byte);
        prop_assert_eq!(text::plain_len(&bytes), bytes.iter().take_while(is_plain).count());
    }

    #[test]
    fn integers_are_those_of_the_standard_library(literal in "-?(0|[1-9][0-9]{0,30})") {
        let slow = literal.parse().ok().filter(|number: &i64| number.unsigned_abs() <= Number::MAX_SAFE.unsigned_abs());
        prop_assert_eq!(Reader::new(&literal).number().unwrap().truncated(), slow);
    }

    #[test]
    fn nothing_makes_it_panic_and_work_is_linear(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let mut reader = Reader::new(&text);
        let _ = reader.skip();
        prop_assert!(reader.steps.get() <= 8 * text.len() + 16);
    }

    #[test]
    fn work_is_linear_in_long_texts(piece in "[\\[\\]{},:\" 0-9a\\\\n]{1,4}", head in "[\\[{\"]{0,3}") {
        let text = format!("{head}{}", piece.repeat(2_000));
        let mut reader = Reader::new(&text);
        let _ = reader.skip();
        prop_assert!(reader.steps.get() <= 8 * text.len() + 16);
    }
}
