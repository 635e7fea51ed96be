use super::*;
use crate::{Acr, Authorization, Day, FamilyId, LoginContext, NewFamily, SessionId, UserId};

const WINDOW: Lifetime = Lifetime::from_seconds(10);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// Returns a family at generation 3, rotated at second 100.
pub(super) fn family() -> Family {
    let login = LoginContext {
        session: SessionId::new(Day::from_number(1), [1; 32]),
        at: at(0),
        acr: Acr::parse("1").unwrap(),
        amr: Vec::new(),
    };
    let authorization = Authorization {
        user_id: UserId::parse("u1").unwrap(),
        client_id: ClientId::parse("c1").unwrap(),
        scope: "a b".parse().unwrap(),
        resources: Vec::new(),
        login,
        key_thumbprint: None,
        nonce: Some("n".to_owned()),
    };
    let new = NewFamily {
        id: FamilyId::from_bytes([1; 16]),
        secret_digest: SecretDigest::from_bytes([2; 32]),
        ends_at: at(1_000_000),
        idle: Lifetime::from_seconds(1_000),
        ends_with_session: false,
    };
    let mut family = Family::begin(&new, authorization, at(50));
    assert_eq!(
        (family.generation, family.authorization.nonce.as_ref()),
        (Generation::FIRST, None)
    );
    family.rotate(Generation::from_number(3), at(100));
    family
}

fn decide(row: &Family, generation: u32, now: i64, window: Lifetime) -> FamilyDecision {
    let presented = PresentedRefresh {
        generation: Generation::from_number(generation),
        secret_digest: row.secret_digest,
        client_id: &row.authorization.client_id,
        key_thumbprint: row.authorization.key_thumbprint.as_ref(),
    };
    family_decision(row, &presented, at(now), window)
}

#[test]
fn generation_decides() {
    let row = family();
    for (generation, now, decision) in [
        (3, 100, FamilyDecision::Rotate(Generation::from_number(4))),
        (3, 1_099, FamilyDecision::Rotate(Generation::from_number(4))),
        (2, 100, FamilyDecision::Retry),
        (2, 110, FamilyDecision::Retry),
        // The clock of another node may be behind.
        (2, 90, FamilyDecision::Retry),
        (2, 111, FamilyDecision::Reused),
        (1, 100, FamilyDecision::Reused),
        (0, 100, FamilyDecision::Reused),
        (4, 100, FamilyDecision::Forward(Generation::from_number(5))),
        (9, 100, FamilyDecision::Forward(Generation::from_number(10))),
        (u32::MAX, 100, FamilyDecision::Ended(EndReason::Age)),
        (3, 1_100, FamilyDecision::Ended(EndReason::Idle)),
        (2, 1_100, FamilyDecision::Ended(EndReason::Idle)),
        (4, 1_100, FamilyDecision::Ended(EndReason::Idle)),
    ] {
        assert_eq!(decide(&row, generation, now, WINDOW), decision, "{generation} at {now}");
    }
}

#[test]
fn zero_window_disables_the_retry() {
    let row = family();
    let zero = Lifetime::from_seconds(0);
    assert_eq!(decide(&row, 2, 100, zero), FamilyDecision::Reused);
    assert_eq!(decide(&row, 2, 99, zero), FamilyDecision::Reused);
    assert_eq!(
        decide(&row, 3, 100, zero),
        FamilyDecision::Rotate(Generation::from_number(4))
    );
}

#[test]
fn each_binding_is_compared() {
    let row = family();
    let other_client = ClientId::parse("c2").unwrap();
    let key = KeyThumbprint::from_bytes([3; 32]);
    let right = PresentedRefresh {
        generation: row.generation,
        secret_digest: row.secret_digest,
        client_id: &row.authorization.client_id,
        key_thumbprint: None,
    };
    for generation in [1, 2, 3, 4].map(Generation::from_number) {
        let right = PresentedRefresh { generation, ..right };
        for (presented, decision) in [
            (
                PresentedRefresh {
                    secret_digest: SecretDigest::from_bytes([9; 32]),
                    ..right
                },
                FamilyDecision::Unknown,
            ),
            (
                PresentedRefresh {
                    client_id: &other_client,
                    ..right
                },
                FamilyDecision::Mismatch(GrantBinding::Client),
            ),
            (
                PresentedRefresh {
                    key_thumbprint: Some(&key),
                    ..right
                },
                FamilyDecision::Mismatch(GrantBinding::Key),
            ),
        ] {
            assert_eq!(family_decision(&row, &presented, at(100), WINDOW), decision);
        }
    }
    let mut bound = row.clone();
    bound.authorization.key_thumbprint = Some(key);
    assert_eq!(
        family_decision(&bound, &right, at(100), WINDOW),
        FamilyDecision::Mismatch(GrantBinding::Key)
    );
}

#[test]
fn family_ends_once_and_for_its_first_reason() {
    let mut row = family();
    assert_eq!(row.end_reason(at(1_000_000)), Some(EndReason::Age));
    row.rotate(row.generation, at(999_999));
    assert_eq!(row.end_reason(at(999_999)), None);
    assert_eq!(row.end_reason(at(1_000_000)), Some(EndReason::Age));
    assert!(row.end(EndReason::Withdrawn, at(5)));
    assert!(!row.end(EndReason::Reused, at(6)));
    assert_eq!(row.ended, Some((at(5), EndReason::Withdrawn)));
    for generation in 0..5 {
        assert_eq!(
            decide(&row, generation, 100, WINDOW),
            FamilyDecision::Ended(EndReason::Withdrawn)
        );
    }
}
