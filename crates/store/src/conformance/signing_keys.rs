//! The rules of [`SigningKeys`](crate::SigningKeys).

use std::sync::Arc;

use scopegate_domain::{KeyId, Lifetime, StoredKey, Timestamp};

use super::is_conflict;
use super::races::{RACES, at_once, count_yes};
use crate::{ResealedKey, SigningKeys, Store};

fn key(id: &str, epoch: u32) -> StoredKey {
    StoredKey {
        id: KeyId::parse(id).unwrap(),
        algorithm: "ES256".to_owned(),
        epoch,
        published_at: Timestamp::from_unix(1_000 * i64::from(epoch)),
        used_from: Timestamp::from_unix(1_000 * i64::from(epoch) + 500),
        token_lifetime: Lifetime::from_minutes(30),
        accepts_missing_kid: false,
        sealed: vec![0, 0xFF, 0x27],
    }
}

/// Adds keys of epochs 1 to `count`.
pub(super) async fn fill(store: &Arc<dyn Store>, count: u32) -> Vec<StoredKey> {
    let keys: Vec<_> = (1..=count).map(|epoch| key(&format!("k{epoch}"), epoch)).collect();
    for key in &keys {
        assert!(store.signing_keys().rotate(key.clone()).await.unwrap());
    }
    keys
}

pub(super) fn rewrapped(key: &StoredKey, new: &[u8]) -> ResealedKey {
    ResealedKey {
        id: key.id.clone(),
        old: key.sealed.clone(),
        new: new.to_vec(),
    }
}

pub async fn empty_key_list_is_valid(store: Arc<dyn Store>) {
    let keys = store.signing_keys();
    assert_eq!(keys.list().await.unwrap(), []);
    assert!(!keys.allow_lifetime(0, Lifetime::from_seconds(9)).await.unwrap());
    assert!(!keys.remove_through(u32::MAX).await.unwrap());
    assert!(keys.rewrap(&[]).await.unwrap(), "all of none");
    assert!(!keys.rewrap(&[rewrapped(&key("k1", 1), b"x")]).await.unwrap());
    assert_eq!(keys.list().await.unwrap(), []);
}

pub async fn keys_are_kept_whole_and_in_order(store: Arc<dyn Store>) {
    let odd = StoredKey {
        algorithm: String::from("'; DROP TABLE signing_keys; --"),
        published_at: Timestamp::from_unix(i64::MIN),
        used_from: Timestamp::MAX,
        token_lifetime: Lifetime::from_seconds(u32::MAX),
        accepts_missing_kid: true,
        sealed: (0..=255).collect(),
        ..key("z", 1)
    };
    let all = [
        odd,
        key("a", 2),
        StoredKey {
            sealed: Vec::new(),
            ..key("m", 3)
        },
    ];
    for key in &all {
        assert!(store.signing_keys().rotate(key.clone()).await.unwrap());
    }
    assert_eq!(store.signing_keys().list().await.unwrap(), all);
}

pub async fn only_the_next_epoch_is_added(store: Arc<dyn Store>) {
    let keys = store.signing_keys();
    for (epoch, is_next) in [
        (0, false),
        (2, false),
        (1, true),
        (1, false),
        (3, false),
        (2, true),
        (u32::MAX, false),
    ] {
        let new = key(&format!("k{epoch}"), epoch);
        assert_eq!(keys.rotate(new).await.unwrap(), is_next, "{epoch}");
    }
    assert_eq!(keys.list().await.unwrap(), [key("k1", 1), key("k2", 2)]);
    assert!(keys.remove_through(1).await.unwrap());
    assert!(
        !keys.rotate(key("k1", 1)).await.unwrap(),
        "an epoch does not come again"
    );
    assert!(keys.rotate(key("k3", 3)).await.unwrap());
}

pub async fn a_key_id_is_unique(store: Arc<dyn Store>) {
    let known = fill(&store, 1).await;
    assert!(is_conflict(store.signing_keys().rotate(key("k1", 2)).await));
    assert_eq!(store.signing_keys().list().await.unwrap(), known);
    assert!(
        store.signing_keys().rotate(key("K1", 2)).await.unwrap(),
        "compared byte for byte"
    );
}

pub async fn rotating_at_once_makes_one_key(store: Arc<dyn Store>) {
    fill(&store, 1).await;
    for (epoch, count) in (2_u32..).zip(RACES) {
        let rotated = count_yes(count, |number| {
            let keys: Arc<dyn SigningKeys> = store.clone();
            async move { keys.rotate(key(&format!("k{epoch} {number}"), epoch)).await.unwrap() }
        });
        assert_eq!(rotated.await, 1, "of {count}");
    }
    assert_eq!(store.signing_keys().list().await.unwrap().len(), 1 + RACES.len());
}

pub async fn a_lifetime_is_raised_and_never_lowered(store: Arc<dyn Store>) {
    let (keys, [first, second]) = (store.signing_keys(), [key("k1", 1), key("k2", 2)]);
    let long = StoredKey {
        token_lifetime: Lifetime::from_minutes(60),
        ..second
    };
    for key in [first, long] {
        assert!(keys.rotate(key).await.unwrap());
    }
    let lifetimes = async || {
        let keys = keys.list().await.unwrap();
        keys.iter()
            .map(|key| key.token_lifetime.as_seconds() / 60)
            .collect::<Vec<_>>()
    };
    for (from, minutes, changed, after) in [
        (0, 10, false, [30, 60]),
        (3, 70, false, [30, 60]),
        (1, 45, true, [45, 60]),
        (1, 45, false, [45, 60]),
        (2, 90, true, [45, 90]),
        (0, 100, true, [100; 2]),
    ] {
        let lifetime = Lifetime::from_minutes(minutes);
        assert_eq!(keys.allow_lifetime(from, lifetime).await.unwrap(), changed);
        assert_eq!(lifetimes().await, after);
    }
}

pub async fn a_removed_key_takes_no_other_with_it(store: Arc<dyn Store>) {
    let (keys, all) = (store.signing_keys(), fill(&store, 4).await);
    let [_, _, third, newest] = all.try_into().unwrap();
    assert!(!keys.remove_through(0).await.unwrap());
    assert!(keys.remove_through(2).await.unwrap());
    assert!(!keys.remove_through(2).await.unwrap());
    assert_eq!(keys.list().await.unwrap(), [third, newest.clone()]);
    assert!(keys.remove_through(u32::MAX).await.unwrap());
    assert_eq!(keys.list().await.unwrap(), [newest], "the newest one stays");
}

pub async fn rewrapping_is_for_all_keys_or_none(store: Arc<dyn Store>) {
    let (keys, all) = (store.signing_keys(), fill(&store, 3).await);
    let whole: Vec<_> = all
        .iter()
        .map(|key| rewrapped(key, key.id.as_str().as_bytes()))
        .collect();
    let [first, second, third] = whole.clone().try_into().unwrap();
    let stranger = rewrapped(&key("k4", 4), b"x");
    let wrong = ResealedKey {
        old: b"other".to_vec(),
        ..third.clone()
    };
    let some = |list: &[&ResealedKey]| list.iter().map(|&key| key.clone()).collect::<Vec<_>>();
    for list in [
        some(&[&first, &second]),
        some(&[&first, &second, &wrong]),
        some(&[&first, &second, &third, &stranger]),
        some(&[&first, &second, &stranger]),
        some(&[&first, &second, &second]),
        some(&[]),
    ] {
        assert!(!keys.rewrap(&list).await.unwrap(), "{list:?}");
        assert_eq!(keys.list().await.unwrap(), all);
    }
    assert!(keys.rewrap(&whole).await.unwrap());
    let sealed = |key: &StoredKey| StoredKey {
        sealed: key.id.as_str().as_bytes().to_vec(),
        ..key.clone()
    };
    assert_eq!(keys.list().await.unwrap(), all.iter().map(sealed).collect::<Vec<_>>());
}

pub async fn rewrapping_at_once_succeeds_once(store: Arc<dyn Store>) {
    fill(&store, 3).await;
    for count in RACES {
        let all = store.signing_keys().list().await.unwrap();
        let sealed = |number: usize| format!("{count} {number}").into_bytes();
        let rewrapped = at_once(count, |number| {
            let keys: Arc<dyn SigningKeys> = store.clone();
            let list: Vec<_> = all.iter().map(|key| rewrapped(key, &sealed(number))).collect();
            async move { (number, keys.rewrap(&list).await.unwrap()) }
        });
        let made: Vec<_> = rewrapped.await.into_iter().filter(|(_, is_made)| *is_made).collect();
        let [(winner, _)] = made[..] else {
            panic!("{made:?} of {count}");
        };
        let keys = store.signing_keys().list().await.unwrap();
        assert!(keys.iter().all(|key| key.sealed == sealed(winner)), "{keys:?}");
    }
}

pub async fn keys_are_replaced_whole_or_not_at_all(store: Arc<dyn Store>) {
    let (keys, all) = (store.signing_keys(), fill(&store, 3).await);
    let [first, second, third] = all.clone().try_into().unwrap();
    let moved = StoredKey {
        used_from: Timestamp::from_unix(2_001),
        ..second.clone()
    };
    for old in [
        vec![],
        vec![first.clone(), second.clone()],
        vec![first.clone(), second.clone(), third.clone(), key("k4", 4)],
        vec![second.clone(), first.clone(), third.clone()],
        vec![first.clone(), moved.clone(), third.clone()],
    ] {
        assert!(!keys.replace(&old, &[key("new", 1)]).await.unwrap(), "{old:?}");
        assert_eq!(keys.list().await.unwrap(), all);
    }
    for new in [[key("a", 7), key("b", 7)], [key("a", 7), key("a", 8)]] {
        assert!(is_conflict(keys.replace(&all, &new).await), "{new:?}");
        assert_eq!(keys.list().await.unwrap(), all);
    }
    // One key is removed, one has other times, one is added.
    let new = [first, moved, key("new", 4)];
    assert!(keys.replace(&all, &new).await.unwrap());
    assert_eq!(keys.list().await.unwrap(), new);
    assert!(keys.rotate(key("k5", 5)).await.unwrap(), "counted on from the newest");
    assert!(!keys.replace(&new, &[]).await.unwrap());
    let now = keys.list().await.unwrap();
    assert!(keys.replace(&now, &[]).await.unwrap());
    assert!(keys.replace(&[], &[key("k9", 9)]).await.unwrap());
    assert_eq!(keys.list().await.unwrap(), [key("k9", 9)]);
}

pub async fn replacing_keys_at_once_succeeds_once(store: Arc<dyn Store>) {
    fill(&store, 2).await;
    for (epoch, count) in (3_u32..).zip(RACES) {
        let all = store.signing_keys().list().await.unwrap();
        let replaced = count_yes(count, |number| {
            let (keys, old): (Arc<dyn SigningKeys>, _) = (store.clone(), all.clone());
            let new = [key("k1", 1), key(&format!("k{epoch} {number}"), epoch)];
            async move { keys.replace(&old, &new).await.unwrap() }
        });
        assert_eq!(replaced.await, 1, "of {count}");
        assert_eq!(store.signing_keys().list().await.unwrap().len(), 2);
    }
}

pub async fn removing_keys_at_once_succeeds_once(store: Arc<dyn Store>) {
    for (round, count) in (0_u32..).zip(RACES) {
        let newest = 3 * (round + 1);
        for epoch in 3 * round + 1..=newest {
            let added = store.signing_keys().rotate(key(&format!("k{epoch}"), epoch)).await;
            assert!(added.unwrap());
        }
        let removed = count_yes(count, |_| {
            let keys: Arc<dyn SigningKeys> = store.clone();
            async move { keys.remove_through(newest).await.unwrap() }
        });
        assert_eq!(removed.await, 1, "of {count}");
        let left = store.signing_keys().list().await.unwrap();
        assert_eq!(left, [key(&format!("k{newest}"), newest)]);
    }
}

pub async fn the_longest_of_lifetimes_at_once_is_kept(store: Arc<dyn Store>) {
    fill(&store, 2).await;
    for (round, count) in (1_u32..).zip(RACES) {
        let longest = move |number: usize| Lifetime::from_minutes(100 * round + u32::try_from(number).unwrap());
        let raised = at_once(count, |number| {
            let keys: Arc<dyn SigningKeys> = store.clone();
            async move { (number, keys.allow_lifetime(2, longest(number)).await.unwrap()) }
        });
        assert!(
            raised.await.contains(&(count - 1, true)),
            "no other call allows the longest one"
        );
        let keys = store.signing_keys().list().await.unwrap();
        let lifetimes: Vec<_> = keys.iter().map(|key| key.token_lifetime).collect();
        assert_eq!(
            lifetimes,
            [Lifetime::from_minutes(30), longest(count - 1)],
            "of {count}"
        );
    }
}
