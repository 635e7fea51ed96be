//! Races a plain loop, Scopegate and other libraries.
//!
//! Each decides about the last operation of each policy, with a token of 32 scopes.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::Race;
use scopegate_peers::{CasbinPeer, CedarPeer, Ours, Policy};

/// Checks that all libraries agree before anything is timed.
fn agree(policy: &Policy, ours: &Ours, cedar: &CedarPeer, casbin: &CasbinPeer) {
    let (mut allowed, mut denied) = (0, 0);
    let last = policy.operations.len() - 1;
    for number in [0, last / 2, last] {
        let name = &policy.operations[number].0;
        for granted in policy.grants(number) {
            let token = ours.token(&granted);
            let answers = [
                policy.string_loop(&granted, name),
                ours.decide(&token, name),
                ours.authorize(&token, name),
                cedar.is_authorized(&cedar.request(&granted, name)),
                casbin.enforce(&granted.join(" "), name),
            ];
            assert!(
                answers.iter().all(|answer| *answer == answers[0]),
                "{name} {granted:?}: {answers:?}"
            );
            *(if answers[0] { &mut allowed } else { &mut denied }) += 1;
        }
        let nowhere = "/operations/none";
        let everything = &policy.scopes;
        assert!(!policy.string_loop(everything, nowhere) && !ours.decide(&ours.token(everything), nowhere));
        assert!(!cedar.is_authorized(&cedar.request(everything, nowhere)));
        assert!(!casbin.enforce(&everything.join(" "), nowhere));
    }
    assert!(allowed >= 9 && denied >= 18, "{allowed} allowed, {denied} denied");
}

fn race(criterion: &mut Criterion, name: &'static str, operations: usize) {
    let policy = Policy::new(operations);
    let (ours, cedar, casbin) = (Ours::new(&policy), CedarPeer::new(&policy), CasbinPeer::new(&policy));
    agree(&policy, &ours, &cedar, &casbin);

    let (operation, needed) = policy.operations.last().unwrap();
    let others = policy.scopes.iter().filter(|scope| !needed.contains(scope)).step_by(2);
    let mut granted: Vec<String> = others.take(30).cloned().collect();
    granted.insert(10, needed[0].clone());
    granted.insert(21, needed[1].clone());
    let token = ours.token(&granted);
    let request = cedar.request(&granted, operation);
    let text = granted.join(" ");
    assert!(policy.string_loop(&granted, operation));
    Race::new(name)
        .lane("a loop over strings", || policy.string_loop(&granted, operation))
        .lane("ours: decide", || ours.decide(&token, operation))
        .lane("ours: authorize, with its permit", || ours.authorize(&token, operation))
        .lane("cedar-policy: is_authorized", || cedar.is_authorized(&request))
        .lane("casbin: enforce", || casbin.enforce(&text, operation))
        .run(criterion);
}

fn peers(criterion: &mut Criterion) {
    race(criterion, "64 scopes, 1 operation that needs two", 1);
    race(criterion, "64 scopes, 100 operations", 100);
    race(criterion, "64 scopes, 1,000 operations", 1_000);
}

criterion_group! { name = benches; config = scopegate_benches::criterion(); targets = peers }
criterion_main!(benches);
