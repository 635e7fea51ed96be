//! Runs the inputs and the findings of the fuzzers again: every file of the corpus through its
//! entry point.

use scopegate_openapi::fuzzing;

use crate::replay::{EntryPoint, replay};

const TARGETS: [(&str, EntryPoint); 3] = [
    ("import", fuzzing::import),
    ("policy_toml", fuzzing::policy_toml),
    ("resource_document", fuzzing::resource_document),
];

#[test]
fn every_saved_input_holds_the_properties_of_its_target() {
    replay(&TARGETS);
}
