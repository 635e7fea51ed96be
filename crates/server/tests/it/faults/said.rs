//! The messages of a command if a name is a secret, and if its output cannot be written.

use std::fs::{self, OpenOptions};
use std::process::{Command, Stdio};

use crate::faults::fixture::{COMMANDS, FaultFixture, PASSWORD};
use crate::support::{scopegate, shell_script};

const DOCUMENT: &str =
    r#"{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{"/a":{"get":{"responses":{}}}}}"#;

/// A token, one that cannot be read, an encrypted one, a client secret and a refresh token.
const SECRETS: [&str; 5] = [
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huZG9lIn0.c2lnbmF0dXJl",
    "eyJhbGciOiJub25lIn0.hunter2.hunter2",
    "eyJhbGciOiJkaXIifQ..aHVudGVy.aHVudGVyMg.c2lnbmF0dXJl",
    "sgcs_DkK81YpNb2z4LBkHlIhoUsFajMDs-hunter2",
    "sgrt_DkK81YpNb2z4LBkHlIhoUsFajMDs-hunter2",
];

#[test]
fn a_token_or_client_secret_in_place_of_a_name_is_not_repeated() {
    let fixture = FaultFixture::new();
    fs::write(fixture.path("a.json"), DOCUMENT).unwrap();
    for secret in SECRETS {
        let named = COMMANDS
            .iter()
            .filter(|(line, _)| line.iter().any(|word| is_name(word)));
        let named = named.map(|(line, _)| {
            line.iter()
                .map(|word| if is_name(word) { secret } else { word })
                .collect()
        });
        let mut lines: Vec<Vec<&str>> = named.collect();
        assert!(lines.len() > 12, "{}", lines.len());
        lines.extend([
            vec!["key", "import", secret],
            vec!["key", "rotate", "--algorithm", secret],
            vec!["restore", secret, "--database", "sqlite:new.db"],
            vec!["client", "set-scope", "app", secret],
            vec!["user", "set-scope", "ada", secret],
            vec!["policy", "can-i", "a.json", "--scope", secret],
            vec!["policy", "who-can", "a.json", "GET", secret],
            vec!["policy", "routes", secret],
            vec!["serve", "--listen", secret],
            vec!["serve", "--issuer", secret],
            vec!["serve", "--token-lifetime", secret],
            vec!["config", "check", "--config", secret],
        ]);
        for line in lines {
            let run = fixture.shell.run_with(&line, PASSWORD, &[]);
            let is_unknown_name = ["error: there is no ", "error: unknown token id "]
                .iter()
                .any(|start| run.stderr.starts_with(start));
            assert_eq!(
                run.status,
                if is_unknown_name { 1 } else { 2 },
                "{line:?}: {}",
                run.stderr
            );
            is_silent(&format!("{}{}", run.stdout, run.stderr), &line);
        }
        for variable in [
            "SCOPEGATE_LISTEN",
            "SCOPEGATE_DEMO",
            "SCOPEGATE_DATABASE",
            "SCOPEGATE_ISSUERS",
        ] {
            let run = fixture.shell.run_with(&["config", "check"], "", &[(variable, secret)]);
            assert_eq!(run.status, 2, "{variable}: {}", run.stderr);
            is_silent(&format!("{}{}", run.stdout, run.stderr), &[variable]);
        }
    }
}

/// Whether a word of a command line names a user, a client, a key or a token.
fn is_name(word: &str) -> bool {
    matches!(word, "ada" | "app" | "k1") || word == crate::faults::fixture::TOKEN_ID
}

fn is_silent(said: &str, line: &[&str]) {
    for part in ["hunter2", "eyJzdWIi", "aHVudGVy", "c2lnbmF0dXJl", "DkK81YpNb2z4"] {
        assert!(!said.contains(part), "{line:?}: {said}");
    }
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// A write beyond the limit raises a signal, which kills a process that does not handle it.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_leaves_no_file() {
    let fixture = FaultFixture::new();
    fs::write(fixture.path("a.json"), DOCUMENT).unwrap();
    fixture.done(&["backup", "backup.db"]);
    for line in [
        &["backup", "new.db"][..],
        &["restore", "backup.db", "--database", "sqlite:new.db"],
        &["policy", "graph", "a.json", "--as", "svg", "--output", "new.svg"],
        &["policy", "lint", "a.json", "--write-baseline", "new.json"],
        &["user", "revoke", "ada"],
        &["key", "rotate"],
        &["config", "init", "new.toml"],
        &["migrate", "--database", "sqlite:new.db"],
        &["user", "add", "eve", "--no-password", "--database", "sqlite:new.db"],
        &[
            "client",
            "add",
            "Eve",
            "--public",
            "--grant",
            "password",
            "--database",
            "sqlite:new.db",
        ],
        &["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:new.db"],
    ] {
        let before = fixture.names();
        let output = shell_script("ulimit -f 0; exec \"$0\" \"$@\"")
            .args(line)
            .current_dir(fixture.shell.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line:?}: {stderr}");
        assert!(stderr.starts_with("error: "), "{line:?}: {stderr}");
        let mut left = fixture.names();
        left.retain(|name| !before.contains(name) && !name.starts_with("scopegate.db-"));
        assert_eq!(left, [""; 0], "{line:?}: {stderr}");
    }
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada"]);
    fixture.done(&["user", "revoke", "ada"]);
}

fn in_stage(fixture: &FaultFixture, line: &[&str]) -> Command {
    let mut command = scopegate();
    command
        .current_dir(fixture.shell.path())
        .args(line)
        .stdin(Stdio::null());
    command
}

#[test]
fn output_that_cannot_be_written_is_an_error_that_names_it() {
    let fixture = FaultFixture::new();
    fs::write(fixture.path("a.json"), DOCUMENT).unwrap();
    for line in [
        &["help"][..],
        &["--help"],
        &["--version"],
        &["help", "user"],
        &["serve", "--help"],
        &["man"],
        &["completions", "bash"],
        &["config", "check"],
        &["user", "list"],
        &["user", "list", "--format", "json"],
        &[
            "client",
            "add",
            "New",
            "--confidential",
            "--grant",
            "password",
            "--scope",
            "me",
        ],
        &["backup", "backup.db"],
        &["policy", "routes", "a.json"],
        &["policy", "graph", "a.json", "--as", "svg", "--output", "-"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let output = in_stage(&fixture, line).stdout(full()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line:?}: {stderr}");
        assert!(
            stderr.contains("standard output cannot be written: No space left"),
            "{line:?}: {stderr}"
        );
    }
    // The effect of the command remains and can be read.
    assert!(fixture.path("backup.db").exists());
    assert!(fixture.done(&["client", "list"]).stdout.contains("New"));
    // If standard error cannot be written, only the status reports the error.
    let lost = in_stage(&fixture, &["user", "show", "nobody"])
        .stderr(full())
        .status()
        .unwrap();
    assert_eq!(lost.code(), Some(1));
}
