//! Backups under load, and their restored content.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::faults::stage::{PASSWORD, Stage, log_in, me, token, wait_for};

fn json(stage: &Stage, line: &[&str]) -> Value {
    let run = stage.done(&[line, &["--format", "json"]].concat());
    serde_json::from_str(&run.stdout).unwrap()
}

fn mode(stage: &Stage, name: &str) -> u32 {
    fs::metadata(stage.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_under_load_holds_all_that_was_answered() {
    let stage = Stage::new();
    let server = stage.serve();
    let (revoked, is_over) = (token(&server, "ada"), AtomicBool::new(false));
    stage.done(&["user", "revoke", "ada"]);
    stage.add_user("bob");
    let kept = token(&server, "bob");
    let backups = std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let mut added = 0;
            while !is_over.load(Ordering::Relaxed) {
                stage.add_user(&format!("u{added:04}"));
                added += 1;
            }
            added
        });
        let mut backups = Vec::new();
        for number in 0..4 {
            let answered = stage.users("sqlite:scopegate.db").len();
            let name = format!("backup{number}.db");
            let made = json(&stage, &["backup", &name, "--with-key"]);
            assert_eq!(made["key_encryption_key"], "included");
            backups.push((name, answered, made["users"].as_u64().unwrap()));
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 0);
        backups
    });
    drop(server);
    for (name, answered, held) in backups {
        assert!(
            usize::try_from(held).unwrap() >= answered,
            "{name}: {held} of {answered}"
        );
        assert_eq!(
            (mode(&stage, &name), mode(&stage, &format!("{name}.kek"))),
            (0o600, 0o600)
        );
        let database = format!("sqlite:restored-{name}");
        let restored = json(&stage, &["restore", &name, "--database", &database]);
        assert_eq!(restored["users"].as_u64(), Some(held));
        assert_eq!(restored["key_encryption_key"], "included");
        assert_eq!(stage.users(&database).len(), usize::try_from(held).unwrap());
        assert_eq!(mode(&stage, &format!("restored-{name}")), 0o600);
        let server = stage.serve_as(&format!("restored-{name}"));
        assert_eq!(me(&server, &kept), 200, "the same keys");
        assert_eq!(me(&server, &revoked), 401);
        wait_for(200, || log_in(&server, "ada").status);
    }
}

#[test]
fn backup_of_a_running_database_is_complete() {
    let stage = Stage::new();
    let _server = stage.serve();
    stage.add_user("bob");
    let made = stage.done(&["backup", "b.db"]);
    assert!(
        made.stdout.contains("NOT included")
            && made
                .stdout
                .contains("2 users, 1 client, 0 revocations, 1 signing key\n"),
        "{}",
        made.stdout
    );
    assert_eq!(stage.users("sqlite:b.db"), ["ada", "bob"]);
    assert!(!stage.path("b.db.kek").exists());
}

#[test]
fn a_backup_overwrites_nothing() {
    let stage = Stage::new();
    stage.done(&["key", "rotate"]);
    for name in ["b.db-wal", "c.db.kek", "d.db", "e.db-journal", "f.db-shm"] {
        fs::write(stage.path(name), "mine").unwrap();
    }
    std::os::unix::fs::symlink("nowhere", stage.path("g.db")).unwrap();
    fs::hard_link(stage.path("scopegate.db"), stage.path("h.db")).unwrap();
    let before = stage.files();
    for name in [
        "b.db",
        "c.db",
        "d.db",
        "e.db",
        "f.db",
        "g.db",
        "h.db",
        "scopegate.db",
        "./scopegate.db-wal",
        "scopegate.db-shm",
        "scopegate.db.kek",
        "scopegate.db.kek.next",
        "no/such/folder/b.db",
        ".",
    ] {
        let run = stage.shell.run(&["backup", name, "--with-key"]);
        assert!(!run.complaint(2).is_empty());
        assert!(stage.files() == before, "{name}: {:?}", stage.names());
    }
    let folder = stage.shell.run(&["backup", "no/such/folder/b.db"]);
    assert!(
        folder.complaint(2).contains("create the folder `no/such/folder`"),
        "{}",
        folder.stderr
    );
    let memory = stage.shell.run(&["backup", "x.db", "--database", "sqlite::memory:"]);
    assert!(memory.complaint(2).contains("in memory"), "{}", memory.stderr);
    let typo = stage.shell.run(&["backup", "x.db", "--database", "sqlite:typo.db"]);
    assert!(
        typo.complaint(2).contains("`typo.db` does not exist"),
        "{}",
        typo.stderr
    );
    assert!(stage.files() == before);
}

#[test]
fn restore_replaces_no_database() {
    let stage = Stage::new();
    let server = stage.serve();
    stage.done(&["backup", "b.db", "--with-key"]);
    let refused = |expected: &str| {
        let before = stage.files();
        let run = stage.shell.run(&["restore", "b.db"]);
        assert!(run.complaint(2).contains(expected), "{}", run.stderr);
        assert!(stage.files() == before, "{:?}", stage.names());
    };
    refused("`scopegate.db` exists");
    // A running server's log belongs to the file that was moved.
    fs::rename(stage.path("scopegate.db"), stage.path("away")).unwrap();
    refused("scopegate.db-wal` of the same database exists");
    fs::rename(stage.path("away"), stage.path("scopegate.db")).unwrap();
    wait_for(200, || log_in(&server, "ada").status);
    drop(server);

    // The database is lost but its key file is not: a backup covers this case.
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(stage.path(&format!("scopegate.db{end}"))).unwrap();
    }
    let kek = fs::read(stage.path("scopegate.db.kek")).unwrap();
    fs::write(stage.path("scopegate.db.kek"), "0123456789abcdef".repeat(4)).unwrap();
    refused("key file `scopegate.db.kek` does not open");
    fs::write(stage.path("scopegate.db.kek"), kek).unwrap();
    fs::remove_file(stage.path("b.db.kek")).unwrap();
    assert_eq!(json(&stage, &["restore", "b.db"])["key_encryption_key"], "included");
    wait_for(200, || log_in(&stage.serve(), "ada").status);
}

#[test]
fn a_backup_is_checked_before_it_is_restored() {
    let stage = Stage::new();
    for number in 0..40 {
        stage.done(&[
            "client",
            "add",
            &format!("client {number}"),
            "--public",
            "--grant",
            "password",
            "--scope",
            "me",
        ]);
    }
    stage.done(&["backup", "good.db"]);
    let mut damaged = fs::read(stage.path("good.db")).unwrap();
    let length = damaged.len();
    for byte in &mut damaged[length / 2..] {
        *byte ^= 0x5a;
    }
    fs::write(stage.path("damaged.db"), &damaged).unwrap();
    fs::write(stage.path("short.db"), &damaged[..length / 2]).unwrap();
    fs::write(stage.path("text.db"), "no database\n".repeat(99)).unwrap();
    fs::write(stage.path("empty.db"), "").unwrap();
    let before = stage.files();
    for name in ["damaged.db", "short.db", "text.db", "empty.db", "none.db", "."] {
        let run = stage.shell.run(&["restore", name, "--database", "sqlite:new.db"]);
        let error = run.complaint(2);
        assert!(error.contains(name), "{error}");
        assert!(!error.contains("--database"), "the target is not at fault: {error}");
        assert!(stage.files() == before, "{name}: {:?}", stage.names());
    }
}

#[test]
fn a_backup_without_its_key_says_what_is_missing() {
    let stage = Stage::new();
    assert_eq!(json(&stage, &["backup", "none.db"])["key_encryption_key"], "not needed");
    stage.done(&["key", "rotate"]);
    stage.done(&["backup", "b.db"]);
    let database = ["--database", "sqlite:new.db"];
    let restored = stage.done(&[&["restore", "b.db"][..], &database].concat());
    assert!(restored.stdout.contains("MISSING"), "{}", restored.stdout);
    assert!(
        restored.stderr.contains("changes after the backup"),
        "{}",
        restored.stderr
    );
    let serve = [&["serve", "--listen", "127.0.0.1:0"][..], &database].concat();
    let run = stage.shell.run_with(&serve, PASSWORD, &[]);
    assert!(run.complaint(2).contains("new.db.kek"), "{}", run.stderr);
    fs::copy(stage.path("scopegate.db.kek"), stage.path("new.db.kek")).unwrap();
    stage.serve_as("new.db");
}
