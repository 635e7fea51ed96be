//! The APIs that tokens are for: the tables `[[resources]]` of the file.

use std::path::{Path, PathBuf};

use scopegate_domain::Audience;
use serde::{Deserialize, Serialize as _, Serializer};

use super::fault::ConfigError;
use super::layers::Layers;
use super::source::{Source, line_in};
use crate::output::quoted;

/// The key of the tables.
pub(super) const KEY: &str = "resources";

/// An API that tokens are for.
#[derive(Debug)]
pub(crate) struct ResourceSettings {
    pub(crate) audience: Audience,
    /// Its name for people. `None` means that of the document.
    pub(crate) title: Option<String>,
    /// The document with its scopes and operations.
    pub(crate) document: PathBuf,
    /// Whether this process answers the operations.
    pub(crate) is_own: bool,
    table: Table,
}

impl ResourceSettings {
    /// Returns the file that contains the table.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.table.source {
            Source::File(file) => Some(file),
            _ => None,
        }
    }

    /// Returns the place of a key, with file and line. The file is read again.
    pub(crate) fn place(&self, key: &str) -> String {
        self.table.place(key)
    }
}

/// One table as it appears in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    audience: String,
    title: Option<String>,
    document: PathBuf,
    #[serde(default)]
    own: bool,
}

/// A table of the file, numbered from 0.
#[derive(Clone, Debug)]
struct Table {
    source: Source,
    index: usize,
}

impl Table {
    fn place(&self, key: &str) -> String {
        let number = self.index + 1;
        // Tables appear only in the file.
        let Source::File(file) = &self.source else {
            return format!("key `{key}` of resource {number}");
        };
        let line = line_in(file, &format!("/{KEY}/{}/{key}", self.index));
        format!("key `{key}` of resource {number} in file `{}`{line}", file.display())
    }

    fn fault(&self, key: &str, reason: &impl ToString) -> ConfigError {
        ConfigError::Table {
            place: self.place(key),
            reason: reason.to_string(),
        }
    }
}

/// Shows the audiences of the tables; null if there is none.
pub(super) fn show<S: Serializer>(tables: &[Written], target: S) -> Result<S::Ok, S::Error> {
    let audiences: Vec<&str> = tables.iter().map(|table| &*table.audience).collect();
    (!audiences.is_empty()).then_some(audiences).serialize(target)
}

/// Reads all tables.
pub(super) fn read(layers: &Layers, written: &[Written]) -> Result<Vec<ResourceSettings>, ConfigError> {
    let source = layers.source(KEY);
    let read = |(index, one): (usize, &Written)| {
        let table = Table {
            source: source.clone(),
            index,
        };
        let audience = Audience::of_resource(&one.audience);
        let audience =
            audience.map_err(|fault| table.fault("audience", &format!("`{}`: {fault}", quoted(&one.audience))))?;
        if one.document.as_os_str().is_empty() {
            return Err(table.fault(
                "document",
                &"it is empty; name the file of an OpenAPI document or a policy",
            ));
        }
        let title = one.title.as_ref().map(|title| title.trim().to_owned());
        if title.as_ref().is_some_and(String::is_empty) {
            return Err(table.fault("title", &"it is empty; write the name of the API, or remove the key"));
        }
        Ok(ResourceSettings {
            audience,
            title,
            document: source.resolve(&one.document),
            is_own: one.own,
            table,
        })
    };
    written.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests;
