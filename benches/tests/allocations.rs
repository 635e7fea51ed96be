//! How often one call allocates. The figures are limits: more is a regression.

use allocation_counter::measure;
use scopegate_benches::{ManyScopes, TokenFixture, Tutorial};
use scopegate_policy::{World, authorize};
use scopegate_token::Scratch;

fn allocations(mut call: impl FnMut() -> bool) -> u64 {
    assert!(call(), "once, so that nothing is counted that is made once");
    measure(|| assert!(call())).count_total
}

#[test]
fn verifying_a_token_allocates_nothing() {
    for fixture in [TokenFixture::hs256(), TokenFixture::es256()] {
        let mut scratch = Scratch::new();
        let verify = || {
            fixture
                .verifier()
                .verify(fixture.token(), fixture.now(), &mut scratch)
                .is_ok()
        };
        assert_eq!(allocations(verify), 0, "{fixture:?}");
        let forged = fixture.forged();
        let refuse = || fixture.verifier().verify(&forged, fixture.now(), &mut scratch).is_err();
        assert_eq!(allocations(refuse), 0, "{fixture:?}, forged");
    }
}

#[test]
fn a_decision_allocates_nothing() {
    let policy = ManyScopes::new();
    assert_eq!(
        allocations(|| {
            let _ = policy.operation().decide(&World::of_atoms(policy.world()));
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
    let mut scratch = Scratch::new();
    let claims = fixture
        .verifier()
        .verify(fixture.token(), fixture.now(), &mut scratch)
        .unwrap();
    let world = || tutorial.table().token_world(tutorial.scheme(), &claims).is_ok();
    assert_eq!(allocations(world), 0);
}
