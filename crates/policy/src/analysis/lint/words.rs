//! What the names of scopes say.

use super::{Finding, LintRule};
use crate::{Alternative, Method, ResolvedOperation};

/// Endings that make a scope the part of another one that only reads.
const READING: [&str; 8] = [
    ".read",
    ":read",
    "/read",
    "-read",
    "_read",
    ".readonly",
    ":readonly",
    "/readonly",
];

/// Whether the second scope is the first with an ending for reading.
pub(super) fn is_reading_part(whole: &str, part: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|ending| READING.contains(&ending))
}

/// A method that changes things, and an alternative whose scopes all sound as if they were for reading.
pub(super) fn write_by_read(operation: &ResolvedOperation) -> Option<Finding> {
    let method = operation.method();
    let changes = matches!(method, Method::Delete | Method::Patch | Method::Post | Method::Put);
    let is_for_reading = |alternative: &&Alternative| {
        let scope = alternative.scope();
        !scope.is_empty() && scope.iter().all(|token| sounds_like_reading(token.as_str()))
    };
    let weak = operation
        .alternatives()
        .iter()
        .find(is_for_reading)
        .filter(|_| changes)?;
    let message = format!(
        "`{method}` changes things, and {} suffices, which sounds like leave to read; ask for a scope for writing, or give the scope \
         a name that says what it allows",
        listed(weak.scope(), "and"),
    );
    Some(Finding::new(LintRule::WriteGuardedByRead, message))
}

/// Whether one of the words of a name is about reading and none about more.
fn sounds_like_reading(name: &str) -> bool {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    has(&["read", "readonly", "view", "viewer"])
        && !has(&[
            "write",
            "readwrite",
            "edit",
            "modify",
            "update",
            "create",
            "delete",
            "manage",
            "send",
            "admin",
            "full",
        ])
}

/// `User.ReadWrite.All` is `user`, `read`, `write`, `all`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (was_lower && character.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words
}

/// "`a`, `b` and `c`"
pub(super) fn listed<T: ToString>(items: &[T], last_word: &str) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{}`", item.to_string())).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} {last_word} {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word() {
        for (name, is_reading) in [
            ("items:read", true),
            ("User.Read.All", true),
            ("User.ReadWrite.All", false),
            ("https://www.googleapis.com/auth/drive.readonly", true),
            ("drive.metadata", false),
            ("readers", false),
            ("items:read:write", false),
        ] {
            assert_eq!(sounds_like_reading(name), is_reading, "{name}");
        }
        assert!(is_reading_part("items", "items.read") && is_reading_part("items", "items:read"));
        assert!(!is_reading_part("items", "items.reader") && !is_reading_part("items.read", "items"));
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
