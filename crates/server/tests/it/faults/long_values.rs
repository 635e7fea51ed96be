//! Long values: no message repeats one whole.

use std::fs;

use serde_json::Value;

use crate::shell::{Run, Shell};

/// The length of each value, in bytes.
const LENGTH: usize = 10_000;

/// The maximum length of a line of messages, in characters.
const LONGEST: usize = 1_500;

/// Values of this length: one word, words, a path, a URL, and marks of quotation.
fn values() -> [String; 6] {
    let fill = |start: &str, repeated: &str| {
        let mut text = start.to_owned();
        while text.len() < LENGTH {
            text.push_str(repeated);
        }
        text
    };
    [
        fill("", "x"),
        fill("x", " x"),
        fill("sqlite:", "a/"),
        fill("https://a.example/", "x"),
        fill("", "x`"),
        fill("", "ä"),
    ]
}

/// Each line of the messages of a run is short. Data is whole.
fn expect_short(run: &Run, what: &str) {
    for line in run.stderr.lines() {
        let length = line.chars().count();
        let begin: String = line.chars().take(100).collect();
        assert!(length <= LONGEST, "{what}: {length} characters: {begin}");
    }
}

fn check(shell: &Shell, text: &str) -> Run {
    fs::write(shell.path().join("s.toml"), text).unwrap();
    shell.run(&["config", "check", "--config", "s.toml"])
}

/// A TOML string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The keys of all settings, and those that are tables.
fn keys(shell: &Shell) -> (Vec<String>, Vec<String>) {
    let template = shell.run(&["config", "init"]).stdout;
    let of_tables = template
        .lines()
        .filter_map(|line| line.strip_prefix("# [[")?.split(']').next());
    let mut tables: Vec<String> = of_tables.map(str::to_owned).collect();
    tables.dedup();
    let is_key = |key: &&str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let names = template
        .lines()
        .filter_map(|line| line.strip_prefix("# ")?.split_once(" ="));
    let names = names.map(|(key, _)| key).filter(is_key).map(str::to_owned).collect();
    (names, tables)
}

/// The keys of a table, which an error about an unknown key lists.
fn keys_of_table(shell: &Shell, table: &str) -> Vec<String> {
    let run = check(shell, &format!("[[{table}]]\nzzzzzzzzzzzz = 1\n"));
    let (_, list) = run.complaint(2).split_once("it may have ").unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn long_value_of_a_setting_is_shortened_in_messages() {
    let shell = Shell::new();
    let (keys, tables) = keys(&shell);
    assert!(
        keys.len() > 38 && tables == ["resources", "issuers"],
        "{keys:?} {tables:?}"
    );
    for value in values() {
        for key in &keys {
            let run = check(&shell, &format!("{key} = {}\n", quoted(&value)));
            expect_short(&run, key);
        }
        let run = check(&shell, &format!("{} = 1\n", quoted(&value)));
        expect_short(&run, "an unknown key");
        assert_eq!(run.status, 2);
    }
    let [word, _, path, ..] = values();
    for key in &keys {
        let name = format!("SCOPEGATE_{}", key.to_uppercase());
        expect_short(&shell.run_with(&["config", "check"], "", &[(&name, &word)]), &name);
        for value in [&word, &path] {
            let flag = format!("--{}={value}", key.replace('_', "-"));
            expect_short(&shell.run(&["config", "check", &flag]), key);
        }
    }
    let name = format!("SCOPEGATE_{}", "X".repeat(LENGTH));
    expect_short(
        &shell.run_with(&["config", "check"], "", &[(&name, "1")]),
        "an unknown variable",
    );
    expect_short(&shell.run(&["config", "check", "--config", &word]), "--config");
}

#[test]
fn long_value_of_a_table_is_shortened_in_messages() {
    let shell = Shell::new();
    fs::write(shell.path().join("a.toml"), "title = \"T\"\n").unwrap();
    fs::write(shell.path().join("secret"), "hunter2-hunter2").unwrap();
    let resource = [("audience", "\"https://a.example\""), ("document", "\"a.toml\"")];
    let issuer = [
        ("name", "\"a\""),
        ("issuer", "\"https://a.example\""),
        ("tokens", "\"opaque\""),
        ("client_id", "\"a\""),
        ("client_secret_file", "\"secret\""),
    ];
    let signed = [
        ("name", "\"a\""),
        ("issuer", "\"https://a.example\""),
        ("tokens", "\"jwt\""),
    ];
    for (table, given) in [
        ("resources", &resource[..]),
        ("issuers", &issuer[..]),
        ("issuers", &signed[..]),
    ] {
        let known = keys_of_table(&shell, table);
        assert!(known.contains(&given[0].0.to_owned()), "{known:?}");
        let [word, _, path, _, quotes, _] = values();
        for value in [word, path, quotes] {
            // The last key is unknown.
            for key in known.iter().chain([&quoted(&value)]) {
                for written in [quoted(&value), format!("[{}]", quoted(&value))] {
                    let others = given.iter().filter(|(name, _)| name != key);
                    let others: Vec<String> = others.map(|(name, value)| format!("{name} = {value}\n")).collect();
                    let others = others.concat();
                    let text = format!("issuer = \"https://id.example\"\n[[{table}]]\n{others}{key} = {written}\n");
                    expect_short(&check(&shell, &text), key);
                }
            }
        }
    }
}
