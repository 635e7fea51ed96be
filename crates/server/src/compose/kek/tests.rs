use std::os::unix::fs::PermissionsExt;

use scopegate_domain::{KeyId, Lifetime, StoredKey, Timestamp};
use scopegate_store::MemoryStore;

use super::*;

fn file(database: &Path) -> KeyEncryptionKeySource {
    KeyEncryptionKeySource::find(None, &format!("sqlite:{}", database.display())).unwrap()
}

/// A store with one key, sealed with this one.
async fn sealed_with(kek: &KeyEncryptionKey) -> MemoryStore {
    let (store, id) = (MemoryStore::new(), KeyId::parse("k1").unwrap());
    let sealed = kek
        .seal(&id, "ES256", &Secret::new(vec![1]), &SystemRandomSource)
        .unwrap();
    let key = StoredKey {
        id,
        algorithm: "ES256".to_owned(),
        epoch: 1,
        published_at: Timestamp::from_unix(0),
        used_from: Timestamp::from_unix(0),
        token_lifetime: Lifetime::from_minutes(1),
        accepts_missing_kid: false,
        sealed,
    };
    assert!(store.rotate(key).await.unwrap());
    store
}

fn same(one: &KeyEncryptionKey, other: &KeyEncryptionKey) -> bool {
    one.to_text().same_as(&other.to_text())
}

#[test]
fn only_sqlite_makes_a_key_of_its_own() {
    for url in ["postgres://db.example/scopegate", "postgresql://db", "mysql://x", ""] {
        let error = KeyEncryptionKeySource::find(None, url).unwrap_err();
        assert!(
            error.to_string().starts_with("`key_encryption_key` is missing"),
            "{url}"
        );
        let key = Arc::new(KeyEncryptionKey::generate(&SystemRandomSource).unwrap());
        let source = KeyEncryptionKeySource::find(Some(&ConfiguredKek { key, file: None }), url).unwrap();
        assert!(matches!(source, KeyEncryptionKeySource::Configured(_)), "{url}");
    }
    assert!(matches!(
        KeyEncryptionKeySource::find(None, "sqlite::memory:"),
        Ok(KeyEncryptionKeySource::Memory)
    ));
    for url in ["sqlite:a.db", "sqlite://a.db"] {
        let Ok(KeyEncryptionKeySource::File(path)) = KeyEncryptionKeySource::find(None, url) else {
            panic!("{url}")
        };
        assert_eq!(path, Path::new("a.db.kek"));
    }
}

#[tokio::test]
async fn the_key_is_for_its_owner_alone_and_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (source, store) = (file(&folder.path().join("a.db")), MemoryStore::new());
    let first = source.open(&store).await.unwrap();
    let mode = std::fs::metadata(folder.path().join("a.db.kek"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left"
    );
    assert!(same(&first, &source.open(&store).await.unwrap()));
}

#[tokio::test]
async fn a_file_that_was_configured_is_read_again() {
    let (folder, store) = (tempfile::tempdir().unwrap(), MemoryStore::new());
    let path = folder.path().join("kek");
    let generate = || Arc::new(KeyEncryptionKey::generate(&SystemRandomSource).unwrap());
    let (key, new) = (generate(), generate());
    let configured = |file| {
        KeyEncryptionKeySource::Configured(ConfiguredKek {
            key: Arc::clone(&key),
            file,
        })
    };
    let (bare, source) = (configured(None), configured(Some(path.clone())));
    std::fs::write(&path, format!("{}\n", new.to_text().expose())).unwrap();
    assert!(same(&source.open(&store).await.unwrap(), &new));
    assert!(same(&bare.open(&store).await.unwrap(), &key));
    std::fs::remove_file(&path).unwrap();
    assert!(source.open(&store).await.is_err());
}

#[tokio::test]
async fn invalid_key_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.db.kek"), "hunter2").unwrap();
    let error = file(&folder.path().join("a.db"))
        .open(&MemoryStore::new())
        .await
        .unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("a.db.kek") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn missing_key_is_not_replaced_while_keys_need_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = sealed_with(&KeyEncryptionKey::generate(&SystemRandomSource).unwrap()).await;
    let error = file(&folder.path().join("a.db")).open(&store).await.unwrap_err();
    assert!(error.to_string().contains("is missing"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_replacement_that_ended_half_way_is_settled_by_what_the_store_holds() {
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("a.db"));
    let old = source.open(&MemoryStore::new()).await.unwrap();
    let new = source.prepare_replacement().unwrap().unwrap();
    let again = source.prepare_replacement().unwrap().unwrap();
    assert!(same(&again, &new), "the interrupted replacement is continued");

    let before = source.open(&sealed_with(&old).await).await.unwrap();
    assert!(same(&before, &old));
    let after = source.open(&sealed_with(&new).await).await.unwrap();
    assert!(same(&after, &new));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(same(&source.open(&MemoryStore::new()).await.unwrap(), &new));
}
