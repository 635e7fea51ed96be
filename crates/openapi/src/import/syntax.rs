//! The syntax of a text.

use super::ImportError;

/// The text of a document, without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, ImportError> {
    let text = std::str::from_utf8(bytes).map_err(|fault| ImportError::NotText {
        position: fault.valid_up_to(),
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// The syntax of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Toml,
    Yaml,
}

/// Detects the syntax by the first line with content: a table or `name = value` is TOML, `name:
/// value` is YAML.
pub(super) fn syntax(text: &str) -> Syntax {
    let mut rest = text.trim_ascii_start();
    while rest.starts_with('#') {
        rest = rest
            .split_once('\n')
            .map_or("", |(_, behind)| behind.trim_ascii_start());
    }
    let line = rest.split('\n').next().unwrap_or_default();
    // A table of TOML has a name between its brackets.
    let is_json_list = rest
        .strip_prefix('[')
        .is_some_and(|items| items.trim_ascii_start().starts_with(['{', ']']));
    let marks = |mark: char| line.find(mark).unwrap_or(usize::MAX);
    // Names between braces are quoted in JSON, and need not be in YAML.
    let is_json_object = rest.strip_prefix('{').is_some_and(|members| {
        members.trim_ascii_start().is_empty() || members.trim_ascii_start().starts_with(['"', '}'])
    });
    if is_json_object || is_json_list {
        Syntax::Json
    } else if line.starts_with('[') || marks('=') < marks(':') {
        Syntax::Toml
    } else {
        Syntax::Yaml
    }
}
