//! The error of a table such as `[[resources]]`: its place, its cause and the remedy.

use figment::error::{Actual, Kind};

use super::fault::{ConfigError, nearest};
use super::source::{Source, line_in};
use crate::output::quoted;

/// Describes a table with an unknown key, without a required one, or with a value of another type.
/// Tables are numbered from 1.
pub(super) fn bad_table(key: &str, source: &Source, error: &figment::Error) -> ConfigError {
    let Source::File(file) = source else {
        let (place, reason) = (source.place(key), format!("write `[[{key}]]` in a configuration file"));
        return ConfigError::Table { place, reason };
    };
    let mut path = error.path.iter();
    let number = path.next().and_then(|index| index.parse::<usize>().ok());
    let within: Vec<&str> = path.map(String::as_str).collect();
    let line = line_in(file, &format!("/{key}/{}", error.path.join("/")));
    let table = number.map_or_else(
        || format!("key `{key}`"),
        |number| format!("{} {}", key.trim_end_matches('s'), number.saturating_add(1)),
    );
    let place = match &within[..] {
        [] => format!("{table} in file `{}`{line}", file.display()),
        within => format!(
            "key `{}` of {table} in file `{}`{line}",
            quoted(&within.join(".")),
            file.display()
        ),
    };
    let reason = match &error.kind {
        Kind::UnknownField(name, known) => match nearest(name, known) {
            Some(nearest) => format!("unknown key `{}`; did you mean `{nearest}`?", quoted(name)),
            None => format!("unknown key `{}`; it may have {}", quoted(name), known.join(", ")),
        },
        Kind::MissingField(name) => format!("key `{name}` is missing; add it"),
        Kind::DuplicateField(name) => format!("key `{name}` occurs twice; remove one"),
        Kind::InvalidType(Actual::Map, _) if number.is_none() => {
            format!("it is one table; write `[[{key}]]` with two brackets on each side")
        }
        Kind::InvalidType(found, expected) if number.is_none() => {
            format!(
                "it is {}, not {expected}; write tables that begin with `[[{key}]]`",
                name_of(found)
            )
        }
        Kind::InvalidType(found, _) if within.is_empty() => {
            format!("it is {}; write a table that begins with `[[{key}]]`", name_of(found))
        }
        Kind::InvalidType(found, expected) => format!("it is {}; {}", name_of(found), remedy(expected)),
        kind => kind.to_string(),
    };
    ConfigError::Table { place, reason }
}

/// The type of a value, without the value, which may be a secret.
const fn name_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "`true` or `false`",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "a value of another type",
    }
}

/// How to write a value of the type that serde expects.
fn remedy(expected: &str) -> String {
    if expected.contains("string") {
        "write a text in quotes".to_owned()
    } else if expected.contains("boolean") {
        "write `true` or `false` without quotes".to_owned()
    } else if expected.contains("sequence") {
        "write a list in brackets".to_owned()
    } else {
        format!("expected {expected}")
    }
}
