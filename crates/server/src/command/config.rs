//! `scopegate config ..`

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::context;
use crate::arguments::{CommonFlags, ConfigCommand};
use crate::compose::{self, Checked};
use crate::config::{SettingRow, Settings, Shown, Source};
use crate::output::{one_line, print, print_note};

pub(super) fn run(common: &CommonFlags, command: &ConfigCommand) -> anyhow::Result<()> {
    let ConfigCommand::Check(flags) = command;
    let settings = common.load(Some(flags))?;
    let checked = context::block_on(super::serve::check(&settings))?;
    let warnings = compose::warnings(&settings);
    for warning in &warnings {
        print_note(warning);
    }
    let derived = derived(&settings, &checked);
    let values: Map<String, Value> = settings
        .shown
        .iter()
        .map(|shown| (shown.key.to_owned(), shown.value.clone()))
        .collect();
    let sources: Map<String, Value> = settings
        .shown
        .iter()
        .map(|shown| (shown.key.to_owned(), source(shown)))
        .collect();
    let mut human: String = settings.shown.iter().map(line).collect();
    for (key, value) in &derived {
        // Writing to a text cannot fail.
        let _ = writeln!(human, "# {key} is derived: {value}");
    }
    print(
        common.format,
        &human,
        &json!({ "settings": values, "sources": sources, "derived": derived, "warnings": warnings }),
    )
}

/// The values that `serve` derives for absent settings.
fn derived(settings: &Settings, checked: &Checked) -> Map<String, Value> {
    let mut derived = Map::new();
    if settings.issuer.is_none() {
        derived.insert("issuer".to_owned(), json!(checked.issuer.as_str()));
    }
    if settings.audience.is_none() {
        derived.insert("audience".to_owned(), json!(checked.audience.as_str()));
    }
    derived
}

fn source(shown: &Shown) -> Value {
    json!(one_line(&shown.source.place(shown.key)))
}

/// Returns a line of TOML. An absent or hidden value becomes a comment.
fn line(shown: &Shown) -> String {
    let Shown { key, value, source } = shown;
    let place = match source {
        Source::Default => String::new(),
        _ => format!("  # {}", one_line(&source.place(key))),
    };
    match value {
        // A line cannot hold a table.
        Value::Array(names) if SettingRow::is_table(key) => {
            let line = |name: &Value| format!("# [[{key}]] {name}{place}\n");
            names.iter().map(line).collect::<Vec<String>>().concat()
        }
        Value::Null => format!("# {key} is not set\n"),
        _ if SettingRow::is_secret(key) => format!("# {key} is set and hidden{place}\n"),
        value => format!("{key} = {value}{place}\n"),
    }
}
