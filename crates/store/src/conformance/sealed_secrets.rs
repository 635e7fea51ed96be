//! The rules of [`SealedSecrets`](crate::SealedSecrets).

use std::sync::Arc;

use scopegate_domain::{SealedSecret, SecretPurpose};

use super::races::{RACES, count_yes};
use super::signing_keys::{fill, rewrapped};
use super::world::at;
use crate::{Cleanup, ResealedSecret, Store};

fn secret(purpose: SecretPurpose, version: u32) -> SealedSecret {
    SealedSecret {
        purpose,
        version,
        created_at: at(version.into()),
        verifies_until: None,
        sealed: vec![0, u8::try_from(version).unwrap(), 255],
    }
}

fn resealed(secret: &SealedSecret) -> ResealedSecret {
    ResealedSecret {
        purpose: secret.purpose,
        version: secret.version,
        old: secret.sealed.clone(),
        new: vec![7],
    }
}

pub async fn only_the_next_version_is_added(store: Arc<dyn Store>) {
    let secrets = store.secrets();
    let add = async |purpose, version, until| {
        let secret = secret(purpose, version);
        secrets.add_secret_version(secret, at(until)).await.unwrap()
    };
    let (mac, flow) = (SecretPurpose::Mac, SecretPurpose::Flow);
    assert!(!add(mac, 2, 0).await && add(mac, 1, 0).await && !add(mac, 1, 0).await && !add(mac, 3, 0).await);
    assert!(add(flow, 1, 0).await && add(mac, 2, 50).await && add(mac, 3, 40).await);
    let until = |purpose, version, until| SealedSecret {
        verifies_until: Some(at(until)),
        ..secret(purpose, version)
    };
    let all = [secret(flow, 1), until(mac, 1, 50), until(mac, 2, 40), secret(mac, 3)];
    assert_eq!(secrets.sealed_secrets().await.unwrap(), all);
    assert!(secrets.remove_secrets_through(mac, 1).await.unwrap());
    assert!(!secrets.remove_secrets_through(mac, 1).await.unwrap());
    let cleanup = Cleanup {
        now: at(40),
        max: 0,
        after: None,
    };
    assert_eq!(store.delete_expired(cleanup).await.unwrap().secrets, 1);
    assert_eq!(
        secrets.sealed_secrets().await.unwrap(),
        [secret(flow, 1), secret(mac, 3)]
    );
    assert!(
        !secrets.remove_secrets_through(mac, 9).await.unwrap(),
        "never the newest one"
    );
}

pub async fn secrets_are_sealed_again_all_or_none(store: Arc<dyn Store>) {
    let secrets = store.secrets();
    let both = [secret(SecretPurpose::Form, 1), secret(SecretPurpose::Mac, 1)];
    for secret in both.clone() {
        assert!(secrets.add_secret_version(secret, at(0)).await.unwrap());
    }
    let mut all: Vec<_> = both.iter().map(resealed).collect();
    assert!(!secrets.reseal_secrets(&all[..1]).await.unwrap());
    all[1].old.push(0);
    assert!(!secrets.reseal_secrets(&all).await.unwrap());
    assert_eq!(secrets.sealed_secrets().await.unwrap(), both);
    all[1].old.pop();
    assert!(secrets.reseal_secrets(&all).await.unwrap());
    let stored = secrets.sealed_secrets().await.unwrap();
    assert!(stored.iter().all(|secret| secret.sealed == [7]));
}

pub async fn keys_and_secrets_are_sealed_again_together(store: Arc<dyn Store>) {
    let keys = fill(&store, 2).await;
    let secret = secret(SecretPurpose::Mac, 1);
    assert!(store.secrets().add_secret_version(secret.clone(), at(0)).await.unwrap());
    let new_keys: Vec<_> = keys.iter().map(|key| rewrapped(key, &[7])).collect();
    let new_secrets = [resealed(&secret)];
    let (mut other_keys, mut other_secrets) = (new_keys.clone(), new_secrets.clone());
    other_keys[1].old.push(0);
    other_secrets[0].old.push(0);
    for (keys_again, secrets_again) in [
        (&new_keys[..], &[][..]),
        (&[], &new_secrets[..]),
        (&new_keys, &other_secrets),
        (&other_keys, &new_secrets),
    ] {
        assert!(!store.reseal(keys_again, secrets_again).await.unwrap());
        assert_eq!(store.signing_keys().list().await.unwrap(), keys);
        let stored = store.secrets().sealed_secrets().await.unwrap();
        assert_eq!(stored, std::slice::from_ref(&secret));
    }
    assert!(store.reseal(&new_keys, &new_secrets).await.unwrap());
    let (keys, secrets) = (
        store.signing_keys().list().await.unwrap(),
        store.secrets().sealed_secrets().await.unwrap(),
    );
    assert!(keys.iter().all(|key| key.sealed == [7]) && secrets.iter().all(|secret| secret.sealed == [7]));
}

pub async fn adding_a_version_at_once_succeeds_once(store: Arc<dyn Store>) {
    for count in RACES {
        let version = match store.secrets().sealed_secrets().await.unwrap().last() {
            Some(newest) => newest.version + 1,
            None => 1,
        };
        let added = count_yes(count, |_| {
            let store = Arc::clone(&store);
            async move {
                let secret = secret(SecretPurpose::Mac, version);
                store.secrets().add_secret_version(secret, at(9)).await.unwrap()
            }
        });
        assert_eq!(added.await, 1);
    }
}
