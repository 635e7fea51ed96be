//! Infers from the name of a scope what it allows.

use std::collections::HashSet;

/// The endings of scopes that only read a part of another scope.
const READING: [&str; 10] = [
    ".read",
    ":read",
    "/read",
    "-read",
    "_read",
    ".readonly",
    ":readonly",
    "/readonly",
    "-readonly",
    "_readonly",
];

/// The level of access of a scope, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    Read,
    Write,
    Admin,
}

impl Level {
    pub(super) fn of_word(word: &str) -> Option<Self> {
        match word {
            "read" | "readonly" | "view" | "viewer" | "reader" => Some(Self::Read),
            "write" | "readwrite" | "edit" | "editor" | "manage" | "modify" | "writer" => Some(Self::Write),
            "admin" | "administer" | "administrator" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// Whether the second scope is the first one with an ending for reading.
pub(super) fn is_reading_part(whole: &str, part: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|ending| READING.contains(&ending))
}

/// Returns the words of a name without those of its level, and the level: `team:read` is `team`
/// with the level of reading. A name with two level words (`items:read:write`,
/// `User.ReadWrite.All`) has the higher level.
pub(super) fn family(name: &str) -> Option<(Vec<String>, Level)> {
    let (levels, rest): (Vec<String>, Vec<String>) = words(name)
        .into_iter()
        .filter(|word| !word.is_empty())
        .partition(|word| Level::of_word(word).is_some());
    let level = levels.iter().filter_map(|word| Level::of_word(word)).max()?;
    Some((rest, level))
}

/// Whether two scopes are for writing two different resources: an operation that changes both needs
/// both.
pub(super) fn are_for_writing_two(names: &[String]) -> bool {
    let families: Vec<_> = names.iter().filter_map(|name| family(name)).collect();
    match (names, families.as_slice()) {
        ([_, _], [(one, Level::Write), (other, Level::Write)]) => one.iter().all(|word| !other.contains(word)),
        _ => false,
    }
}

/// Whether two or three scopes are each about another resource, by their names: `ads:read` and
/// `billing:read`. A variable is not a resource: `view_carts:{projectKey}`.
pub(super) fn are_of_different_resources(names: &[String]) -> bool {
    let fixed = |name: &String| {
        name.split('{')
            .map(|part| part.split('}').next_back().unwrap_or(part))
            .collect::<String>()
    };
    let of_level = |word: &String| word.is_empty() || Level::of_word(word).is_some();
    let subjects = names
        .iter()
        .flat_map(|name| words(&fixed(name)))
        .filter(|word| !of_level(word));
    let mut seen = HashSet::new();
    matches!(names, [_, _] | [_, _, _]) && subjects.into_iter().all(|word| seen.insert(word))
}

/// Whether a scope only restricts a token to one object, which its variable names:
/// `customer_id:{id}`.
pub(super) fn names_one_object(name: &str) -> bool {
    let fixed = name
        .split_once('{')
        .map(|(fixed, _)| fixed.trim_end_matches([':', '.', '/', '=']));
    fixed.is_some_and(|fixed| words(fixed).pop().as_deref() == Some("id"))
}

/// Whether a scope means all rights, by its name: `default`, `all_scopes`.
pub(super) fn means_everything(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "access",
        "all",
        "api",
        "default",
        "everything",
        "full",
        "oauth",
        "scope",
        "scopes",
    ];
    words(name).iter().all(|word| WORDS.contains(&word.as_str()))
}

/// Whether a word of a name means reading and no word means more.
pub(super) fn sounds_like_reading(name: &str) -> bool {
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

/// Whether a name means changing something and not reading. Broad names (`admin`, `manage`, `full`)
/// may include reading, so they do not count.
pub(super) fn sounds_like_writing(name: &str) -> bool {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    has(&["write", "edit", "modify", "update", "create", "delete"])
        && !has(&[
            "read",
            "readonly",
            "readwrite",
            "view",
            "viewer",
            "manage",
            "admin",
            "full",
            "all",
        ])
}

/// `User.ReadWrite.All` is `user`, `read`, `write`, `all`.
pub(super) fn words(name: &str) -> Vec<String> {
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

/// "`a`, `b`, `c`"
pub(super) fn enumerated<T: ToString>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{}`", item.to_string())).collect();
    quoted.join(", ")
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
        assert!(is_reading_part("user.profile", "user.profile_readonly"));
        assert!(!is_reading_part("items", "items.reader") && !is_reading_part("items.read", "items"));
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }

    #[test]
    fn write_names_differ_from_broad_names() {
        for (name, is_writing) in [
            ("lamp:write", true),
            ("write:lamps", true),
            ("lamps.create", true),
            ("User.ReadWrite.All", false),
            ("lamp:admin", false),
            ("lamps.manage", false),
            ("writers", false),
        ] {
            assert_eq!(sounds_like_writing(name), is_writing, "{name}");
        }
    }

    #[test]
    fn two_resources_are_written_with_two_scopes() {
        let are =
            |names: &[&str]| are_for_writing_two(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert!(are(&["ORDERS_WRITE", "PAYMENTS_WRITE"]));
        assert!(!are(&["chat:write:bot", "chat:write:user"]) && !are(&["ORDERS_WRITE", "PAYMENTS_READ"]));
        assert!(!are(&["channels:write", "groups:write", "im:write"]));
    }

    #[test]
    fn scopes_of_one_family_differ_in_their_level() {
        assert_eq!(
            family("team:read").map(|(rest, _)| rest),
            family("admin:team").map(|(rest, _)| rest)
        );
        assert_eq!(family("User.ReadWrite.All").map(|(_, level)| level), Some(Level::Write));
        assert_eq!(family("team"), None);
    }
}
