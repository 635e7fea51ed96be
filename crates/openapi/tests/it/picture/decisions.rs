//! The data of a page decide as the engine does.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use scopegate_openapi::picture::{self, Labels};

use crate::picture::embedded::{Embedded, numbers};
use crate::read_back::policy::Policy;
use crate::read_back::reader::Supplied;
use crate::read_back::{random, table};

fn with_requests() -> impl Strategy<Value = (Policy, Vec<Supplied>)> {
    random::policy().prop_flat_map(|policy| {
        let supplied = vec(random::supplied(&policy), 1..24);
        (Just(policy), supplied)
    })
}

proptest! {
    #[test]
    fn a_page_decides_as_the_engine((policy, requests) in with_requests()) {
        let table = table::built(&policy)?;
        let page = Embedded::of(&picture::html(&table, &Labels::new("t")));
        let ticks: BTreeSet<u64> = page.ticks().into_iter().collect();
        for (number, operation) in table.operations().iter().enumerate() {
            let border = table::at_the_border(operation).into_iter().map(random::possible);
            for supplied in border.chain(requests.iter().cloned()) {
                let by_page = page.allows(number, &page.ticked(&supplied));
                prop_assert_eq!(by_page, table::allows(operation, &policy, &supplied), "{}: {:?}", operation, supplied);
                prop_assert_eq!(by_page, policy.allows(number, &supplied), "{}: {:?}", operation, supplied);
            }
            // Each required fact has a box (authentication has those of all schemes), and all boxes
                // of an alternative together open the operation.
            for way in page.operations()[number]["needs"].as_array().unwrap() {
                let way: Vec<u64> = numbers(way).collect();
                let has_box = |fact: &u64| ticks.contains(fact) || page.name(*fact) == "authenticated";
                prop_assert!(way.iter().all(has_box), "{}: {:?}", operation, way);
                prop_assert!(page.allows(number, &way), "{}: {:?}", operation, way);
            }
        }
    }
}
