//! Opaque values: secrets of clients, codes and cookies.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_domain::Day;
use scopegate_token::{
    BrowserCookie, ClientSecret, InvalidOpaque, IssuedCode, RandomError, RandomSource, SessionCookie,
    SystemRandomSource,
};

use crate::random::{Dry, Fixed};

const DAY: Day = Day::from_number(0x1234);

/// One value of each kind.
fn values(entropy: &dyn RandomSource) -> [String; 4] {
    [
        ClientSecret::generate(entropy).unwrap().expose().to_owned(),
        BrowserCookie::generate(entropy).unwrap().expose().to_owned(),
        IssuedCode::generate_until(DAY, entropy).unwrap().expose().to_owned(),
        SessionCookie::generate_until(DAY, entropy).unwrap().expose().to_owned(),
    ]
}

/// Which kinds the text is a value of, in the order of [`values`].
fn kinds_of(text: &str) -> [bool; 4] {
    [
        ClientSecret::parse(text).is_ok(),
        BrowserCookie::parse(text).is_ok(),
        IssuedCode::parse(text).is_ok(),
        SessionCookie::parse(text).is_ok(),
    ]
}

#[test]
fn values_have_256_bits_and_a_checksum() {
    let [secret, cookie, code, session] = values(&Fixed(0));
    assert!(
        secret.starts_with("sgcs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "{secret}"
    );
    assert!(
        cookie.starts_with("sgbr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "{cookie}"
    );
    assert!(
        code.starts_with("sgac_ABI0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "{code}"
    );
    assert!(
        session.starts_with("sgss_ABI0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "{session}"
    );
    assert_eq!([&secret, &cookie, &code, &session].map(String::len), [53, 53, 57, 57]);
    assert_eq!(ClientSecret::generate(&Dry).unwrap_err(), RandomError);
    assert_eq!(IssuedCode::generate_until(DAY, &Dry).unwrap_err(), RandomError);
    let many: BTreeSet<String> = (0..100).flat_map(|_| values(&SystemRandomSource)).collect();
    assert_eq!(many.len(), 400);
}

#[test]
fn no_value_prints_itself() {
    assert_eq!(
        format!("{:?}", ClientSecret::generate(&Fixed(1)).unwrap()),
        "Opaque(sgcs_..)"
    );
    assert_eq!(
        format!("{:?}", IssuedCode::generate_until(DAY, &Fixed(1)).unwrap()),
        "Opaque(sgac_..)"
    );
    let InvalidOpaque { kind, .. } = ClientSecret::parse("hunter2").unwrap_err();
    assert_eq!(kind, "a client secret");
    assert_eq!(
        SessionCookie::parse("hunter2").unwrap_err().to_string(),
        "not a session cookie"
    );
}

#[test]
fn value_of_one_kind_is_never_another() {
    let all = values(&SystemRandomSource);
    for (place, text) in all.iter().enumerate() {
        let kinds: [bool; 4] = std::array::from_fn(|other| other == place);
        assert_eq!(kinds_of(text), kinds, "{text}");
        for prefix in ["sgac_", "sgss_", "sgcs_", "sgbr_", "sgrt_", "sgdc_"] {
            let other = format!("{prefix}{}", &text[5..]);
            if other != *text {
                assert_eq!(kinds_of(&other), [false; 4], "{other}");
            }
        }
    }
}

#[test]
fn every_cut_and_every_flipped_bit_is_known_to_be_wrong() {
    for text in values(&SystemRandomSource) {
        for end in 0..text.len() {
            assert_eq!(kinds_of(&text[..end]), [false; 4], "cut to {end}");
            assert_eq!(kinds_of(&text[end + 1..]), [false; 4], "cut from {end}");
            for bit in 0..7 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[end] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                assert_eq!(kinds_of(&changed), [false; 4], "bit {bit} of {end}");
            }
        }
        for wrong in [
            format!("{text} "),
            format!("{text}A"),
            format!("{text}="),
            format!(" {text}"),
            text.replacen("sg", "SG", 1),
            text.to_uppercase(),
        ] {
            assert_eq!(kinds_of(&wrong), [false; 4], "{wrong}");
        }
    }
}

/// The value has the right checksum, so only the format byte is wrong.
#[test]
fn other_format_byte_is_refused() {
    use base64_simd::URL_SAFE_NO_PAD;
    use ring::digest::{SHA256, digest};
    for prefix in ["sgac_", "sgss_"] {
        for format in 0..=255 {
            let mut bytes = vec![format, 0x12, 0x34];
            bytes.extend_from_slice(&[7; 32]);
            let sum = digest(&SHA256, &[prefix.as_bytes(), &bytes].concat());
            bytes.extend_from_slice(&sum.as_ref()[..4]);
            let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode_to_string(bytes));
            assert_eq!(kinds_of(&text).contains(&true), format == 0, "{text}");
        }
    }
}

#[test]
fn digests_of_two_values_differ() {
    let digest = |byte| ClientSecret::generate(&Fixed(byte)).unwrap().digest();
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
    let id = |day, byte| {
        IssuedCode::generate_until(Day::from_number(day), &Fixed(byte))
            .unwrap()
            .id()
    };
    assert_eq!(id(1, 1), id(1, 1));
    assert_eq!(id(1, 1).ends_on().number(), 1);
    assert_ne!(id(1, 1).digest(), id(2, 1).digest());
    assert_ne!(id(1, 1).digest(), id(1, 2).digest());
    let session = SessionCookie::generate_until(Day::from_number(1), &Fixed(1))
        .unwrap()
        .id();
    assert_ne!(session.digest(), id(1, 1).digest());
}

proptest! {
    #[test]
    fn nothing_else_is_a_value(text in any::<String>(), encoded in "[A-Za-z0-9_-]{48}|[A-Za-z0-9_-]{52}") {
        prop_assert_eq!(kinds_of(&text), [false; 4]);
        for prefix in ["sgac_", "sgss_", "sgcs_", "sgbr_"] {
            prop_assert_eq!(kinds_of(&format!("{prefix}{encoded}")), [false; 4]);
        }
    }

    #[test]
    fn day_is_read_back(day: u16) {
        let cookie = SessionCookie::generate_until(Day::from_number(day), &SystemRandomSource).unwrap();
        let id = SessionCookie::parse(cookie.expose()).unwrap().id();
        prop_assert_eq!(id, cookie.id());
        prop_assert_eq!(id.ends_on().number(), day);
    }
}
