//! The layers of a configuration: file, variables and flags. A later one takes precedence.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use figment::Figment;
use figment::error::{Actual, Kind};
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Value};
use scopegate_domain::Secret;
use serde::Serialize;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::fault::{ConfigError, nearest};
use super::setting::plain;
use super::source::Source;
use super::table::{SETTINGS, SettingRow, VARIABLE_PREFIX};
use super::table_fault::bad_table;

/// Variables with our prefix that are not settings: they choose how the program is called.
const NOT_SETTINGS: [&str; 2] = ["config", "format"];

/// The given flags of one group.
pub(super) trait Flags {
    /// The key and the value of each.
    fn values(&self) -> Dict;
}

impl<T: Serialize> Flags for T {
    fn values(&self) -> Dict {
        let values = Value::serialize(self).ok().and_then(Value::into_dict);
        let mut values = values.unwrap_or_default();
        values.retain(|_, value| !matches!(value, Value::Empty(..) | Value::Bool(_, false)));
        values
    }
}

/// One setting as `config check` shows it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Its key.
    pub(crate) key: &'static str,
    /// Its value; null if it is not set. That of a secret is only a note that it is set.
    pub(crate) value: serde_json::Value,
    /// The source of the value.
    pub(crate) source: Source,
}

/// A given value, as serde reads it.
struct Given<'v>(&'v Value);

impl<'v> IntoDeserializer<'v, figment::Error> for Given<'v> {
    type Deserializer = &'v Value;

    fn into_deserializer(self) -> &'v Value {
        self.0
    }
}

/// All given keys, each with the value that takes precedence.
pub(super) struct Layers {
    given: BTreeMap<String, (Source, Value)>,
}

impl Layers {
    /// Reads all layers.
    pub(super) fn read(
        flags: &[&dyn Flags],
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Vec::new();
        if let Some(path) = file {
            let values = Figment::from(Toml::file_exact(path)).extract();
            let values: Dict = values.map_err(|error| unreadable(&error, path))?;
            layers.push((Source::File(path.to_owned()), values));
        }
        // Variables are read as text: figment's own reader turns a secret of digits into a number.
        let variables = variables.into_iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(VARIABLE_PREFIX)?.to_lowercase();
            Some((key, Value::from(value)))
        });
        layers.push((Source::Variable, variables.collect()));
        layers.extend(flags.iter().map(|group| (Source::Flag, group.values())));
        let mut given = BTreeMap::new();
        for (source, values) in layers {
            given.extend(values.into_iter().map(|(key, value)| (key, (source.clone(), value))));
        }
        Ok(Self { given })
    }

    /// Gives a key that no layer contains its default.
    pub(super) fn set_default(&mut self, key: &str, text: &str) {
        let default = (Source::Default, Value::from(text));
        self.given.entry(key.to_owned()).or_insert(default);
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.given.get(key).and_then(|(_, value)| plain(value))
    }

    /// Reads all settings in the order of the table, so an error names the first bad one.
    pub(super) fn extract<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let key = Cell::new("");
        let given = SETTINGS.iter().filter_map(|row| {
            let (_, value) = self.given.get(row.key)?;
            key.set(row.key);
            Some((row.key, Given(value)))
        });
        T::deserialize(MapDeserializer::new(given)).map_err(|error: figment::Error| {
            let (key, source) = (key.get(), self.source(key.get()));
            if SettingRow::is_table(key) {
                return bad_table(key, &source, &error);
            }
            let (expected, found) = match error.kind {
                Kind::InvalidValue(Actual::Str(found), expected) => (expected, Some(found)),
                kind => (kind.to_string(), None),
            };
            ConfigError::value(source.line(key), &expected, found)
        })
    }

    /// Lists the values with their sources, in the order of the fields.
    pub(super) fn show(&self, values: &impl Serialize) -> Vec<Shown> {
        let Ok(serde_json::Value::Object(values)) = serde_json::to_value(values) else {
            return Vec::new();
        };
        let shown = values.into_iter().filter_map(|(key, value)| {
            let SettingRow { key, .. } = SETTINGS.iter().find(|row| row.key == key)?;
            let source = self.source(key);
            Some(Shown { key, value, source })
        });
        shown.collect()
    }

    /// Takes a secret whose key depends on another setting.
    pub(super) fn take_secret(&mut self, key: &str) -> Result<Option<Secret<String>>, ConfigError> {
        let Some((source, value)) = self.given.remove(key) else {
            return Ok(None);
        };
        let text = plain(&value).ok_or_else(|| ConfigError::value(source.line(key), "a text", None));
        text.map(|text| Some(Secret::new(text)))
    }

    /// Finishes the reading. A key that was not taken and is not a setting is an unknown key.
    pub(super) fn finish(&self) -> Result<(), ConfigError> {
        let mut known: Vec<&str> = SETTINGS.iter().map(|row| row.key).collect();
        known.sort_unstable();
        let is_known = |key: &str| known.contains(&key) || NOT_SETTINGS.contains(&key);
        let Some((key, (source, _))) = self.given.iter().find(|(key, _)| !is_known(key)) else {
            return Ok(());
        };
        let nearest = nearest(key, &known).map(|nearest| match source {
            Source::Variable => format!("{VARIABLE_PREFIX}{}", nearest.to_uppercase()),
            _ => nearest.to_owned(),
        });
        let place = source.line(key);
        Err(ConfigError::UnknownKey { place, nearest })
    }

    /// The source of a key.
    pub(super) fn source(&self, key: &str) -> Source {
        self.given.get(key).map_or(Source::Default, |given| given.0.clone())
    }
}

/// A file that is not TOML.
///
/// SECURITY: the parser draws a picture of the line, which may contain a secret. So the reason is
/// only the first line of its message, with the place, and the last one. Tested by
/// `config::tests::faults_name_the_place`.
fn unreadable(error: &figment::Error, path: &Path) -> ConfigError {
    let text = error.kind.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    // At the end of a file the parser gives no reason, and the picture is last: the line of the
    // file, or the mark below it.
    let is_picture = |line: &str| {
        let number = line.split_once('|').map(|(number, _)| number.trim_end());
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let reason = match lines.next_back() {
        None => first.to_owned(),
        Some(last) if is_picture(last) => format!("{first}: text is incomplete"),
        Some(last) => format!("{first}: {last}"),
    };
    ConfigError::unreadable(path, &reason)
}
