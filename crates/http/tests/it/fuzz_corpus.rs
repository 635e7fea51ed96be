//! Replays the inputs and the findings of the fuzzers: every file of `fuzz/corpus` through its
//! entry point.

#[path = "../../../policy/tests/it/oracle/guard_trees.rs"]
mod guard_trees;
#[path = "../../../analysis/tests/it/policy_pairs.rs"]
mod policy_pairs;
#[path = "../../../policy/tests/it/oracle/requirement_machine.rs"]
mod requirement_machine;

use std::fs;
use std::path::Path;

use crate::replay::{EntryPoint, replay};

const TARGETS: [(&str, EntryPoint); 17] = [
    ("authorize_query", scopegate_portal::fuzzing::authorize_query),
    ("bearer", bearer),
    ("challenge", scopegate_http::fuzzing::challenge),
    ("claims", scopegate_domain::fuzzing::claims),
    ("compact_jws", scopegate_token::fuzzing::compact_jws),
    ("diff", policy_pairs::policy_pairs),
    ("forwarded_for", scopegate_http::fuzzing::forwarded_for),
    ("guard_trees", guard_trees::guard_trees),
    ("login_form", scopegate_portal::fuzzing::login_form),
    ("params", params),
    ("paths", scopegate_http::fuzzing::paths),
    ("redirect_uri", scopegate_domain::fuzzing::redirect_uri),
    ("refresh_token", scopegate_token::fuzzing::refresh_token),
    ("requirement", requirement_machine::requirement),
    ("scope", scopegate_domain::fuzzing::scope),
    ("sealed_flow", scopegate_token::fuzzing::sealed_flow),
    ("token_form", scopegate_portal::fuzzing::token_form),
];

fn bearer(input: &[u8]) {
    scopegate_portal::fuzzing::bearer(input);
    scopegate_fastapi::fuzzing::bearer(input);
}

/// One corpus for both: each of its inputs is the body of a form and a query.
fn params(input: &[u8]) {
    scopegate_portal::fuzzing::form(input);
    scopegate_fastapi::fuzzing::form(input);
    scopegate_http::fuzzing::query(input);
}

/// Replayed next to their entry points: `crates/openapi/tests/it/fuzz_corpus.rs`,
/// `crates/token/tests/it/differential.rs`. The program reads the configurations, too:
/// `crates/server/src/compose/apis/tests.rs`.
const ELSEWHERE: [&str; 4] = ["differential", "import", "policy_toml", "resource_document"];

#[test]
fn every_saved_input_holds_the_properties_of_its_target() {
    replay(&TARGETS);
}

#[test]
fn every_target_of_the_fuzzer_is_replayed() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut found: Vec<String> = fs::read_dir(targets)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    found.retain(|name| !ELSEWHERE.contains(&name.as_str()));
    found.sort();
    assert_eq!(found, TARGETS.map(|(name, _)| name));
}
