//! Compares the outcome of a shadow with the answer of a gate with the proposed policy.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_http::Gate;

use super::truth::Ways;
use super::{Item, any_ways, builder, gate, picked, presented, request};
use crate::common::{Answered, Profile, send};
use crate::shadow::Counted;

/// A gate with a shadow, and what it counts.
fn with_shadow((profile, ways, is_optional): (Profile, &Ways, bool), proposed: &Gate) -> (Counted, Gate) {
    Counted::build(builder(profile, ways, is_optional).shadow(proposed.operations().clone()))
}

/// What the gate with the shadow counts of one request, and that it answers as ever.
async fn outcome((counted, gate): &(Counted, Gate), presented: &[Item], expected: &Answered) -> String {
    counted.reset();
    let answered = send(gate, request(presented)).await;
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
        (503, _) | (200, 503) => "unknown",
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

/// Two schemes of one place, and one of another: each way to require them together, with every
/// possible content of these places.
#[tokio::test]
async fn every_pair_of_policies_of_three_schemes() {
    const ALL: [&[&[usize]]; 8] = [
        &[&[0]],
        &[&[4]],
        &[&[0], &[1]],
        &[&[0], &[4]],
        &[&[0, 1]],
        &[&[0, 4]],
        &[&[0, 4], &[1]],
        &[&[0], &[1], &[4]],
    ];
    let ways = |list: &[&[usize]]| -> Ways { list.iter().map(|way| way.iter().copied().collect()).collect() };
    let policies: Vec<(Ways, bool)> = ALL
        .iter()
        .flat_map(|list| [(ways(list), false), (ways(list), true)])
        .collect();
    let requests = presented(&ways(ALL[7]), Profile::Rfc);
    let mut answers = Vec::new();
    for (ways, is_optional) in &policies {
        let gate = gate(Profile::Rfc, ways, *is_optional).unwrap();
        let mut answered = Vec::new();
        for presented in &requests {
            answered.push(send(&gate, request(presented)).await);
        }
        answers.push((gate, answered));
    }
    let mut known = 0;
    for ((ways, is_optional), (_, here)) in policies
        .iter()
        .zip(&answers)
        .filter(|((_, is_optional), _)| !is_optional)
    {
        for ((other, _), (proposed, there)) in policies.iter().zip(&answers) {
            let gate = with_shadow((Profile::Rfc, ways, *is_optional), proposed);
            let schemes = |ways: &Ways| -> BTreeSet<usize> { ways.iter().flatten().copied().collect() };
            let are_alike = schemes(ways) == schemes(other);
            for ((presented, here), there) in requests.iter().zip(here).zip(there) {
                let outcome = outcome(&gate, presented, here).await;
                let of_what = format!("{ways:?} beside {other:?}, {presented:?}");
                compare(here, there, &outcome).unwrap_or_else(|fault| panic!("{of_what}: {fault}"));
                // A request that is checked by the same schemes and gets an answer determines the
                // other answer, too.
                let is_known = outcome != "unknown";
                assert!(
                    is_known || !are_alike || here.status == 503 || there.status == 503,
                    "{of_what}"
                );
                known += usize::from(is_known);
            }
        }
    }
    assert!(known > 3_000, "{known} known");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_500), ..ProptestConfig::default() })]

    /// Where a shadow is not unknown, its outcome is the answer of a gate with the proposed policy.
    /// Of the running policy it knows everything.
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
            let gate = with_shadow((profile, &ways, is_optional), &proposed);
            let outcome = outcome(&gate, &presented, &here).await;
            if is_same && here.status != 503 {
                prop_assert_eq!(&outcome, "same");
            }
            compare(&here, &there, &outcome)
        })?;
    }
}
