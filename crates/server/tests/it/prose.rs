//! Checks the prose of the whole checkout: words, length of sentences, width of comments.
//!
//! `prose/words.txt` lists the phrases to avoid, `prose/allowed.txt` the exceptions with their
//! reasons. A line with `prose: allow` and a reason is not checked.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail, and reads its own lists"
)]

mod rules;
mod texts;
mod tokens;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::checkout::Checkout;
use rules::Rules;
use texts::Texts;

const DIALECT: &str = include_str!("prose/words.txt");
const ALLOWED: &str = include_str!("prose/allowed.txt");

/// The most words of a sentence.
const WORDS: usize = 30;

/// Files whose prose is not ours, or is history. A database contains the checksums of its applied
/// migrations, so these are never edited.
const SKIPPED: [&str; 7] = [
    "CHANGELOG.md",
    "/assets/",
    "/tests/it/prose/",
    "/migrations/0001_initial.sql",
    "/migrations/0002_revocations.sql",
    "/migrations/0003_signing_keys.sql",
    "/migrations/0004_token_lifetimes.sql",
];

#[test]
fn no_dialect() {
    let rules = Rules::of(DIALECT, ALLOWED);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, content) in Checkout::read().texts("") {
        if !SKIPPED.iter().any(|skipped| path.contains(skipped)) {
            let faults = faults(&rules, path, content);
            if !faults.is_empty() {
                found.insert(path.to_owned(), faults);
            }
        }
    }
    let mut faults = String::new();
    for (path, found) in &found {
        let _ = writeln!(faults, "{path}:\n  {}", found.join("\n  "));
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn faults_of_prose_are_found() {
    let rules = Rules::of(DIALECT, ALLOWED);
    let in_markdown = |text: &str| faults(&rules, "a.md", text).len();
    assert_eq!(
        in_markdown("The token of a user, next to a third-party key. Who reads it?"),
        0
    );
    assert_eq!(in_markdown("Nobody stands beside\nthe door."), 4);
    assert_eq!(in_markdown("It takes it back. Who reads it, is a user."), 2);
    assert_eq!(
        in_markdown("`nobody` and [nobody](nobody.md \"nobody\")\n\n```text\nnobody\n```"),
        1
    );
    assert_eq!(in_markdown("There is no key. It is no key, for it is no more."), 4);
    let words = |count: usize| format!("{}end.", "word ".repeat(count - 1));
    assert_eq!(in_markdown(&words(30)), 0);
    assert_eq!(in_markdown(&words(31)), 1);
    assert_eq!(
        in_markdown(&format!("{} {}", words(30), words(30).replacen('w', "W", 1))),
        0
    );

    let in_source = |text: &str| faults(&rules, "crates/a/src/b.rs", text).len();
    assert_eq!(
        in_source(&format!(
            "fn {}() {{}}\nstruct WayIn;\nlet somebody = 1;",
            "nobody_is_told"
        )),
        3
    );
    assert_eq!(in_source("    error!(\"Nobody is there\"); key(\"Nobody\")"), 1);
    assert_eq!(in_source("/// For ever. // prose: allow: a quotation"), 0);
    assert_eq!(in_source(&format!("// {}", "x".repeat(97))), 0);
    assert_eq!(in_source(&format!("// {}", "x".repeat(98))), 1);
    assert_eq!(faults(&rules, "a.toml", "# whom\nname = \"whom\"").len(), 1);
    assert_eq!(faults(&rules, "a.sql", "-- whom\nSELECT whom;").len(), 1);
}

/// Returns the findings in the prose of a file.
fn faults(rules: &Rules, path: &str, content: &str) -> Vec<String> {
    let Texts { texts, wide } = Texts::of(path, content);
    let mut faults: Vec<String> = wide
        .iter()
        .map(|line| format!("line {line}: a comment wider than 100 columns"))
        .collect();
    for text in &texts {
        let lines = text.lines.iter().map(|(number, line)| (*number, line.as_str()));
        for found in rules.find(&tokens::tokens(lines)) {
            faults.push(format!("line {}: `{}`: {}", found.line, found.phrase, found.advice));
        }
        let whole: Vec<&str> = text.lines.iter().map(|(_, line)| line.as_str()).collect();
        let words = tokens::longest_sentence(&whole.join(" "));
        if text.has_sentences && words > WORDS {
            faults.push(format!("line {}: a sentence of {words} words", text.lines[0].0));
        }
    }
    faults
}
