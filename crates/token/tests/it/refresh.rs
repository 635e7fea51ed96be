//! Refresh tokens: the MAC, the generations and the versions of the secret.

use base64_simd::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::hmac;
use scopegate_domain::{Day, FamilyId, Generation, Lifetime, NewFamily, SecretPurpose, Timestamp};
use scopegate_token::{
    BrowserCookie, ClientSecret, IssuedCode, RefreshToken, SecretRing, ServerSecret, SystemRandomSource,
};

use crate::random::Fixed;
use crate::server_secrets::secret;

const FAMILY: FamilyId = FamilyId::from_bytes([0xF0; 16]);
const DAY: Day = Day::from_number(0x1234);

fn fixed_ring(bytes: &[u8]) -> SecretRing {
    let secrets = bytes.iter().enumerate().map(|(place, byte)| {
        let version = u32::try_from(bytes.len() - place).unwrap();
        ServerSecret::generate(SecretPurpose::Mac, version, &Fixed(*byte)).unwrap()
    });
    SecretRing::new(secrets).unwrap()
}

fn first() -> RefreshToken {
    RefreshToken::begin(FAMILY, DAY, &SystemRandomSource).unwrap()
}

/// Signs any bytes as this issuer would.
fn forged(key: u8, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[key; 32]);
    let mac = hmac::sign(&key, &[b"sgrt", body].concat());
    let bytes = [body, &mac.as_ref()[..16]].concat();
    format!("sgrt_{}", URL_SAFE_NO_PAD.encode_to_string(bytes))
}

#[test]
fn token_has_the_documented_bytes() {
    let ring = fixed_ring(&[9]);
    let token = RefreshToken::begin(FAMILY, DAY, &Fixed(7)).unwrap();
    let token = token.successor().and_then(|next| next.successor()).unwrap();
    let body = [&[0, 0x12, 0x34][..], &[0xF0; 16], &[0, 0, 0, 2], &[7; 32]].concat();
    assert_eq!(*token.to_text(&ring).expose(), forged(9, &body));
    assert_eq!(token.to_text(&ring).expose().len(), 100);
    assert_eq!(RefreshToken::LEN, 100);
    assert!(!format!("{token:?}").contains("7, 7"), "{token:?}");
    assert_eq!(format!("{token:?}"), format!("RefreshToken({FAMILY}, 2, ..)"));
}

#[test]
fn successor_has_the_same_family_and_secret() {
    let ring = fixed_ring(&[1]);
    let mut token = first();
    let digest = token.secret_digest();
    for generation in 0..5 {
        let read = RefreshToken::parse(token.to_text(&ring).expose(), &ring).unwrap();
        assert_eq!(read.generation().number(), generation);
        assert_eq!(
            (read.family(), read.ends_on(), read.secret_digest()),
            (FAMILY, DAY, digest)
        );
        // A retry computes the same text.
        let texts = [&token, &read].map(|token| token.successor().unwrap().to_text(&ring).expose().clone());
        assert_eq!(texts[0], texts[1]);
        token = read.successor().unwrap();
    }
    let last = [&[0, 0, 1][..], &[2; 16], &[0xFF; 4], &[7; 32]].concat();
    let last = RefreshToken::parse(&forged(1, &last), &ring).unwrap();
    assert_eq!(last.generation(), Generation::from_number(u32::MAX));
    assert!(last.successor().is_none());
}

#[test]
fn token_begins_its_own_family_only() {
    let token = RefreshToken::begin(FAMILY, Day::from_number(1), &SystemRandomSource).unwrap();
    let family = NewFamily {
        id: FAMILY,
        secret_digest: token.secret_digest(),
        ends_at: Timestamp::from_unix(90_000),
        idle: Lifetime::from_minutes(1),
        ends_with_session: false,
    };
    assert!(token.begins(&family));
    assert!(!token.successor().unwrap().begins(&family));
    assert!(!first().begins(&family));
    let later = NewFamily {
        ends_at: Timestamp::from_unix(200_000),
        ..family
    };
    assert!(!token.begins(&later));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let ring = SecretRing::new([secret(SecretPurpose::Mac, 1), secret(SecretPurpose::Mac, 2)]).unwrap();
    let text = first().to_text(&ring).expose().clone();
    assert!(RefreshToken::parse(&text, &ring).is_ok());
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(&text[5..]).unwrap();
    assert_eq!(bytes.len(), 71);
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let changed = format!("sgrt_{}", URL_SAFE_NO_PAD.encode_to_string(changed));
            assert!(
                RefreshToken::parse(&changed, &ring).is_err(),
                "bit {bit} of byte {place}"
            );
        }
    }
    for end in 0..text.len() {
        assert!(RefreshToken::parse(&text[..end], &ring).is_err(), "cut to {end}");
        assert!(RefreshToken::parse(&text[end + 1..], &ring).is_err(), "cut from {end}");
        for bit in 0..7 {
            let mut changed = text.as_bytes().to_vec();
            changed[end] ^= 1 << bit;
            let changed = String::from_utf8(changed).unwrap();
            assert!(
                RefreshToken::parse(&changed, &ring).is_err(),
                "bit {bit} of character {end}"
            );
        }
    }
    for wrong in [
        format!("{text}A"),
        format!("{text}="),
        format!(" {text}"),
        format!("{text}\n"),
        text.replacen("sgrt_", "sgac_", 1),
        text.to_uppercase(),
        text[5..].to_owned(),
    ] {
        assert!(RefreshToken::parse(&wrong, &ring).is_err(), "{wrong}");
    }
}

/// The MAC is right, so only the format byte or the length is wrong.
#[test]
fn other_format_byte_and_length_are_refused() {
    let ring = fixed_ring(&[1]);
    let body = |format: u8| [&[format, 0, 1][..], &[2; 16], &[0; 4], &[7; 32]].concat();
    for format in 0..=255 {
        assert_eq!(
            RefreshToken::parse(&forged(1, &body(format)), &ring).is_ok(),
            format == 0,
            "{format}"
        );
    }
    assert!(RefreshToken::parse(&forged(1, &body(0)[..54]), &ring).is_err());
    assert!(RefreshToken::parse(&forged(1, &[&body(0)[..], &[0]].concat()), &ring).is_err());
}

#[test]
fn live_versions_verify_and_the_newest_makes() {
    let token = first();
    let old = token.to_text(&fixed_ring(&[1])).expose().clone();
    assert!(RefreshToken::parse(&old, &fixed_ring(&[2, 1])).is_ok());
    assert!(RefreshToken::parse(&old, &fixed_ring(&[3, 2, 1])).is_ok());
    assert!(RefreshToken::parse(&old, &fixed_ring(&[4, 3, 2])).is_err());
    let moved = RefreshToken::parse(&old, &fixed_ring(&[2, 1])).unwrap();
    let moved = moved
        .successor()
        .unwrap()
        .to_text(&fixed_ring(&[2, 1]))
        .expose()
        .clone();
    assert!(RefreshToken::parse(&moved, &fixed_ring(&[2])).is_ok());
    assert!(RefreshToken::parse(&moved, &fixed_ring(&[1])).is_err());
}

#[test]
fn other_kinds_and_purposes_are_refused() {
    let mac = fixed_ring(&[1]);
    let text = first().to_text(&mac).expose().clone();
    assert!(ClientSecret::parse(&text).is_err());
    assert!(IssuedCode::parse(&text).is_err());
    assert!(BrowserCookie::parse(&text).is_err());
    let code = IssuedCode::generate_until(DAY, &SystemRandomSource).unwrap();
    let client = ClientSecret::generate(&SystemRandomSource).unwrap();
    for other in [code.expose(), client.expose(), "eyJhbGciOiJFUzI1NiJ9.e30.AA", ""] {
        assert!(RefreshToken::parse(other, &mac).is_err());
    }
    for purpose in [SecretPurpose::Flow, SecretPurpose::Form, SecretPurpose::Known] {
        let ring = SecretRing::new([secret(purpose, 1)]).unwrap();
        assert!(RefreshToken::parse(&text, &ring).is_err());
    }
}

proptest! {
    #[test]
    fn token_is_read_back(family: [u8; 16], day: u16, generation: u32, secret: [u8; 32], key: u8) {
        let body = [&[0][..], &day.to_be_bytes(), &family, &generation.to_be_bytes(), &secret].concat();
        let (text, ring) = (forged(key, &body), fixed_ring(&[key]));
        let token = RefreshToken::parse(&text, &ring).unwrap();
        prop_assert_eq!(token.family(), FamilyId::from_bytes(family));
        prop_assert_eq!(token.ends_on(), Day::from_number(day));
        prop_assert_eq!(token.generation(), Generation::from_number(generation));
        prop_assert!(*token.to_text(&ring).expose() == text);
    }

    #[test]
    fn nothing_else_is_a_token(text in any::<String>(), encoded in "[A-Za-z0-9_-]{95}") {
        let ring = fixed_ring(&[1, 2, 3]);
        prop_assert!(RefreshToken::parse(&text, &ring).is_err());
        let prefixed = format!("sgrt_{encoded}");
        prop_assert!(RefreshToken::parse(&prefixed, &ring).is_err());
    }
}
