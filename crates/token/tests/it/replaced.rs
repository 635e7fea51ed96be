//! Keys that are replaced while tokens are verified and issued.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use scopegate_domain::{AccessTokenClaims, ClientId, KeyId, Lifetime, TokenId};
use scopegate_token::{
    Algorithm, JwksPolicy, KeySet, PayloadBuffer, Signer, SigningKey, Verifier, VerifyError, VerifyingKey,
};

use crate::forge::{Kind, now};

fn key(id: &str) -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa)
        .unwrap()
        .with_id(KeyId::parse(id).unwrap())
}

fn claims() -> AccessTokenClaims {
    AccessTokenClaims::new("u1", now(), Lifetime::from_minutes(30))
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t1").unwrap())
}

fn verify(verifier: &Verifier, token: &str) -> Result<(), VerifyError> {
    verifier.verify(token, now(), &mut PayloadBuffer::new()).map(drop)
}

#[test]
fn replaced_keys_hold_in_every_clone() {
    let rules = Kind::rfc9068().rules;
    let (old, new) = (key("old"), key("new"));
    let (public_old, public_new) = (old.verifying_key(), new.verifying_key());
    let signer = Signer::new(rules.clone(), old);
    let verifier = Verifier::new(rules, public_old.clone());
    let clone = verifier.clone();
    let early = signer.issue(&claims()).unwrap();
    assert_eq!((clone.key_epoch(), verify(&clone, early.expose())), (0, Ok(())));

    verifier.replace_keys(KeySet::new([public_old, public_new.clone()]).unwrap());
    signer.replace_key(new);
    let late = signer.issue(&claims()).unwrap();
    assert_eq!((clone.key_epoch(), clone.keys().iter().count()), (1, 2));
    assert_eq!(
        (verify(&clone, early.expose()), verify(&clone, late.expose())),
        (Ok(()), Ok(()))
    );
    assert_eq!(clone.key_for(late.expose()).unwrap().id().unwrap().as_str(), "new");

    clone.replace_keys(public_new);
    assert_eq!(verifier.key_epoch(), 2);
    assert_eq!(verify(&verifier, early.expose()), Err(VerifyError::UnknownKey));
    assert_eq!(verify(&verifier, late.expose()), Ok(()));
    verifier.replace_keys(KeySet::new([]).unwrap());
    assert_eq!(verify(&verifier, late.expose()), Err(VerifyError::UnknownKey));
    assert_eq!(verifier.key_epoch(), 3);
}

/// What the keys verified stays known, because the epoch stays.
#[test]
fn equal_keys_change_nothing() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
        let key = |id: &str| {
            let key = SigningKey::generate(algorithm).unwrap();
            key.with_id(KeyId::parse(id).unwrap()).verifying_key()
        };
        let (one, other) = (key("one"), key("other"));
        let set = |keys: &[&VerifyingKey]| KeySet::new(keys.iter().map(|key| (*key).clone())).unwrap();
        let verifier = Verifier::new(Kind::rfc9068().rules, set(&[&one, &other]));
        let mut epoch = 0;
        let renamed = one.clone().with_id(KeyId::parse("renamed").unwrap());
        let unnamed = one.clone().without_id();
        let remade = key("one");
        for (keys, changes) in [
            (set(&[&one, &other]), false),
            (set(&[&other, &one]), false),
            (set(&[&one]), true),
            (set(&[&one]), false),
            (set(&[&renamed]), true),
            (set(&[&unnamed]), true),
            (set(&[&one, &other]), true),
            (set(&[&remade, &other]), true),
            (
                KeySet::from_jwks(set(&[&remade, &other]).to_jwks().as_bytes(), JwksPolicy::PUBLIC_ONLY)
                    .unwrap()
                    .into_keys(),
                false,
            ),
            (set(&[]), true),
            (set(&[]), false),
        ] {
            verifier.replace_keys(keys);
            epoch += u64::from(changes);
            assert_eq!(verifier.key_epoch(), epoch);
        }
    }
}

#[test]
fn the_usual_header_of_a_removed_key_is_forgotten() {
    // Without an id, the header of the old key is that of the new one.
    let rules = Kind::rfc9068().rules;
    let [old, new] = [(), ()].map(|()| SigningKey::generate(Algorithm::EdDsa).unwrap());
    let verifier = Verifier::new(rules.clone(), old.verifying_key());
    let token = Signer::new(rules, old).issue(&claims()).unwrap();
    assert_eq!(verify(&verifier, token.expose()), Ok(()));
    verifier.replace_keys(new.verifying_key());
    assert_eq!(verify(&verifier, token.expose()), Err(VerifyError::Signature));
}

/// Rotation costs no token: what the current key signs is always verified, while keys are replaced
/// as fast as can be.
#[test]
fn no_token_is_refused_while_keys_rotate() {
    let rules = Kind::rfc9068().rules;
    let keys: Vec<_> = (0..8)
        .map(|number| key(&format!("k{number}")).verifying_key())
        .collect();
    let first = key("first");
    let public = first.verifying_key();
    let set = |number: usize| KeySet::new([public.clone(), keys[number % keys.len()].clone()]).unwrap();
    let verifier = Verifier::new(rules.clone(), set(0));
    let token = Signer::new(rules, first).issue(&claims()).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [(), ()].map(|()| {
            scope.spawn(|| {
                let mut count = 0;
                while !done.load(Ordering::Relaxed) || count == 0 {
                    assert_eq!(verify(&verifier, token.expose()), Ok(()));
                    count += 1;
                }
            })
        });
        for number in 0..2_000 {
            verifier.replace_keys(set(number + 1));
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert_eq!(verifier.key_epoch(), 2_000);
}

/// What a cache relies on: if the epoch that was read before verifying is still the epoch, the
/// token is verified now.
#[test]
fn an_epoch_read_before_verifying_is_never_too_young() {
    let rules = Kind::rfc9068().rules;
    let (good, other) = (key("good"), key("other"));
    let (with, without) = (KeySet::from(good.verifying_key()), KeySet::from(other.verifying_key()));
    let verifier = Verifier::new(rules.clone(), with.clone());
    let token = Signer::new(rules, good).issue(&claims()).unwrap();
    let done = AtomicBool::new(false);
    // Even epochs trust the key, odd ones do not.
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) || rounds == 0 {
                let before = verifier.key_epoch();
                let verdict = verify(&verifier, token.expose());
                let after = verifier.key_epoch();
                rounds += 1;
                // An epoch that did not move either had this set, or the next one was put there and
                // not yet counted.
                if before == after && verdict.is_ok() {
                    assert!(
                        before.is_multiple_of(2) || verifier.key_epoch() > before || is_soon_younger(&verifier, before)
                    );
                }
            }
        });
        for number in 0..4_000 {
            verifier.replace_keys(if number % 2 == 0 { without.clone() } else { with.clone() });
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert_eq!(verify(&verifier, token.expose()), Ok(()), "the last set trusts the key");
}

/// The thread that replaces keys is between putting them there and counting them.
fn is_soon_younger(verifier: &Verifier, epoch: u64) -> bool {
    (0..1_000_000).any(|_| {
        thread::yield_now();
        verifier.key_epoch() > epoch
    })
}
