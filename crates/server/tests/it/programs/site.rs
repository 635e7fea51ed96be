//! A server with clients of each method, as its operator sets it up.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::process::Command;

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::shell::Shell;
use crate::support::{Answer, Server};

/// Services and resource servers: the id and the method of each.
const SERVICES: [(&str, &str); 2] = [
    ("billing", "client_secret_basic"),
    ("billing-post", "client_secret_post"),
];
const RESOURCE_SERVERS: [(&str, &str); 2] = [
    ("reports", "client_secret_basic"),
    ("reports-post", "client_secret_post"),
];

/// Applications of users: the id, the method and the redirect URI of each.
pub(crate) const APPLICATIONS: [(&str, &str, &str); 4] = [
    ("web", "client_secret_basic", "https://web.example/callback"),
    ("web-post", "client_secret_post", "https://web.example/callback"),
    ("page", "none", "https://page.example/"),
    ("program", "none", "http://127.0.0.1/callback"),
];

/// A running server, its database and its clients.
pub(crate) struct Site {
    pub(crate) shell: Shell,
    pub(crate) server: Server,
    pub(crate) issuer: String,
    secrets: BTreeMap<&'static str, String>,
}

impl Site {
    /// Starts a server that clients reach directly.
    pub(crate) fn start() -> Self {
        Self::with(None, &[], &[])
    }

    /// Starts a server with this issuer, further arguments of `serve`, and variables.
    pub(crate) fn with(issuer: Option<&str>, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let shell = Shell::new();
        let mut secrets = BTreeMap::new();
        for (id, method) in SERVICES {
            let options = ["--grant", "client_credentials", "--scope", "me items"];
            secrets.insert(id, add(&shell, id, method, &options));
        }
        for (id, method) in RESOURCE_SERVERS {
            secrets.insert(id, add(&shell, id, method, &["--introspect"]));
        }
        let database = format!("sqlite:{}", shell.path().join("a.db").display());
        let mut line = vec!["--database", &database];
        line.extend(issuer.iter().flat_map(|issuer| ["--issuer", issuer]));
        line.extend(arguments);
        let server = Server::start(&line, variables);
        let issuer = issuer.map_or_else(|| format!("http://{}", server.address), str::to_owned);
        Self {
            shell,
            server,
            issuer,
            secrets,
        }
    }

    /// Adds a client of users with this method and redirect URI.
    pub(crate) fn add_application(&mut self, id: &'static str, method: &str, redirect_uri: &str) {
        let begin = ["client", "add", id, "--id", id];
        let kind: &[&str] = match method {
            "none" => &["--public"],
            _ => &["--confidential", "--auth-method", method],
        };
        let grants = ["--grant", "authorization_code", "--grant", "refresh_token"];
        let rest = ["--scope", "me items", "--redirect-uri", redirect_uri];
        let output = ["--database", "sqlite:a.db", "--format", "json"];
        let added = self
            .shell
            .run(&[&begin[..], kind, &grants, &rest, &output].concat())
            .json();
        if let Some(secret) = added["client_secret"].as_str() {
            self.secrets.insert(id, secret.to_owned());
        }
    }

    /// The API of the tokens.
    #[expect(clippy::unused_self, reason = "it is a property of the site")]
    pub(crate) const fn audience(&self) -> &'static str {
        crate::support::OWN_AUDIENCE
    }

    /// The secret of a client.
    pub(crate) fn secret(&self, id: &str) -> &str {
        &self.secrets[id]
    }

    /// A command that finds the server and the clients in its variable `SITE`.
    pub(crate) fn command(&self, program: &str) -> Command {
        // A program listens on a port that its redirect URI does not have.
        let sent = |uri: &str| uri.replace("//127.0.0.1/", "//127.0.0.1:51004/");
        let applications = APPLICATIONS.map(|(id, method, uri)| {
            let application = json!({ "method": method, "redirect_uri": sent(uri) });
            (id.to_owned(), application)
        });
        let applications: serde_json::Map<String, Value> = applications.into_iter().collect();
        let site = json!({
            "issuer": self.issuer,
            "audience": self.audience(),
            "secrets": self.secrets,
            "applications": applications,
        });
        let mut command = Command::new(program);
        command.env("SITE", site.to_string());
        command
    }

    /// Gets a token of the service `billing`.
    pub(crate) fn token(&self, scope: &str) -> String {
        let answer = self.post("/token", &format!("grant_type=client_credentials&scope={scope}"));
        let answer: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let token = answer["access_token"].as_str();
        token.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Revokes a token of the service `billing`.
    pub(crate) fn revoke(&self, token: &str) {
        assert_eq!(self.post("/revoke", &format!("token={token}")).status, 200);
    }

    /// The number of entries of the audit log about this event.
    pub(crate) fn count_entries(&self, event: &str) -> usize {
        let line = [
            "audit",
            "--event",
            event,
            "--database",
            "sqlite:a.db",
            "--limit",
            "1000",
        ];
        let printed = self.shell.run(&line);
        assert_eq!(printed.status, 0, "{}", printed.stderr);
        printed.stdout.lines().count()
    }

    /// The answer to a `GET`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        self.server.exchange(request.as_bytes())
    }

    /// Sends a form of the service `billing`.
    fn post(&self, path: &str, form: &str) -> Answer {
        let pair = STANDARD.encode_to_string(format!("billing:{}", self.secret("billing")));
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic {pair}\r\n");
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let length = form.len();
        self.server
            .exchange(format!("{head}{kind}\r\nContent-Length: {length}\r\n\r\n{form}").as_bytes())
    }
}

/// Adds a confidential client that authenticates by this method, and returns its secret.
fn add(shell: &Shell, id: &str, method: &str, options: &[&str]) -> String {
    let added = shell
        .add_client(id, &[options, &["--auth-method", method]].concat())
        .json();
    added["client_secret"].as_str().unwrap().to_owned()
}

/// The key that signed a token.
pub(crate) fn key_of(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}
