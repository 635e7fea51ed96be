//! Sealed texts.

use std::collections::BTreeSet;

use base64_simd::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use scopegate_domain::{Issuer, SecretPurpose, Timestamp};
use scopegate_token::{RandomError, SealError, Sealer, SecretRing, ServerSecret, SystemRandomSource};

use crate::random::{Dry, Fixed};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// A sealer with secrets of these bytes, the newest first.
fn sealer_of(purpose: SecretPurpose, issuer: &str, bytes: &[u8]) -> Sealer {
    let secrets = bytes.iter().enumerate().map(|(place, byte)| {
        let version = u32::try_from(bytes.len() - place).unwrap();
        ServerSecret::generate(purpose, version, &Fixed(*byte)).unwrap()
    });
    Sealer::new(SecretRing::new(secrets).unwrap(), Issuer::parse(issuer).unwrap())
}

fn sealer(bytes: &[u8]) -> Sealer {
    sealer_of(SecretPurpose::Flow, "https://issuer.example", bytes)
}

fn sealed(sealer: &Sealer, plain: &[u8]) -> String {
    sealer.seal(plain, NOW, &SystemRandomSource).unwrap()
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let sealer = sealer(&[1, 2]);
    // With two, one and no bits behind the last byte.
    for plain in ["a request", "a request.", "a request..", ""] {
        let text = sealed(&sealer, plain.as_bytes());
        assert_eq!(sealer.open(&text).unwrap().expose(), plain.as_bytes());
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(&text).unwrap();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let changed = URL_SAFE_NO_PAD.encode_to_string(changed);
                assert!(sealer.open(&changed).is_err(), "bit {bit} of byte {place}");
            }
        }
        for place in 0..text.len() {
            assert!(sealer.open(&text[..place]).is_err(), "cut to {place}");
            assert!(sealer.open(&text[place + 1..]).is_err(), "cut from {place}");
            for bit in 0..7 {
                let mut changed = text.as_bytes().to_vec();
                changed[place] ^= 1 << bit;
                let changed = String::from_utf8(changed).unwrap();
                assert!(sealer.open(&changed).is_err(), "bit {bit} of character {place}");
            }
        }
        for wrong in [
            format!("{text}A"),
            format!("{text}="),
            format!(" {text}"),
            format!("{text}\n"),
        ] {
            assert!(sealer.open(&wrong).is_err(), "{wrong:?}");
        }
    }
}

#[test]
fn other_purpose_and_issuer_are_refused() {
    let text = sealed(&sealer(&[1]), b"a request");
    for purpose in SecretPurpose::ALL {
        for issuer in [
            "https://issuer.example",
            "https://issuer.example/",
            "https://other.example",
        ] {
            let is_own = (*purpose, issuer) == (SecretPurpose::Flow, "https://issuer.example");
            assert_eq!(
                sealer_of(*purpose, issuer, &[1]).open(&text).is_ok(),
                is_own,
                "{purpose} {issuer}"
            );
        }
    }
}

#[test]
fn live_versions_open_and_the_newest_seals() {
    let old = sealed(&sealer(&[1]), b"a request");
    assert!(sealer(&[2, 1]).open(&old).is_ok());
    assert!(sealer(&[3, 2, 1]).open(&old).is_ok());
    assert!(sealer(&[4, 3, 2]).open(&old).is_err());
    let new = sealed(&sealer(&[2, 1]), b"a request");
    assert!(sealer(&[2]).open(&new).is_ok());
    assert!(sealer(&[1]).open(&new).is_err());
}

#[test]
fn each_day_has_its_own_key() {
    let sealer = sealer(&[1]);
    let seal = |seconds| {
        sealer
            .seal(b"a request", Timestamp::from_unix(seconds), &Fixed(0))
            .unwrap()
    };
    assert_eq!(seal(0), seal(86_399));
    let (first, second) = (seal(0), seal(86_400));
    let body = |text: &str| URL_SAFE_NO_PAD.decode_to_vec(text).unwrap()[15..].to_vec();
    assert_ne!(body(&first), body(&second));
    // A text is opened on any later day: the bytes contain their end.
    for text in [first, second] {
        assert_eq!(sealer.open(&text).unwrap().expose(), b"a request");
    }
}

#[test]
fn same_bytes_are_sealed_differently_each_time() {
    let sealer = sealer(&[1]);
    let texts: BTreeSet<String> = (0..100).map(|_| sealed(&sealer, b"a request")).collect();
    assert_eq!(texts.len(), 100);
    assert_eq!(sealer.seal(b"", NOW, &Dry), Err(SealError::RandomSource(RandomError)));
    assert!(!format!("{sealer:?}").contains("1, 1"), "{sealer:?}");
}

#[test]
fn length_is_limited_on_both_sides() {
    let sealer = sealer(&[1]);
    let longest = vec![7; Sealer::MAX_LEN];
    assert_eq!(*sealer.open(&sealed(&sealer, &longest)).unwrap().expose(), longest);
    let longer = vec![7; Sealer::MAX_LEN + 1];
    assert_eq!(sealer.seal(&longer, NOW, &SystemRandomSource), Err(SealError::TooLong));
    assert!(sealer.open(&"A".repeat(100_000)).is_err());
}

proptest! {
    #[test]
    fn sealed_bytes_are_opened(plain: Vec<u8>, seconds: i64, key: u8) {
        let sealer = sealer(&[key]);
        let text = sealer.seal(&plain, Timestamp::from_unix(seconds), &SystemRandomSource).unwrap();
        let opened = sealer.open(&text).unwrap();
        prop_assert_eq!(opened.expose(), &plain);
        prop_assert!(sealer_of(SecretPurpose::Flow, "https://issuer.example", &[!key]).open(&text).is_err());
    }

    #[test]
    fn nothing_else_is_opened(text in any::<String>(), encoded in "A[A-Za-z0-9_-]{41,200}") {
        prop_assert!(sealer(&[1, 2, 3]).open(&text).is_err());
        prop_assert!(sealer(&[1, 2, 3]).open(&encoded).is_err());
    }
}
