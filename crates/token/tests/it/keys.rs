//! Keys and sets of them.

use scopegate_domain::{AccessTokenClaims, ClientId, KeyId, Lifetime, Secret, TokenId};
use scopegate_token::{Algorithm, KeyError, KeySet, SignError, Signer, SigningKey, VerifyingKey, inspect};

use crate::forge::{Es256, Kind, SECRET, hs256_key, now, verify};

fn claims() -> AccessTokenClaims {
    AccessTokenClaims::new("u1", now(), Lifetime::from_minutes(30))
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t1").unwrap())
}

#[test]
fn a_secret_is_as_long_as_its_hash() {
    for len in [0, 1, 31] {
        let secret = Secret::new("x".repeat(len));
        assert_eq!(SigningKey::hs256(&secret).unwrap_err(), KeyError::ShortSecret, "{len}");
    }
    for len in [32, 64, 65, 1000] {
        assert!(SigningKey::hs256(&Secret::new(vec![7; len])).is_ok(), "{len}");
    }
}

#[test]
fn a_key_survives_its_document() {
    let kind = Kind::rfc9068();
    let key = SigningKey::es256_generate().unwrap();
    let public = key.verifying_key();
    let document = key.to_pkcs8().unwrap().clone();
    let again = SigningKey::es256_from_pkcs8(document).unwrap();
    assert_eq!(again.algorithm(), Algorithm::Es256);
    assert_eq!(again.verifying_key().point(), public.point());
    let token = Signer::new(kind.rules.clone(), again).issue(&claims()).unwrap();
    assert_eq!(verify(&kind.rules, public.clone(), token.expose()), Ok(()));
    let imported = VerifyingKey::es256_from_point(public.point().unwrap()).unwrap();
    assert_eq!(verify(&kind.rules, imported, token.expose()), Ok(()));
    assert!(hs256_key().to_pkcs8().is_none());
    assert!(hs256_key().verifying_key().point().is_none());
}

#[test]
fn malformed_key_is_refused() {
    let good = Es256::generate();
    assert!(SigningKey::es256_from_pkcs8(Secret::new(good.pkcs8.clone())).is_ok());
    for len in 0..good.pkcs8.len() {
        assert!(
            SigningKey::es256_from_pkcs8(Secret::new(good.pkcs8[..len].to_vec())).is_err(),
            "{len}"
        );
    }
    let public = good.verifying_key();
    let point = public.point().unwrap();
    assert!(VerifyingKey::es256_from_point(point).is_ok());
    for wrong in [
        &[][..],
        &point[..64],
        &point[1..],
        &[&[2][..], &point[1..]].concat(),
        &[point, &[0]].concat(),
    ] {
        assert_eq!(VerifyingKey::es256_from_point(wrong).unwrap_err(), KeyError::Malformed);
    }
}

#[test]
fn a_point_off_the_curve_verifies_nothing() {
    let kind = Kind::rfc9068();
    let token = Signer::new(kind.rules.clone(), SigningKey::es256_generate().unwrap())
        .issue(&claims())
        .unwrap();
    let mut point = [1; 65];
    point[0] = 4;
    assert!(
        verify(
            &kind.rules,
            VerifyingKey::es256_from_point(&point).unwrap(),
            token.expose()
        )
        .is_err()
    );
}

#[test]
fn two_keys_of_a_set_do_not_share_an_id() {
    let key = |id: &str| hs256_key().with_id(KeyId::parse(id).unwrap()).verifying_key();
    assert_eq!(
        KeySet::new([key("a"), key("b"), key("a")]).unwrap_err(),
        KeyError::DuplicateId
    );
    assert!(
        KeySet::new([
            key("b"),
            key("a"),
            hs256_key().verifying_key(),
            hs256_key().verifying_key()
        ])
        .is_ok()
    );
}

#[test]
fn a_token_names_the_key_that_signed_it() {
    let kind = Kind::rfc9068();
    let key = SigningKey::es256_generate()
        .unwrap()
        .with_id(KeyId::parse("2026-08").unwrap());
    let keys = KeySet::new([Es256::generate().verifying_key(), key.verifying_key()]).unwrap();
    let token = Signer::new(kind.rules.clone(), key).issue(&claims()).unwrap();
    assert_eq!(inspect(token.expose()).unwrap().header()["kid"], "2026-08");
    assert_eq!(verify(&kind.rules, keys, token.expose()), Ok(()));
}

#[test]
fn what_a_verifier_would_refuse_is_not_issued() {
    let kind = Kind::rfc9068();
    let bare = AccessTokenClaims::new("u1", now(), Lifetime::from_minutes(30));
    assert_eq!(
        Signer::new(kind.rules.clone(), hs256_key()).issue(&bare).unwrap_err(),
        SignError::Claims
    );
    let long = AccessTokenClaims::new("u".repeat(9_000), now(), Lifetime::from_minutes(30));
    assert_eq!(
        Signer::new(Kind::tutorial().rules, hs256_key())
            .issue(&long)
            .unwrap_err(),
        SignError::TooLong
    );
}

#[test]
fn keys_do_not_print_themselves() {
    let (secret, pair) = (hs256_key(), SigningKey::es256_generate().unwrap());
    let printed = format!(
        "{secret:?} {:?} {pair:?} {:?}",
        secret.verifying_key(),
        pair.verifying_key()
    );
    assert!(!printed.contains(SECRET) && !printed.contains("09d25e"), "{printed}");
    assert_eq!(
        format!("{:?}", secret.with_id(KeyId::parse("k1").unwrap())),
        "SigningKey { algorithm: Hs256, id: Some(KeyId(\"k1\")), .. }"
    );
}
