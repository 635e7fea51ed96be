//! A directory, and the program in it, run as in a shell.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, query_scalar};
use tempfile::TempDir;

use crate::support::{OWN_AUDIENCE, scopegate, scopegate_alone};

/// The outcome of a command.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The sentence of an error, as text or as JSON.
    error: String,
}

impl Run {
    /// The output of a successful command as JSON.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).expect("JSON alone on standard output")
    }

    /// The error sentence of a failed command.
    pub(crate) fn complaint(&self, status: i32) -> &str {
        assert_eq!((self.status, self.stdout.as_str()), (status, ""), "{}", self.stderr);
        assert!(!self.error.is_empty(), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        &self.error
    }
}

fn error(stderr: &str) -> String {
    let json: Value = serde_json::from_str(stderr).unwrap_or_default();
    let text = json.get("error").and_then(Value::as_str);
    let text = text.or_else(|| stderr.strip_prefix("error: "));
    text.unwrap_or_default().trim_end().to_owned()
}

/// A directory with a database, and the program in it.
pub(crate) struct Shell {
    folder: TempDir,
    has_resources: bool,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            has_resources: true,
        }
    }

    /// Without `[[resources]]`, so that a client may have any resource.
    pub(crate) fn without_resources() -> Self {
        Self {
            has_resources: false,
            ..Self::new()
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a confidential client of the tutorial's API to `a.db`. Its JSON contains the secret.
    pub(crate) fn add_client(&self, id: &str, options: &[&str]) -> Run {
        let line = ["client", "add", id, "--id", id, "--confidential"];
        let output = ["--database", "sqlite:a.db", "--format", "json"];
        self.run(&[&line[..], &output[..], options].concat())
    }

    /// Adds a user with the scopes of the tutorial's API to `a.db`.
    pub(crate) fn add_user(&self, name: &str, password: &str) {
        let line = ["user", "add", name, "--scope", "me items", "--password-stdin"];
        let added = self.run_with(&[&line[..], &["--database", "sqlite:a.db"]].concat(), password, &[]);
        assert_eq!(added.status, 0, "{}", added.stderr);
    }

    /// Runs a command with the tutorial's API as the own resource, unless it has `--demo`. A client
    /// without `--resource` gets tokens for that API.
    pub(crate) fn run(&self, line: &[&str]) -> Run {
        self.run_with(line, "", &[])
    }

    pub(crate) fn run_with(&self, line: &[&str], input: &str, variables: &[(&str, &str)]) -> Run {
        let has_own_api = self.has_resources && !line.contains(&"--demo") && line.first() != Some(&"config");
        let mut command = if has_own_api { scopegate() } else { scopegate_alone() };
        let is_new_client = line.starts_with(&["client", "add"]) && !line.contains(&"--resource");
        let resource: &[&str] = if is_new_client {
            &["--resource", OWN_AUDIENCE]
        } else {
            &[]
        };
        command
            .current_dir(self.path())
            .args(line)
            .args(resource)
            .envs(variables.iter().copied());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that fails at once does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        Run {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            error: error(&stderr),
            stderr,
        }
    }

    /// The number of rows of each table of `a.db`.
    pub(crate) fn rows(&self) -> Vec<(String, i64)> {
        self.read(async |database| {
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'changes' ORDER BY name";
            let tables: Vec<String> = query_scalar(tables).fetch_all(&mut *database).await.unwrap();
            let mut rows = Vec::new();
            for table in tables {
                let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
                rows.push((table, query_scalar(count).fetch_one(&mut *database).await.unwrap()));
            }
            rows
        })
    }

    /// The number of pages of `a.db`.
    pub(crate) fn pages(&self) -> i64 {
        self.read(async |database| query_scalar("PRAGMA page_count").fetch_one(database).await.unwrap())
    }

    fn read<T>(&self, read: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
        let url = format!("sqlite:{}", self.path().join("a.db").display());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { read(&mut SqliteConnection::connect(&url).await.unwrap()).await })
    }
}
