//! Typical mistakes of an application: the compiler names what to write instead.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The compiler whose messages are recorded.
const COMPILER: &str = "rustc 1.95.";

/// The first line of each mistake, with the remedy that its message contains.
const REMEDY: &str = "// The message contains: ";

/// The lines of a message that a reader takes in.
const LINES: usize = 25;

#[test]
fn mistake_does_not_compile_and_has_the_recorded_message() {
    let compiler = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .arg("--version")
        .output()
        .unwrap();
    let version = String::from_utf8(compiler.stdout).unwrap();
    if !version.starts_with(COMPILER) {
        println!("SKIPPED: the messages of mistakes are those of {COMPILER}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

#[test]
fn message_of_a_mistake_soon_contains_its_remedy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mistakes = entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut count = 0;
    for path in mistakes {
        let mistake = fs::read_to_string(&path).unwrap();
        let remedy = mistake
            .lines()
            .next()
            .and_then(|line| line.strip_prefix(REMEDY))
            .unwrap();
        let message = fs::read_to_string(path.with_extension("stderr")).unwrap();
        let seen = message.lines().take(LINES).collect::<Vec<_>>().join("\n");
        assert!(
            seen.contains(remedy),
            "{}: `{remedy}` is not in\n{seen}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 35, "{count} mistakes");
}
