//! Entry points of values that server secrets authenticate.

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::{Issuer, SecretPurpose, Timestamp};

use crate::{RandomError, RandomSource, RefreshToken, Sealer, SecretRing, ServerSecret};

/// The bytes that this list repeats, so that a finding can be repeated.
#[derive(Debug)]
struct Fixed<'b>(&'b [u8]);

impl RandomSource for Fixed<'_> {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        for (to, from) in buffer.iter_mut().zip(self.0.iter().cycle()) {
            *to = *from;
        }
        Ok(())
    }
}

#[expect(clippy::expect_used, reason = "the fuzzer needs its secret")]
fn ring(purpose: SecretPurpose) -> SecretRing {
    let secret = ServerSecret::generate(purpose, 1, &Fixed(&[1])).expect("a secret");
    SecretRing::new([secret]).expect("one version")
}

/// Asserts that any bytes with a MAC are a refresh token exactly if they have its length and
/// format, and that a token has one text. A fuzzer sees the MACs that are compared, so it may find
/// one.
///
/// # Panics
///
/// If a property does not hold.
pub fn refresh_token(input: &[u8]) {
    let ring = ring(SecretPurpose::Mac);
    let is_only_text = |token: &RefreshToken, text: &str| token.to_text(&ring).expose() == text;
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(token) = RefreshToken::parse(text, &ring)
    {
        assert!(is_only_text(&token, text), "a token has one text");
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

/// Asserts that a text which opens is the only one of its bytes, day and nonce, that sealed bytes
/// open to the same, and that one changed character is refused. The first bytes of the input select
/// it.
///
/// # Panics
///
/// If a property does not hold.
#[expect(clippy::expect_used, reason = "the fuzzer needs its text")]
pub fn sealed_flow(input: &[u8]) {
    let issuer = Issuer::parse("https://issuer.example").expect("an issuer");
    let sealer = Sealer::new(ring(SecretPurpose::Flow), issuer);
    if let Ok(text) = std::str::from_utf8(input) {
        let again = sealed_again(&sealer, text);
        assert!(again.is_none_or(|again| again == text), "sealed bytes have one text");
    }
    let Some(([high, low, with], plain)) = input.split_first_chunk::<3>() else {
        return;
    };
    let Ok(text) = sealer.seal(plain, Timestamp::from_unix(1_700_000_000), &Fixed(&[*with])) else {
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

/// Opens a text and seals its bytes again, on its day and with its nonce.
fn sealed_again(sealer: &Sealer, text: &str) -> Option<String> {
    let opened = sealer.open(text).ok()?;
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
    let ([_, high, low], rest) = bytes.split_first_chunk::<3>()?;
    let (nonce, _) = rest.split_first_chunk::<12>()?;
    let day = i64::from(u16::from_be_bytes([*high, *low]));
    sealer
        .seal(opened.expose(), Timestamp::from_unix(day * 86_400), &Fixed(nonce))
        .ok()
}
