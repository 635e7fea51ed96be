//! A scanner of vulnerabilities reads each page and attacks each form.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::application::Application;
use super::fixture::{PASSWORD, Site, request};
use crate::people::Browser;
use crate::programs::packages::wapiti;
use crate::programs::process::Program;
use crate::programs::results;

/// The attacks that need no server of the authors.
const ATTACKS: &str =
    "cookieflags,crlf,csp,csrf,exec,file,http_headers,ldap,permanentxss,redirect,shellshock,sql,upload,xss";

/// What the scanner reports about forms whose token has the name `flow`: it knows other names.
/// These tokens are tested in crates/portal/tests/it/people/flows.rs.
const KNOWN: [&str; 2] = [
    "Cross Site Request Forgery POST /consent",
    "Cross Site Request Forgery POST /login",
];

/// What a report contains, except its notes.
fn findings(report: &Value) -> Vec<String> {
    let kinds = ["vulnerabilities", "anomalies"].map(|kind| report[kind].as_object().unwrap());
    let found = kinds.into_iter().flatten().flat_map(|(name, found)| {
        let found = found.as_array().unwrap().iter();
        found.map(move |one| {
            let text = |member: &str| one[member].as_str().unwrap_or_default();
            format!("{name} {} {}", text("method"), text("path"))
        })
    });
    let mut found: Vec<String> = found.collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn wapiti_finds_nothing_serious() {
    let Some(interpreter) = wapiti("PyPI's `wapiti3`") else {
        return;
    };
    let application = Application::listen();
    // A throttled attack would test the throttle alone.
    let site = Site::start(&application, &["--login-throttle", "false"]);
    let mut browser = Browser::default();
    let page = browser.get(&site.server, "/account");
    browser.log_in(&site.server, &page, "/account/login", "jane", PASSWORD);
    let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
    let cookies: Vec<String> = cookies.collect();
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut command = Command::new(interpreter.with_file_name("wapiti"));
    command.args([
        "--url",
        &request(&site.address, &application, "scan"),
        "--scope",
        "domain",
    ]);
    for path in ["/account", "/account/application?client_id=web", "/login", "/consent"] {
        command.args(["--start", &format!("{}{path}", site.address)]);
    }
    // The form at `/logout` ends the scan, and `/docs` is not a page for people.
    for path in ["/logout*", "/docs*", "/redoc*"] {
        command.args(["--exclude", &format!("{}{path}", site.address)]);
    }
    command.args([
        "--cookie-value",
        &cookies.join(";"),
        "--header",
        "Sec-Fetch-Site: same-origin",
    ]);
    command.args([
        "--module",
        ATTACKS,
        "--max-attack-time",
        "15",
        "--max-scan-time",
        "60",
        "--no-bugreport",
    ]);
    command
        .arg("--store-session")
        .arg(folder.path())
        .args(["--format", "json", "--output"]);
    Program::start(command.arg(&report)).output();
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    assert!(report["infos"]["crawled_pages_nbr"].as_u64().unwrap() > 8, "{report}");
    assert_eq!(findings(&report), KNOWN);
    results::record("PyPI", "wapiti3", None);
}
