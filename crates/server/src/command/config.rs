//! `scopegate config ..`

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::context;
use crate::arguments::{CommonFlags, ConfigCommand};
use crate::compose::{self, Checked};
use crate::config::{SETTINGS, ServeSettings, SettingRow, Settings, Shown, Source};
use crate::output::{Format, one_line, print, print_note};

pub(super) fn run(common: &CommonFlags, command: &ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check(flags) => check(common, flags),
        ConfigCommand::Init { file } => init(common.format, file.as_deref()),
    }
}

/// `scopegate config init`
fn init(format: Format, file: Option<&Path>) -> anyhow::Result<()> {
    let text = commented()?;
    let Some(path) = file else {
        return print(format, &text, &json!({ "configuration": text }));
    };
    let named = || format!("file `{}`", one_line(&path.display().to_string()));
    // The operator may write a secret into it.
    let is_written = compose::write_private(path, text.as_bytes());
    if !is_written.with_context(|| format!("{} cannot be written", named()))? {
        bail!("{} exists and is not overwritten; give another name", named());
    }
    let written = format!(
        "wrote `{}`; `serve --config` reads it\n",
        one_line(&path.display().to_string())
    );
    print(format, &written, &json!({ "file": path }))
}

/// The keys of the tables that a new configuration shows, as comments.
const SAMPLES: &[(&str, &[&str])] = &[(
    "resources",
    &[
        "\n#   audience = \"https://api.example.com/ships\"\n#   title = \"Ships\"\n#   document = \"ships.yaml\"",
        "\n#   audience = \"https://api.example.com/ports\"\n#   title = \"Ports\"\n#   document = \"ports.toml\"",
    ],
)];

/// Returns a configuration in which each setting is a comment with its default.
fn commented() -> anyhow::Result<String> {
    let defaults = Settings::defaults()?;
    let mut text = String::from(
        "# Settings of Scopegate. Remove `# ` before a key to set it. A flag takes precedence over a variable, and a variable over\n\
         # this file.\n",
    );
    // Keys after a table would belong to the table.
    let (tables, keys): (Vec<&SettingRow>, Vec<&SettingRow>) =
        SETTINGS.iter().partition(|row| SettingRow::is_table(row.key));
    for row in keys.into_iter().chain(tables) {
        let default = defaults.iter().find(|shown| shown.key == row.key);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "\n# {}.", row.effect);
        let flag = row.flag.map_or_else(String::new, |flag| format!("; flag `--{flag}`"));
        if SettingRow::is_table(row.key) {
            let sample = SAMPLES.iter().find(|(key, _)| *key == row.key);
            let tables = sample.map_or(&[""][..], |(_, tables)| tables);
            for keys in tables {
                let _ = writeln!(text, "# [[{}]]{keys}", row.key);
            }
            continue;
        }
        let _ = writeln!(
            text,
            "# {}; default: {}{flag}; variable `{}`",
            row.value,
            row.default,
            row.variable()
        );
        let _ = match default.map(|shown| &shown.value) {
            None | Some(Value::Null) => writeln!(text, "# {} =", row.key),
            Some(value) => writeln!(text, "# {} = {value}", row.key),
        };
    }
    Ok(text)
}

/// `scopegate config check`
fn check(common: &CommonFlags, flags: &ServeSettings) -> anyhow::Result<()> {
    let settings = common.load(Some(flags))?;
    let (checked, warnings) = context::block_on(super::serve::check(&settings))?;
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
