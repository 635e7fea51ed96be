//! A database file that was moved, renamed or restored, under every command.

use std::fs;

use crate::faults::fixture::{COMMANDS, Creates, FaultFixture, PASSWORD, log_in, log_in_with, me, token, wait_for};

/// Runs every command without the database file. Each names the file, and none changes a file.
fn every_command_is_refused(fixture: &FaultFixture, expected: &str) {
    let before = fixture.files();
    for (line, _) in COMMANDS {
        let run = fixture.shell.run_with(line, PASSWORD, &[]);
        let error = run.complaint(2);
        assert!(
            error.contains("scopegate.db") && error.contains(expected),
            "{line:?}: {error}"
        );
        let after = fixture.files();
        assert!(after == before, "{line:?}: {:?}", fixture.names());
    }
}

#[test]
fn a_moved_database_is_not_replaced_under_a_running_server() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    let (revoked, kept) = (token(&server, "ada"), {
        fixture.add_user("bob");
        token(&server, "bob")
    });
    fixture.add_user("cleo");
    fixture.done(&["user", "revoke", "ada"]);
    fixture.done(&["user", "disable", "cleo"]);
    let new = fixture.shell.run_with(
        &["user", "set-password", "ada", "--password-stdin"],
        "another password",
        &[],
    );
    assert_eq!(new.status, 0, "{}", new.stderr);
    wait_for(401, || me(&server, &revoked));

    for name in ["elsewhere", "scopegate.db.old"] {
        let away = fixture.path(name);
        fs::rename(fixture.path("scopegate.db"), &away).unwrap();
        every_command_is_refused(&fixture, "of the same database exists");
        wait_for(503, || me(&server, &kept));
        fs::rename(&away, fixture.path("scopegate.db")).unwrap();
        wait_for(200, || me(&server, &kept));
        assert_eq!(me(&server, &revoked), 401);
        assert_eq!(log_in(&server, "ada").status, 400, "the old password");
        assert_eq!(log_in_with(&server, "ada", "another+password").status, 200);
        assert_ne!(log_in(&server, "cleo").status, 200);
        assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada", "bob", "cleo"]);
    }
}

#[test]
fn a_moved_database_is_not_replaced_after_a_kill() {
    let fixture = FaultFixture::new();
    let mut server = fixture.serve();
    let token = token(&server, "ada");
    fixture.add_user("bob");
    fixture.done(&["user", "revoke", "ada"]);
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    assert!(fixture.names().contains(&"scopegate.db-wal".to_owned()));

    let away = fixture.path("away");
    fs::rename(fixture.path("scopegate.db"), &away).unwrap();
    every_command_is_refused(&fixture, "of the same database exists");
    // Not even if the index of the log is missing, or if there is an empty file.
    fs::rename(fixture.path("scopegate.db-shm"), fixture.path("shm")).unwrap();
    every_command_is_refused(&fixture, "scopegate.db-wal` of the same database exists");
    fs::write(fixture.path("scopegate.db"), "").unwrap();
    every_command_is_refused(&fixture, "scopegate.db-wal` of the same database exists");

    fs::rename(&away, fixture.path("scopegate.db")).unwrap();
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada", "bob"]);
    let server = fixture.serve();
    assert_eq!(me(&server, &token), 401, "the revocation is in the log");
    assert_eq!(log_in(&server, "bob").status, 200);
}

#[test]
fn a_log_that_was_moved_is_not_replaced() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    fixture.add_user("bob");
    fs::rename(fixture.path("scopegate.db-wal"), fixture.path("away")).unwrap();
    every_command_is_refused(&fixture, "scopegate.db-wal` of the database is missing");
    fs::rename(fixture.path("away"), fixture.path("scopegate.db-wal")).unwrap();
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada", "bob"]);
    wait_for(200, || log_in(&server, "bob").status);
}

#[test]
fn a_key_file_without_its_database_is_not_used_for_another() {
    let fixture = FaultFixture::new();
    fixture.done(&["key", "rotate"]);
    assert_eq!(fixture.names(), ["scopegate.db", "scopegate.db.kek"]);
    fs::rename(fixture.path("scopegate.db"), fixture.path("away")).unwrap();
    let before = fixture.files();
    for (line, creates) in COMMANDS {
        let run = fixture.shell.run_with(line, PASSWORD, &[]);
        let expected = match creates {
            Creates::Yes => "`scopegate.db.kek` of the same database exists",
            Creates::No => "`scopegate.db` does not exist",
        };
        assert!(run.complaint(2).contains(expected), "{line:?}: {}", run.stderr);
        assert!(fixture.files() == before, "{line:?}: {:?}", fixture.names());
    }
}

#[test]
fn a_lost_key_file_is_never_made_again() {
    let fixture = FaultFixture::new();
    fixture.done(&["key", "rotate"]);
    fs::rename(fixture.path("scopegate.db.kek"), fixture.path("away")).unwrap();
    let before = fixture.names();
    for line in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["key", "rotate"],
        &["key", "rewrap"],
    ] {
        let run = fixture.shell.run_with(line, PASSWORD, &[]);
        assert!(
            run.complaint(2).contains("`scopegate.db.kek` is missing"),
            "{line:?}: {}",
            run.stderr
        );
        assert_eq!(fixture.names(), before, "{line:?}");
    }
    fs::rename(fixture.path("away"), fixture.path("scopegate.db.kek")).unwrap();
    fixture.done(&["key", "rewrap"]);
}
