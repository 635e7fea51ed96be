//! The four layers of a configuration. figment merges them, and the settings are taken key by key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use scopegate_domain::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::ConfigError;
use super::setting::Setting;
use super::source::{Source, VARIABLE_PREFIX, line_in};

/// Variables with our prefix that are not settings: they choose how the program is called.
const NOT_SETTINGS: [&str; 2] = ["config", "format"];

/// One setting as `config check` shows it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Its key.
    pub(crate) key: &'static str,
    /// Its value; null if it is not set.
    pub(crate) value: serde_json::Value,
    /// Whether it is a secret, which `value` does not contain.
    pub(crate) is_hidden: bool,
    /// The source of the value.
    pub(crate) source: Source,
}

/// All configured keys, each with the value that takes precedence.
pub(crate) struct Layers {
    figment: Figment,
    file: Option<PathBuf>,
    /// The folder of the file. Paths in the file are relative to it.
    folder: PathBuf,
    left: BTreeMap<String, Value>,
    known: Vec<&'static str>,
    shown: Vec<Shown>,
}

impl Layers {
    /// Reads all layers. An earlier one takes precedence.
    pub(crate) fn read(
        flags: &[&dyn Flags],
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        if let Some(path) = file {
            figment = figment.merge(Toml::file_exact(path));
        }
        figment = figment.merge(variable_layer(variables));
        for group in flags {
            figment = figment.merge(Layer {
                name: FLAGS,
                values: group.values(),
            });
        }
        let left = figment.extract().map_err(|error| unreadable(&error, file))?;
        Ok(Self {
            figment,
            file: file.map(Path::to_owned),
            folder: file.and_then(Path::parent).map(Path::to_owned).unwrap_or_default(),
            left,
            known: Vec::new(),
            shown: Vec::new(),
        })
    }

    /// The folder of the file.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes one key, or its default.
    pub(crate) fn take<T: Setting>(&mut self, key: &'static str, default: T) -> Result<T, ConfigError> {
        let found = self.find(key)?;
        let (value, source) = found.unwrap_or((default, Source::Default));
        self.shown.push(Shown {
            key,
            value: value.show(),
            is_hidden: T::SECRET,
            source,
        });
        Ok(value)
    }

    /// Takes one key that may be absent.
    pub(crate) fn take_optional<T: Setting>(&mut self, key: &'static str) -> Result<Option<T>, ConfigError> {
        let (value, source) = self
            .find(key)?
            .map_or((None, Source::Default), |(value, source)| (Some(value), source));
        let show = value.as_ref().map_or(serde_json::Value::Null, T::show);
        self.shown.push(Shown {
            key,
            value: show,
            is_hidden: T::SECRET,
            source,
        });
        Ok(value)
    }

    /// Takes tables of the file. `config check` prints the result of `name` for each.
    pub(crate) fn take_tables<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        name: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, ConfigError> {
        self.known.push(key);
        let (tables, source): (Vec<T>, _) = match self.left.remove(key) {
            None => (Vec::new(), Source::Default),
            Some(value) => {
                let source = self.source(&value);
                let read = value.deserialize();
                (read.map_err(|error| bad_table(key, &source, &error))?, source)
            }
        };
        let names: Vec<String> = tables.iter().map(name).collect();
        self.shown.push(Shown {
            key,
            is_hidden: false,
            value: if names.is_empty() {
                serde_json::Value::Null
            } else {
                names.into()
            },
            source,
        });
        Ok(tables)
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The place of a key that was taken.
    pub(crate) fn place_of(&self, key: &str) -> String {
        let taken = self.shown.iter().rev().find(|shown| shown.key == key);
        taken.map_or_else(|| format!("`{key}`"), |shown| shown.source.line(key))
    }

    /// Takes a secret whose key depends on another setting.
    pub(crate) fn take_secret(&mut self, key: &str) -> Result<Option<Secret<String>>, ConfigError> {
        let Some(value) = self.left.remove(key) else {
            return Ok(None);
        };
        let source = self.source(&value);
        let text = plain(&value).ok_or_else(|| ConfigError::Value {
            place: source.line(key),
            expected: "a text",
            found: None,
        })?;
        Ok(Some(Secret::new(text)))
    }

    /// Finishes the reading. A key that was not taken is an unknown key.
    pub(crate) fn finish(self) -> Result<Vec<Shown>, ConfigError> {
        let Some((key, value)) = self.left.iter().find(|(key, _)| !NOT_SETTINGS.contains(&key.as_str())) else {
            return Ok(self.shown);
        };
        let source = self.source(value);
        let nearest = self
            .known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, key), known))
            .min();
        let nearest = nearest
            .filter(|(distance, known)| *distance <= known.len() / 3 + 1)
            .map(|(_, known)| match source {
                Source::Variable => format!("{VARIABLE_PREFIX}{}", known.to_uppercase()),
                _ => (*known).to_owned(),
            });
        Err(ConfigError::UnknownKey {
            place: source.line(key),
            nearest,
        })
    }

    fn find<T: Setting>(&mut self, key: &'static str) -> Result<Option<(T, Source)>, ConfigError> {
        self.known.push(key);
        let Some(value) = self.left.remove(key) else {
            return Ok(None);
        };
        let source = self.source(&value);
        let text = if T::LIST { list(&value) } else { plain(&value) };
        let Some(setting) = text.as_deref().and_then(T::read) else {
            let found = if T::SECRET { None } else { text };
            return Err(ConfigError::Value {
                place: source.line(key),
                expected: T::EXPECTED,
                found,
            });
        };
        let setting = match source {
            Source::File(_) => setting.in_folder(&self.folder),
            _ => setting,
        };
        Ok(Some((setting, source)))
    }

    fn source(&self, value: &Value) -> Source {
        let Some(metadata) = self.figment.get_metadata(value.tag()) else {
            return Source::Default;
        };
        match metadata.source.as_ref().and_then(figment::Source::file_path) {
            Some(path) => Source::File(path.to_owned()),
            None if metadata.name == FLAGS => Source::Flag,
            None => Source::Variable,
        }
    }
}

/// The given flags of one group.
pub(crate) trait Flags {
    /// The key and the value of each.
    fn values(&self) -> Dict;
}

impl<T: Serialize> Flags for T {
    fn values(&self) -> Dict {
        let data = Serialized::defaults(self).data();
        data.ok()
            .and_then(|mut profiles| profiles.remove(&Profile::Default))
            .unwrap_or_default()
    }
}

const FLAGS: &str = "flags";
const VARIABLES: &str = "variables";

struct Layer {
    name: &'static str,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Reads variables as text: `figment`'s own reader would turn a secret of digits into a number.
fn variable_layer(variables: impl IntoIterator<Item = (String, String)>) -> Layer {
    let values = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(VARIABLE_PREFIX)?.to_lowercase(), Value::from(value))))
        .collect();
    Layer {
        name: VARIABLES,
        values,
    }
}

/// The text of a value, unless it is a list or a table.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Bool(_, flag) => Some(flag.to_string()),
        Value::Num(_, number) => number
            .to_i128()
            .map(|whole| whole.to_string())
            .or_else(|| number.to_u128().map(|whole| whole.to_string())),
        _ => None,
    }
}

/// The text of a value that may also be a list of texts.
fn list(value: &Value) -> Option<String> {
    let Value::Array(_, items) = value else {
        return plain(value);
    };
    let texts: Option<Vec<String>> = items.iter().map(plain).collect();
    Some(texts?.join(","))
}

/// A table with an unknown key, without a required one, or with a value of another type.
fn bad_table(key: &str, source: &Source, error: &figment::Error) -> ConfigError {
    let mut path = error.path.clone();
    if let Kind::UnknownField(name, _) = &error.kind
        && path.last() != Some(name)
    {
        path.push(name.clone());
    }
    let place = match source {
        Source::File(file) => {
            let pointer = format!("/{key}/{}", path.join("/"));
            format!("{}{}", source.place(key), line_in(file, &pointer))
        }
        _ => source.place(key),
    };
    ConfigError::Table {
        place,
        reason: match (&error.kind, &*error.path) {
            (Kind::UnknownField(name, known), _) => unknown_field(name, known),
            (kind, []) => kind.to_string(),
            (kind, path) => format!("`{}`: {kind}", path.join(".")),
        },
    }
}

fn unknown_field(name: &str, known: &[&str]) -> String {
    let distance = |other: &&&str| strsim::damerau_levenshtein(other, name);
    let nearest = known.iter().min_by_key(distance);
    match nearest.filter(|nearest| distance(nearest) <= nearest.len() / 3 + 1) {
        Some(nearest) => format!("unknown key `{name}`; did you mean `{nearest}`?"),
        None => format!("unknown key `{name}`; it may have {}", known.join(", ")),
    }
}

/// Whether a line belongs to the picture: the line of the file, or the mark below it.
fn is_picture(line: &str) -> bool {
    let before = line.split_once('|').map(|(before, _)| before.trim_end());
    before.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn unreadable(error: &figment::Error, file: Option<&Path>) -> ConfigError {
    // The parser draws a picture of the line, which may contain a secret. The first line of its
    // message states the place, the last line the reason.
    let text = error.kind.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    // At the end of a file the parser gives no reason, and the picture is last.
    let last = lines
        .next_back()
        .map(|last| if is_picture(last) { "text is incomplete" } else { last });
    let reason = last.map_or_else(|| first.to_owned(), |last| format!("{first}: {last}"));
    ConfigError::Unreadable {
        named_by: None,
        path: file.map(Path::to_owned).unwrap_or_default(),
        reason,
    }
}
