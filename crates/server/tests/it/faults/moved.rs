//! A database file that was moved, renamed or restored, under every command.

use std::fs;

use crate::faults::stage::{COMMANDS, Creates, PASSWORD, Stage, log_in, log_in_with, me, token, wait_for};

/// Runs every command without the database file. Each names the file, and none changes a file.
fn every_command_is_refused(stage: &Stage, expected: &str) {
    let before = stage.files();
    for (line, _) in COMMANDS {
        let run = stage.shell.run_with(line, PASSWORD, &[]);
        let error = run.complaint(2);
        assert!(
            error.contains("scopegate.db") && error.contains(expected),
            "{line:?}: {error}"
        );
        let after = stage.files();
        assert!(after == before, "{line:?}: {:?}", stage.names());
    }
}

#[test]
fn a_moved_database_is_not_replaced_under_a_running_server() {
    let stage = Stage::new();
    let server = stage.serve();
    let (revoked, kept) = (token(&server, "ada"), {
        stage.add_user("bob");
        token(&server, "bob")
    });
    stage.add_user("cleo");
    stage.done(&["user", "revoke", "ada"]);
    stage.done(&["user", "disable", "cleo"]);
    let new = stage.shell.run_with(
        &["user", "set-password", "ada", "--password-stdin"],
        "another password",
        &[],
    );
    assert_eq!(new.status, 0, "{}", new.stderr);
    wait_for(401, || me(&server, &revoked));

    for name in ["elsewhere", "scopegate.db.old"] {
        let away = stage.path(name);
        fs::rename(stage.path("scopegate.db"), &away).unwrap();
        every_command_is_refused(&stage, "of the same database exists");
        wait_for(503, || me(&server, &kept));
        fs::rename(&away, stage.path("scopegate.db")).unwrap();
        wait_for(200, || me(&server, &kept));
        assert_eq!(me(&server, &revoked), 401);
        assert_eq!(log_in(&server, "ada").status, 400, "the old password");
        assert_eq!(log_in_with(&server, "ada", "another+password").status, 200);
        assert_ne!(log_in(&server, "cleo").status, 200);
        assert_eq!(stage.users("sqlite:scopegate.db"), ["ada", "bob", "cleo"]);
    }
}

#[test]
fn a_moved_database_is_not_replaced_after_a_kill() {
    let stage = Stage::new();
    let mut server = stage.serve();
    let token = token(&server, "ada");
    stage.add_user("bob");
    stage.done(&["user", "revoke", "ada"]);
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    assert!(stage.names().contains(&"scopegate.db-wal".to_owned()));

    let away = stage.path("away");
    fs::rename(stage.path("scopegate.db"), &away).unwrap();
    every_command_is_refused(&stage, "of the same database exists");
    // Not even if the index of the log is missing, or if there is an empty file.
    fs::rename(stage.path("scopegate.db-shm"), stage.path("shm")).unwrap();
    every_command_is_refused(&stage, "scopegate.db-wal` of the same database exists");
    fs::write(stage.path("scopegate.db"), "").unwrap();
    every_command_is_refused(&stage, "scopegate.db-wal` of the same database exists");

    fs::rename(&away, stage.path("scopegate.db")).unwrap();
    assert_eq!(stage.users("sqlite:scopegate.db"), ["ada", "bob"]);
    let server = stage.serve();
    assert_eq!(me(&server, &token), 401, "the revocation is in the log");
    assert_eq!(log_in(&server, "bob").status, 200);
}

#[test]
fn a_log_that_was_moved_is_not_replaced() {
    let stage = Stage::new();
    let server = stage.serve();
    stage.add_user("bob");
    fs::rename(stage.path("scopegate.db-wal"), stage.path("away")).unwrap();
    every_command_is_refused(&stage, "scopegate.db-wal` of the database is missing");
    fs::rename(stage.path("away"), stage.path("scopegate.db-wal")).unwrap();
    assert_eq!(stage.users("sqlite:scopegate.db"), ["ada", "bob"]);
    wait_for(200, || log_in(&server, "bob").status);
}

#[test]
fn a_key_file_without_its_database_is_not_used_for_another() {
    let stage = Stage::new();
    stage.done(&["key", "rotate"]);
    assert_eq!(stage.names(), ["scopegate.db", "scopegate.db.kek"]);
    fs::rename(stage.path("scopegate.db"), stage.path("away")).unwrap();
    let before = stage.files();
    for (line, creates) in COMMANDS {
        let run = stage.shell.run_with(line, PASSWORD, &[]);
        let expected = match creates {
            Creates::Yes => "`scopegate.db.kek` of the same database exists",
            Creates::No => "`scopegate.db` does not exist",
        };
        assert!(run.complaint(2).contains(expected), "{line:?}: {}", run.stderr);
        assert!(stage.files() == before, "{line:?}: {:?}", stage.names());
    }
}

#[test]
fn a_lost_key_file_is_never_made_again() {
    let stage = Stage::new();
    stage.done(&["key", "rotate"]);
    fs::rename(stage.path("scopegate.db.kek"), stage.path("away")).unwrap();
    let before = stage.names();
    for line in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["key", "rotate"],
        &["key", "rewrap"],
    ] {
        let run = stage.shell.run_with(line, PASSWORD, &[]);
        assert!(
            run.complaint(2).contains("`scopegate.db.kek` is missing"),
            "{line:?}: {}",
            run.stderr
        );
        assert_eq!(stage.names(), before, "{line:?}");
    }
    fs::rename(stage.path("away"), stage.path("scopegate.db.kek")).unwrap();
    stage.done(&["key", "rewrap"]);
}
