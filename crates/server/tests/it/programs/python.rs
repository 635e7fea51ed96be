//! The libraries of PyPI.

use std::path::Path;

use super::packages::{Check, left_out, python, schemathesis, sources};
use super::process::Program;
use super::results;
use super::site::Site;

/// The lines of a script.
fn lines_of(site: &Site, interpreter: &Path, name: &str) -> Vec<String> {
    let mut command = site.command(interpreter.to_str().unwrap());
    // `-B`: compiled files are not written next to the sources.
    command.arg("-B").arg(sources("python").join(name));
    Program::start(&mut command).output()
}

/// What a script prints about both methods of a client.
fn expected(after_token: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut lines = Vec::new();
    for (method, service) in [
        ("client_secret_basic", "billing"),
        ("client_secret_post", "billing-post"),
    ] {
        let facts = [
            vec!["Bearer for items".to_owned()],
            after_token(service),
            vec![
                format!("active True, of {service}, for items"),
                "after revocation {'active': False}".to_owned(),
                "wrong secret, invalid_client".to_owned(),
            ],
        ];
        lines.extend(facts.concat().iter().map(|fact| format!("{method}: {fact}")));
    }
    lines
}

#[test]
fn authlib_gets_validates_introspects_and_revokes_tokens() {
    let Some(interpreter) = python(Check::Short, "PyPI's `Authlib`") else {
        return;
    };
    let lines = lines_of(&Site::start(), &interpreter, "authlib_client.py");
    let validated = |service: &str| {
        vec![
            format!("verified, of {service}, for items"),
            "another scope, insufficient_scope".to_owned(),
            "another audience, invalid_token".to_owned(),
        ]
    };
    assert_eq!(lines, expected(validated));
    results::record("PyPI", "Authlib", None);
}

#[test]
fn requests_oauthlib_gets_and_revokes_tokens() {
    let Some(interpreter) = python(Check::Long, "PyPI's `requests-oauthlib`") else {
        return;
    };
    let lines = lines_of(&Site::start(), &interpreter, "requests_oauthlib_client.py");
    assert_eq!(lines, expected(|_| Vec::new()));
    results::record("PyPI", "requests-oauthlib", None);
}

/// Sends generated requests, good and bad ones, and compares the answers with the document.
fn check_document(site: &Site, interpreter: &Path, path: &str, client: &str) {
    let mut command = site.command(interpreter.to_str().unwrap());
    let url = format!("{}{path}", site.issuer);
    let settings = sources("python").join("schemathesis.toml");
    command
        .args(["-B", "-m", "schemathesis.cli", "--config-file"])
        .arg(settings);
    command.args(["run", &url, "--no-color"]);
    command.args(["--auth", &format!("{client}:{}", site.secret(client))]);
    command.args(["--max-examples", "50", "--request-timeout", "10", "--max-time", "60"]);
    let folder = tempfile::tempdir().unwrap();
    let lines = Program::start(command.current_dir(&folder)).output();
    let summary = lines.iter().find(|line| line.contains(" generated, ")).unwrap();
    assert!(summary.ends_with(" passed"), "{path} as {client}: {}", lines.join("\n"));
}

#[test]
fn schemathesis_finds_no_violation_of_the_documents() {
    let Some(interpreter) = schemathesis("PyPI's `schemathesis`") else {
        return;
    };
    // A throttled request would test the throttle alone.
    let site = Site::with(None, &["--login-throttle", "false"], &[]);
    check_document(&site, &interpreter, "/openapi.json", "billing");
    let endpoints = "/docs/oauth.json";
    if site.get(endpoints).status == 404 {
        left_out(&format!(
            "PyPI's `schemathesis` over `{endpoints}`: the server answers 404"
        ));
    } else {
        check_document(&site, &interpreter, endpoints, "billing");
        check_document(&site, &interpreter, endpoints, "reports");
    }
    results::record("PyPI", "schemathesis", None);
}
