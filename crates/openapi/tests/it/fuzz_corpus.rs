//! Runs the inputs and the findings of the fuzzers again: every file of the corpus through its
//! entry point.

use std::fs;
use std::path::Path;

use scopegate_openapi::fuzzing;

type EntryPoint = fn(&[u8]);

const TARGETS: [(&str, EntryPoint); 2] = [("import", fuzzing::import), ("policy_toml", fuzzing::policy_toml)];

#[test]
fn every_saved_input_holds_the_properties_of_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (target, door) in TARGETS {
        let files: Vec<_> = fs::read_dir(corpus.join(target))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(files.len() > 10, "{target} has hardly any seeds");
        for file in files {
            let input = fs::read(&file).unwrap();
            std::panic::catch_unwind(|| door(&input)).unwrap_or_else(|_| panic!("input {}", file.display()));
        }
    }
}
