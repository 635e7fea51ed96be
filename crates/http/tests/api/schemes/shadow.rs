//! What a shadow says of a request, held against what a gate of the proposed policy answers to it.

use proptest::prelude::*;
use scopegate_http::Profile;
use scopegate_http::policy::OperationTable;

use super::{any_ways, builder, gate, picked, request};
use crate::common::{Answered, send};
use crate::shadow::Counted;

/// What the gate with the shadow counts of one request, and that it answers as ever.
async fn outcome(
    (profile, ways, is_optional): (Profile, &super::Ways, bool),
    proposed: OperationTable,
    presented: &[super::Item],
    expected: &Answered,
) -> String {
    let (counted, gate) = Counted::build(builder(profile, ways, is_optional).shadow(proposed));
    let answered = send(&gate, request(presented)).await;
    assert_eq!((answered.status, &answered.body), (expected.status, &expected.body));
    assert_eq!(answered.challenges(), expected.challenges());
    let [(outcome, 1)] = &counted.outcomes()[..] else {
        panic!("{:?}", counted.outcomes())
    };
    outcome.clone()
}

/// Holds the outcome against the two answers.
fn compare(running: &Answered, proposed: &Answered, outcome: &str) -> Result<(), TestCaseError> {
    let expected = match (running.status.as_u16(), proposed.status.as_u16()) {
        (503, _) => "unknown",
        (200, 200) => "same",
        (200, _) => "would_deny",
        (_, 200) => "would_allow",
        _ => "same",
    };
    prop_assert!(
        outcome == expected || outcome == "unknown",
        "{outcome}: {} here and {} there",
        running.status,
        proposed.status
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_500), ..ProptestConfig::default() })]

    /// Where a shadow does not say that it cannot know, it says what a gate of the proposed policy answers; of the policy
    /// that runs it knows everything.
    #[test]
    fn a_shadow_says_what_its_own_gate_answers(
        (ways, other) in (any_ways(), any_ways()),
        [is_optional, is_other_optional, is_tutorial, is_same] in any::<[bool; 4]>(),
        picks in proptest::collection::vec((0usize..6, 0usize..12), 0..5),
    ) {
        let profile = if is_tutorial { Profile::Tutorial } else { Profile::Rfc };
        let (other, is_other_optional) = if is_same { (&ways, is_optional) } else { (&other, is_other_optional) };
        let gates = gate(profile, &ways, is_optional).ok().zip(gate(profile, other, is_other_optional).ok());
        let Some((running, proposed)) = gates else { return Ok(()) };
        let presented = picked(&picks, profile);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let here = send(&running, request(&presented)).await;
            let there = send(&proposed, request(&presented)).await;
            let table = proposed.operations().clone();
            let outcome = outcome((profile, &ways, is_optional), table, &presented, &here).await;
            if is_same && here.status != 503 {
                prop_assert_eq!(&outcome, "same");
            }
            compare(&here, &there, &outcome)
        })?;
    }
}
