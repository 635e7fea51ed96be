//! The hash maps of the libraries and of the program are seeded at random.
//!
//! A caller who knows the seed can choose keys that fall into one place of a map, so that each
//! look-up compares all of them.

use std::fs;
use std::path::{Path, PathBuf};

/// What makes a hasher with a known seed.
const KNOWN_SEEDS: [&str; 9] = [
    "BuildHasherDefault",
    "DefaultHasher::new()",
    "DefaultHasher::default()",
    "FxHash",
    "Fnv",
    "IdentityHash",
    "with_seed",
    "impl BuildHasher for",
    "generate_with",
];

/// Crates of hashers without a seed.
const UNSEEDED: [&str; 6] = ["fxhash", "rustc-hash", "fnv", "nohash-hasher", "foldhash", "twox-hash"];

/// Files that use one, and why no caller chooses the keys of a map with it.
const ALLOWED: [(&str, &str); 3] = [
    ("gate/src/entity_tag.rs", "the tag of a document; no map"),
    (
        "policy/src/fact_table.rs",
        "the keys are the scopes that the program declares",
    ),
    ("server/src/command/policy/usage.rs", "the digest of a file; no map"),
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the files of a folder and of those in it that are not tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
    {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if entry.is_dir() && name != "tests" {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
            found.push(entry);
        }
    }
    found
}

/// Returns what makes a hasher with a known seed in this text, without its tests and comments.
fn known_seeds(text: &str) -> Vec<&'static str> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    KNOWN_SEEDS.into_iter().filter(|name| code.contains(name)).collect()
}

#[test]
fn maps_are_seeded_at_random() {
    let (mut found, mut files) = (Vec::new(), 0);
    for entry in fs::read_dir(crates()).expect("the crates") {
        let folder = entry.expect("a crate").path();
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        for hasher in UNSEEDED {
            let is_used = manifest
                .lines()
                .any(|line| line.split(['.', ' ', '=']).next() == Some(hasher));
            assert!(!is_used, "{name} uses `{hasher}`");
        }
        for file in sources(&folder.join("src")) {
            files += 1;
            let path = file.strip_prefix(&folder).expect("a file of the crate");
            let path = format!("{name}/{}", path.display());
            let seeds = known_seeds(&fs::read_to_string(&file).expect("a source"));
            if !seeds.is_empty() {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(files > 300, "{files} files");
    assert_eq!(found, ALLOWED.map(|(file, _)| file));
}

#[test]
fn known_seed_is_found() {
    assert_eq!(
        known_seeds("let map: HashMap<A, B, BuildHasherDefault<C>> = x;"),
        ["BuildHasherDefault"]
    );
    assert_eq!(
        known_seeds("let seeds = ahash::RandomState::with_seeds(1, 2, 3, 4);"),
        ["with_seed"]
    );
    assert_eq!(known_seeds("// FxHash\nlet map = HashMap::new();"), [""; 0]);
    assert_eq!(
        known_seeds("#[cfg(test)]\nmod tests {\n    DefaultHasher::new() }"),
        [""; 0]
    );
}
