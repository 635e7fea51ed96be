//! Law 7 by the entry point of a fuzzer, on random bytes: pairs of policies, compared with truth
//! tables.

use proptest::prelude::*;

use crate::policy_pairs;

/// The bytes of one policy: few scopes, and mostly one guard with few alternatives for each
/// operation.
fn policy() -> impl Strategy<Value = Vec<u8>> {
    let head = (0..2_u8, prop_oneof![3 => Just(31_u8), 1 => 0..32_u8]);
    let edges = (any::<bool>(), prop::collection::vec(0..25_u8, 0..=3));
    let guard = prop::collection::vec(0..32_u8, 0..=3)
        .prop_map(|masks| [vec![u8::try_from(masks.len()).unwrap_or(0)], masks].concat());
    let guard = prop_oneof![5 => guard, 1 => Just(vec![7])];
    let operation = (prop::bool::weighted(0.2), prop::collection::vec(guard, 0..=2));
    (head, edges, prop::collection::vec(operation, 3)).prop_map(|((names, declared), (is_back, edges), operations)| {
        // Counted modulo six, from 128 on against the order.
        let count = u8::try_from(edges.len()).unwrap_or(0) + if is_back { 132 } else { 0 };
        let mut bytes = [vec![names, declared, count], edges].concat();
        for (is_optional, guards) in operations {
            bytes.push(u8::try_from(guards.len()).unwrap_or(0) + if is_optional { 192 } else { 0 });
            bytes.extend(guards.concat());
        }
        bytes
    })
}

proptest! {
    /// What changed between two policies, with witnesses.
    #[test]
    fn changes_are_those_of_the_truth_tables(old in policy(), new in policy()) {
        policy_pairs::policy_pairs(&[old, new].concat());
    }

    /// The same between a policy and one that differs from it by a byte.
    #[test]
    fn small_changes_are_those_of_the_truth_tables(old in policy(), place in any::<prop::sample::Index>(), byte in 0..32_u8) {
        let mut new = old.clone();
        new[place.index(old.len())] ^= byte;
        policy_pairs::policy_pairs(&[old, new].concat());
    }
}
