//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

pub use scopegate_gate::fuzzing::{challenge, grammar, oracle, paths};
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
    let decode = |raw: &str| {
        let decoded = oracle::decode(raw.as_bytes(), true);
        decoded.unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
    };
    let pairs: Vec<(String, String)> = input
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let all = |name: &str| {
        pairs
            .iter()
            .filter(|pair| pair.0 == name)
            .map(|pair| pair.1.clone())
            .collect::<Vec<_>>()
    };
    let number = all("number").pop().map(|number| number.parse::<i32>());
    match fields::read::<RecordedRequest>(&fields::parse(input), &FieldShape::default(), FieldPlace::Query) {
        Ok(asked) => {
            assert_eq!(asked.text, all("text").pop());
            assert_eq!(asked.list, all("list"));
            assert_eq!(asked.number.map(Ok), number);
        }
        Err(fault) => assert!(number.is_some_and(|number| number.is_err()), "{fault:?}"),
    }
}
