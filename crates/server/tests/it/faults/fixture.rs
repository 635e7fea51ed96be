//! A folder with a database, every command that uses it, and a server.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shell::{Run, Shell};
use crate::support::{Answer, Server};

/// A password that is long enough.
pub(crate) const PASSWORD: &str = "correct horse";

/// A token id in the form that this program generates.
pub(crate) const TOKEN_ID: &str = "0123456789abcdef0123456789abcdef";

/// Every command that opens the database, and whether it creates one.
pub(crate) const COMMANDS: [(&[&str], Creates); 25] = [
    (&["serve", "--listen", "127.0.0.1:0"], Creates::Yes),
    (&["migrate"], Creates::Yes),
    (
        &["user", "add", "eve", "--scope", "me", "--password-stdin"],
        Creates::Yes,
    ),
    (
        &[
            "client", "add", "Eve", "--public", "--grant", "password", "--scope", "me",
        ],
        Creates::Yes,
    ),
    (&["user", "list"], Creates::No),
    (&["user", "show", "ada"], Creates::No),
    (&["user", "disable", "ada"], Creates::No),
    (&["user", "enable", "ada"], Creates::No),
    (&["user", "remove", "ada"], Creates::No),
    (&["user", "revoke", "ada"], Creates::No),
    (&["user", "set", "ada", "--email", "ada@example.com"], Creates::No),
    (&["user", "set-password", "ada", "--password-stdin"], Creates::No),
    (&["user", "set-scope", "ada", "me"], Creates::No),
    (&["client", "list"], Creates::No),
    (&["client", "show", "app"], Creates::No),
    (&["client", "remove", "app"], Creates::No),
    (&["client", "revoke", "app"], Creates::No),
    (&["client", "set-scope", "app", "me"], Creates::No),
    (&["client", "set-secret", "app"], Creates::No),
    (&["key", "list"], Creates::No),
    (&["key", "rotate"], Creates::No),
    (&["key", "remove", "k1"], Creates::No),
    (&["key", "rewrap"], Creates::No),
    (&["token", "revoke", "--jti", TOKEN_ID], Creates::No),
    (&["backup", "copy.db"], Creates::No),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Creates {
    Yes,
    No,
}

/// A database `scopegate.db` with the user `ada` and the client `app`.
pub(crate) struct FaultFixture {
    pub(crate) shell: Shell,
}

impl FaultFixture {
    pub(crate) fn new() -> Self {
        let fixture = Self { shell: Shell::new() };
        fixture.add_user("ada");
        let client = ["client", "add", "App", "--id", "app", "--public"];
        fixture.done(&[&client[..], &["--grant", "password", "--scope", "me items"]].concat());
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.shell.path().join(name)
    }

    /// Runs a command that must succeed.
    pub(crate) fn done(&self, line: &[&str]) -> Run {
        let run = self.shell.run_with(line, PASSWORD, &[]);
        assert_eq!(run.status, 0, "{line:?}: {}", run.stderr);
        run
    }

    pub(crate) fn add_user(&self, name: &str) {
        self.done(&["user", "add", name, "--scope", "me items", "--password-stdin"]);
    }

    /// The names of all users.
    pub(crate) fn users(&self, database: &str) -> Vec<String> {
        let list = ["user", "list", "--format", "json", "--database", database];
        let list: Value = serde_json::from_str(&self.done(&list).stdout).unwrap();
        let users = list["users"].as_array().unwrap().iter();
        users
            .map(|user| user["username"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn serve(&self) -> Server {
        self.serve_as("scopegate.db")
    }

    /// Starts a server on a database. All servers have one issuer, so that each accepts the tokens
    /// of the others.
    pub(crate) fn serve_as(&self, file: &str) -> Server {
        let database = format!("sqlite:{}", self.path(file).display());
        let issuer = ["--issuer", "https://id.example"];
        let line = [&["--password-grant", "--database", &database][..], &issuer].concat();
        Server::start(&line, &[])
    }

    /// Names and contents of all files of the folder.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.shell.path()).unwrap().map(Result::unwrap);
        let mut files: Vec<_> = entries
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    fs::read(entry.path()).unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_iter().map(|(name, _)| name).collect()
    }
}

pub(crate) fn log_in(server: &Server, user: &str) -> Answer {
    log_in_with(server, user, &PASSWORD.replace(' ', "+"))
}

pub(crate) fn log_in_with(server: &Server, user: &str, password: &str) -> Answer {
    let form = format!("grant_type=password&client_id=app&username={user}&password={password}&scope=me");
    let length = form.len();
    let head =
        "POST /token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    server.exchange(format!("{head}\r\nContent-Length: {length}\r\n\r\n{form}").as_bytes())
}

/// The access token of a login.
pub(crate) fn token(server: &Server, user: &str) -> String {
    let answer = log_in(server, user);
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let token = body["access_token"].as_str();
    token.expect(&answer.body).to_owned()
}

pub(crate) fn me(server: &Server, token: &str) -> u16 {
    let head = "GET /users/me/ HTTP/1.1\r\nHost: a\r\nConnection: close";
    let request = format!("{head}\r\nAuthorization: Bearer {token}\r\n\r\n");
    server.exchange(request.as_bytes()).status
}

/// Repeats a request until its status is this one.
pub(crate) fn wait_for(status: u16, mut ask: impl FnMut() -> u16) {
    let begin = Instant::now();
    loop {
        let found = ask();
        if found == status {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
