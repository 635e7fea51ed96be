//! Each test that the documents name exists.

use std::fs;
use std::path::PathBuf;

#[test]
fn every_test_that_a_document_names_is_there() {
    let mut named = 0;
    let mut missing = Vec::new();
    for document in ["docs/rfc.md", "docs/attacks.md", "docs/faults.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for (file, test) in text.lines().filter(|line| line.starts_with("| ")).flat_map(tests) {
            named += 1;
            let source = fs::read_to_string(root().join("crates").join(&file)).unwrap_or_default();
            if !source.contains(&format!("fn {test}(")) {
                missing.push(format!("{document}: `{file}::{test}`"));
            }
        }
    }
    assert!(missing.is_empty(), "named and not there:\n{}", missing.join("\n"));
    assert!(
        named > 50,
        "only {named} tests are named: are they still written `file::test`?"
    );
}

/// The tests that a row names, as file and function. `::function` alone is in the file that was
/// named before it.
fn tests(row: &str) -> Vec<(String, String)> {
    let mut file = "";
    let mut found = Vec::new();
    for (before, test) in row
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.split_once("::"))
    {
        if !before.is_empty() {
            file = before;
        }
        found.push((file.to_owned(), test.to_owned()));
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
