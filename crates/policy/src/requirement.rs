//! Requirements in normal form.

use std::sync::Arc;

use crate::limits::{Limit, MAX_KEPT, ResolutionBudget};
use crate::{FactId, FactSet, FactTable};

/// A requirement: a positive Boolean function of facts in normal form.
///
/// The normal form is the list of the minimal sets of facts that suffice, each closed under
/// implication. No set is a subset of another. Each function has one such list, so two requirements
/// are equivalent exactly if they are `==` (both over one [`FactTable`]). The empty list is *deny*;
/// a list of only the empty set is *public*. Cheap to clone.
///
/// ```
/// use scopegate_domain::{Catalog, SchemeName, ScopeToken, SecurityScheme};
/// use scopegate_policy::{Fact, Requirement, FactTable};
///
/// const READ: ScopeToken = ScopeToken::from_static("read");
/// const WRITE: ScopeToken = ScopeToken::from_static("write");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(READ, "").scope(WRITE, "").implies(WRITE, READ)
///     .build()?;
/// let fact_table = FactTable::builder(&catalog).build()?;
/// let scope = |token| fact_table.find(&Fact::Scope { scheme: SchemeName::parse("oauth").unwrap(), token });
/// let read = Requirement::fact(&fact_table, scope(READ).unwrap());
/// let write = Requirement::fact(&fact_table, scope(WRITE).unwrap());
///
/// assert!(write.implies(&read));
/// assert_eq!(Requirement::all([read.clone(), write.clone()])?, write);
/// assert_eq!(Requirement::any([read.clone(), write])?, read);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    // INVARIANT: an antichain of closed sets, by `(len, ids)`. Tested by `tests/it/laws.rs`.
    alternatives: Arc<[FactSet]>,
}

impl Requirement {
    /// The requirement that nothing satisfies.
    #[must_use]
    pub fn deny() -> Self {
        Self {
            alternatives: Arc::default(),
        }
    }

    /// The requirement that everything satisfies.
    #[must_use]
    pub fn public() -> Self {
        Self {
            alternatives: Arc::new([FactSet::EMPTY]),
        }
    }

    /// Creates a requirement that is satisfied if the fact holds.
    #[must_use]
    pub fn fact(fact_table: &FactTable, id: FactId) -> Self {
        Self {
            alternatives: Arc::new([fact_table.closure(id).clone()]),
        }
    }

    /// Creates a requirement that is satisfied if all facts of the set hold. The empty set is
    /// always satisfied.
    #[must_use]
    pub fn facts(fact_table: &FactTable, set: &FactSet) -> Self {
        Self {
            alternatives: Arc::new([fact_table.close(set)]),
        }
    }

    /// Creates a requirement that is satisfied if one of these is. An empty list is never
    /// satisfied.
    ///
    /// # Errors
    ///
    /// [`Limit::Kept`] if more than [`MAX_KEPT`] alternatives are left.
    pub fn any(requirements: impl IntoIterator<Item = Self>) -> Result<Self, Limit> {
        let mut union = Vec::new();
        for requirement in requirements {
            union.extend(requirement.alternatives.iter().cloned());
            if union.len() > 2 * MAX_KEPT {
                minimise(&mut union);
            }
            if union.len() > 2 * MAX_KEPT {
                return Err(Limit::Kept);
            }
        }
        Self::from_closed(union)
    }

    /// Creates a requirement that is satisfied if all of these are. An empty list is always
    /// satisfied.
    ///
    /// # Errors
    ///
    /// [`Limit::Kept`] or [`Limit::Formed`] if the multiplication exceeds them.
    pub fn all(requirements: impl IntoIterator<Item = Self>) -> Result<Self, Limit> {
        Self::all_within(requirements.into_iter().collect(), &mut ResolutionBudget::new())
    }

    /// The same within a budget of formed and compared alternatives. Sorting reads each several
    /// times.
    pub(crate) fn all_within(mut requirements: Vec<Self>, budget: &mut ResolutionBudget) -> Result<Self, Limit> {
        const SORTED: usize = 12;
        if requirements.len() == 1
            && let Some(only) = requirements.pop()
        {
            return Ok(only);
        }
        budget.compare(
            requirements
                .iter()
                .map(Self::weight)
                .sum::<usize>()
                .saturating_mul(SORTED),
        )?;
        requirements.sort_by(|a, b| a.alternatives.len().cmp(&b.alternatives.len()).then_with(|| a.order(b)));
        requirements.dedup();
        drop_implied(&mut requirements, budget)?;
        requirements
            .into_iter()
            .try_fold(Self::public(), |product, factor| product.and(&factor, budget))
    }

    /// The alternatives: minimal closed sets, the smallest first.
    #[must_use]
    pub fn alternatives(&self) -> &[FactSet] {
        &self.alternatives
    }

    /// Whether no set of facts satisfies the requirement.
    #[must_use]
    pub fn is_deny(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// Whether every set of facts satisfies it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(&*self.alternatives, [set] if set.is_empty())
    }

    /// Whether exactly these facts satisfy the requirement. The set must be closed under
    /// implication.
    #[must_use]
    pub fn allows(&self, closed: &FactSet) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| alternative.is_subset_of(closed))
    }

    /// Whether the other is satisfied by every set that satisfies this one.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        self.alternatives.iter().all(|alternative| other.allows(alternative))
    }

    /// Returns the missing facts for these facts: all minimal sets that satisfy the requirement if
    /// added. An empty list if none exists; a list of only the empty set if nothing is missing.
    /// [`FactTable::generators`] makes each readable.
    #[must_use]
    pub fn missing_sets(&self, closed: &FactSet) -> Vec<FactSet> {
        let mut missing: Vec<FactSet> = self.alternatives.iter().map(|set| set.difference(closed)).collect();
        minimise(&mut missing);
        missing
    }

    /// Returns the requirement for a request without a credential if authentication is optional:
    /// without the facts that only an authenticated request can provide.
    pub(crate) fn for_anonymous(&self, fact_table: &FactTable) -> Self {
        let anonymous = fact_table.anonymous();
        let mut sets: Vec<FactSet> = self
            .alternatives
            .iter()
            .map(|set| set.intersection(anonymous))
            .collect();
        minimise(&mut sets);
        Self {
            alternatives: sets.into(),
        }
    }

    /// Returns the requirement whose alternatives are among these closed sets.
    fn from_closed(mut sets: Vec<FactSet>) -> Result<Self, Limit> {
        minimise(&mut sets);
        if sets.len() > MAX_KEPT {
            return Err(Limit::Kept);
        }
        Ok(Self {
            alternatives: sets.into(),
        })
    }

    fn and(self, other: &Self, budget: &mut ResolutionBudget) -> Result<Self, Limit> {
        budget.compare(self.comparison(other).saturating_mul(2))?;
        if self.implies(other) {
            return Ok(self);
        }
        if other.implies(&self) {
            return Ok(other.clone());
        }
        // A set that satisfies the other side already is its own product: all others contain it.
        let (mut product, rest): (Vec<FactSet>, Vec<FactSet>) =
            self.alternatives.iter().cloned().partition(|set| other.allows(set));
        for left in &rest {
            budget.spend(other.alternatives.len())?;
            for right in other.alternatives() {
                let set = left.union(right);
                budget.compare(product.len().saturating_mul(set.weight()))?;
                insert_minimal(&mut product, set);
            }
            if product.len() > MAX_KEPT {
                return Err(Limit::Kept);
            }
        }
        // No set of the product contains another, so they need not be compared again.
        product.sort_unstable_by(FactSet::order);
        Ok(Self {
            alternatives: product.into(),
        })
    }

    /// Returns the maximum number of words in one set.
    fn weight(&self) -> usize {
        self.alternatives.iter().map(FactSet::weight).max().unwrap_or_default()
    }

    /// Returns the maximum number of compared words if each alternative is compared with each of
    /// the other requirement.
    fn comparison(&self, other: &Self) -> usize {
        let pairs = self.alternatives.len().saturating_mul(other.alternatives.len());
        pairs.saturating_mul(self.weight().max(other.weight()))
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.alternatives
            .iter()
            .flat_map(FactSet::iter)
            .cmp(other.alternatives.iter().flat_map(FactSet::iter))
    }
}

/// Removes what another requirement implies, so that it is not multiplied. With more than some
/// hundred requirements, a check of every pair costs more than it saves.
fn drop_implied(requirements: &mut Vec<Requirement>, budget: &mut ResolutionBudget) -> Result<(), Limit> {
    const WORTH_WHILE: usize = 256;
    if requirements.len() > WORTH_WHILE {
        return Ok(());
    }
    // The list has no equals, so no two imply each other.
    let mut kept: Vec<Requirement> = Vec::with_capacity(requirements.len());
    for requirement in requirements.drain(..) {
        // Most pairs are distinguished by the first alternatives of one.
        let sets = kept.len().saturating_mul(requirement.alternatives.len());
        budget.compare(sets.saturating_mul(requirement.weight()).saturating_mul(2))?;
        if kept.iter().any(|other| other.implies(&requirement)) {
            continue;
        }
        kept.retain(|other| !requirement.implies(other));
        kept.push(requirement);
    }
    *requirements = kept;
    Ok(())
}

fn insert_minimal(sets: &mut Vec<FactSet>, set: FactSet) {
    if sets.iter().any(|kept| kept.is_subset_of(&set)) {
        return;
    }
    sets.retain(|kept| !set.is_subset_of(kept));
    sets.push(set);
}

/// Keeps the minimal sets, the smallest first.
pub fn minimise(sets: &mut Vec<FactSet>) {
    sets.sort_unstable_by(FactSet::order);
    let mut kept: Vec<FactSet> = Vec::with_capacity(sets.len());
    for set in sets.drain(..) {
        if !kept.iter().any(|smaller| smaller.is_subset_of(&set)) {
            kept.push(set);
        }
    }
    *sets = kept;
}

#[cfg(test)]
mod tests;
