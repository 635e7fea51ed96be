//! The libraries of PyPI.

use std::path::Path;

use super::packages::{Check, left_out, python, schemathesis, sources};
use super::person::Person;
use super::process::{Program, free_port};
use super::results;
use super::site::Site;
use super::visitor::Visitor;

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

/// A web application of `requests-oauthlib`, which its user opens.
struct Shop {
    site: Site,
    origin: String,
    visitor: Visitor,
    person: Person,
    _running: Program,
}

impl Shop {
    fn start(interpreter: &Path) -> Self {
        let mut site = Site::start();
        site.add_user();
        site.add_application("shop", "client_secret_basic", "http://127.0.0.1/callback");
        let port = free_port();
        let origin = format!("http://127.0.0.1:{port}");
        let mut command = site.command(interpreter.to_str().unwrap());
        command.args(["-B", "-m", "flask", "--app", "requests_oauthlib_web", "run"]);
        command.args(["--port", &port.to_string()]);
        command.env("REDIRECT_URI", format!("{origin}/callback"));
        let mut running = Program::start(command.current_dir(sources("python")));
        running.wait_for_port(port);
        Self {
            site,
            origin,
            visitor: Visitor::new(None),
            person: Person::default(),
            _running: running,
        }
    }

    fn get(&self, path: &str) -> String {
        self.visitor.get(&format!("{}{path}", self.origin), &[]).html
    }

    fn post(&self, path: &str) -> String {
        self.visitor.post(&format!("{}{path}", self.origin), &[]).html
    }

    /// Logs in, and returns the granted scope.
    fn log_in(&mut self) -> String {
        let start = self.visitor.get(&format!("{}/login", self.origin), &[]);
        let location = self.person.agree(&self.site, &start.location.unwrap());
        self.visitor.get(&location, &[]).html
    }
}

#[test]
fn requests_oauthlib_refreshes_and_sees_a_withdrawal() {
    let Some(interpreter) = python(Check::Long, "PyPI's `requests-oauthlib` by code") else {
        return;
    };
    let mut shop = Shop::start(&interpreter);
    assert_eq!(shop.log_in(), "me items");
    assert_eq!(shop.get("/items"), "200, same refresh token");
    for _ in 0..3 {
        shop.post("/expire");
        assert_eq!(shop.get("/items"), "200, next refresh token");
    }
    shop.person.withdraw(&shop.site);
    assert_eq!(shop.get("/items"), "401, same refresh token");
    shop.post("/expire");
    assert_eq!(shop.get("/items"), "invalid_grant");

    assert_eq!(shop.log_in(), "me items");
    assert_eq!(shop.post("/logout"), "200");
    assert_eq!(shop.get("/items"), "401, same refresh token");
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
