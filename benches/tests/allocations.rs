//! How often one call allocates. The figures are limits: more is a regression.

use std::sync::Arc;

use allocation_counter::measure;
use scopegate_benches::{ManyScopes, RememberedTokens, TokenFixture, Tutorial};
use scopegate_domain::TokenClaims;
use scopegate_policy::{PresentedCredentials, RequestFacts, authorize};
use scopegate_token::{Algorithm, PayloadBuffer};

fn allocations(mut call: impl FnMut() -> bool) -> u64 {
    assert!(call(), "once, so that nothing is counted that is made once");
    measure(|| assert!(call())).count_total
}

/// The allocations of the primitive itself: ring reads an RSA key again for each signature.
fn of_the_primitive(fixture: &TokenFixture, signature: &[u8], is_good: bool) -> u64 {
    let (message, _) = fixture.signed();
    allocations(|| fixture.raw(message.as_bytes(), signature) == is_good)
}

#[test]
fn verifying_a_token_allocates_nothing() {
    for fixture in Algorithm::ALL.map(TokenFixture::of) {
        let mut scratch = PayloadBuffer::new();
        let verify = || {
            fixture
                .verifier()
                .verify(fixture.token(), fixture.now(), &mut scratch)
                .is_ok()
        };
        let signature = fixture.signature();
        let of_ring = of_the_primitive(&fixture, &signature, true);
        assert!(of_ring <= 5, "{fixture:?}: {of_ring}");
        assert_eq!(allocations(verify), of_ring, "{fixture:?}");
        let forged = fixture.forged();
        let of_ring = of_the_primitive(&fixture, &fixture.forged_signature(), false);
        let refuse = || fixture.verifier().verify(&forged, fixture.now(), &mut scratch).is_err();
        assert_eq!(allocations(refuse), of_ring, "{fixture:?}, forged");
    }
}

#[test]
fn a_token_that_is_refused_unread_allocates_nothing() {
    for fixture in Algorithm::ALL.map(TokenFixture::of) {
        let mut scratch = PayloadBuffer::new();
        let message = fixture.signed().0;
        for token in [
            String::new(),
            message.to_owned(),
            format!("{message}.!"),
            format!("{}.x", fixture.token()),
            "x".repeat(20_000),
        ] {
            let refuse = || fixture.verifier().verify(&token, fixture.now(), &mut scratch).is_err();
            assert_eq!(allocations(refuse), 0, "{fixture:?}: {} bytes", token.len());
        }
    }
}

#[test]
fn replaced_keys_cost_a_verification_nothing() {
    let fixture = TokenFixture::es256();
    let verifier = fixture.verifier().clone();
    verifier.replace_keys(verifier.keys());
    let mut scratch = PayloadBuffer::new();
    let verify = || verifier.verify(fixture.token(), fixture.now(), &mut scratch).is_ok();
    assert_eq!(allocations(verify), 0);
}

#[test]
fn a_decision_allocates_nothing() {
    let policy = ManyScopes::new();
    assert_eq!(
        allocations(|| {
            let _ = policy.operation().decide(&RequestFacts::of_facts(policy.facts()));
            true
        }),
        0
    );
}

#[test]
fn authorizing_a_request_allocates_nothing() {
    let fixture = TokenFixture::hs256();
    let tutorial = Tutorial::new(&fixture);
    let presented = tutorial.presented();
    assert_eq!(allocations(|| authorize(tutorial.operation(), &presented).is_ok()), 0);
    let mut scratch = PayloadBuffer::new();
    let claims = fixture
        .verifier()
        .verify(fixture.token(), fixture.now(), &mut scratch)
        .unwrap();
    let facts = || tutorial.table().token_facts(tutorial.scheme(), &claims).is_ok();
    assert_eq!(allocations(facts), 0);
}

#[test]
fn permits_of_a_cached_token_share_its_claims() {
    let fixture = TokenFixture::hs256();
    let tutorial = Tutorial::new(&fixture);
    let claims = Arc::new(TokenClaims::new().with_subject("johndoe").with_client_id("demo-app"));
    let presented = PresentedCredentials::new(fixture.now())
        .with_token(tutorial.token(), &claims)
        .with_user(Arc::clone(tutorial.user()));
    let permit = || {
        let permit = authorize(tutorial.operation(), &presented).map(|permit| permit.with_claims_of(&presented));
        permit.is_ok_and(|permit| permit.client_id() == Some("demo-app"))
    };
    assert_eq!(allocations(permit), 0);
}

#[test]
fn a_token_that_was_seen_before_allocates_nothing() {
    for make in [RememberedTokens::es256, RememberedTokens::hs256] {
        let tokens = make(1024 * 1024);
        assert!(tokens.verify());
        assert_eq!(allocations(|| tokens.find().is_some()), 0);
    }
}

/// The bytes of the allocator, not those that the cache itself calculates.
#[test]
fn a_flood_of_good_tokens_stays_in_its_bounds() {
    for bytes in [64 * 1024, 1024 * 1024, 4 * 1024 * 1024] {
        let issuer = RememberedTokens::hs256(0);
        let flood: Vec<String> = (0..12_000)
            .map(|number| issuer.issue(&format!("{number:036}")))
            .collect();
        let mut kept = None;
        let held = measure(|| {
            let tokens = RememberedTokens::hs256(bytes);
            for token in &flood {
                drop(tokens.verify_token(token));
            }
            kept = Some(tokens);
        });
        let mut nothing = None;
        let empty = measure(|| nothing = Some(RememberedTokens::hs256(0)));
        let (held, most) = (held.bytes_current - empty.bytes_current, held.bytes_max);
        let figures = kept.unwrap().cache().figures();
        let bound = i64::try_from(bytes).unwrap();
        println!("{bytes}: {held} held, {most} at most, {figures:?}");
        assert!(held <= bound, "{held} bytes are held of {bytes}");
        assert!(held > bound / 2, "the bound is used: {held} of {bytes}");
        assert!(figures.bytes <= u64::try_from(bytes).unwrap() && figures.evictions > 0);
    }
}
