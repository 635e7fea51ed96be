use proptest::prelude::*;

use super::*;
use crate::SystemRandomSource;

fn kek(byte: u8) -> KeyEncryptionKey {
    KeyEncryptionKey::new([byte; KEY_LEN])
}

fn id(text: &str) -> KeyId {
    KeyId::parse(text).unwrap()
}

fn sealed(key: &[u8]) -> Vec<u8> {
    kek(1)
        .seal(&id("k1"), "ES256", &Secret::new(key.to_vec()), &SystemRandomSource)
        .unwrap()
}

#[test]
fn a_key_is_read_in_two_ways() {
    let bytes: [u8; KEY_LEN] = std::array::from_fn(|n| u8::try_from(n * 8).unwrap());
    let key = KeyEncryptionKey::new(bytes);
    let text = key.to_text().expose().clone();
    let hex = bytes.map(|byte| format!("{byte:02x}")).concat();
    for text in [text.clone(), format!("{text}="), hex.clone(), hex.to_uppercase()] {
        let read = KeyEncryptionKey::parse(&Secret::new(text)).unwrap();
        assert!(read.bytes.same_as(&key.bytes));
    }
    for text in [
        "",
        "hunter2",
        text.get(1..).unwrap(),
        &format!("{text}=="),
        hex.get(2..).unwrap(),
        &format!("{}x", hex.get(1..).unwrap()),
        &"+".repeat(43),
    ] {
        let error = KeyEncryptionKey::parse(&Secret::new(text.to_owned())).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn nothing_of_a_key_prints() {
    let key = KeyEncryptionKey::generate(&SystemRandomSource).unwrap();
    assert_eq!(format!("{key:?}"), "KeyEncryptionKey(..)");
}

#[test]
fn wrong_key_wrong_row_and_newer_form_differ() {
    let whole = sealed(b"private");
    let open = |kek: &KeyEncryptionKey, name: &str, algorithm: &str, sealed: &[u8]| {
        kek.open(&id(name), algorithm, sealed).map(|key| key.expose().clone())
    };
    assert_eq!(open(&kek(1), "k1", "ES256", &whole).unwrap(), b"private");
    assert_eq!(open(&kek(2), "k1", "ES256", &whole), Err(EnvelopeError::OtherKey));
    assert_eq!(open(&kek(1), "k2", "ES256", &whole), Err(EnvelopeError::OtherRow));
    assert_eq!(open(&kek(1), "k1", "EdDSA", &whole), Err(EnvelopeError::OtherRow));
    let newer = [&[2], &whole[1..]].concat();
    assert_eq!(
        open(&kek(1), "k1", "ES256", &newer),
        Err(EnvelopeError::Version { found: 2 })
    );
    assert_eq!(
        open(&kek(1), "k1", "ES256", &whole[..HEAD_LEN - 1]),
        Err(EnvelopeError::TooShort)
    );
    assert!(kek(1).has_sealed(&whole) && !kek(2).has_sealed(&whole));
}

/// The marks are for the operator: with the right ones forged, a foreign row is refused all the
/// same.
#[test]
fn forged_marks_open_nothing() {
    let mut whole = sealed(b"private");
    let other = row(&id("k2"), "ES256");
    whole[1 + MARK_LEN..=2 * MARK_LEN].copy_from_slice(&mark(&other));
    assert_eq!(
        kek(1).open(&id("k2"), "ES256", &whole).unwrap_err(),
        EnvelopeError::Tampered
    );
    let mut whole = sealed(b"private");
    whole[1..=MARK_LEN].copy_from_slice(&kek(2).mark);
    assert_eq!(
        kek(2).open(&id("k1"), "ES256", &whole).unwrap_err(),
        EnvelopeError::Tampered
    );
}

#[test]
fn what_is_too_long_is_refused_before_it_is_copied() {
    let long = Secret::new(vec![0; MAX_KEY + 1]);
    assert_eq!(
        kek(1).seal(&id("k1"), "ES256", &long, &SystemRandomSource),
        Err(EnvelopeError::TooLong)
    );
    let whole = [sealed(b"private"), vec![0; MAX_KEY]].concat();
    assert_eq!(
        kek(1).open(&id("k1"), "ES256", &whole).unwrap_err(),
        EnvelopeError::TooLong
    );
}

#[test]
fn the_same_key_is_sealed_otherwise_each_time_and_cannot_be_read() {
    let (first, second) = (sealed(b"private"), sealed(b"private"));
    assert_ne!(first, second);
    assert!(!first.windows(7).any(|window| window == b"private"));
}

proptest! {
    #[test]
    fn what_was_sealed_is_opened(key: Vec<u8>, name in "[ -~]{1,40}", algorithm: String, byte: u8) {
        let (kek, id) = (kek(byte), id(&name));
        let sealed = kek.seal(&id, &algorithm, &Secret::new(key.clone()), &SystemRandomSource).unwrap();
        let opened = kek.open(&id, &algorithm, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &key);
    }

    /// Changing a byte, removing the end or appending bytes is detected.
    #[test]
    fn any_change_is_found(place: prop::sample::Index, flip in 1u8.., cut: prop::sample::Index, more: u8) {
        let whole = sealed(b"a private key");
        prop_assert!(kek(1).open(&id("k1"), "ES256", &whole).is_ok());
        let mut changed = whole.clone();
        changed[place.index(whole.len())] ^= flip;
        let longer = [&whole[..], &[more]].concat();
        for other in [&changed[..], &whole[..cut.index(whole.len())], &longer] {
            prop_assert!(kek(1).open(&id("k1"), "ES256", other).is_err());
        }
    }
}
