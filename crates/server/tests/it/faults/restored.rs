//! A database that was restored from a backup: its places in the log, and `restore finish`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::configuration::change;
use crate::faults::fixture::{FaultFixture, PASSWORD, log_in, me, token};
use crate::support::scopegate;

/// Loses the database, and restores the backup `b.db`.
fn lose_and_restore(fixture: &FaultFixture) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(fixture.path(&format!("scopegate.db{end}")));
    }
    fixture.done(&["restore", "b.db"]);
}

/// All happens within the accepted difference of clocks. So the time of issue alone does not tell
/// that the revocation is the later one.
#[test]
fn revocation_after_a_restore_covers_later_tokens() {
    let fixture = FaultFixture::new();
    drop(fixture.serve());
    fixture.done(&["backup", "b.db"]);
    // History that the backup lacks: the tokens state places after those of the backup.
    for _ in 0..4 {
        fixture.done(&["client", "revoke", "app"]);
        fixture.done(&["user", "revoke", "ada"]);
    }
    let server = fixture.serve();
    let lost = token(&server, "ada");
    assert_eq!(me(&server, &lost), 200);
    drop(server);
    lose_and_restore(&fixture);
    assert_eq!(me(&fixture.serve(), &lost), 200, "the same keys");
    fixture.done(&["client", "revoke", "app"]);
    assert_eq!(me(&fixture.serve(), &lost), 401);
}

#[test]
fn finish_refuses_all_tokens_and_ends_the_warning() {
    let fixture = FaultFixture::new();
    let unfinished = fixture.shell.run(&["restore", "finish"]);
    assert!(
        unfinished.complaint(1).contains("was not restored"),
        "{}",
        unfinished.stderr
    );
    drop(fixture.serve());
    fixture.done(&["backup", "b.db"]);
    // A user, a client and a token that the backup does not have.
    fixture.add_user("bob");
    let client = add_late_client(&fixture);
    let server = fixture.serve();
    let (of_user, of_client) = (token(&server, "bob"), client_token(&server, &client));
    drop(server);
    lose_and_restore(&fixture);
    assert!(warns(&fixture));
    let server = fixture.serve();
    let before = token(&server, "ada");
    assert_eq!(me(&server, &before), 200);
    drop(server);
    let done = fixture.done(&["restore", "finish", "--format", "json"]);
    let done: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(done, json!({ "finished": true, "clients": 1, "signing_keys": 1 }));
    let server = fixture.serve();
    for token in [of_user, of_client, before] {
        assert_eq!(me(&server, &token), 401);
    }
    assert_eq!(me(&server, &token(&server, "ada")), 200, "a new token");
    drop(server);
    assert!(!warns(&fixture));
    assert_eq!(fixture.shell.run(&["restore", "finish"]).status, 1);
    let events = audit_events(&fixture);
    let of_finish = ["client.revoked", "key.removed", "admin.restored"];
    assert!(
        of_finish.iter().all(|event| events.contains(&json!(event))),
        "{events:?}"
    );
    assert_eq!(
        events.iter().filter(|event| **event == json!("admin.restored")).count(),
        1
    );
}

/// The command makes several changes, and each writes an entry. It is stopped before each of them.
/// Then the start still warns, and a second run completes the first one.
#[test]
fn finish_can_be_repeated_after_any_stop() {
    let fixture = FaultFixture::new();
    let client = ["client", "add", "Other", "--id", "other", "--public"];
    fixture.done(&[&client[..], &["--grant", "password", "--scope", "me"]].concat());
    fixture.done(&["key", "rotate"]);
    drop(fixture.serve());
    fixture.done(&["key", "rotate"]);
    fixture.done(&["backup", "b.db"]);
    lose_and_restore(&fixture);
    let server = fixture.serve();
    let before = token(&server, "ada");
    drop(server);
    let (database, restored) = (fixture.path("scopegate.db"), fixture.path("restored"));
    fs::copy(&database, &restored).unwrap();
    let first = audit_events(&fixture).len();
    let mut stops = 0;
    loop {
        let most = first + stops;
        let stop = format!(
            "CREATE TRIGGER stop BEFORE INSERT ON audit WHEN (SELECT entries FROM audit_kept) >= {most} \
             BEGIN SELECT RAISE(ABORT, 'stopped'); END"
        );
        change(&database, stop.leak());
        let run = fixture.shell.run(&["restore", "finish"]);
        change(&database, "DROP TRIGGER stop");
        if run.status == 0 {
            break;
        }
        assert!(run.complaint(2).contains("stopped"), "{}", run.stderr);
        assert!(warns(&fixture), "after {stops} entries");
        fixture.done(&["restore", "finish"]);
        assert!(!warns(&fixture));
        assert_eq!(me(&fixture.serve(), &before), 401, "after {stops} entries");
        let events = audit_events(&fixture);
        let finished = events.iter().filter(|event| **event == json!("admin.restored"));
        assert_eq!(finished.count(), 1, "{events:?}");
        fs::copy(&restored, &database).unwrap();
        stops += 1;
    }
    assert!(stops >= 6, "two clients, two keys with a new one, and the end: {stops}");
}

fn add_late_client(fixture: &FaultFixture) -> serde_json::Value {
    let add = ["client", "add", "Late", "--id", "late", "--confidential"];
    let options = ["--grant", "client_credentials", "--scope", "me", "--format", "json"];
    let method = ["--auth-method", "client_secret_post"];
    let added = fixture.done(&[&add[..], &options, &method].concat());
    serde_json::from_str(&added.stdout).unwrap()
}

fn audit_events(fixture: &FaultFixture) -> Vec<serde_json::Value> {
    let lines = fixture.done(&["audit", "--format", "json"]).stdout;
    let event = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].clone();
    lines.lines().map(event).collect()
}

fn client_token(server: &crate::support::Server, client: &serde_json::Value) -> String {
    let secret = client["client_secret"].as_str().unwrap();
    let form = format!("grant_type=client_credentials&client_id=late&client_secret={secret}&scope=me");
    let head =
        "POST /token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let length = form.len();
    let answer = server.exchange(format!("{head}\r\nContent-Length: {length}\r\n\r\n{form}").as_bytes());
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    body["access_token"].as_str().expect(&answer.body).to_owned()
}

/// Whether a start of the server warns about the restore.
fn warns(fixture: &FaultFixture) -> bool {
    let mut server = scopegate()
        .current_dir(fixture.shell.path())
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--password-grant",
            "--log-level",
            "warn",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    server.kill().unwrap();
    let output = server.wait_with_output().unwrap();
    String::from_utf8(output.stderr).unwrap().contains("restore finish")
}

#[test]
fn check_reads_a_backup_and_keeps_nothing() {
    let fixture = FaultFixture::new();
    fixture.done(&["key", "rotate"]);
    let whole: serde_json::Value =
        serde_json::from_str(&fixture.done(&["backup", "whole.db", "--format", "json"]).stdout).unwrap();
    assert_eq!(whole["audit_records"], 3, "client, user and key");
    fixture.done(&["backup", "b.db", "--with-key", "--without-audit"]);
    let before = fixture.files();
    let check = |name: &str| {
        fixture
            .shell
            .run_with(&["restore", "check", name, "--format", "json"], PASSWORD, &[])
    };
    let checked = check("b.db").json();
    assert_eq!(
        (&checked["users"], &checked["key_encryption_key"]),
        (&json!(1), &json!("included"))
    );
    assert_eq!(checked["audit_records"], 0);
    for count in ["users", "clients", "client_secrets", "revocations", "signing_keys"] {
        assert_eq!((count, &checked[count]), (count, &whole[count]));
    }
    assert_eq!(check("whole.db").json()["audit_records"], 3);
    assert!(checked["made_at"].is_i64() && checked["version"].is_i64(), "{checked}");
    assert!(checked["news_heads"].as_str().unwrap().starts_with("0:"), "{checked}");
    assert!(fixture.files() == before, "{:?}", fixture.names());
    // The database is where a restore would write, and nothing that was checked.
    assert_eq!(checked.get("database"), None, "{checked}");
    let say = |database: &str| {
        fixture
            .done(&["restore", "check", "b.db", "--database", database])
            .stdout
    };
    let absent = say("sqlite:absent.db");
    assert!(absent.starts_with("checked `b.db` ("), "{absent}");
    assert!(
        absent.contains("`restore` creates the database `absent.db`."),
        "{absent}"
    );
    assert!(!absent.contains("database `sqlite:absent.db`"), "{absent}");
    let existing = say("sqlite:scopegate.db");
    assert!(
        existing.contains("`restore` with these settings fails: database `scopegate.db` exists"),
        "{existing}"
    );
    let without_key = fixture.done(&["restore", "check", "whole.db"]).stdout;
    assert!(without_key.contains("put it there as `FILE.kek`"), "{without_key}");
    assert!(fixture.files() == before, "{:?}", fixture.names());
    fs::write(fixture.path("b.db.kek"), "0123456789abcdef".repeat(4)).unwrap();
    assert!(check("b.db").complaint(2).contains("does not open the signing keys"));
    let mut damaged = fs::read(fixture.path("b.db")).unwrap();
    damaged.truncate(damaged.len() / 2);
    fs::write(fixture.path("b.db"), damaged).unwrap();
    assert!(check("b.db").complaint(2).contains("b.db"));
    assert_eq!(log_in(&fixture.serve(), "ada").status, 200);
}
