//! `scopegate config ..`

use serde_json::{Map, Value, json};

use crate::arguments::{CommonFlags, ConfigCommand};
use crate::config::{Settings, Shown, Source};
use crate::output::{one_line, print};

pub(super) fn run(common: &CommonFlags, command: &ConfigCommand) -> anyhow::Result<()> {
    let ConfigCommand::Check(flags) = command;
    let settings = Settings::load(common, Some(flags))?;
    // What `serve` would refuse is wrong here too. Port 0 becomes another one there, which changes nothing about it.
    settings.issuer_at(settings.listen)?;
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
    let human: String = settings.shown.iter().map(line).collect();
    print(
        common.format,
        &human,
        &json!({ "settings": values, "sources": sources }),
    )
}

fn source(shown: &Shown) -> Value {
    json!(one_line(&shown.source.place(shown.key)))
}

/// One line of TOML; what is not set, or hidden, is a comment.
fn line(shown: &Shown) -> String {
    let Shown {
        key,
        value,
        is_hidden,
        source,
    } = shown;
    let place = match source {
        Source::Default => String::new(),
        _ => format!("  # {}", one_line(&source.place(key))),
    };
    match value {
        Value::Null => format!("# {key} is not set\n"),
        _ if *is_hidden => format!("# {key} is set and hidden{place}\n"),
        value => format!("{key} = {value}{place}\n"),
    }
}
