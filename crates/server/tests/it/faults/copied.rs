//! The database of a running server is replaced: by a copy, by an older copy, by another database.

use std::fs;
use std::path::Path;

use crate::faults::fixture::{FaultFixture, PASSWORD, log_in, log_in_with, me, token, wait_for};

const ENDS: [&str; 3] = ["", "-wal", "-shm"];

/// Replaces files of the database by copies of them.
fn replace_by_copies(fixture: &FaultFixture, ends: &[&str]) {
    for end in ends {
        let file = fixture.path(&format!("scopegate.db{end}"));
        let copy = fixture.path("copy");
        fs::copy(&file, &copy).unwrap();
        fs::remove_file(&file).unwrap();
        fs::rename(&copy, &file).unwrap();
    }
}

fn remove_database(fixture: &FaultFixture) {
    for end in ENDS {
        let _ = fs::remove_file(fixture.path(&format!("scopegate.db{end}")));
    }
}

#[test]
fn a_running_server_uses_a_copy_of_its_files() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    let revoked = token(&server, "ada");
    fixture.add_user("bob");
    let kept = token(&server, "bob");
    fixture.done(&["user", "revoke", "ada"]);
    wait_for(401, || me(&server, &revoked));
    for ends in [&[""][..], &["-wal"], &["-shm"], &ENDS] {
        replace_by_copies(&fixture, ends);
        wait_for(200, || me(&server, &kept));
        wait_for(200, || log_in(&server, "bob").status);
        assert_eq!(me(&server, &revoked), 401, "{ends:?}");
        assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada", "bob"], "{ends:?}");
    }
}

/// The server applies what a command has changed in the copy.
#[test]
fn a_server_applies_what_a_command_changes_in_the_copy() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    for number in 0..3 {
        let name = format!("user{number}");
        fixture.add_user(&name);
        let issued = token(&server, &name);
        replace_by_copies(&fixture, &[""]);
        // If no other process has the copy open, the command closes the log.
        fixture.done(&["user", "revoke", &name]);
        let new = fixture.shell.run_with(
            &["user", "set-password", &name, "--password-stdin"],
            "another password",
            &[],
        );
        assert_eq!(new.status, 0, "{}", new.stderr);
        wait_for(200, || log_in_with(&server, &name, "another+password").status);
        wait_for(401, || me(&server, &issued));
        assert_eq!(log_in(&server, &name).status, 400, "the old password");
    }
}

#[test]
fn a_copy_that_was_away_for_a_while_is_used_when_it_is_back() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    let kept = token(&server, "ada");
    for end in ENDS {
        fs::copy(
            fixture.path(&format!("scopegate.db{end}")),
            fixture.path(&format!("away{end}")),
        )
        .unwrap();
    }
    remove_database(&fixture);
    wait_for(503, || me(&server, &kept));
    for end in ENDS {
        fs::rename(
            fixture.path(&format!("away{end}")),
            fixture.path(&format!("scopegate.db{end}")),
        )
        .unwrap();
    }
    wait_for(200, || me(&server, &kept));
    fixture.done(&["user", "revoke", "ada"]);
    wait_for(401, || me(&server, &kept));
}

#[test]
fn a_running_server_refuses_an_older_copy_and_another_database() {
    let fixture = FaultFixture::new();
    let other = FaultFixture::new();
    fixture.done(&["backup", "older"]);
    fixture.add_user("bob");
    let server = fixture.serve();
    let kept = token(&server, "bob");
    fixture.done(&["backup", "newest"]);
    for wrong in [fixture.path("older"), other.path("scopegate.db")] {
        remove_database(&fixture);
        fs::copy(&wrong, fixture.path("scopegate.db")).unwrap();
        let before = fs::read(&wrong).unwrap();
        wait_for(503, || me(&server, &kept));
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert_eq!(log_in(&server, "ada").status, 503, "{}", wrong.display());
        assert_eq!(me(&server, &kept), 503, "{}", wrong.display());
        assert!(fs::read(fixture.path("scopegate.db")).unwrap() == before);
    }
    fs::rename(fixture.path("newest"), fixture.path("scopegate.db")).unwrap();
    wait_for(200, || me(&server, &kept));
    assert_eq!(fixture.users("sqlite:scopegate.db"), ["ada", "bob"]);
}

#[test]
fn a_folder_that_is_renamed_and_back_is_used_on() {
    let fixture = FaultFixture::new();
    let folder = fixture.path("data");
    fs::create_dir(&folder).unwrap();
    fixture.done(&["backup", "data/scopegate.db"]);
    let server = fixture.serve_as("data/scopegate.db");
    let kept = token(&server, "ada");
    let away = fixture.path("away");
    fs::rename(&folder, &away).unwrap();
    wait_for(503, || me(&server, &kept));
    // Another folder with an empty file takes its name.
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("scopegate.db"), "").unwrap();
    assert_eq!(log_in(&server, "ada").status, 503);
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    wait_for(200, || me(&server, &kept));

    // The folder is replaced by a copy of it.
    copy_folder(&folder, &away);
    fs::remove_dir_all(&folder).unwrap();
    wait_for(503, || me(&server, &kept));
    fs::rename(&away, &folder).unwrap();
    wait_for(200, || me(&server, &kept));
    let line = ["user", "set-password", "ada", "--password-stdin"];
    let database = ["--database", "sqlite:data/scopegate.db"];
    let new = fixture.shell.run_with(&[&line[..], &database].concat(), PASSWORD, &[]);
    assert_eq!(new.status, 0, "{}", new.stderr);
    wait_for(401, || me(&server, &kept));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
