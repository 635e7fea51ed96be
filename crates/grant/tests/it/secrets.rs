//! Server secrets of the store.

use std::sync::Arc;

use scopegate_domain::SecretPurpose;
use scopegate_grant::SecretRings;
use scopegate_store::{MemoryStore, SealedSecrets, Store};
use scopegate_token::{KeyEncryptionKey, SystemRandomSource};

use crate::common::NOW;

#[tokio::test]
async fn first_secrets_are_made_once() {
    let store = Arc::new(MemoryStore::new());
    let shared: Arc<dyn Store> = store.clone();
    let kek = KeyEncryptionKey::generate(&SystemRandomSource).unwrap();
    let load = async || SecretRings::load(&*shared, &kek, NOW, &SystemRandomSource).await;
    load().await.unwrap();
    let rows = store.sealed_secrets().await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.purpose).collect::<Vec<_>>(),
        SecretPurpose::ALL
    );
    load().await.unwrap();
    assert_eq!(store.sealed_secrets().await.unwrap(), rows);
    let other = KeyEncryptionKey::generate(&SystemRandomSource).unwrap();
    assert!(
        SecretRings::load(&*shared, &other, NOW, &SystemRandomSource)
            .await
            .is_err()
    );
}
