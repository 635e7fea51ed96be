//! Minimal sets of facts, worked out as a formula is written down.

use std::collections::BTreeSet;

use super::oracle::{Facts, Formula, Implications};

/// The smallest closed sets on which a formula holds; none where more unions than the limit would
/// be formed.
pub(crate) fn minimal(formula: &Formula, implications: &Implications, room: &mut usize) -> Option<BTreeSet<Facts>> {
    match formula {
        Formula::Fact(fact) => Some(BTreeSet::from([implications.close(&Facts::from([fact.clone()]))])),
        Formula::Any(formulas) => {
            let mut union = BTreeSet::new();
            for formula in formulas {
                union.extend(minimal(formula, implications, room)?);
            }
            Some(smallest(&union))
        }
        Formula::All(formulas) => {
            let mut product = BTreeSet::from([Facts::new()]);
            for formula in formulas {
                let factor = minimal(formula, implications, room)?;
                *room = room.checked_sub(product.len() * factor.len())?;
                let pairs = product
                    .iter()
                    .flat_map(|left| factor.iter().map(move |right| left | right));
                product = smallest(&pairs.collect());
            }
            Some(product)
        }
    }
}

/// The sets that contain no other.
pub(crate) fn smallest(sets: &BTreeSet<Facts>) -> BTreeSet<Facts> {
    let is_smallest = |set: &&Facts| !sets.iter().any(|other| other.len() < set.len() && other.is_subset(set));
    sets.iter().filter(is_smallest).cloned().collect()
}
