//! Backups under load, and their restored content.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::faults::fixture::{FaultFixture, PASSWORD, log_in, me, token, wait_for};

fn json(fixture: &FaultFixture, line: &[&str]) -> Value {
    let run = fixture.done(&[line, &["--format", "json"]].concat());
    serde_json::from_str(&run.stdout).unwrap()
}

fn mode(fixture: &FaultFixture, name: &str) -> u32 {
    fs::metadata(fixture.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_under_load_holds_all_that_was_answered() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    let (revoked, is_over) = (token(&server, "ada"), AtomicBool::new(false));
    fixture.done(&["user", "revoke", "ada"]);
    fixture.add_user("bob");
    let kept = token(&server, "bob");
    let backups = std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let mut added = 0;
            while !is_over.load(Ordering::Relaxed) {
                fixture.add_user(&format!("u{added:04}"));
                added += 1;
            }
            added
        });
        let mut backups = Vec::new();
        for number in 0..4 {
            let answered = fixture.users("sqlite:scopegate.db").len();
            let name = format!("backup{number}.db");
            let made = json(&fixture, &["backup", &name, "--with-key"]);
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
            (mode(&fixture, &name), mode(&fixture, &format!("{name}.kek"))),
            (0o600, 0o600)
        );
        let database = format!("sqlite:restored-{name}");
        let restored = json(&fixture, &["restore", &name, "--database", &database]);
        assert_eq!(restored["users"].as_u64(), Some(held));
        assert_eq!(restored["key_encryption_key"], "included");
        assert_eq!(fixture.users(&database).len(), usize::try_from(held).unwrap());
        assert_eq!(mode(&fixture, &format!("restored-{name}")), 0o600);
        let server = fixture.serve_as(&format!("restored-{name}"));
        assert_eq!(me(&server, &kept), 200, "the same keys");
        assert_eq!(me(&server, &revoked), 401);
        wait_for(200, || log_in(&server, "ada").status);
    }
}

#[test]
fn backup_of_a_running_database_is_complete() {
    let fixture = FaultFixture::new();
    let _server = fixture.serve();
    fixture.add_user("bob");
    let made = fixture.done(&["backup", "b.db"]);
    assert!(
        made.stdout.contains("NOT included")
            && made.stdout.contains(
                "2 users, 1 client, 0 client secrets, 0 revocations, 1 signing key, 4 audit records, 4 server secrets\n"
            ),
        "{}",
        made.stdout
    );
    assert_eq!(made.stderr, "");
    assert_eq!(fixture.users("sqlite:b.db"), ["ada", "bob"]);
    assert!(!fixture.path("b.db.kek").exists());
    // The entry is in the log of the database, and in the next backup.
    let entries = fixture.done(&["audit", "--event", "admin.backed-up"]).stdout;
    assert_eq!(entries.lines().count(), 1, "{entries}");
    fixture.done(&["backup", "c.db", "--without-audit"]);
    let entries = fixture.done(&["audit", "--event", "admin.backed-up"]).stdout;
    assert_eq!(entries.lines().count(), 2, "{entries}");
    let next = json(&fixture, &["backup", "d.db"]);
    assert_eq!(next["audit_records"], 6);
}

#[test]
fn a_backup_overwrites_nothing() {
    let fixture = FaultFixture::new();
    fixture.done(&["key", "rotate"]);
    for name in ["b.db-wal", "c.db.kek", "d.db", "e.db-journal", "f.db-shm"] {
        fs::write(fixture.path(name), "mine").unwrap();
    }
    std::os::unix::fs::symlink("nowhere", fixture.path("g.db")).unwrap();
    fs::hard_link(fixture.path("scopegate.db"), fixture.path("h.db")).unwrap();
    let before = fixture.files();
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
        let run = fixture.shell.run(&["backup", name, "--with-key"]);
        assert!(!run.complaint(2).is_empty());
        assert!(fixture.files() == before, "{name}: {:?}", fixture.names());
    }
    let folder = fixture.shell.run(&["backup", "no/such/folder/b.db"]);
    assert!(
        folder.complaint(2).contains("create the folder `no/such/folder`"),
        "{}",
        folder.stderr
    );
    let memory = fixture.shell.run(&["backup", "x.db", "--database", "sqlite::memory:"]);
    assert!(memory.complaint(2).contains("in memory"), "{}", memory.stderr);
    let typo = fixture.shell.run(&["backup", "x.db", "--database", "sqlite:typo.db"]);
    assert!(
        typo.complaint(2).contains("`typo.db` does not exist"),
        "{}",
        typo.stderr
    );
    assert!(fixture.files() == before);
}

#[test]
fn restore_replaces_no_database() {
    let fixture = FaultFixture::new();
    let server = fixture.serve();
    fixture.done(&["backup", "b.db", "--with-key"]);
    let refused = |expected: &str| {
        let before = fixture.files();
        let run = fixture.shell.run(&["restore", "b.db"]);
        assert!(run.complaint(2).contains(expected), "{}", run.stderr);
        assert!(fixture.files() == before, "{:?}", fixture.names());
    };
    refused("`scopegate.db` exists");
    // A running server's log belongs to the file that was moved.
    fs::rename(fixture.path("scopegate.db"), fixture.path("away")).unwrap();
    refused("scopegate.db-wal` of the same database exists");
    fs::rename(fixture.path("away"), fixture.path("scopegate.db")).unwrap();
    wait_for(200, || log_in(&server, "ada").status);
    drop(server);

    // The database is lost but its key file is not: a backup covers this case.
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(fixture.path(&format!("scopegate.db{end}"))).unwrap();
    }
    let kek = fs::read(fixture.path("scopegate.db.kek")).unwrap();
    fs::write(fixture.path("scopegate.db.kek"), "0123456789abcdef".repeat(4)).unwrap();
    refused("key file `scopegate.db.kek` does not open");
    fs::write(fixture.path("scopegate.db.kek"), kek).unwrap();
    fs::remove_file(fixture.path("b.db.kek")).unwrap();
    assert_eq!(json(&fixture, &["restore", "b.db"])["key_encryption_key"], "included");
    wait_for(200, || log_in(&fixture.serve(), "ada").status);
}

#[test]
fn a_backup_is_checked_before_it_is_restored() {
    let fixture = FaultFixture::new();
    for number in 0..40 {
        fixture.done(&[
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
    fixture.done(&["backup", "good.db"]);
    let mut damaged = fs::read(fixture.path("good.db")).unwrap();
    let length = damaged.len();
    for byte in &mut damaged[length / 2..] {
        *byte ^= 0x5a;
    }
    fs::write(fixture.path("damaged.db"), &damaged).unwrap();
    fs::write(fixture.path("short.db"), &damaged[..length / 2]).unwrap();
    fs::write(fixture.path("text.db"), "no database\n".repeat(99)).unwrap();
    fs::write(fixture.path("empty.db"), "").unwrap();
    let before = fixture.files();
    for name in ["damaged.db", "short.db", "text.db", "empty.db", "none.db", "."] {
        let run = fixture.shell.run(&["restore", name, "--database", "sqlite:new.db"]);
        let error = run.complaint(2);
        assert!(error.contains(name), "{error}");
        assert!(!error.contains("--database"), "the target is not at fault: {error}");
        assert!(fixture.files() == before, "{name}: {:?}", fixture.names());
    }
}

#[test]
fn a_backup_without_its_key_says_what_is_missing() {
    let fixture = FaultFixture::new();
    assert_eq!(
        json(&fixture, &["backup", "none.db"])["key_encryption_key"],
        "not needed"
    );
    fixture.done(&["key", "rotate"]);
    fixture.done(&["backup", "b.db"]);
    let database = ["--database", "sqlite:new.db"];
    let restored = fixture.done(&[&["restore", "b.db"][..], &database].concat());
    assert!(restored.stdout.contains("MISSING"), "{}", restored.stdout);
    assert!(
        restored.stderr.contains("changes after the backup"),
        "{}",
        restored.stderr
    );
    let serve = [&["serve", "--listen", "127.0.0.1:0"][..], &database].concat();
    let run = fixture.shell.run_with(&serve, PASSWORD, &[]);
    assert!(run.complaint(2).contains("new.db.kek"), "{}", run.stderr);
    fs::copy(fixture.path("scopegate.db.kek"), fixture.path("new.db.kek")).unwrap();
    fixture.serve_as("new.db");
}
