//! Short forms of names: without the beginning that they share, and cut in the middle. The end of
//! a name is always part of its short form.

use std::collections::{HashMap, HashSet};

use super::text::cut_middle;

/// Lengths of short forms, in cells. The first is used unless two names would look the same.
const LENGTHS: [usize; 4] = [36, 48, 72, 144];
/// A shared beginning with fewer characters stays: nothing is gained without it.
const SHORTEST_PREFIX: usize = 8;
/// After this number of attempts to distinguish names, no name is shortened.
const MOST_ROUNDS: usize = 16;
const SEPARATORS: [char; 5] = ['/', ':', '.', '#', '|'];

/// A short form for each name. Two names that differ have short forms that differ.
///
/// Each of `families` lists the places of names that can lose a shared beginning, such as the
/// scopes of a scheme.
pub(super) fn short_forms(names: &[String], families: &[Vec<usize>]) -> Vec<String> {
    let mut stripped: Vec<&str> = names.iter().map(String::as_str).collect();
    for family in families {
        for part in parts(names, family) {
            let prefix = shared_prefix(&part.iter().map(|(_, name)| *name).collect::<Vec<_>>());
            for (place, name) in part {
                if let (Some(form), Some(rest)) = (stripped.get_mut(place), name.get(prefix..)) {
                    *form = rest;
                }
            }
        }
    }
    let at_lengths = LENGTHS.map(|most| stripped.iter().map(|form| cut_middle(form, most)).collect());
    let whole = [stripped.iter().map(ToString::to_string).collect(), names.to_vec()];
    let candidates: Vec<Vec<String>> = at_lengths.into_iter().chain(whole).collect();
    let mut used = vec![0_usize; names.len()];
    for _ in 0..MOST_ROUNDS {
        let form = |(place, level): (usize, &usize)| candidates.get(*level).and_then(|forms| forms.get(place));
        let forms: Vec<String> = used.iter().enumerate().filter_map(form).cloned().collect();
        let equal = equal_forms(names, &forms);
        if equal.is_empty() {
            return forms;
        }
        let longer = used.iter_mut().enumerate().filter(|(place, _)| equal.contains(place));
        longer.for_each(|(_, level)| *level = (*level + 1).min(candidates.len() - 1));
    }
    names.to_vec()
}

/// The names of a family that can share a beginning: addresses by their host, and all others that
/// have several parts.
fn parts<'n>(names: &'n [String], family: &[usize]) -> Vec<Vec<(usize, &'n str)>> {
    let mut parts: HashMap<&str, Vec<(usize, &str)>> = HashMap::new();
    for place in family {
        let Some(name) = names.get(*place) else { continue };
        if name.contains(SEPARATORS) {
            parts.entry(origin(name)).or_default().push((*place, name));
        }
    }
    parts.into_values().collect()
}

/// Scheme and host of an address; nothing for any other name.
fn origin(name: &str) -> &str {
    let Some(start) = name.find("://").map(|at| at + 3) else {
        return "";
    };
    let rest = name.get(start..).unwrap_or_default();
    let end = rest.find('/').map_or(name.len(), |at| start + at);
    name.get(..end).unwrap_or(name)
}

/// Returns the number of bytes that the names lose at their beginning.
fn shared_prefix(names: &[&str]) -> usize {
    let Some(first) = names.first() else { return 0 };
    let is_address = first.contains("://");
    // A single name loses its beginning only if it is an address.
    if names.iter().all(|name| name == first) && !is_address {
        return 0;
    }
    let shared = names.iter().fold(first.len(), |shared, name| {
        let equal = first.char_indices().zip(name.chars());
        let differs = equal.clone().find(|((_, one), other)| one != other);
        let end = differs.map_or_else(|| first.len().min(name.len()), |((at, _), _)| at);
        shared.min(end)
    });
    let is_separator = |character: char| {
        if is_address {
            matches!(character, '/' | '#')
        } else {
            SEPARATORS.contains(&character)
        }
    };
    let least = if is_address {
        origin(first).len()
    } else {
        SHORTEST_PREFIX - 1
    };
    let beginning = first.get(..shared).unwrap_or_default();
    let ends = beginning
        .char_indices()
        .rev()
        .filter(|(at, character)| *at >= least && is_separator(*character))
        .map(|(at, character)| at + character.len_utf8());
    let leaves_a_rest = |end: &usize| names.iter().all(|name| name.len() > *end);
    ends.into_iter().find(leaves_a_rest).unwrap_or(0)
}

/// The places of names that differ although their forms are equal.
fn equal_forms(names: &[String], forms: &[String]) -> HashSet<usize> {
    let mut by_form: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, form) in forms.iter().enumerate() {
        by_form.entry(form).or_default().push(place);
    }
    let differ = |places: &&Vec<usize>| {
        let mut names = places.iter().filter_map(|place| names.get(*place));
        let first = names.next();
        names.any(|name| Some(name) != first)
    };
    by_form.values().filter(differ).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn forms(names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        short_forms(&names, &[(0..names.len()).collect()])
    }

    #[test]
    fn names_lose_the_beginning_that_they_share() {
        let google = [
            "https://www.googleapis.com/auth/drive",
            "https://www.googleapis.com/auth/drive.file",
            "https://www.googleapis.com/auth/drive.metadata.readonly",
            "openid",
        ];
        assert_eq!(
            forms(&google),
            ["drive", "drive.file", "drive.metadata.readonly", "openid"]
        );
        assert_eq!(
            forms(&["https://a.example/auth/youtube", "https://b.example/auth/mail.read"]),
            ["youtube", "mail.read"]
        );
        assert_eq!(
            forms(&["urn:shop:scope:read", "urn:shop:scope:write"]),
            ["read", "write"]
        );
        assert_eq!(
            forms(&["com.example.a.read", "com.example.b.read"]),
            ["a.read", "b.read"]
        );
        assert_eq!(
            forms(&["api://1f/items/read", "api://1f/items/write"]),
            ["read", "write"]
        );
    }

    #[test]
    fn a_name_that_ends_with_the_shared_beginning_stays_whole() {
        assert_eq!(
            forms(&["https://mail.google.com/", "https://www.googleapis.com/auth/gmail.send"]),
            ["https://mail.google.com/", "gmail.send"]
        );
        assert_eq!(
            forms(&["https://x.example/auth/", "https://x.example/auth/read"]),
            ["auth/", "auth/read"]
        );
        assert_eq!(
            forms(&["https://x.example", "https://x.example/a"]),
            ["https://x.example", "https://x.example/a"]
        );
    }

    #[test]
    fn a_short_beginning_and_a_single_name_stay() {
        assert_eq!(forms(&["read:user", "read:org"]), ["read:user", "read:org"]);
        assert_eq!(forms(&["com.example.shop.read"]), ["com.example.shop.read"]);
        assert_eq!(forms(&["read", "write"]), ["read", "write"]);
        assert_eq!(forms(&[]), [""; 0]);
    }

    #[test]
    fn two_names_never_look_the_same() {
        let hosts = ["https://a.example/x/read", "https://b.example/x/read", "read"];
        assert_eq!(forms(&hosts), hosts);
        assert_eq!(
            forms(&["https://a.example/x/read", "https://a.example/x/write", "read"]),
            ["https://a.example/x/read", "write", "read"]
        );
        let long = |middle: &str| format!("beginning-{middle}-{}", "end".repeat(20));
        let (one, other) = (long("one"), long("other"));
        let short = forms(&[&one, &other, "plain"]);
        assert_ne!(short[0], short[1]);
        assert!(short.iter().take(2).all(|form| form.ends_with("endend")), "{short:?}");
        let (one, other) = (format!("{0}1{0}", "a".repeat(200)), format!("{0}2{0}", "a".repeat(200)));
        assert_eq!(forms(&[&one, &other]), [one, other]);
    }

    proptest! {
        #[test]
        fn short_forms_differ_where_names_do(
            names in vec("(https://[ab]/)?([ab]{1,2}[.:/]){0,3}[ab]{0,30}", 0..12),
            split in 0..12_usize,
        ) {
            let (one, other) = (0..names.len()).partition(|place| *place < split);
            let forms = short_forms(&names, &[one, other]);
            for (name, form) in names.iter().zip(&forms) {
                prop_assert_eq!(name.chars().last(), form.chars().last());
                for (other, its_form) in names.iter().zip(&forms) {
                    prop_assert!(form != its_form || name == other, "{} and {}: {}", name, other, form);
                }
            }
        }
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        let name = "organization_settings_and_members_directory_readonly";
        assert_eq!(forms(&[name]), ["organizatio…mbers_directory_readonly"]);
    }
}
