//! The values of settings that the documents show are valid.

use std::fs;
use std::path::Path;

use super::super::table::SETTINGS;
use super::load;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The texts of the documents, each with its path.
fn documents() -> Vec<(String, String)> {
    let mut documents = Vec::new();
    let mut folders = vec![Path::new(ROOT).join("docs")];
    let mut files = vec![Path::new(ROOT).join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    for path in files
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
    {
        documents.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
    }
    documents
}

/// The text after each occurrence of a word. Before the word is a space, a quote or the start of a
/// line.
fn after<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let places = text.match_indices(word).map(|(place, _)| text.split_at(place));
    let alone = places.filter(|(before, _)| before.is_empty() || before.ends_with(['`', ' ', '\n', '(', '\'']));
    alone.filter_map(|(_, rest)| rest.strip_prefix(word)).collect()
}

/// The value at the start of a text, in the form of TOML: a text, a list, or a number or word.
fn value(text: &str) -> Option<String> {
    let text = text.trim_start_matches(' ');
    let end = match text.chars().next()? {
        quote @ ('"' | '\'') => 2 + text.get(1..)?.find(quote)?,
        '[' => 1 + text.find(']')?,
        _ => text
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(text.len()),
    };
    let value = text.get(..end)?;
    // Code of another language has other words.
    let is_toml = value.starts_with(['"', '\'', '[']) || ["true", "false"].contains(&value);
    (is_toml || value.starts_with(|first: char| first.is_ascii_digit())).then(|| value.to_owned())
}

#[test]
fn every_documented_value_is_valid() {
    let mut checked = 0;
    let mut faults = Vec::new();
    for (path, document) in documents() {
        for row in SETTINGS
            .iter()
            .filter(|row| row.value != super::super::table::TABLES && row.value != "path of a file")
        {
            let mut check = |written: String, loaded: Result<_, String>| {
                checked += 1;
                faults.extend(loaded.err().map(|fault| format!("{path}: {written}: {fault}")));
            };
            for rest in after(&document, row.key) {
                let given = rest
                    .trim_start_matches(' ')
                    .strip_prefix('=')
                    .filter(|rest| !rest.starts_with('='));
                if let Some(value) = given.and_then(value) {
                    let file = format!("{} = {value}\n", row.key);
                    check(file.clone(), load(&[], &[], Some(&file)));
                }
            }
            let Some(flag) = row.flag.map(|flag| format!("--{flag}")) else {
                continue;
            };
            for rest in after(&document, &flag)
                .iter()
                .filter_map(|rest| rest.strip_prefix(['=', ' ']))
            {
                let value: &str = rest.split([' ', '`', '\n', '"', ',', ')']).next().unwrap();
                // A word in capitals is a place for a value.
                let is_value = value.contains(|letter: char| letter.is_ascii_digit() || letter.is_ascii_lowercase());
                if is_value && row.value != "`true` or `false`" {
                    let given = format!("{flag}={value}");
                    check(given.clone(), load(&[&given], &[], None));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(checked > 10, "only {checked} values: does the test still read them?");
}

#[test]
fn times_in_the_table_are_valid() {
    let mut checked = 0;
    for row in SETTINGS.iter().filter(|row| row.value.starts_with("time")) {
        let texts = [row.value, row.effect].map(|text| text.split('`').skip(1).step_by(2));
        let times = texts
            .into_iter()
            .flatten()
            .filter(|text| text.starts_with(|first: char| first.is_ascii_digit()));
        for time in times {
            let file = format!("{} = '{time}'\n", row.key);
            assert_eq!(load(&[], &[], Some(&file)).err(), None, "{file}");
            checked += 1;
        }
    }
    assert!(checked > 1, "only {checked} times");
}

#[test]
fn values_are_found_in_a_text() {
    let text = "Set `listen = \"a b\"`, or\nlisten=[1, 2] and admin_listen = 'x' (listen = 0). `listen == 1`";
    let found: Vec<_> = after(text, "listen")
        .into_iter()
        .map(|rest| rest.trim_start_matches([' ', '=']))
        .collect();
    let values: Vec<_> = found.iter().filter_map(|rest| value(rest)).collect();
    assert_eq!(values, ["\"a b\"", "[1, 2]", "0", "1"]);
}
