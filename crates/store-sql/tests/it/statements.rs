//! The statements that SQLite and PostgreSQL share contain nothing that only one of them has, or
//! that distributed databases with the same protocol refuse. The main texts of the crate are read.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files with statements of SQLite alone. All others are shared.
const SQLITE_ONLY: [&str; 8] = [
    "changes.rs",
    "connect.rs",
    "copy.rs",
    "group.rs",
    "home.rs",
    "manifest.rs",
    "migrations.rs",
    "sqlite.rs",
];

const REFUSED: [&str; 14] = [
    "SERIAL",
    "IDENTITY",
    "xid",
    "ctid",
    "TRIGGER",
    "FOREIGN KEY",
    "LOCK TABLE",
    "pg_advisory",
    "DEFERRABLE",
    "FOR SHARE",
    "AUTOINCREMENT",
    "PRAGMA",
    "rowid",
    "sqlite_schema",
];

/// Returns the texts in quotation marks.
fn literals(code: &str) -> String {
    let code = code.replace("\\\"", "").replace("'\"'", "");
    code.split('"').skip(1).step_by(2).collect::<Vec<_>>().join("\n")
}

/// Returns the code of each file without its comments and its tests.
fn code() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    files.map(read).collect()
}

/// Returns the refused words that a text contains as whole words, in any case.
fn refused(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let is_word = |text: &str| text.chars().all(|c| !c.is_alphanumeric() && c != '_');
    let has = |word: &&str| {
        let word = word.to_lowercase();
        text.match_indices(&word).any(|(at, _)| {
            let before = text.get(..at).unwrap().chars().next_back();
            let after = text.get(at + word.len()..).unwrap().chars().next();
            let ends = [before, after].into_iter().flatten();
            ends.map(String::from).all(|end| is_word(&end))
        })
    };
    REFUSED.into_iter().filter(has).collect()
}

#[test]
fn shared_statements_run_on_both_databases() {
    let code = code();
    let mut statements = 0;
    for (name, text) in &code {
        if SQLITE_ONLY.contains(&name.as_str()) {
            continue;
        }
        let text = literals(text);
        assert_eq!(refused(&text), [""; 0], "{name}");
        statements += text.matches("SELECT ").count() + text.matches("UPDATE ").count();
    }
    assert!(statements > 15, "{statements} statements were found");
}

/// Returns the texts of `format!` and of macros like it that contain a word of a statement.
fn assembled(code: &str) -> Vec<&str> {
    const MACROS: [&str; 4] = ["format!(", "format_args!(", "write!(", "writeln!("];
    const WORDS: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "PRAGMA", "WHERE", "FROM"];
    let begins = MACROS
        .iter()
        .flat_map(|name| code.match_indices(name).map(|(at, name)| at + name.len()));
    let texts = begins.map(|at| {
        let rest = code.get(at..).unwrap();
        let mut depth = 1_u32;
        let end = rest.find(|c: char| {
            depth = match c {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            depth == 0
        });
        rest.get(..end.unwrap_or(rest.len())).unwrap()
    });
    texts
        .filter(|text| WORDS.iter().any(|word| text.contains(word)))
        .collect()
}

#[test]
fn no_text_of_a_statement_is_assembled_at_run_time() {
    for (name, text) in code() {
        assert!(!text.contains("AssertSqlSafe"), "{name}");
        assert_eq!(assembled(&text), [""; 0], "{name}");
    }
}

#[test]
fn assembled_statements_are_found() {
    for code in [
        "let sql = format!(\"SELECT {column} FROM t\");",
        "let sql = format!(\n    \"SELECT id FROM {table}\",\n);",
        "let sql = format!(\n    \"{head} \\\n     WHERE id = (1)\",\n    head = head(),\n);",
        "write!(\n    sql,\n    \"DELETE {}\", table\n)",
    ] {
        assert_eq!(assembled(code).len(), 1, "{code}");
    }
    let other = "const A: &str = \"SELECT 1\"; let told = format!(\"{name} (id {id})\"); const B: &str = \"UPDATE t\";";
    assert_eq!(assembled(other), [""; 0]);
}

#[test]
fn the_check_finds_each_refused_word() {
    for word in REFUSED {
        assert_eq!(refused(&format!("CREATE {word} t")), [word]);
        assert_eq!(refused(&format!("x_{word}y {word}_")), [""; 0]);
    }
    assert_eq!(refused("SELECT serial FROM t"), ["SERIAL"]);
}
