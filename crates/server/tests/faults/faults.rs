//! Convenience modes, options and messages.

use std::process::Stdio;

use crate::shell::Shell;
use crate::stage::{Stage, log_in_with};
use crate::support::{Server, scopegate};

const DEMO: [&str; 4] = ["serve", "--demo", "--listen", "127.0.0.1:0"];

#[test]
fn demo_refuses_a_used_database() {
    let stage = Stage::new();
    let only_a_client = Stage { shell: Shell::new() };
    only_a_client.done(&[
        "client", "add", "App", "--public", "--grant", "password", "--scope", "me",
    ]);
    let same_name = Stage { shell: Shell::new() };
    same_name.add_user("alice");
    for stage in [stage, only_a_client, same_name] {
        let before = stage.files();
        for line in [&DEMO[..], &[&DEMO[..], &["--profile", "rfc"]].concat()] {
            let line = [line, &["--database", "sqlite:scopegate.db"]].concat();
            let run = stage.shell.run(&line);
            assert!(
                run.complaint(2)
                    .contains("database `sqlite:scopegate.db` holds other users or clients"),
                "{}",
                run.stderr
            );
            assert!(stage.files() == before, "{:?}", stage.names());
        }
    }
}

#[test]
fn demo_accounts_are_reported_without_demo() {
    let stage = Stage { shell: Shell::new() };
    let database = format!("sqlite:{}", stage.path("scopegate.db").display());
    let demo = Server::start(&["--demo", "--database", &database], &[]);
    assert_eq!(log_in_with(&demo, "johndoe", "secret").status, 200);
    drop(demo);
    // Its own accounts are no reason to refuse it.
    drop(Server::start(&["--demo", "--database", &database], &[]));

    let warnings = |stage: &Stage| {
        let log = stage.path("log");
        let mut child = scopegate()
            .args(["serve", "--listen", "127.0.0.1:0", "--database", &database])
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::read_to_string(log).unwrap()
    };
    let log = warnings(&stage);
    for name in ["johndoe", "alice"] {
        assert!(log.contains(&format!("`scopegate user remove {name}`")), "{log}");
    }
    stage.done(&["user", "set-password", "johndoe", "--password-stdin"]);
    stage.done(&["user", "remove", "alice", "--yes"]);
    let log = warnings(&stage);
    assert!(!log.contains("user remove"), "{log}");
}
