//! Server secrets and their rings.

use scopegate_domain::{Day, SealedSecret, SecretPurpose, Timestamp};
use scopegate_token::{EnvelopeError, KeyEncryptionKey, SecretRing, SecretRingError, ServerSecret, SystemRandomSource};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

pub(crate) fn secret(purpose: SecretPurpose, version: u32) -> ServerSecret {
    ServerSecret::generate(purpose, version, &SystemRandomSource).unwrap()
}

fn kek() -> KeyEncryptionKey {
    KeyEncryptionKey::generate(&SystemRandomSource).unwrap()
}

fn row(kek: &KeyEncryptionKey, secret: &ServerSecret) -> SealedSecret {
    SealedSecret {
        purpose: secret.purpose(),
        version: secret.version(),
        created_at: NOW,
        verifies_until: None,
        sealed: secret.seal(kek, &SystemRandomSource).unwrap(),
    }
}

#[test]
fn sealed_secret_opens_in_its_own_row_only() {
    let kek = kek();
    let right = row(&kek, &secret(SecretPurpose::Mac, 1));
    let opened = ServerSecret::open(&kek, &right).unwrap();
    assert_eq!((opened.purpose(), opened.version()), (SecretPurpose::Mac, 1));
    assert_eq!(format!("{opened:?}"), "ServerSecret(mac.1, ..)");
    for purpose in SecretPurpose::ALL {
        for version in 0..4 {
            let other = SealedSecret {
                purpose: *purpose,
                version,
                ..right.clone()
            };
            let is_right = (*purpose, version) == (SecretPurpose::Mac, 1);
            assert_eq!(ServerSecret::open(&kek, &other).is_ok(), is_right, "{other:?}");
        }
    }
    let other_key = KeyEncryptionKey::generate(&SystemRandomSource).unwrap();
    assert_eq!(
        ServerSecret::open(&other_key, &right).unwrap_err(),
        EnvelopeError::OtherKey
    );
}

#[test]
fn every_changed_bit_of_a_row_is_refused() {
    let kek = kek();
    let right = row(&kek, &secret(SecretPurpose::Flow, 7));
    for place in 0..right.sealed.len() {
        for bit in 0..8 {
            let mut sealed = right.sealed.clone();
            sealed[place] ^= 1 << bit;
            assert!(
                ServerSecret::open(
                    &kek,
                    &SealedSecret {
                        sealed,
                        ..right.clone()
                    }
                )
                .is_err()
            );
        }
        let sealed = right.sealed[..place].to_vec();
        assert!(
            ServerSecret::open(
                &kek,
                &SealedSecret {
                    sealed,
                    ..right.clone()
                }
            )
            .is_err()
        );
    }
}

/// A signing key whose id is that of a secret's row is not a secret.
#[test]
fn signing_key_is_not_a_server_secret() {
    let kek = kek();
    let id = scopegate_domain::KeyId::parse("mac.1").unwrap();
    let key = scopegate_domain::Secret::new(vec![1; 32]);
    let sealed = kek.seal(&id, "ES256", &key, &SystemRandomSource).unwrap();
    let row = SealedSecret {
        sealed,
        ..row(&kek, &secret(SecretPurpose::Mac, 1))
    };
    assert_eq!(ServerSecret::open(&kek, &row).unwrap_err(), EnvelopeError::OtherRow);
}

#[test]
fn ring_has_one_purpose_and_three_versions() {
    let mac = |version| secret(SecretPurpose::Mac, version);
    let fault = |secrets: Vec<ServerSecret>| SecretRing::new(secrets).unwrap_err();
    assert_eq!(fault(Vec::new()), SecretRingError::Empty);
    assert_eq!(fault(vec![mac(1), mac(2), mac(3), mac(4)]), SecretRingError::TooMany);
    assert_eq!(fault(vec![mac(1), mac(1)]), SecretRingError::VersionTwice);
    assert_eq!(
        fault(vec![mac(1), secret(SecretPurpose::Form, 2)]),
        SecretRingError::TwoPurposes
    );
    let ring = SecretRing::new([mac(2), mac(7), mac(3)]).unwrap();
    assert_eq!((ring.newest_version(), ring.purpose()), (7, SecretPurpose::Mac));
    assert_eq!(format!("{ring:?}"), "SecretRing(mac, [7, 3, 2], ..)");
}

#[test]
fn only_live_rows_of_the_purpose_are_opened() {
    let kek = kek();
    let until = |seconds| Some(Timestamp::from_unix(NOW.as_unix() + seconds));
    let mut rows: Vec<SealedSecret> = (1..=4)
        .map(|version| row(&kek, &secret(SecretPurpose::Mac, version)))
        .collect();
    rows.push(row(&kek, &secret(SecretPurpose::Flow, 9)));
    assert_eq!(
        SecretRing::open(&kek, SecretPurpose::Mac, &rows, NOW).unwrap_err(),
        SecretRingError::TooMany
    );
    rows[0].verifies_until = until(0);
    rows[1].verifies_until = until(1);
    let ring = SecretRing::open(&kek, SecretPurpose::Mac, &rows, NOW).unwrap();
    assert_eq!(format!("{ring:?}"), "SecretRing(mac, [4, 3, 2], ..)");
    let later = Timestamp::from_unix(NOW.as_unix() + 1);
    let ring = SecretRing::open(&kek, SecretPurpose::Mac, &rows, later).unwrap();
    assert_eq!(format!("{ring:?}"), "SecretRing(mac, [4, 3], ..)");
    assert_eq!(
        SecretRing::open(&kek, SecretPurpose::Known, &rows, NOW).unwrap_err(),
        SecretRingError::Empty
    );
    rows[4].purpose = SecretPurpose::Mac;
    assert_eq!(
        SecretRing::open(&kek, SecretPurpose::Mac, &rows, NOW).unwrap_err(),
        SecretRingError::Envelope(EnvelopeError::OtherRow)
    );
}

#[test]
fn tag_is_verified_by_live_versions_alone() {
    let kek = kek();
    let rows: Vec<SealedSecret> = (1..=3)
        .map(|version| row(&kek, &secret(SecretPurpose::Form, version)))
        .collect();
    let ring = |versions: &[usize]| {
        SecretRing::new(
            versions
                .iter()
                .map(|place| ServerSecret::open(&kek, &rows[*place]).unwrap()),
        )
        .unwrap()
    };
    let day = Some(Day::from_number(20_000));
    let parts: [&[u8]; 2] = [b"session", b"logout"];
    let tag = ring(&[0]).tag(day, &parts);
    assert!(ring(&[0, 1, 2]).verifies(day, &parts, &tag));
    assert!(!ring(&[1, 2]).verifies(day, &parts, &tag));
    assert_ne!(ring(&[0, 1]).tag(day, &parts), tag);
    let own = ring(&[0]);
    for (day, parts) in [
        (None, &parts[..]),
        (Some(Day::from_number(20_001)), &parts),
        (day, &[b"session", b"logouu"]),
        (day, &[b"sessionl", b"ogout"]),
        (day, &[b"sessionlogout"]),
        (day, &[b"session", b"logout", b""]),
        (day, &[b"session"]),
        (day, &[]),
    ] {
        assert!(!own.verifies(day, parts, &tag), "{day:?} {parts:?}");
    }
    for bit in 0..256 {
        let mut changed = tag;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!own.verifies(day, &parts, &changed));
    }
}
