//! The number of crates that an application builds.

use std::collections::BTreeSet;
use std::process::Command;

/// The selected crate and features, and the maximum number of crates in its tree.
const LIMITS: [(&[&str], usize); 9] = [
    (&["-p", "scopegate-gate"], 65),
    (&["-p", "scopegate-gate", "--features", "tower"], 67),
    (&["-p", "scopegate-http", "--no-default-features"], 75),
    (&["-p", "scopegate-http"], 105),
    (&["-p", "scopegate-http", "--features", "multipart"], 110),
    (&["-p", "scopegate-http", "--features", "serve"], 108),
    (&["-p", "scopegate-http", "--features", "remote-issuers"], 113),
    (&["-p", "scopegate-http", "--features", "import"], 112),
    (&["-p", "scopegate-portal"], 95),
];

/// Returns the crates of a tree: normal dependencies on Linux, without procedural macros.
fn tree(selected: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--target", "x86_64-unknown-linux-gnu"])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"])
        .args(selected)
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{selected:?}: {error}");
    let lines = String::from_utf8(output.stdout).expect("names are UTF-8");
    // `name v1.0.0 (path) (*)`: two versions of a crate are two crates.
    let packages = lines.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    packages.collect()
}

#[test]
fn no_tree_has_more_crates_than_its_limit() {
    for (selected, limit) in LIMITS {
        let crates = tree(selected);
        let of_workspace = crates.iter().filter(|name| name.starts_with("scopegate-"));
        assert!(
            of_workspace.count() >= 5,
            "the tree of {selected:?} is incomplete: {crates:?}"
        );
        let count = crates.len();
        assert!(
            count <= limit,
            "{selected:?} has {count} crates, the limit is {limit}: {crates:#?}"
        );
    }
}
