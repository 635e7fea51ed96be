//! The table of docs/clients.md: the last result of each program.

#![expect(clippy::panic, reason = "a test may fail")]

use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use super::packages::sources;
use crate::checkout::Checkout;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clients.md");

/// The programs with a row, by registry. Those of Debian have no pinned version.
const PROGRAMS: [(&str, &str); 15] = [
    ("npm", "oauth4webapi"),
    ("npm", "openid-client"),
    ("npm", "@badgateway/oauth2-client"),
    ("npm", "jose"),
    ("npm", "axe-core"),
    ("npm", "html-validate"),
    ("npm", "oidc-client-ts"),
    ("PyPI", "Authlib"),
    ("PyPI", "requests-oauthlib"),
    ("PyPI", "schemathesis"),
    ("PyPI", "wapiti3"),
    ("Debian", "dovecot-core"),
    ("Debian", "libapache2-mod-oauth2"),
    ("Debian", "nginx"),
    ("Debian", "git-credential-oauth"),
];

/// Prints the good result of a program. `UPDATE_DOCS=1` writes its version and the date to the
/// table. `version` is that of a program without a pinned version.
pub(crate) fn record(registry: &str, name: &str, version: Option<&str>) {
    static PAGE_LOCK: Mutex<()> = Mutex::new(());
    let version = version.map_or_else(|| pinned(registry, name), str::to_owned);
    // Not `eprintln!`: the test runner hides what a passing test prints with it.
    let line = format!("GOOD: {registry} `{name}` {version}\n");
    drop(std::io::stderr().write_all(line.as_bytes()));
    if std::env::var_os("UPDATE_DOCS").is_none() {
        return;
    }
    let _lock = PAGE_LOCK.lock();
    let page = fs::read_to_string(PAGE).unwrap();
    let begin = format!("| {registry} `{name}` |");
    let row = page.lines().find(|line| line.starts_with(&begin));
    let row = row.unwrap_or_else(|| panic!("docs/clients.md has no row `{begin}`"));
    let purpose = row.split('|').nth(4).unwrap().trim();
    let today = Command::new("date").args(["-u", "+%F"]).output().unwrap();
    let today = String::from_utf8(today.stdout).unwrap();
    let new = format!("{begin} {version} | {} | {purpose} |", today.trim());
    fs::write(PAGE, page.replace(row, &new)).unwrap();
}

/// The version of a package in the lock file or the file of requirements.
fn pinned(registry: &str, name: &str) -> String {
    let found = if registry == "npm" {
        let lock = fs::read_to_string(sources("node/package-lock.json")).unwrap();
        let lock: Value = serde_json::from_str(&lock).unwrap();
        let name = name.replace('/', "~1");
        let version = lock.pointer(&format!("/packages/node_modules~1{name}/version"));
        version.and_then(Value::as_str).map(str::to_owned)
    } else {
        let file = match name {
            "schemathesis" => "python/schemathesis.txt",
            "wapiti3" => "python/wapiti.txt",
            _ => "python/requirements.txt",
        };
        let requirements = fs::read_to_string(sources(file)).unwrap();
        let version = |line: &str| line.strip_prefix(name)?.strip_prefix("==").map(str::to_owned);
        requirements.lines().find_map(version)
    };
    found.unwrap_or_else(|| panic!("no pinned version of {registry} `{name}`"))
}

#[test]
fn table_has_each_program_with_its_version() {
    let checkout = Checkout::read();
    let page = checkout.text("docs/clients.md").unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| {
            ["| npm `", "| PyPI `", "| Debian `"]
                .iter()
                .any(|begin| line.starts_with(begin))
        })
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let expected = PROGRAMS.map(|(registry, name)| format!("{registry} `{name}`"));
    assert_eq!(rows.iter().map(|row| row[1]).collect::<Vec<_>>(), expected);
    for (row, (registry, name)) in rows.iter().zip(PROGRAMS) {
        if registry != "Debian" {
            assert_eq!(row[2], pinned(registry, name), "{name}");
        }
        let is_date = row[3].len() == 10 && row[3].split('-').all(|part| part.parse::<u16>().is_ok());
        assert!(is_date, "{name}: `{}` is not a date", row[3]);
    }
}
