//! The database of a running server is replaced: by a copy, by an older copy, by another database.

use std::fs;
use std::path::Path;

use crate::faults::stage::{PASSWORD, Stage, log_in, log_in_with, me, token, wait_for};

const ENDS: [&str; 3] = ["", "-wal", "-shm"];

/// Replaces files of the database by copies of them.
fn replace_by_copies(stage: &Stage, ends: &[&str]) {
    for end in ends {
        let file = stage.path(&format!("scopegate.db{end}"));
        let copy = stage.path("copy");
        fs::copy(&file, &copy).unwrap();
        fs::remove_file(&file).unwrap();
        fs::rename(&copy, &file).unwrap();
    }
}

fn remove_database(stage: &Stage) {
    for end in ENDS {
        let _ = fs::remove_file(stage.path(&format!("scopegate.db{end}")));
    }
}

#[test]
fn a_running_server_uses_a_copy_of_its_files() {
    let stage = Stage::new();
    let server = stage.serve();
    let revoked = token(&server, "ada");
    stage.add_user("bob");
    let kept = token(&server, "bob");
    stage.done(&["user", "revoke", "ada"]);
    wait_for(401, || me(&server, &revoked));
    for ends in [&[""][..], &["-wal"], &["-shm"], &ENDS] {
        replace_by_copies(&stage, ends);
        wait_for(200, || me(&server, &kept));
        wait_for(200, || log_in(&server, "bob").status);
        assert_eq!(me(&server, &revoked), 401, "{ends:?}");
        assert_eq!(stage.users("sqlite:scopegate.db"), ["ada", "bob"], "{ends:?}");
    }
}

/// The server applies what a command has changed in the copy.
#[test]
fn a_server_applies_what_a_command_changes_in_the_copy() {
    let stage = Stage::new();
    let server = stage.serve();
    for number in 0..3 {
        let name = format!("user{number}");
        stage.add_user(&name);
        let issued = token(&server, &name);
        replace_by_copies(&stage, &[""]);
        // If no other process has the copy open, the command closes the log.
        stage.done(&["user", "revoke", &name]);
        let new = stage.shell.run_with(
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
    let stage = Stage::new();
    let server = stage.serve();
    let kept = token(&server, "ada");
    for end in ENDS {
        fs::copy(
            stage.path(&format!("scopegate.db{end}")),
            stage.path(&format!("away{end}")),
        )
        .unwrap();
    }
    remove_database(&stage);
    wait_for(503, || me(&server, &kept));
    for end in ENDS {
        fs::rename(
            stage.path(&format!("away{end}")),
            stage.path(&format!("scopegate.db{end}")),
        )
        .unwrap();
    }
    wait_for(200, || me(&server, &kept));
    stage.done(&["user", "revoke", "ada"]);
    wait_for(401, || me(&server, &kept));
}

#[test]
fn a_running_server_refuses_an_older_copy_and_another_database() {
    let stage = Stage::new();
    let other = Stage::new();
    stage.done(&["backup", "older"]);
    stage.add_user("bob");
    let server = stage.serve();
    let kept = token(&server, "bob");
    stage.done(&["backup", "newest"]);
    for wrong in [stage.path("older"), other.path("scopegate.db")] {
        remove_database(&stage);
        fs::copy(&wrong, stage.path("scopegate.db")).unwrap();
        let before = fs::read(&wrong).unwrap();
        wait_for(503, || me(&server, &kept));
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert_eq!(log_in(&server, "ada").status, 503, "{}", wrong.display());
        assert_eq!(me(&server, &kept), 503, "{}", wrong.display());
        assert!(fs::read(stage.path("scopegate.db")).unwrap() == before);
    }
    fs::rename(stage.path("newest"), stage.path("scopegate.db")).unwrap();
    wait_for(200, || me(&server, &kept));
    assert_eq!(stage.users("sqlite:scopegate.db"), ["ada", "bob"]);
}

#[test]
fn a_folder_that_is_renamed_and_back_is_used_on() {
    let stage = Stage::new();
    let folder = stage.path("data");
    fs::create_dir(&folder).unwrap();
    stage.done(&["backup", "data/scopegate.db"]);
    let server = stage.serve_as("data/scopegate.db");
    let kept = token(&server, "ada");
    let away = stage.path("away");
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
    let new = stage.shell.run_with(&[&line[..], &database].concat(), PASSWORD, &[]);
    assert_eq!(new.status, 0, "{}", new.stderr);
    wait_for(401, || me(&server, &kept));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
