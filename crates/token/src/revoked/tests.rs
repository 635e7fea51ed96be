use scopegate_domain::{Lifetime, NewsLane, ScopeLayout, TokenId, UserId, Username};

use super::*;

const THEN: Timestamp = Timestamp::from_unix(1_000);

fn user() -> Revoked {
    Revoked::User {
        id: UserId::parse("u1").unwrap(),
        username: Username::parse("johndoe").unwrap(),
    }
}

/// A position in the lane of a subject.
fn of(subject: &str, place: i64) -> NewsPosition {
    NewsPosition::new(NewsLane::of(subject), place)
}

fn has(set: &RevokedSet, payload: &str) -> bool {
    set.has(&Claims::parse(payload.as_bytes(), ScopeLayout::Text).unwrap())
}

#[test]
fn added_revocation_is_active() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    assert!(!has(&set, r#"{"sub":"u1"}"#) && set.is_empty() && set.version() == 0);
    set.add([]);
    assert_eq!(set.version(), 0, "nothing was added");
    set.add([Revocation::until(user(), THEN)]);
    assert!(has(&set, r#"{"sub":"u1"}"#) && set.version() == 1);
}

#[test]
fn a_user_is_known_by_what_sub_says() {
    let (ids, names) = (
        RevokedSet::new(SubjectClaim::UserId),
        RevokedSet::new(SubjectClaim::Username),
    );
    for set in [&ids, &names] {
        set.add([Revocation::until(user(), THEN)]);
    }
    assert!(has(&ids, r#"{"sub":"u1"}"#) && !has(&ids, r#"{"sub":"johndoe"}"#));
    assert!(has(&names, r#"{"sub":"johndoe"}"#) && !has(&names, r#"{"sub":"u1"}"#));
}

#[test]
fn earlier_and_undated_tokens_are_covered() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    let client = Revoked::Client(ClientId::parse("c1").unwrap());
    set.add([Revocation::until(user(), THEN), Revocation::until(client, THEN)]);
    for who in [r#""sub":"u1""#, r#""client_id":"c1""#] {
        for (issued, expected) in [("", true), (r#","iat":1000"#, true), (r#","iat":1001"#, false)] {
            assert_eq!(has(&set, &format!("{{{who}{issued}}}")), expected, "{who}{issued}");
        }
    }
    assert!(!has(&set, r#"{"sub":"c1","client_id":"u1","jti":"u1","iat":1}"#));
}

#[test]
fn one_token_is_covered_regardless_of_claims() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    set.add([Revocation::until(Revoked::Token(TokenId::parse("t1").unwrap()), THEN)]);
    assert!(has(&set, r#"{"jti":"t1","iat":99999}"#) && has(&set, r#"{"jti":"t1"}"#));
    assert!(!has(&set, r#"{"jti":"t2"}"#) && !has(&set, r#"{"sub":"t1","client_id":"t1"}"#));
}

#[test]
fn two_revocations_cover_what_either_covers() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    let later = THEN + Lifetime::from_seconds(10);
    set.add([Revocation::until(user(), later).forgotten_at(later)]);
    set.add([Revocation::until(user(), THEN)]);
    assert!(has(&set, r#"{"sub":"u1","iat":1010}"#));
    set.forget(later);
    assert_eq!(set.len(), 1, "the other one must be kept longer");
}

#[test]
fn a_place_decides_within_the_skew_of_clocks() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    set.add_placed([(of("u1", 7), Revocation::until(user(), THEN))]);
    let id = |place| PlacedTokenId::new(9, of("u1", place), of("c1", 900)).unwrap();
    for (place, issued, expected) in [
        (6, 1_000, true),
        // The clock of the node was ahead, or behind.
        (6, 1_060, true),
        (6, 5_000, true),
        (7, 940, false),
        (7, 1_000, false),
        (8, 1_000, false),
        // More than clocks may differ: the places were counted again from a copy of the store.
        (7, 939, true),
        (900, 1, true),
    ] {
        let payload = format!(r#"{{"sub":"u1","iat":{issued},"jti":"{}"}}"#, id(place).as_str());
        assert_eq!(has(&set, &payload), expected, "{payload}");
    }
    let unplaced = format!(r#"{{"sub":"u1","iat":1001,"jti":"{:032x}"}}"#, 9);
    assert!(!has(&set, &unplaced), "time decides if there is no position");
    set.add([Revocation::until(user(), THEN)]);
    let placed = format!(r#"{{"sub":"u1","iat":1000,"jti":"{}"}}"#, id(9).as_str());
    assert!(has(&set, &placed), "one without a place covers by time");
}

#[test]
fn user_and_client_have_positions_of_their_own() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    let client = Revoked::Client(ClientId::parse("c1").unwrap());
    set.add_placed([(of("c1", 7), Revocation::until(client, THEN))]);
    for (user, client, expected) in [(1, 7, false), (900, 6, true)] {
        let id = PlacedTokenId::new(9, of("u1", user), of("c1", client)).unwrap();
        let payload = format!(r#"{{"sub":"u1","client_id":"c1","iat":1000,"jti":"{}"}}"#, id.as_str());
        assert_eq!(has(&set, &payload), expected, "{payload}");
    }
}

/// Another user gets the name of a removed one. Their positions are in different lanes.
#[test]
fn a_name_of_another_user_is_compared_by_time() {
    let set = RevokedSet::new(SubjectClaim::Username);
    let of_id = |id: &str, until| {
        let (id, username) = (UserId::parse(id).unwrap(), Username::parse("johndoe").unwrap());
        Revocation::until(Revoked::User { id, username }, Timestamp::from_unix(until))
    };
    let revoked = |id: &str, place, issued: i64| {
        let id = PlacedTokenId::new(9, of(id, place), of("c1", 0)).unwrap();
        let payload = format!(r#"{{"sub":"johndoe","iat":{issued},"jti":"{}"}}"#, id.as_str());
        has(&set, &payload)
    };
    assert_ne!(NewsLane::of("u1"), NewsLane::of("u2"));
    set.add_placed([(of("u1", 7), of_id("u1", 1_000))]);
    assert!(revoked("u1", 6, 1_001) && !revoked("u1", 7, 1_001));
    assert!(revoked("u2", 900, 1_000) && !revoked("u2", 0, 1_001));
    set.add_placed([(of("u2", 3), of_id("u2", 2_000))]);
    assert!(revoked("u2", 2, 2_001) && !revoked("u2", 3, 2_000));
    assert!(
        revoked("u1", 900, 1_000) && revoked("u1", 900, 2_000),
        "the last token of the removed user"
    );
    assert!(revoked("u2", 900, 1_000), "the name was revoked until then");
}

#[test]
fn one_token_is_covered_wherever_it_was_placed() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    let id = PlacedTokenId::new(9, of("u1", 100), of("c1", 100)).unwrap();
    set.add_placed([(of("t", 7), Revocation::until(Revoked::Token(id.clone()), THEN))]);
    assert!(has(&set, &format!(r#"{{"jti":"{}","iat":99999}}"#, id.as_str())));
    let other = PlacedTokenId::new(8, of("u1", 100), of("c1", 100)).unwrap();
    assert!(!has(&set, &format!(r#"{{"jti":"{}","iat":99999}}"#, other.as_str())));
}

#[test]
fn tokens_that_name_no_client_may_be_of_one() {
    let app = ClientId::parse("app").unwrap();
    let set = RevokedSet::new(SubjectClaim::Username).with_unnamed_client(app.clone());
    set.add([Revocation::until(Revoked::Client(app), THEN)]);
    assert!(has(&set, r#"{"sub":"u1","iat":1000}"#));
    assert!(!has(&set, r#"{"sub":"u1","iat":1001}"#));
    assert!(!has(&set, r#"{"sub":"u1","client_id":"other","iat":1000}"#));
    let other = ClientId::parse("other").unwrap();
    let set = RevokedSet::new(SubjectClaim::Username).with_unnamed_client(other);
    set.add([Revocation::until(
        Revoked::Client(ClientId::parse("app").unwrap()),
        THEN,
    )]);
    assert!(!has(&set, r#"{"sub":"u1","iat":1000}"#));
}

#[test]
fn a_year_of_revocations_stays_small() {
    const DAY: i64 = 86_400;
    let set = RevokedSet::new(SubjectClaim::UserId);
    let (lifetime, mut most) = (Lifetime::from_minutes(30), 0);
    // One in a minute, for a year.
    for minute in 0..365 * DAY / 60 {
        let now = Timestamp::from_unix(minute * 60);
        let token = Revoked::Token(TokenId::parse(&minute.to_string()).unwrap());
        set.add_placed([(
            of("t", minute + 1),
            Revocation::until(token, now).forgotten_at(now + lifetime),
        )]);
        set.forget(now);
        most = most.max(set.len());
    }
    assert!(most <= 31, "{most}");
    assert!(set.read().tokens.capacity() < 1_000);
    set.forget(Timestamp::from_unix(366 * DAY));
    assert!(set.is_empty());
}

#[test]
fn expired_revocations_are_removed() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    let end = THEN + Lifetime::from_seconds(5);
    set.add([
        Revocation::until(Revoked::Token(TokenId::parse("t1").unwrap()), THEN).forgotten_at(end),
        Revocation::until(user(), THEN),
    ]);
    set.forget(Timestamp::from_unix(1_004));
    assert_eq!(set.len(), 2);
    set.forget(end);
    assert_eq!(set.len(), 1);
    set.forget(THEN + Revocation::KEPT);
    assert!(set.is_empty());
}

#[test]
fn outdated_set_accepts_known_tokens_only() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    let accepted = || {
        let times = [None, Some(i64::MIN), Some(1_000), Some(1_001)];
        times.map(|time| set.issue_limit().accepts(time.map(Timestamp::from_unix)))
    };
    for (tokens, expected) in [
        (AcceptedTokens::IssuedUntil(THEN), [false, true, true, false]),
        (AcceptedTokens::None, [false; 4]),
        (AcceptedTokens::All, [true; 4]),
    ] {
        set.accept(tokens);
        assert_eq!((set.accepted(), accepted()), (tokens, expected));
        assert_eq!(set.check().is_ok(), tokens == AcceptedTokens::All);
    }
    assert_eq!(RevokedSet::new(SubjectClaim::UserId).accepted(), AcceptedTokens::All);
}

const FAMILY: FamilyId = FamilyId::from_bytes([0xAB; 16]);

#[test]
fn tokens_of_an_ended_family_are_covered() {
    let set = RevokedSet::new(SubjectClaim::UserId);
    set.add([Revocation::until(Revoked::Family(FAMILY), Timestamp::from_unix(1_000))]);
    let (ab, random) = ("ab".repeat(16), "0123456789abcdef");
    let token = |id: &str| format!(r#"{{"sub":"u1","client_id":"demo-app","iat":9999,"exp":99999,"jti":"{id}"}}"#);
    for id in [format!("{ab}.{random}"), format!("{ab}.{random}.23.20")] {
        assert!(has(&set, &token(&id)), "{id}");
    }
    // The random bits of an id without a family may be equal to the id of a family.
    for id in [
        ab.clone(),
        format!("{ab}.23.20"),
        format!("{}.{random}", "ac".repeat(16)),
    ] {
        assert!(!has(&set, &token(&id)), "{id}");
    }
    assert!(!has(&set, r#"{"sub":"u1","exp":99999}"#));
    assert_eq!(set.len(), 1);
    set.forget(Timestamp::from_unix(1_000) + Revocation::KEPT);
    assert!(set.is_empty() && !has(&set, &token(&format!("{ab}.{random}"))));
}

#[test]
fn tokens_of_a_withdrawn_consent_are_covered() {
    let consent = || Revoked::Consent {
        id: UserId::parse("u1").unwrap(),
        username: Username::from_stored("johndoe").unwrap(),
        client_id: ClientId::parse("demo-app").unwrap(),
    };
    for (claim, subject, other) in [
        (SubjectClaim::UserId, "u1", "johndoe"),
        (SubjectClaim::Username, "johndoe", "u1"),
    ] {
        let set = RevokedSet::new(claim);
        set.add([Revocation::until(consent(), Timestamp::from_unix(1_000))]);
        let token = |subject, client, at| {
            format!(r#"{{"sub":"{subject}","client_id":"{client}","iat":{at},"exp":99999,"jti":"t1"}}"#)
        };
        assert!(has(&set, &token(subject, "demo-app", 1_000)));
        assert!(!has(&set, &token(subject, "demo-app", 1_001)), "a new consent");
        assert!(!has(&set, &token(subject, "demo-web", 1_000)));
        assert!(!has(&set, &token(other, "demo-app", 1_000)));
        assert!(!has(&set, &format!(r#"{{"sub":"{subject}","iat":1,"exp":99999}}"#)));
        set.forget(Timestamp::from_unix(1_000) + Revocation::KEPT);
        assert!(set.is_empty());
    }
}

#[test]
fn the_place_of_the_user_decides_about_consents() {
    let consent = Revoked::Consent {
        id: UserId::parse("u1").unwrap(),
        username: Username::from_stored("johndoe").unwrap(),
        client_id: ClientId::parse("demo-app").unwrap(),
    };
    let set = RevokedSet::new(SubjectClaim::UserId);
    set.add_placed([(of("u1", 5), Revocation::until(consent, Timestamp::from_unix(1_000)))]);
    for (place, is_covered) in [(4, true), (5, false)] {
        // Issued a few seconds earlier or later, by nodes whose clocks differ.
        for at in [990, 1_010] {
            let id = PlacedTokenId::of_family(FAMILY, [0; 8], of("u1", place), of("demo-app", 9)).unwrap();
            let token = format!(r#"{{"sub":"u1","client_id":"demo-app","iat":{at},"exp":99999,"jti":"{id}"}}"#);
            assert_eq!(has(&set, &token), is_covered, "{place} {at}");
        }
    }
}
