//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

pub use scopegate_gate::fuzzing::{challenge, forwarded_for, grammar, oracle, paths};
use serde::Deserialize;

use crate::field_place::FieldPlace;
use crate::field_shape::FieldShape;
use crate::fields;

/// A query type that the fuzzer parses.
#[derive(Debug, Deserialize)]
struct RecordedRequest {
    text: Option<String>,
    #[serde(default)]
    list: Vec<String>,
    number: Option<i32>,
}

/// Parses a query and compares each field with the value that the oracle finds under its name.
pub fn query(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else {
        return;
    };
    let decode = |raw: &str| oracle::decode(raw.as_bytes(), true).ok();
    let pairs: Option<Vec<(String, String)>> = input
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| Some((decode(name)?, decode(value)?)))
        .collect();
    let texts = fields::parse(input.as_bytes(), FieldPlace::Query);
    assert_eq!(texts.is_ok(), pairs.is_some(), "{texts:?}");
    let (Ok(texts), Some(pairs)) = (texts, pairs) else {
        return;
    };
    let all = |name: &str| {
        pairs
            .iter()
            .filter(|pair| pair.0 == name)
            .map(|pair| pair.1.clone())
            .collect::<Vec<_>>()
    };
    let number = all("number").pop().map(|number| number.parse::<i32>());
    let is_repeated = all("number").len() > 1 || all("text").len() > 1;
    match fields::read::<RecordedRequest>(&texts, &FieldShape::default(), FieldPlace::Query) {
        Ok(asked) => {
            assert!(!is_repeated);
            assert_eq!(asked.text, all("text").pop());
            assert_eq!(asked.list, all("list"));
            assert_eq!(asked.number.map(Ok), number);
        }
        Err(fault) => assert!(is_repeated || number.is_some_and(|number| number.is_err()), "{fault:?}"),
    }
}
