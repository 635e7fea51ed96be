//! One token has one spelling, and no other text is a token.

use proptest::prelude::*;
use scopegate_domain::{AccessTokenClaims, ClaimsError, ClientId, Lifetime, TokenId};
use scopegate_token::{PayloadBuffer, Signer, Verifier, VerifyError, fuzzing, inspect};

use crate::forge::{Es256, Kind, encode, hs256_key, now, verify};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn another_spelling_of_the_encoding_is_refused() {
    for kind in Kind::both() {
        let token = kind.token();
        let parts: Vec<&str> = token.split('.').collect();
        let replaced = |index: usize, part: String| {
            let mut parts = parts.clone();
            parts[index] = &part;
            parts.join(".")
        };
        for (index, part) in parts.iter().enumerate() {
            for changed in [
                format!("{part}="),
                format!("{part}=="),
                format!("{part}\n"),
                format!(" {part}"),
                format!("{}+{}", &part[..4], &part[5..]),
                format!("{}/{}", &part[..4], &part[5..]),
                format!("{}!{}", &part[..4], &part[4..]),
                format!("{}é{}", &part[..4], &part[6..]),
                format!("{}\0{}", &part[..4], &part[5..]),
            ] {
                let verdict = kind.verify(&replaced(index, changed.clone()));
                assert_eq!(
                    verdict,
                    Err(VerifyError::Encoding),
                    "{} segment {index}: {changed}",
                    kind.name
                );
            }
        }
    }
}

#[test]
fn bits_that_count_for_nothing_are_zero() {
    // 32 bytes leave two bits of the last character unused: three other characters decode to the
    // same bytes.
    let kind = Kind::tutorial();
    let token = kind.token();
    let (head, last) = token.split_at(token.len() - 1);
    let value = ALPHABET.iter().position(|byte| last.as_bytes() == [*byte]).unwrap();
    for spare in 1..4 {
        let spelled = format!("{head}{}", char::from(ALPHABET[value | spare]));
        assert_eq!(kind.verify(&spelled), Err(VerifyError::Encoding));
    }
}

#[test]
fn every_cut_and_every_flipped_bit_is_refused() {
    let (es256, rfc9068) = (Es256::generate(), Kind::rfc9068());
    let signer = Signer::new(rfc9068.rules.clone(), es256.signing_key());
    let claims = AccessTokenClaims::new("u1", now(), Lifetime::from_minutes(30))
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t1").unwrap());
    let issued = signer.issue(&claims).unwrap();
    let tutorial = Kind::tutorial();
    for (rules, key, token) in [
        (&tutorial.rules, hs256_key().verifying_key(), tutorial.token()),
        (&rfc9068.rules, es256.verifying_key(), issued.expose().to_owned()),
    ] {
        assert_eq!(verify(rules, key.clone(), &token), Ok(()));
        for end in 0..token.len() {
            assert!(verify(rules, key.clone(), &token[..end]).is_err(), "cut to {end}");
            assert!(verify(rules, key.clone(), &token[end + 1..]).is_err(), "cut from {end}");
        }
        for index in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                let flipped = String::from_utf8(bytes).unwrap();
                assert!(verify(rules, key.clone(), &flipped).is_err(), "bit {bit} of {index}");
            }
        }
    }
}

#[test]
fn a_token_can_be_looked_into_without_a_key() {
    let token = Kind::rfc9068().token();
    let unverified = inspect(&token).unwrap();
    assert_eq!(unverified.header()["typ"], "at+jwt");
    assert_eq!(unverified.claims()["client_id"], "app");
    assert_eq!(unverified.expires_at(), Some(now() + Lifetime::from_minutes(30)));
    assert_eq!(inspect("a.b"), Err(VerifyError::Segments));
    assert_eq!(inspect("!.!.!"), Err(VerifyError::Encoding));
    assert_eq!(inspect(&"x".repeat(20_000)), Err(VerifyError::TokenTooLong));
    let two = |header: &str, payload: &str| format!("{}.{}.", encode(header), encode(payload));
    assert!(inspect(&two("{}", "{}")).is_ok());
    assert_eq!(inspect(&two("{}", "[]")), Err(ClaimsError::NotAnObject.into()));
    assert_eq!(inspect(&two("[]", "{}")), Err(VerifyError::HeaderNotJson));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[A-Za-z0-9_=+.-]{0,60}") {
        for kind in Kind::both() {
            prop_assert_eq!(kind.verify(&kind.token()), Ok(()));
            let verifier = Verifier::new(kind.rules, hs256_key().verifying_key());
            for token in [String::from_utf8_lossy(&bytes).as_ref(), text.as_str()] {
                prop_assert!(verifier.verify(token, now(), &mut PayloadBuffer::new()).is_err());
            }
        }
        fuzzing::compact_jws(&bytes);
        fuzzing::compact_jws(text.as_bytes());
    }

    #[test]
    fn an_accepted_form_is_the_only_spelling(header in any::<String>(), payload in any::<Vec<u8>>(), tail in any::<Vec<u8>>()) {
        let tail = &tail[..tail.len().min(64)];
        fuzzing::compact_jws(format!("{}.{}.{}", encode(header), encode(payload), encode(tail)).as_bytes());
    }
}
