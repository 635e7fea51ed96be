//! Entry points of values that server secrets authenticate.

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::{Issuer, SecretPurpose, Timestamp};

use crate::{RandomError, RandomSource, RefreshToken, Sealer, SecretRing, ServerSecret};

/// Always the same bytes, so that a finding can be repeated.
#[derive(Debug)]
struct Fixed(u8);

impl RandomSource for Fixed {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(self.0);
        Ok(())
    }
}

#[expect(clippy::expect_used, reason = "the fuzzer needs its secrets")]
fn ring(purpose: SecretPurpose) -> SecretRing {
    let secrets = [1, 2].map(|version: u8| ServerSecret::generate(purpose, version.into(), &Fixed(version)));
    SecretRing::new(secrets.into_iter().flatten()).expect("two versions")
}

/// Asserts that a text which the fuzzer made is not a refresh token, and that any bytes with a MAC
/// are one exactly if they have its length and format. A token is written again as the same text.
///
/// # Panics
///
/// If a property does not hold.
pub fn refresh_token(input: &[u8]) {
    let ring = ring(SecretPurpose::Mac);
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(RefreshToken::parse(text, &ring).is_err(), "no fuzzer finds a MAC");
    }
    let mac: [u8; 16] = ring.short_tag(&[b"sgrt", input].concat());
    let text = format!("sgrt_{}", URL_SAFE_NO_PAD.encode_to_string([input, &mac].concat()));
    let token = RefreshToken::parse(&text, &ring);
    assert_eq!(
        token.is_ok(),
        input.len() == 55 && input.first() == Some(&0),
        "length and format"
    );
    if let Ok(token) = token {
        assert!(
            *token.to_text(&ring).expose() == text,
            "a token is written in the only way"
        );
        let next = token.successor();
        assert!(
            next.is_none_or(|next| next.generation() > token.generation()),
            "a successor is newer"
        );
    }
}

/// Asserts that a text which the fuzzer made does not open, that sealed bytes open to the same, and
/// that one changed character is refused. The first bytes of the input select it.
///
/// # Panics
///
/// If a property does not hold.
#[expect(clippy::expect_used, reason = "the fuzzer needs its text")]
pub fn sealed_flow(input: &[u8]) {
    let issuer = Issuer::parse("https://issuer.example").expect("an issuer");
    let sealer = Sealer::new(ring(SecretPurpose::Flow), issuer);
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(sealer.open(text).is_err(), "no fuzzer finds a tag");
    }
    let Some(([high, low, with], plain)) = input.split_first_chunk::<3>() else {
        return;
    };
    let Ok(text) = sealer.seal(plain, Timestamp::from_unix(1_700_000_000), &Fixed(*with)) else {
        assert!(plain.len() > Sealer::MAX_LEN, "only the length is refused");
        return;
    };
    assert!(
        sealer.open(&text).is_ok_and(|opened| opened.expose() == plain),
        "sealed bytes open"
    );
    let place = usize::from(u16::from_be_bytes([*high, *low])) % text.len();
    let mut changed = text.clone().into_bytes();
    if let Some(byte) = changed.get_mut(place) {
        *byte = with % 128;
    }
    let changed = String::from_utf8(changed).unwrap_or_default();
    assert!(
        changed == text || sealer.open(&changed).is_err(),
        "a changed text is refused"
    );
}
