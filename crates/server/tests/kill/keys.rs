//! Keys that are rotated and sealed anew until all is over, and looked at afterwards.

use std::path::Path;
use std::process::Stdio;

use scopegate_domain::Secret;
use scopegate_store::Store;
use scopegate_token::{Algorithm, KeyEncryptionKey, KeyRing, SigningKey};
use serde_json::Value;

use crate::support::scopegate;
use crate::writer::Scene;

/// What is done to keys.
pub(crate) const WRITES: [&str; 2] = ["key rewrap", "key rotate"];

/// What was answered.
#[derive(Debug, Default)]
pub(crate) struct Rotated {
    pub(crate) answered: Vec<&'static str>,
    pub(crate) keys: Vec<String>,
}

impl Scene {
    /// Rotates; where the next key is there already, seals all keys anew.
    pub(crate) fn rotate(&self, database: &Path) -> Rotated {
        let mut rotated = Rotated::default();
        while !self.is_over() {
            match self.key(database, "rotate") {
                Some((0, key)) => {
                    let key: Value = serde_json::from_str(&key).unwrap();
                    rotated.keys.push(key["kid"].as_str().unwrap().to_owned());
                    rotated.answered.push(WRITES[1]);
                }
                Some((1, _)) => {
                    if let Some((status, _)) = self.key(database, "rewrap") {
                        assert_eq!(status, 0);
                        rotated.answered.push(WRITES[0]);
                    }
                }
                Some((status, _)) => panic!("status {status}"),
                None => {}
            }
        }
        rotated
    }

    /// The exit status and what was printed; nothing where it was ended before.
    fn key(&self, database: &Path, verb: &str) -> Option<(i32, String)> {
        let mut command = scopegate();
        command.args(["key", verb, "--format", "json", "--database"]);
        command
            .arg(format!("sqlite:{}", database.display()))
            .env("SCOPEGATE_KEY_ANNOUNCEMENT", "1s");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ended = self.run_to_its_end(&mut command)?;
        let status = ended.status.code()?;
        assert!(status < 2, "{verb}: {}", String::from_utf8_lossy(&ended.stderr));
        Some((status, String::from_utf8(ended.stdout).unwrap()))
    }
}

/// Every key that was answered is there, they are a ring, and each opens with the key-encryption key beside the database.
pub(crate) async fn are_usable(store: &dyn Store, database: &Path, answered: &[String]) {
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
}
