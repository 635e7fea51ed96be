//! Replays the corpus of the fuzzers, for the tests of several crates.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::Path;

/// The entry point of one target.
pub(crate) type EntryPoint = fn(&[u8]);

/// Runs every file of `fuzz/corpus` for these targets. Panics with the name of the first file whose
/// properties do not hold.
pub(crate) fn replay(targets: &[(&str, EntryPoint)]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (target, entry_point) in targets {
        let files: Vec<_> = fs::read_dir(corpus.join(target))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(files.len() > 10, "{target} has hardly any seeds");
        for file in files {
            let input = fs::read(&file).unwrap();
            std::panic::catch_unwind(|| entry_point(&input)).unwrap_or_else(|_| panic!("input {}", file.display()));
        }
    }
}
