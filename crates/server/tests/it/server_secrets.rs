//! `scopegate key rotate --server-secrets`, and the server secrets of `key rewrap`.

use scopegate_domain::{Clock as _, EndReason, SealedSecret, Secret, SystemClock};
use scopegate_grant::SecretRings;
use scopegate_token::{KeyEncryptionKey, SystemRandomSource};
use serde_json::json;

use crate::granted::GrantedFixture;

fn kek(fixture: &GrantedFixture) -> KeyEncryptionKey {
    let text = std::fs::read_to_string(fixture.shell.path().join("scopegate.db.kek")).unwrap();
    KeyEncryptionKey::parse(&Secret::new(text.trim_end().to_owned())).unwrap()
}

/// A database with the secrets that a server makes at its start.
fn with_secrets() -> GrantedFixture {
    let fixture = GrantedFixture::new();
    fixture.json(&["key", "rotate"]);
    let kek = kek(&fixture);
    fixture.on_store(async |store| {
        let made = SecretRings::load(store, &kek, SystemClock.now(), &SystemRandomSource).await;
        made.map(drop).unwrap();
    });
    fixture
}

fn rows(fixture: &GrantedFixture) -> Vec<SealedSecret> {
    fixture.on_store(async |store| store.secrets().sealed_secrets().await.unwrap())
}

fn rotate(fixture: &GrantedFixture) -> serde_json::Value {
    fixture.json(&["key", "rotate", "--server-secrets"])
}

#[test]
fn old_secrets_verify_until_their_values_end() {
    let fixture = with_secrets();
    fixture.log_in("johndoe", 1);
    fixture.grant("johndoe", 1);
    let rotated = rotate(&fixture);
    assert_eq!(
        rotated["server_secrets"],
        json!({ "flow": 2, "form": 2, "known": 2, "mac": 2 })
    );
    let until = rotated["refresh_until"].as_i64().unwrap();
    let days = (until - fixture.now.as_unix()) / 86_400;
    assert_eq!(days, 30, "the longest idle time of a client");
    let rows = rows(&fixture);
    let ends = |row: &SealedSecret| {
        row.verifies_until
            .map(|until| (until.as_unix() - fixture.now.as_unix()) / 60)
    };
    for (purpose, minutes) in [
        ("flow", 15),
        ("form", 2 * 1_440),
        ("known", 365 * 1_440),
        ("mac", 30 * 1_440 + 5),
    ] {
        let of: Vec<_> = rows.iter().filter(|row| row.purpose.as_str() == purpose).collect();
        let [old, new] = of[..] else { panic!("{of:?}") };
        // The test may take a minute.
        assert!(
            ends(old).is_some_and(|end| (minutes..=minutes + 1).contains(&end)),
            "{old:?}"
        );
        assert_eq!(ends(new), None);
    }
    assert_eq!(fixture.end(1), None);
    let entries = fixture.entries("key.rotated");
    let keys: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry["detail"]["key"].as_str())
        .collect();
    for key in ["flow.2", "form.2", "known.2", "mac.2"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    let opened = fixture.on_store(async |store| {
        SecretRings::load(store, &kek(&fixture), SystemClock.now(), &SystemRandomSource)
            .await
            .map(drop)
    });
    assert!(opened.is_ok(), "{opened:?}");
}

#[test]
fn fourth_version_needs_revocation() {
    let fixture = with_secrets();
    fixture.log_in("johndoe", 1);
    fixture.grant("johndoe", 1);
    rotate(&fixture);
    rotate(&fixture);
    let refused = fixture.shell.run(&["key", "rotate", "--server-secrets"]);
    let message = refused.complaint(1);
    assert!(
        message.starts_with("three versions of the secret of refresh tokens are in use, the maximum; wait until 20"),
        "{message}"
    );
    assert_eq!((rows(&fixture).len(), fixture.end(1)), (12, None));

    let revoked = fixture.json(&["key", "rotate", "--server-secrets", "--revoke"]);
    assert_eq!(
        revoked,
        json!({
            "server_secrets": { "flow": 4, "form": 4, "known": 4, "mac": 4 }, "refresh_until": null, "ended_families": 1,
            "revoked_clients": 1,
        })
    );
    let left: Vec<_> = rows(&fixture)
        .iter()
        .map(|row| (row.version, row.verifies_until))
        .collect();
    assert_eq!(left, [(4, None); 4]);
    assert_eq!(fixture.end(1), Some(EndReason::SecretsRevoked));
    let ended = fixture.entries("family.ended");
    assert_eq!(
        (ended.len(), &ended[0]["detail"]),
        (1, &json!({ "ended": "secrets-revoked" }))
    );
    let text = fixture
        .shell
        .run(&["key", "rotate", "--server-secrets", "--revoke"])
        .stdout;
    assert!(
        text.starts_with("new server secrets are in use, and the old ones are removed: 0 refresh tokens ended"),
        "{text}"
    );
}

#[test]
fn rotation_of_secrets_needs_a_server() {
    let fixture = GrantedFixture::new();
    let none = fixture.shell.run(&["key", "rotate", "--server-secrets"]);
    assert_eq!(
        none.complaint(1),
        "there are no server secrets yet; a server with the code grant makes them when it starts"
    );
    for line in [
        &["key", "rotate", "--revoke"][..],
        &["key", "rotate", "--server-secrets", "--algorithm", "ES384"],
    ] {
        assert_eq!(fixture.shell.run(line).status, 2, "{line:?}");
    }
}

#[test]
fn rewrap_seals_the_server_secrets_again() {
    let fixture = with_secrets();
    let (old_kek, before) = (kek(&fixture), rows(&fixture));
    let run = fixture.shell.run(&["key", "rewrap"]);
    assert_eq!(
        run.stdout, "5 keys and server secrets are encrypted again\n",
        "{}",
        run.stderr
    );
    let (new_kek, after) = (kek(&fixture), rows(&fixture));
    assert!(before.iter().all(|row| old_kek.has_sealed(&row.sealed)));
    assert!(
        after
            .iter()
            .all(|row| new_kek.has_sealed(&row.sealed) && !old_kek.has_sealed(&row.sealed))
    );
    let now = SystemClock.now();
    assert!(SecretRings::open(&new_kek, &after, now).is_ok() && SecretRings::open(&old_kek, &after, now).is_err());
    assert_eq!(rotate(&fixture)["server_secrets"]["mac"], json!(2));
    let entries = fixture.entries("key.rewrapped");
    assert_eq!(entries[0]["count"], json!(5));
}
