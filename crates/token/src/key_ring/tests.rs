//! Tests of the key ring.

use super::*;

const HALF: Lifetime = Lifetime::from_minutes(30);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn key(epoch: u32, published_at: i64, used_from: i64) -> StoredKey {
    KeySlot {
        epoch,
        published_at: at(published_at),
        used_from: at(used_from),
        token_lifetime: HALF,
    }
    .key(KeyId::parse(&format!("k{epoch}")).unwrap(), "ES256", Vec::new())
}

#[test]
fn keys_that_form_no_ring_are_refused() {
    let order = |keys: &[StoredKey]| KeyRing::new(keys.to_vec()).unwrap_err();
    assert_eq!(
        order(&[key(1, 5, 4)]),
        KeyRingError::Order,
        "used before it is published"
    );
    assert_eq!(order(&[key(1, 0, 0), key(1, 9, 9)]), KeyRingError::Order, "twice");
    assert_eq!(order(&[key(2, 0, 0), key(1, 9, 9)]), KeyRingError::Order);
    assert_eq!(
        order(&[key(1, 0, 9), key(2, 8, 20)]),
        KeyRingError::Order,
        "two next keys"
    );
    assert_eq!(order(&[key(1, 0, 9), key(2, 9, 9)]), KeyRingError::Order, "two at once");
    let same = StoredKey {
        id: key(1, 0, 0).id,
        ..key(2, 9, 10)
    };
    assert_eq!(order(&[key(1, 0, 0), same]), KeyRingError::SameId);
    assert!(
        KeyRing::new(vec![key(4, 0, 0), key(5, 9, 10)]).is_ok(),
        "older ones were removed"
    );
    assert!(
        KeyRing::new(vec![key(1, 0, 0), key(3, 9, 10)]).is_ok(),
        "one was removed"
    );
    assert!(KeyRing::new(Vec::new()).is_ok());
}

#[test]
fn a_key_goes_its_way() {
    let ring = KeyRing::new(vec![key(1, 0, 0), key(2, 1_000, 4_600)]).unwrap();
    let states = |now| [1, 2].map(|epoch| ring.state(epoch, at(now)).unwrap());
    let (last, leaves) = (4_600 + 1_800, 4_600 + 1_800 + 300);
    for (now, expected) in [
        (-5, [KeyState::Current, KeyState::Next]),
        (4_599, [KeyState::Current, KeyState::Next]),
        (4_600, [KeyState::Retired, KeyState::Current]),
        (last, [KeyState::Retired, KeyState::Current]),
        (leaves - 1, [KeyState::Retired, KeyState::Current]),
        (leaves, [KeyState::Gone, KeyState::Current]),
    ] {
        assert_eq!(states(now), expected, "{now}");
    }
    assert_eq!(ring.state(3, at(0)), None);
    assert_eq!(
        (ring.expired_through(at(leaves - 1)), ring.expired_through(at(leaves))),
        (None, Some(1))
    );
    let changes = [0, 4_600, leaves].map(|now| ring.next_change(at(now)));
    assert_eq!(changes, [Some(at(4_600)), Some(at(leaves)), None]);
    assert_eq!(ring.published(at(leaves)).count(), 1);
}

#[test]
fn a_second_next_key_is_refused_until_the_first_has_taken_over() {
    let schedule = KeySchedule::default();
    let ring = KeyRing::new(vec![key(1, 0, 0), key(2, 1_000, 4_600)]).unwrap();
    let pending = KeyRingError::NextPending {
        id: KeyId::parse("k2").unwrap(),
        used_from: at(4_600),
    };
    assert_eq!(ring.place(at(4_599), &schedule, HALF), Err(pending));
    let place = ring.place(at(4_600), &schedule, Lifetime::from_seconds(5)).unwrap();
    assert_eq!(
        place,
        KeySlot {
            epoch: 3,
            published_at: at(4_600),
            used_from: at(8_200),
            token_lifetime: HALF
        }
    );
}

#[test]
fn rotation_is_due_so_that_the_key_takes_over_in_time() {
    let day = 24 * 60 * 60;
    let (schedule, never) = (KeySchedule::default(), KeySchedule::new(HALF, None));
    assert!(KeyRing::default().is_due(at(0), &schedule) && KeyRing::default().is_due(at(0), &never));
    let ring = KeyRing::new(vec![key(1, 0, 0)]).unwrap();
    for (now, due) in [
        (0, false),
        (30 * day - 3_601, false),
        (30 * day - 3_600, true),
        (90 * day, true),
    ] {
        assert_eq!(ring.is_due(at(now), &schedule), due, "{now}");
        assert!(!ring.is_due(at(now), &never));
    }
    let ring = KeyRing::new(vec![key(1, 0, 0), key(2, 90 * day, 90 * day + 10)]).unwrap();
    assert!(!ring.is_due(at(90 * day + 5), &schedule), "the next one is there");
}

#[test]
fn view_is_fresh_for_the_announcement_time() {
    let age = |seconds| KeySchedule::new(Lifetime::from_seconds(seconds), None).view_age();
    assert_eq!(age(3_600), Duration::from_secs(30));
    assert_eq!(age(2), Duration::from_millis(500));
    assert_eq!(age(0), Duration::from_millis(250));
}
