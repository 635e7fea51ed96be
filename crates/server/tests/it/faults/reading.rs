//! Commands that read: they create no database, and change none.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use crate::faults::fixture::{COMMANDS, Creates, FaultFixture, PASSWORD};
use crate::shell::Shell;
use crate::support::scopegate;

const READING: [&[&str]; 5] = [
    &["user", "list"],
    &["user", "show", "ada"],
    &["client", "list"],
    &["client", "show", "app"],
    &["key", "list"],
];

#[test]
fn only_serve_migrate_and_add_create_a_database() {
    for (line, creates) in COMMANDS {
        let shell = Shell::new();
        if line[0] == "serve" {
            continue;
        }
        let line = [line, &["--database", "sqlite:typo.db"]].concat();
        let run = shell.run_with(&line, PASSWORD, &[]);
        let names = fs::read_dir(shell.path()).unwrap().count();
        if creates == Creates::Yes {
            assert_eq!((run.status, names), (0, 1), "{line:?}: {}", run.stderr);
        } else {
            let error = run.complaint(2);
            assert!(error.contains("`typo.db` does not exist"), "{line:?}: {error}");
            assert_eq!(names, 0, "{line:?}");
        }
    }
}

#[test]
fn a_command_with_a_fault_creates_no_database() {
    let shell = Shell::new();
    for (line, input) in [
        (&["user", "add", "eve", "--password-stdin"][..], ""),
        (&["user", "add", "e\u{7}", "--password-stdin"], PASSWORD),
        (
            &["client", "add", "x", "--public", "--redirect-uri", "javascript:1"],
            "",
        ),
        (
            &["client", "add", "x", "--public", "--scope", "\"", "--grant", "password"],
            "",
        ),
    ] {
        assert_eq!(shell.run_with(line, input, &[]).status, 2, "{line:?}");
        assert_eq!(fs::read_dir(shell.path()).unwrap().count(), 0, "{line:?}");
    }
}

#[test]
fn reading_changes_nothing() {
    let fixture = FaultFixture::new();
    let closed = fixture.files();
    for line in READING {
        fixture.done(line);
        assert!(fixture.files() == closed, "{line:?}: {:?}", fixture.names());
    }
    let mut server = fixture.serve();
    fixture.add_user("bob");
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    let (killed, index) = (fixture.files(), "scopegate.db-shm");
    for line in READING {
        fixture.done(line);
        // The index of the log is memory that processes share. It is rebuilt from the log.
        let without = |files: Vec<(String, Vec<u8>)>| files.into_iter().filter(|(name, _)| name != index);
        assert!(
            without(fixture.files()).eq(without(killed.clone())),
            "{line:?}: {:?}",
            fixture.names()
        );
    }
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada", "bob"]);
}

/// Runs a command as a user without write access.
fn as_unprivileged_user(fixture: &FaultFixture, line: &[&str]) -> (i32, String) {
    let mut command: Command = scopegate();
    command
        .current_dir(fixture.shell.path())
        .args(line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(PASSWORD.as_bytes());
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_read_only_file_in_a_read_only_folder_can_be_read() {
    let fixture = FaultFixture::new();
    let file = fixture.path("scopegate.db");
    let mode = |path: &std::path::Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    mode(&file, 0o444);
    mode(fixture.shell.path(), 0o555);
    for line in READING {
        let (status, error) = as_unprivileged_user(&fixture, line);
        assert_eq!(status, 0, "{line:?}: {error}");
    }
    for (line, _) in COMMANDS.into_iter().filter(|(line, _)| !READING.contains(line)) {
        let (status, error) = as_unprivileged_user(&fixture, line);
        assert_eq!((status, error.lines().count()), (2, 1), "{line:?}: {error}");
    }
    let elsewhere = Shell::new();
    mode(elsewhere.path(), 0o777);
    let backup = elsewhere.path().join("copy.db");
    let (status, error) = as_unprivileged_user(&fixture, &["backup", backup.to_str().unwrap()]);
    assert!(
        status == 0 && error.starts_with("note: the audit log has no entry of this backup"),
        "{status}: {error}"
    );
    mode(fixture.shell.path(), 0o755);
    assert_eq!(fixture.names(), ["scopegate.db"]);
}

#[test]
fn a_picture_never_replaces_its_document() {
    let shell = Shell::new();
    let document = r#"{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{"/a":{"get":{"responses":{}}}}}"#;
    let path = |name: &str| shell.path().join(name);
    fs::write(path("a.svg"), document).unwrap();
    fs::hard_link(path("a.svg"), path("b.svg")).unwrap();
    std::os::unix::fs::symlink("a.svg", path("c.svg")).unwrap();
    for name in ["a.svg", "b.svg", "c.svg", "./a.svg"] {
        let run = shell.run_with(&["policy", "graph", "a.svg", "--output", name], "", &[]);
        assert!(run.complaint(2).contains("is the document itself"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(path("a.svg")).unwrap(), document);
    }
    for _ in 0..2 {
        let run = shell.run_with(&["policy", "graph", "a.svg", "--output", "d.svg"], "", &[]);
        assert_eq!(run.status, 0, "{}", run.stderr);
    }
    assert_eq!(
        fs::read_dir(shell.path()).unwrap().count(),
        4,
        "no temporary file is left"
    );
}

/// A command that writes a file replaces only a file of its own kind.
#[test]
fn a_baseline_or_picture_replaces_no_other_file() {
    let fixture = FaultFixture::new();
    fixture.done(&["key", "rotate"]);
    let document = r#"{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{"/a":{"get":{"responses":{}}}}}"#;
    for (name, text) in [
        ("a.json", document),
        ("shared.json", "{}"),
        ("ignore.toml", "[[ignore]]\nrule = \"no-security\"\nreason = \"x\"\n"),
        ("empty.json", ""),
    ] {
        fs::write(fixture.path(name), text).unwrap();
    }
    fs::hard_link(fixture.path("a.json"), fixture.path("b.json")).unwrap();
    std::os::unix::fs::symlink("a.json", fixture.path("c.json")).unwrap();
    let before = fixture.files();
    for name in [
        "a.json",
        "b.json",
        "c.json",
        "shared.json",
        "ignore.toml",
        "scopegate.db",
        "scopegate.db.kek",
    ] {
        for line in [
            &[
                "policy",
                "lint",
                "a.json",
                "--ignore",
                "ignore.toml",
                "--write-baseline",
                name,
            ][..],
            &["policy", "graph", "a.json", "--as", "svg", "--output", name],
        ] {
            let run = fixture.shell.run(line);
            assert_eq!(run.status, 2, "{line:?}: {}", run.stderr);
            let last = run.stderr.lines().last().unwrap_or_default();
            assert!(
                [
                    "is the document itself",
                    "so it is not overwritten",
                    "is the name of a file that belongs to database"
                ]
                .iter()
                .any(|cause| last.contains(cause)),
                "{line:?}: {}",
                run.stderr
            );
            assert!(fixture.files() == before, "{line:?}");
        }
    }
    for name in ["new.json", "new.json", "empty.json"] {
        fixture.done(&["policy", "lint", "a.json", "--write-baseline", name]);
        fixture.done(&["policy", "lint", "a.json", "--baseline", name]);
    }
}
