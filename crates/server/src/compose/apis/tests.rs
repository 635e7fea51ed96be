//! Tests of the configuration reader and the document reader together, with the seeds of a fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::config::tests::load_from;

/// The line between a configuration and the documents that it names.
const SEPARATOR: &str = "\n%%%\n";

/// The inputs of the fuzzer, in the order of their names.
fn seeds() -> Vec<(PathBuf, String)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/resource_document");
    let files = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let read = |file: PathBuf| fs::read_to_string(&file).ok().map(|text| (file, text));
    let mut seeds: Vec<_> = files.filter_map(read).collect();
    seeds.sort();
    seeds
}

/// Reads a configuration and its documents as `serve` does.
fn read(input: &str) -> Result<Apis, String> {
    let folder = TempDir::new().unwrap();
    let mut parts = input.split(SEPARATOR);
    // The fuzzer names a document by its number, and the program by a path.
    let number = |line: &str| match line.strip_prefix("document = ") {
        Some(number) if number.parse::<u32>().is_ok() => format!("document = \"{number}\""),
        _ => line.to_owned(),
    };
    let lines: Vec<_> = parts.next().unwrap_or_default().split('\n').map(number).collect();
    let file = folder.path().join("scopegate.toml");
    fs::write(&file, lines.join("\n")).unwrap();
    for (index, document) in parts.enumerate() {
        fs::write(folder.path().join((index + 1).to_string()), document).unwrap();
    }
    let read = load_from(&[], &[], Some(&file))
        .and_then(|settings| Apis::read(&settings).map_err(|error| format!("{error:#}")));
    read.map_err(|error| {
        assert!(error.contains(&folder.path().display().to_string()), "no file: {error}");
        error.replace(&folder.path().display().to_string(), "DIR")
    })
}

fn is_refused_well(error: &str) {
    assert!(!error.contains('\n'), "one line: {error}");
    let remedies = [
        "; ",
        "did you mean",
        "expected",
        "remove",
        "unknown key",
        "missing field",
        "TOML parse error at line",
    ];
    assert!(
        remedies.iter().any(|remedy| error.contains(remedy)),
        "no remedy: {error}"
    );
}

#[test]
fn each_seed_of_the_fuzzer_is_read_or_refused() {
    let (mut accepted, mut refused) = (0, 0);
    for (file, seed) in seeds() {
        match read(&seed) {
            Ok(_) => accepted += 1,
            Err(error) => {
                println!("{}: {error}", file.display());
                is_refused_well(&error);
                refused += 1;
            }
        }
    }
    assert!(accepted > 5 && refused > 10, "{accepted} and {refused}");
}

proptest! {
    /// A part of a seed is replaced by a part of another one.
    #[test]
    fn mixed_configurations_are_read_or_refused(
        picked in any::<[prop::sample::Index; 2]>(),
        cuts in any::<[prop::sample::Index; 4]>(),
        byte in any::<u8>(),
    ) {
        let seeds = seeds();
        let [first, second] = picked.map(|index| index.get(&seeds).1.as_bytes());
        let [a, b] = [cuts[0], cuts[1]].map(|cut| cut.index(first.len() + 1));
        let [c, d] = [cuts[2], cuts[3]].map(|cut| cut.index(second.len() + 1));
        let mixed = [&first[..a.min(b)], &second[c.min(d)..c.max(d)], &[byte], &first[a.max(b)..]].concat();
        if let Err(error) = read(&String::from_utf8_lossy(&mixed)) {
            is_refused_well(&error);
        }
    }
}
