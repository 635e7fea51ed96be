//! Keys that are rotated, removed and resealed until the kill, and checked afterwards.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use scopegate_domain::Secret;
use scopegate_store::Store;
use scopegate_token::{Algorithm, KeyEncryptionKey, KeyRing, SigningKey};
use serde_json::Value;

use crate::kill::writer::KillFixture;
use crate::support::scopegate;

/// The commands on keys.
pub(crate) const WRITES: [&str; 3] = ["key remove", "key rewrap", "key rotate"];

/// The confirmed changes.
#[derive(Debug, Default)]
pub(crate) struct Rotated {
    pub(crate) answered: Vec<&'static str>,
    /// The existing keys.
    pub(crate) keys: Vec<String>,
    /// The removed keys.
    pub(crate) removed: Vec<String>,
}

/// Whether the next call that cannot rotate removes a key. All rounds share it, because few rounds
/// get that far twice.
static IS_TO_REMOVE: AtomicBool = AtomicBool::new(true);

impl KillFixture {
    /// Rotates. If the next key exists already, removes a key or reseals all keys.
    pub(crate) fn rotate(&self, database: &Path) -> Rotated {
        let mut rotated = Rotated::default();
        while !self.is_over() {
            match self.key(database, &["rotate"]) {
                Some((0, key)) => {
                    let key: Value = serde_json::from_str(&key).unwrap();
                    rotated.keys.push(key["kid"].as_str().unwrap().to_owned());
                    rotated.answered.push("key rotate");
                }
                Some((1, _)) if IS_TO_REMOVE.fetch_not(Ordering::Relaxed) => self.remove(database, &mut rotated),
                Some((1, _)) => {
                    if let Some((status, _)) = self.key(database, &["rewrap"]) {
                        assert_eq!(status, 0);
                        rotated.answered.push("key rewrap");
                    }
                }
                Some((status, _)) => panic!("status {status}"),
                None => {}
            }
        }
        rotated
    }

    /// Removes a key. If the command is killed, the key may exist or not.
    fn remove(&self, database: &Path, rotated: &mut Rotated) {
        if rotated.keys.is_empty() {
            return;
        }
        let leaked = rotated.keys.swap_remove(0);
        if let Some((status, _)) = self.key(database, &["remove", &leaked]) {
            assert_eq!(status, 0);
            rotated.answered.push("key remove");
            rotated.removed.push(leaked);
        }
    }

    /// The exit status and the output; `None` if the command was killed.
    fn key(&self, database: &Path, words: &[&str]) -> Option<(i32, String)> {
        let mut command = scopegate();
        command.arg("key").args(words).args(["--format", "json", "--database"]);
        command
            .arg(format!("sqlite:{}", database.display()))
            .env("SCOPEGATE_KEY_ANNOUNCEMENT", "1s");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ended = self.run_to_its_end(&mut command)?;
        let status = ended.status.code()?;
        let error = String::from_utf8_lossy(&ended.stderr);
        // No server and no `user add` has created the database yet.
        if error.contains("does not exist") || error.contains("is empty") {
            std::thread::sleep(std::time::Duration::from_millis(1));
            return None;
        }
        assert!(status < 2, "{words:?}: {error}");
        Some((status, String::from_utf8(ended.stdout).unwrap()))
    }
}

/// Every confirmed key exists, and no removed one does. The keys form a ring, and each opens with
/// the key-encryption key next to the database.
pub(crate) async fn are_usable(store: &dyn Store, database: &Path, answered: &[String], removed: &[String]) {
    let ring = KeyRing::new(store.signing_keys().list().await.unwrap()).unwrap();
    let keks: Vec<_> = ["kek", "kek.next"]
        .into_iter()
        .filter_map(|end| std::fs::read_to_string(database.with_extension(format!("db.{end}"))).ok())
        .map(|text| KeyEncryptionKey::parse(&Secret::new(text)).unwrap())
        .collect();
    for key in ring.keys() {
        let kek = keks
            .iter()
            .find(|kek| kek.has_sealed(&key.sealed))
            .expect("a key-encryption key");
        let opened = kek.open(&key.id, &key.algorithm, &key.sealed).unwrap();
        SigningKey::from_pkcs8(Algorithm::find(&key.algorithm).unwrap(), opened).unwrap();
    }
    let one = keks
        .iter()
        .filter(|kek| ring.keys().iter().all(|key| kek.has_sealed(&key.sealed)));
    assert!(
        one.count() > 0 || ring.keys().is_empty(),
        "keys are sealed with one and the same"
    );
    for id in answered {
        assert!(
            ring.keys().iter().any(|key| key.id.as_str() == id),
            "`{id}` is lost: {ring:?}"
        );
    }
    for id in removed {
        assert!(
            ring.keys().iter().all(|key| key.id.as_str() != id),
            "`{id}` is back: {ring:?}"
        );
    }
}
