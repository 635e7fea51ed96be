//! Secrets of clients.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_token::{ClientSecret, RandomError, RandomSource, SystemRandomSource};

#[derive(Debug)]
struct Fixed(u8);

impl RandomSource for Fixed {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(self.0);
        Ok(())
    }
}

#[derive(Debug)]
struct Dry;

impl RandomSource for Dry {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError)
    }
}

#[test]
fn a_secret_has_256_bits_and_a_checksum() {
    let secret = ClientSecret::generate(&Fixed(0)).unwrap();
    assert!(
        secret
            .expose()
            .starts_with("sgcs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "{}",
        secret.expose()
    );
    assert_eq!(secret.expose().len(), 5 + 48);
    assert_eq!(format!("{secret:?}"), "ClientSecret(..)");
    assert_eq!(ClientSecret::generate(&Dry).unwrap_err(), RandomError);
    let many: BTreeSet<String> = (0..100)
        .map(|_| ClientSecret::generate(&SystemRandomSource).unwrap().expose().to_owned())
        .collect();
    assert_eq!(many.len(), 100);
}

#[test]
fn every_cut_and_every_flipped_bit_is_known_to_be_wrong() {
    let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    let text = secret.expose();
    assert_eq!(ClientSecret::parse(text).unwrap().digest(), secret.digest());
    for end in 0..text.len() {
        assert!(ClientSecret::parse(&text[..end]).is_err(), "cut to {end}");
        assert!(ClientSecret::parse(&text[end + 1..]).is_err(), "cut from {end}");
        for bit in 0..7 {
            let mut bytes = text.as_bytes().to_vec();
            bytes[end] ^= 1 << bit;
            assert!(
                ClientSecret::parse(std::str::from_utf8(&bytes).unwrap()).is_err(),
                "bit {bit} of {end}"
            );
        }
    }
    for wrong in [
        format!("{text} "),
        format!("{text}A"),
        text.replacen("sgcs_", "sgct_", 1),
        text.to_uppercase(),
    ] {
        assert!(ClientSecret::parse(&wrong).is_err());
    }
}

#[test]
fn digests_of_two_secrets_differ() {
    let digest = |byte| ClientSecret::generate(&Fixed(byte)).unwrap().digest();
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

proptest! {
    #[test]
    fn nothing_else_is_a_secret(text in any::<String>(), encoded in "[A-Za-z0-9_-]{48}") {
        prop_assert!(ClientSecret::parse(&text).is_err());
        let prefixed = format!("sgcs_{encoded}");
        prop_assert!(ClientSecret::parse(&prefixed).is_err());
    }
}
