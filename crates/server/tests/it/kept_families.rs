//! `restore finish --keep-families`.

use scopegate_domain::EndReason;
use scopegate_store::RedeemOutcome;
use serde_json::json;

use crate::granted::GrantedFixture;

/// Loses the database after a backup, and restores it.
fn lose_and_restore(fixture: &GrantedFixture) {
    fixture.json(&["backup", "b.db"]);
    for end in ["", "-wal", "-shm"] {
        let file = fixture.shell.path().join(format!("scopegate.db{end}"));
        // SQLite removes the two others when the last program closes the database.
        let _ = std::fs::remove_file(file);
    }
    fixture.json(&["restore", "b.db"]);
}

#[test]
fn refresh_tokens_survive_a_restore_on_request() {
    let fixture = GrantedFixture::new();
    let key = fixture.json(&["key", "rotate"])["kid"].clone();
    for number in [1, 2] {
        fixture.log_in("johndoe", number);
    }
    fixture.grant("johndoe", 1);
    fixture.grant_beyond_session("johndoe", 2);
    let code = fixture.issue("johndoe", 2, 9);
    lose_and_restore(&fixture);
    let finished = fixture.json(&["restore", "finish", "--keep-families"]);
    assert_eq!(
        finished,
        json!({ "finished": true, "clients": 0, "signing_keys": 1, "families_kept": true })
    );
    assert_eq!((fixture.end(1), fixture.end(2)), (Some(EndReason::SessionEnded), None));
    assert_eq!(fixture.redeem(&code, &fixture.family(9)), RedeemOutcome::Unknown);
    assert_eq!(fixture.json(&["session", "list"])["sessions"], json!([]));
    let keys = fixture.json(&["key", "list"]);
    assert!(!keys.to_string().contains(key.as_str().unwrap()), "{keys}");
}

#[test]
fn refresh_tokens_end_with_a_restore() {
    let fixture = GrantedFixture::new();
    fixture.log_in("johndoe", 2);
    fixture.grant_beyond_session("johndoe", 2);
    lose_and_restore(&fixture);
    // Only a new signing key refuses access tokens and keeps their families.
    let refused = fixture.shell.run(&["restore", "finish", "--keep-families"]);
    assert!(
        refused
            .complaint(2)
            .starts_with("`--keep-families` needs signing keys in the database"),
        "{}",
        refused.stderr
    );
    assert_eq!(fixture.end(2), None, "nothing changed");
    fixture.json(&["restore", "finish"]);
    assert_eq!(fixture.end(2), Some(EndReason::Restored));
}
