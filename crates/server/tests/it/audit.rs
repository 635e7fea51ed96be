//! The audit log of a running server and of commands: what is written, and what is not.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

mod commands;
mod following;
mod rows;

use std::process::Command;

use base64_simd::STANDARD;
use scopegate_token::SigningKey;
use serde_json::Value;

use crate::shell::Shell;
use crate::support::{Answer, Server};

/// A database with `johndoe`, the public client `app` and the services `billing` and `api`.
struct AuditFixture {
    shell: Shell,
    billing: String,
    api: String,
}

const DATABASE: [&str; 2] = ["--database", "sqlite:a.db"];

impl AuditFixture {
    fn new() -> Self {
        let shell = Shell::new();
        let secret = |id: &str, options: &[&str]| {
            let added = shell.add_client(id, options).json();
            added["client_secret"].as_str().unwrap().to_owned()
        };
        let billing = secret("billing", &["--grant", "client_credentials", "--scope", "me items"]);
        let api = secret("api", &["--introspect"]);
        let fixture = Self { shell, billing, api };
        fixture.succeed(&[
            "client", "add", "An app", "--id", "app", "--public", "--grant", "password", "--scope", "me",
        ]);
        let user = ["user", "add", "johndoe", "--scope", "me items", "--password-stdin"];
        let added = fixture.shell.run_with(&[&user[..], &DATABASE].concat(), PASSWORD, &[]);
        assert_eq!(added.status, 0, "{}", added.stderr);
        fixture
    }

    fn succeed(&self, line: &[&str]) -> String {
        let run = self.shell.run(&[line, &DATABASE].concat());
        assert_eq!(run.status, 0, "{line:?}: {}", run.stderr);
        run.stdout
    }

    fn serve(&self, options: &[&str]) -> Server {
        let database = format!("sqlite:{}", self.shell.path().join("a.db").display());
        let fixed = ["--database", &database, "--password-grant"];
        Server::start(&[&fixed, options].concat(), &[])
    }

    /// Returns the entries that a command shows.
    fn entries(&self, options: &[&str]) -> Vec<Value> {
        let lines = self.succeed(&[&["audit", "--format", "json"], options].concat());
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the number of rows of each table.
    fn rows(&self) -> Vec<(String, i64)> {
        self.shell.rows()
    }
}

/// The password of `johndoe`.
const PASSWORD: &str = "swordfish of john";

/// Posts a form, with the credentials of a client.
fn post(server: &Server, path: &str, client: Option<(&str, &str)>, form: &str) -> Answer {
    post_with(server, path, client, "", form)
}

/// The same with further headers, each a whole line.
fn post_with(server: &Server, path: &str, client: Option<(&str, &str)>, headers: &str, form: &str) -> Answer {
    let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let header = client.map(|(id, secret)| {
        let pair = STANDARD.encode_to_string(format!("{id}:{secret}"));
        format!("Authorization: Basic {pair}\r\n")
    });
    let (length, header) = (form.len(), header.unwrap_or_default());
    let request = format!("POST {path} HTTP/1.1\r\n{head}\r\n{header}{headers}Content-Length: {length}\r\n\r\n{form}");
    server.exchange(request.as_bytes())
}

fn log_in(server: &Server, name: &str, password: &str) -> Answer {
    let password = password.replace(' ', "+");
    let form = format!("grant_type=password&client_id=app&username={name}&password={password}");
    post(server, "/token", None, &form)
}

/// Returns the access token of a service.
fn token(server: &Server, client: (&str, &str)) -> String {
    let answer = post(server, "/token", Some(client), "grant_type=client_credentials");
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

/// Returns a new signing key in PEM, and its base64 text.
fn new_key() -> (String, String) {
    let key = SigningKey::es256_generate().unwrap();
    let text = STANDARD.encode_to_string(key.to_pkcs8().unwrap().expose());
    (
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"),
        text,
    )
}

/// Stops a server in order, so that it writes its counters.
pub(crate) fn stop(mut server: Server) {
    let id = server.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(server.process.wait().unwrap().success());
}
