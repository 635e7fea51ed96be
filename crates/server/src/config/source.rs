//! The source of a value, and the place that errors name.

use std::path::{Path, PathBuf};

use scopegate_openapi::import::locate_in_toml;

use super::table::{SettingRow, VARIABLE_PREFIX};
use crate::output::quoted;

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The built-in default.
    Default,
    /// In the configuration file.
    File(PathBuf),
    /// On the command line.
    Flag,
    /// In a variable of the environment.
    Variable,
}

impl Source {
    /// The place of a key, with its line in a file. The file is read again.
    pub(crate) fn line(&self, key: &str) -> String {
        let place = self.place(key);
        match self {
            Self::File(file) => format!("{place}{}", line_in(file, &format!("/{key}"))),
            _ => place,
        }
    }

    /// The place of a key in this source: `--log-level`, `SCOPEGATE_LOG_LEVEL`, or the key with the
    /// file.
    pub(crate) fn place(&self, key: &str) -> String {
        let flag = SettingRow::flag_of(key);
        let key = &quoted(key);
        match self {
            Self::Default => "default".to_owned(),
            Self::File(path) => format!("key `{key}` in file `{}`", path.display()),
            Self::Flag => format!("flag `--{}`", flag.unwrap_or(key)),
            Self::Variable => format!("variable `{}{}`", VARIABLE_PREFIX, key.to_uppercase()),
        }
    }

    /// The path that a setting names. In a file it is relative to the folder of the file.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        let folder = match self {
            Self::File(file) => file.parent(),
            _ => None,
        };
        folder.map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }
}

/// The end of a place in a file: `, line 3`. Empty if the file does not contain the value.
pub(crate) fn line_in(file: &Path, pointer: &str) -> String {
    let Ok(text) = std::fs::read_to_string(file) else {
        return String::new();
    };
    let located = locate_in_toml(&text, pointer);
    if located.pointer.is_empty() {
        return String::new();
    }
    format!(", line {}", located.position.line)
}
