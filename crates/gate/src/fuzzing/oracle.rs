//! Resolves the target of a request a second time: segment by segment, without the table of routes
//! and the decoders under test ([RFC 3986, sections 2.1 and
//! 3.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)).

use std::string::FromUtf8Error;

/// The target of a method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an oracle for tests")]
pub enum Named {
    /// No entry at this path, but an entry at the path with or without a trailing slash: that path,
    /// decoded.
    Elsewhere(String),
    /// No entry.
    Nothing,
    /// The entry of this number, with the values of its parameters.
    Entry(usize, Vec<String>),
    /// Entries of these methods.
    OtherMethods(Vec<String>),
}

/// Resolves a path in a table of methods and templates. A template consists of literals, of
/// parameters that are whole segments (`{id}`), and optionally of a rest (`{*rest}`) at its end.
#[must_use]
pub fn name(table: &[(&str, &str)], method: &str, raw_path: &str) -> Named {
    let Ok(path) = decode(raw_path.as_bytes(), false) else {
        return Named::Nothing;
    };
    let Some((template, values)) = best(table, &path) else {
        return elsewhere(table, &path);
    };
    let stands_there = |entry: &(&str, &str)| kinds(entry.1) == kinds(template);
    let found = table.iter().position(|entry| stands_there(entry) && entry.0 == method);
    match found {
        Some(entry) => Named::Entry(entry, values),
        None => Named::OtherMethods(
            table
                .iter()
                .filter(|entry| stands_there(entry))
                .map(|entry| entry.0.to_owned())
                .collect(),
        ),
    }
}

fn elsewhere(table: &[(&str, &str)], path: &str) -> Named {
    let other = if path.ends_with('/') {
        path.trim_end_matches('/').to_owned()
    } else {
        format!("{path}/")
    };
    let leads_away = other.starts_with("//") || other.starts_with("/\\") || !other.starts_with('/') || other == "/";
    if leads_away || best(table, &other).is_none() {
        Named::Nothing
    } else {
        Named::Elsewhere(other)
    }
}

/// A segment of a template. Literals precede parameters, and parameters precede a rest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind<'t> {
    Literal(&'t str),
    Parameter,
    Rest,
}

fn kinds<'t>(template: &'t str) -> Vec<Kind<'t>> {
    let kind = |segment: &'t str| match segment {
        text if !text.starts_with('{') => Kind::Literal(text),
        text if text.starts_with("{*") => Kind::Rest,
        _ => Kind::Parameter,
    };
    template.split('/').map(kind).collect()
}

fn best<'t>(table: &[(&str, &'t str)], path: &str) -> Option<(&'t str, Vec<String>)> {
    let fitting = table
        .iter()
        .filter_map(|(_, template)| Some((*template, fit(template, path)?)));
    fitting.min_by_key(|(template, _)| kinds(template))
}

/// Returns the values of the parameters if the path matches.
fn fit(template: &str, path: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut rest = Some(path);
    for kind in kinds(template) {
        let text = rest?;
        let (segment, behind) = text
            .split_once('/')
            .map_or((text, None), |(segment, behind)| (segment, Some(behind)));
        match kind {
            Kind::Literal(literal) if literal == segment => rest = behind,
            Kind::Parameter if !segment.is_empty() => {
                values.push(segment.to_owned());
                rest = behind;
            }
            Kind::Rest if !text.is_empty() => {
                values.push(text.to_owned());
                rest = None;
            }
            _ => return None,
        }
    }
    rest.is_none().then_some(values)
}

/// Decodes each `%XX`, and in a form each `+` as a space.
///
/// # Errors
///
/// The bytes.
pub fn decode(raw: &[u8], is_form: bool) -> Result<String, FromUtf8Error> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, behind)) = rest.split_first() {
        let (byte, behind) = match (first, behind) {
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                ((hex(*high) << 4) | hex(*low), behind)
            }
            (b'+', behind) if is_form => (b' ', behind),
            (byte, behind) => (*byte, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8(bytes)
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}
