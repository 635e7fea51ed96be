//! Maps the facts of one table to the facts of another.

use std::borrow::Cow;
use std::collections::HashMap;

use scopegate_domain::SchemeName;
use scopegate_policy::{Fact, FactId, FactSet, FactTable, Limit, MAX_FORMED, Requirement, ResolvedOperation};

/// A mapping of all credentials of one table to the facts that they provide in another table.
///
/// Two tables may declare different facts and different implications. So a caller is a set of facts
/// without implied ones, and each table adds its own implications. A fact that a table does not
/// know provides what such a fact always provides. A scope provides its scheme, a younger age an
/// older one, a check that needs a user `user`. A credential of an unknown scheme provides nothing.
pub(super) struct FactMapping<'t> {
    from: &'t FactTable,
    to: &'t FactTable,
    /// For each fact of the first table, the facts that it provides on the second table.
    provided: Vec<Provided>,
    /// For each fact of the first table, other facts that imply it in that table and provide less
    /// on the second table.
    sources: Vec<Vec<FactId>>,
}

/// The facts of the second table that a fact of the first table provides.
enum Provided {
    /// A fact of the second table with the same meaning, and the facts that it implies.
    Same(FactId),
    /// The facts that an unknown fact provides.
    Rest(FactSet),
}

impl<'t> FactMapping<'t> {
    /// `names` maps schemes of the first table to their names on the second table, if they differ.
    pub(super) fn new(from: &'t FactTable, to: &'t FactTable, names: &HashMap<SchemeName, SchemeName>) -> Self {
        // Versions differ little: after a common fact, the next fact is mostly common, too.
        let mut next = FactId::AUTHENTICATED;
        let mut provided = |fact: &Fact| {
            let fact = &*renamed(fact, names);
            let is_next = to.fact(next) == Some(fact);
            match Some(next).filter(|_| is_next).or_else(|| to.find(fact)) {
                Some(same) => {
                    next = same.next();
                    Provided::Same(same)
                }
                None => Provided::Rest(mapped_facts(fact, to)),
            }
        };
        let mut mapping = Self {
            from,
            to,
            provided: from.facts().iter().map(&mut provided).collect(),
            sources: vec![Vec::new(); from.facts().len()],
        };
        if !from.is_same(to) {
            mapping.find_sources();
        }
        mapping
    }

    fn find_sources(&mut self) {
        for source in self.from.ids() {
            for implied in self.from.closure(source).iter() {
                if !self.provides(source, implied) {
                    self.add_source(source, implied);
                }
            }
        }
    }

    /// Whether one fact provides all that the other provides.
    fn provides(&self, source: FactId, implied: FactId) -> bool {
        match (self.counterpart(source), self.counterpart(implied)) {
            (Some(source), Some(implied)) => self.to.closure(source).contains(implied),
            _ => self.provided_by(implied).is_subset_of(self.provided_by(source)),
        }
    }

    fn add_source(&mut self, source: FactId, implied: FactId) {
        let Some(mut sources) = self.sources.get_mut(implied.index()).map(std::mem::take) else {
            return;
        };
        if !sources.iter().any(|known| self.provides(source, *known)) {
            sources.retain(|known| !self.provides(*known, source));
            sources.push(source);
        }
        if let Some(place) = self.sources.get_mut(implied.index()) {
            *place = sources;
        }
    }

    /// The same fact on the second table.
    fn counterpart(&self, id: FactId) -> Option<FactId> {
        match self.provided.get(id.index()) {
            Some(Provided::Same(same)) => Some(*same),
            _ => None,
        }
    }

    fn provided_by(&self, id: FactId) -> &FactSet {
        match self.provided.get(id.index()) {
            Some(Provided::Same(same)) => self.to.closure(*same),
            Some(Provided::Rest(set)) => set,
            None => &FactSet::EMPTY,
        }
    }

    /// Whether an alternative is equal on both sides, so that no credentials of this side satisfy
    /// only one of them.
    ///
    /// Both are lists of generators. The alternative provides its counterpart to the other side. No
    /// other fact implies one of its facts and provides less on the other side. A request may
    /// present a credential even if none is required.
    pub(super) fn is_same(&self, from: &[FactId], to: &[FactId]) -> bool {
        let is_same =
            |(from, to): (&FactId, &FactId)| self.counterpart(*from) == Some(*to) && self.sources_of(*from).is_empty();
        let requires_credential = || from.iter().any(|id| !self.from.anonymous().contains(*id));
        from.len() == to.len()
            && from.iter().zip(to).all(is_same)
            && (requires_credential() || self.sources_of(FactId::AUTHENTICATED).is_empty())
    }

    fn map_grant(&self, grant: &[FactId]) -> FactSet {
        let mut reached = FactSet::EMPTY;
        for id in grant {
            reached.unite(self.provided_by(*id));
        }
        reached
    }

    /// Returns minimal credentials that the first operation allows and the second one denies;
    /// `None` if there are none.
    ///
    /// A request without any credential is checked separately: an operation with optional
    /// authentication authorizes it, and refuses a credential that does not suffice.
    pub(super) fn separate(
        &self,
        from: &ResolvedOperation,
        to: &ResolvedOperation,
    ) -> Result<Option<Vec<Fact>>, Limit> {
        let witness = match self.without_credential(from, to) {
            Some(witness) => Some(witness),
            None => self.with_credential(from.requirement(), to.requirement())?,
        };
        let facts = |witness: Vec<FactId>| witness.iter().filter_map(|id| self.from.fact(*id)).cloned().collect();
        Ok(witness.map(facts))
    }

    /// These facts imply nothing, so a set of them is closed.
    fn without_credential(&self, from: &ResolvedOperation, to: &ResolvedOperation) -> Option<Vec<FactId>> {
        let needs_none = |set: &&FactSet| !set.contains(FactId::AUTHENTICATED);
        let from = from.anonymous().unwrap_or_else(|| from.requirement());
        let to = to.anonymous().unwrap_or_else(|| to.requirement());
        let grants = from.alternatives().iter().filter(needs_none);
        let mut grants = grants.map(|set| set.iter().collect::<Vec<_>>());
        grants.find(|grant| !to.allows(&self.map_grant(grant)))
    }

    fn with_credential(&self, from: &Requirement, to: &Requirement) -> Result<Option<Vec<FactId>>, Limit> {
        let grants: Vec<Vec<FactId>> = from.alternatives().iter().map(|set| self.grant(set)).collect();
        if let Some(grant) = grants.iter().find(|grant| !to.allows(&self.map_grant(grant))) {
            return Ok(Some(grant.clone()));
        }
        let mut budget = SearchBudget(MAX_FORMED);
        for grant in grants {
            if grant.iter().any(|id| !self.sources_of(*id).is_empty()) {
                let mut search = Search {
                    mapping: self,
                    to,
                    budget: &mut budget,
                    chosen: Vec::new(),
                };
                if search.choose(&grant, &FactSet::EMPTY)? {
                    // One source may provide several facts of the credentials.
                    let mut witness = search.chosen;
                    witness.sort_unstable();
                    witness.dedup();
                    return Ok(Some(self.without_excess(witness, from)));
                }
            }
        }
        Ok(None)
    }

    /// An alternative without implied facts, as a request with a credential presents it.
    fn grant(&self, set: &FactSet) -> Vec<FactId> {
        let mut grant: Vec<FactId> = self.from.generators(set).iter().collect();
        if !set.contains(FactId::AUTHENTICATED) {
            grant.push(FactId::AUTHENTICATED);
        }
        grant
    }

    fn sources_of(&self, id: FactId) -> &[FactId] {
        self.sources.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// Returns the credentials without the facts that the first table does not need.
    fn without_excess(&self, mut grant: Vec<FactId>, from: &Requirement) -> Vec<FactId> {
        let is_enough = |grant: &[FactId]| {
            let closed = self.from.close(&grant.iter().copied().collect());
            closed.contains(FactId::AUTHENTICATED) && from.allows(&closed)
        };
        for fact in grant.clone() {
            let fewer: Vec<FactId> = grant.iter().copied().filter(|other| *other != fact).collect();
            if fewer.len() < grant.len() && is_enough(&fewer) {
                grant = fewer;
            }
        }
        grant
    }
}

/// The number of choices that may still be formed.
struct SearchBudget(usize);

impl SearchBudget {
    const fn spend(&mut self) -> Result<(), Limit> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Limit::Formed),
        }
    }
}

/// Searches for sources, one for each fact of the credentials, that do not satisfy the second
/// table.
struct Search<'s> {
    mapping: &'s FactMapping<'s>,
    to: &'s Requirement,
    budget: &'s mut SearchBudget,
    chosen: Vec<FactId>,
}

impl Search<'_> {
    /// The recursion is as deep as the number of remaining facts with sources.
    fn choose(&mut self, left: &[FactId], reached: &FactSet) -> Result<bool, Limit> {
        self.budget.spend()?;
        if self.to.allows(reached) {
            return Ok(false);
        }
        let Some((first, rest)) = left.split_first() else {
            return Ok(true);
        };
        for source in std::iter::once(first).chain(self.mapping.sources_of(*first)) {
            self.chosen.push(*source);
            if self.choose(rest, &reached.union(self.mapping.provided_by(*source)))? {
                return Ok(true);
            }
            self.chosen.pop();
        }
        Ok(false)
    }
}

/// Returns a fact with the name that its scheme has on the second table.
fn renamed<'a>(fact: &'a Fact, names: &HashMap<SchemeName, SchemeName>) -> Cow<'a, Fact> {
    let renamed = match fact {
        _ if names.is_empty() => None,
        Fact::Scheme(name) => names.get(name).cloned().map(Fact::Scheme),
        Fact::Scope { scheme, token } => names.get(scheme).cloned().map(|scheme| Fact::Scope {
            scheme,
            token: token.clone(),
        }),
        _ => None,
    };
    renamed.map_or(Cow::Borrowed(fact), Cow::Owned)
}

/// Returns the facts of one fact table that a fact of another provides.
fn mapped_facts(fact: &Fact, to: &FactTable) -> FactSet {
    if let Some(id) = to.find(fact) {
        return to.closure(id).clone();
    }
    let closure = |id: FactId| to.closure(id).clone();
    let scheme = |name: &SchemeName| to.find(&Fact::Scheme(name.clone())).map_or(FactSet::EMPTY, closure);
    match fact {
        Fact::Scope { scheme: name, .. } => scheme(name),
        Fact::Scheme(_)
        | Fact::Check {
            needs: scopegate_policy::Needs::Nothing,
            ..
        } => FactSet::EMPTY,
        Fact::AgeAtMost(age) => {
            let longer = to.ages().iter().filter(|(limit, _)| age <= limit);
            longer.fold(closure(FactId::AUTHENTICATED), |set, (_, id)| {
                set.union(to.closure(*id))
            })
        }
        Fact::Active
        | Fact::Check {
            needs: scopegate_policy::Needs::User,
            ..
        } => closure(FactId::USER),
        Fact::Acr(_)
        | Fact::Audience(_)
        | Fact::Authenticated
        | Fact::Bound(_)
        | Fact::Check {
            needs: scopegate_policy::Needs::Authentication,
            ..
        }
        | Fact::Subject(_)
        | Fact::User => closure(FactId::AUTHENTICATED),
    }
}
