use std::collections::BTreeSet;

use clap::CommandFactory as _;

use super::super::tests::load;
use super::*;
use crate::arguments::Arguments;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");

#[test]
fn the_page_of_settings_is_written_from_the_table() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once("| key |").expect("a table");
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let expected = format!("{before}{}\n{after}", markdown());
    if page != expected {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, expected).unwrap();
        }
        panic!("docs/configuration.md differs from the table; UPDATE_DOCS=1 writes it");
    }
}

#[test]
fn every_setting_is_in_the_table_with_its_default() {
    let settings = load(&[], &[], None).unwrap();
    let shown: Vec<&str> = settings.shown.iter().map(|shown| shown.key).collect();
    let rows: Vec<&str> = SETTINGS.iter().map(|row| row.key).collect();
    assert_eq!(rows, shown);
    let cores = std::thread::available_parallelism().unwrap().to_string();
    for (row, shown) in SETTINGS.iter().zip(&settings.shown) {
        let default = row.default.split(['`', ';']).next().unwrap();
        let expected = match (row.key, &shown.value) {
            (_, serde_json::Value::Null) => continue,
            (_, serde_json::Value::String(text)) => text.clone(),
            (_, serde_json::Value::Array(list)) if list.is_empty() => "none".to_owned(),
            ("hashing_slots", number) => {
                assert_eq!(number.to_string(), cores);
                continue;
            }
            (_, value) => value.to_string(),
        };
        // A time is shown in its own spelling.
        let same = |text: &str| text.replace(" days", "d").replace("720h", "30d");
        assert!(
            default.starts_with(&same(&expected)),
            "{}: {default} and {expected}",
            row.key
        );
    }
}

#[test]
fn every_flag_of_a_setting_is_in_the_table() {
    let command = Arguments::command();
    let serve = command.find_subcommand("serve").unwrap();
    let flags = command.get_arguments().chain(serve.get_arguments());
    let flags = flags.filter_map(|flag| flag.get_long());
    let flags: BTreeSet<&str> = flags.filter(|flag| !["config", "format"].contains(flag)).collect();
    let rows: BTreeSet<&str> = SETTINGS.iter().filter_map(|row| row.flag).collect();
    assert_eq!(rows, flags);
}

#[test]
fn the_help_of_a_flag_names_default_and_variable() {
    let mut command = crate::arguments::command();
    // Hands the global flags to the commands below.
    command.build();
    let serve = command.find_subcommand_mut("serve").unwrap();
    let help = serve.render_long_help().to_string();
    for row in SETTINGS.iter().filter(|row| row.flag.is_some()) {
        // Lines are wrapped.
        let words: Vec<&str> = help.split_whitespace().collect();
        assert!(words.join(" ").contains(&row.help()), "{}", row.key);
    }
}
