//! From the atoms of one table to those of another.

use std::borrow::Cow;
use std::collections::HashMap;

use scopegate_domain::SchemeName;
use scopegate_policy::{Atom, AtomId, AtomSet, Limit, MAX_FORMED, Requirement, ResolvedOperation, Universe};

/// Everything that one table's grants provide in another table.
///
/// Two tables need not declare the same, nor agree on what implies what. A grant is therefore a
/// bare set of atoms, and each table adds what it says that they imply. An atom that a table does
/// not know provides what such an atom always provides. A scope provides its scheme, a younger age
/// an older one, a check that needs a user `user`. A credential of a scheme that it does not know
/// provides nothing.
pub(super) struct FactMapping<'t> {
    from: &'t Universe,
    to: &'t Universe,
    /// For each atom of the first table, what it provides on the second table.
    brings: Vec<Brings>,
    /// For each atom of the first table, other atoms that imply it there and provide less of what
    /// it does on the second table.
    sources: Vec<Vec<AtomId>>,
}

/// What an atom of the first table provides on the second table.
enum Brings {
    /// The atom of this number, which is the same there, with what it implies there.
    Same(AtomId),
    /// What an atom provides that the second table does not know.
    Rest(AtomSet),
}

impl<'t> FactMapping<'t> {
    /// `names` has the names that schemes of the first table have on the second table, if they are
    /// others.
    pub(super) fn new(from: &'t Universe, to: &'t Universe, names: &HashMap<SchemeName, SchemeName>) -> Self {
        // Versions differ little: after an atom that both have mostly comes another one.
        let mut next = AtomId::AUTHENTICATED;
        let mut brings = |atom: &Atom| {
            let atom = &*renamed(atom, names);
            let is_next = to.atom(next) == Some(atom);
            match Some(next).filter(|_| is_next).or_else(|| to.find(atom)) {
                Some(same) => {
                    next = same.next();
                    Brings::Same(same)
                }
                None => Brings::Rest(mapped_facts(atom, to)),
            }
        };
        let mut mapping = Self {
            from,
            to,
            brings: from.atoms().iter().map(&mut brings).collect(),
            sources: vec![Vec::new(); from.atoms().len()],
        };
        if !from.is_same(to) {
            mapping.find_sources();
        }
        mapping
    }

    fn find_sources(&mut self) {
        for source in self.from.ids() {
            for implied in self.from.closure(source).iter() {
                if !self.brings_what(source, implied) {
                    self.add_source(source, implied);
                }
            }
        }
    }

    /// Whether one atom provides all that the other does.
    fn brings_what(&self, source: AtomId, implied: AtomId) -> bool {
        match (self.counterpart(source), self.counterpart(implied)) {
            (Some(source), Some(implied)) => self.to.closure(source).contains(implied),
            _ => self.brings_of(implied).is_subset_of(self.brings_of(source)),
        }
    }

    fn add_source(&mut self, source: AtomId, implied: AtomId) {
        let Some(mut sources) = self.sources.get_mut(implied.index()).map(std::mem::take) else {
            return;
        };
        if !sources.iter().any(|known| self.brings_what(source, *known)) {
            sources.retain(|known| !self.brings_what(*known, source));
            sources.push(source);
        }
        if let Some(place) = self.sources.get_mut(implied.index()) {
            *place = sources;
        }
    }

    /// The same atom on the second table.
    fn counterpart(&self, id: AtomId) -> Option<AtomId> {
        match self.brings.get(id.index()) {
            Some(Brings::Same(same)) => Some(*same),
            _ => None,
        }
    }

    fn brings_of(&self, id: AtomId) -> &AtomSet {
        match self.brings.get(id.index()) {
            Some(Brings::Same(same)) => self.to.closure(*same),
            Some(Brings::Rest(set)) => set,
            None => &AtomSet::EMPTY,
        }
    }

    /// Whether an alternative reads the same on both sides, so that no grant of this side passes
    /// the one and not the other.
    ///
    /// Both are given by their generators. It provides its counterpart to the other side. No other
    /// atom represents one of its own and provides less there. A request may present a credential
    /// even if none is required.
    pub(super) fn is_same(&self, from: &[AtomId], to: &[AtomId]) -> bool {
        let is_same =
            |(from, to): (&AtomId, &AtomId)| self.counterpart(*from) == Some(*to) && self.sources_of(*from).is_empty();
        let requires_credential = || from.iter().any(|id| !self.from.anonymous().contains(*id));
        from.len() == to.len()
            && from.iter().zip(to).all(is_same)
            && (requires_credential() || self.sources_of(AtomId::AUTHENTICATED).is_empty())
    }

    fn bring(&self, grant: &[AtomId]) -> AtomSet {
        let mut brought = AtomSet::EMPTY;
        for id in grant {
            brought.unite(self.brings_of(*id));
        }
        brought
    }

    /// A smallest grant that the first operation allows and the second one denies; none if there is
    /// none.
    ///
    /// A request without any credential is checked separately: an operation with optional
    /// authentication authorizes it, and refuses a credential that does not suffice.
    pub(super) fn separate(
        &self,
        from: &ResolvedOperation,
        to: &ResolvedOperation,
    ) -> Result<Option<Vec<Atom>>, Limit> {
        let witness = match self.without_credential(from, to) {
            Some(witness) => Some(witness),
            None => self.with_credential(from.requirement(), to.requirement())?,
        };
        let atoms = |witness: Vec<AtomId>| witness.iter().filter_map(|id| self.from.atom(*id)).cloned().collect();
        Ok(witness.map(atoms))
    }

    /// Such atoms imply nothing, so a set of them is its own closure.
    fn without_credential(&self, from: &ResolvedOperation, to: &ResolvedOperation) -> Option<Vec<AtomId>> {
        let needs_none = |set: &&AtomSet| !set.contains(AtomId::AUTHENTICATED);
        let from = from.anonymous().unwrap_or_else(|| from.requirement());
        let to = to.anonymous().unwrap_or_else(|| to.requirement());
        let grants = from.alternatives().iter().filter(needs_none);
        let mut grants = grants.map(|set| set.iter().collect::<Vec<_>>());
        grants.find(|grant| !to.allows(&self.bring(grant)))
    }

    fn with_credential(&self, from: &Requirement, to: &Requirement) -> Result<Option<Vec<AtomId>>, Limit> {
        let grants: Vec<Vec<AtomId>> = from.alternatives().iter().map(|set| self.grant(set)).collect();
        if let Some(grant) = grants.iter().find(|grant| !to.allows(&self.bring(grant))) {
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
                if search.choose(&grant, &AtomSet::EMPTY)? {
                    // One source may stand for several atoms of the grant.
                    let mut witness = search.chosen;
                    witness.sort_unstable();
                    witness.dedup();
                    return Ok(Some(self.without_excess(witness, from)));
                }
            }
        }
        Ok(None)
    }

    /// An alternative in the fewest atoms, as a request with a credential presents it.
    fn grant(&self, set: &AtomSet) -> Vec<AtomId> {
        let mut grant: Vec<AtomId> = self.from.generators(set).iter().collect();
        if !set.contains(AtomId::AUTHENTICATED) {
            grant.push(AtomId::AUTHENTICATED);
        }
        grant
    }

    fn sources_of(&self, id: AtomId) -> &[AtomId] {
        self.sources.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// The grant without the atoms that the first table can do without.
    fn without_excess(&self, mut grant: Vec<AtomId>, from: &Requirement) -> Vec<AtomId> {
        let is_enough = |grant: &[AtomId]| {
            let closed = self.from.close(&grant.iter().copied().collect());
            closed.contains(AtomId::AUTHENTICATED) && from.allows(&closed)
        };
        for atom in grant.clone() {
            let fewer: Vec<AtomId> = grant.iter().copied().filter(|other| *other != atom).collect();
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

/// Searches a choice of sources, one for each atom of a grant, that does not satisfy the second
/// table.
struct Search<'s> {
    mapping: &'s FactMapping<'s>,
    to: &'s Requirement,
    budget: &'s mut SearchBudget,
    chosen: Vec<AtomId>,
}

impl Search<'_> {
    /// As deep as the grant has atoms left that have sources.
    fn choose(&mut self, left: &[AtomId], brought: &AtomSet) -> Result<bool, Limit> {
        self.budget.spend()?;
        if self.to.allows(brought) {
            return Ok(false);
        }
        let Some((first, rest)) = left.split_first() else {
            return Ok(true);
        };
        for source in std::iter::once(first).chain(self.mapping.sources_of(*first)) {
            self.chosen.push(*source);
            if self.choose(rest, &brought.union(self.mapping.brings_of(*source)))? {
                return Ok(true);
            }
            self.chosen.pop();
        }
        Ok(false)
    }
}

/// An atom with the name that its scheme has on the second table.
fn renamed<'a>(atom: &'a Atom, names: &HashMap<SchemeName, SchemeName>) -> Cow<'a, Atom> {
    let renamed = match atom {
        _ if names.is_empty() => None,
        Atom::Scheme(name) => names.get(name).cloned().map(Atom::Scheme),
        Atom::Scope { scheme, token } => names.get(scheme).cloned().map(|scheme| Atom::Scope {
            scheme,
            token: token.clone(),
        }),
        _ => None,
    };
    renamed.map_or(Cow::Borrowed(atom), Cow::Owned)
}

/// What an atom of one universe provides in another.
fn mapped_facts(atom: &Atom, to: &Universe) -> AtomSet {
    if let Some(id) = to.find(atom) {
        return to.closure(id).clone();
    }
    let closure = |id: AtomId| to.closure(id).clone();
    let scheme = |name: &SchemeName| to.find(&Atom::Scheme(name.clone())).map_or(AtomSet::EMPTY, closure);
    match atom {
        Atom::Scope { scheme: name, .. } => scheme(name),
        Atom::Scheme(_)
        | Atom::Check {
            needs: scopegate_policy::Needs::Nothing,
            ..
        } => AtomSet::EMPTY,
        Atom::AgeAtMost(age) => {
            let longer = to.ages().iter().filter(|(limit, _)| age <= limit);
            longer.fold(closure(AtomId::AUTHENTICATED), |set, (_, id)| {
                set.union(to.closure(*id))
            })
        }
        Atom::Active
        | Atom::Check {
            needs: scopegate_policy::Needs::User,
            ..
        } => closure(AtomId::USER),
        Atom::Acr(_)
        | Atom::Audience(_)
        | Atom::Authenticated
        | Atom::Bound(_)
        | Atom::Check {
            needs: scopegate_policy::Needs::Authentication,
            ..
        }
        | Atom::Subject(_)
        | Atom::User => closure(AtomId::AUTHENTICATED),
    }
}
