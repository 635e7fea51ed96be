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
pub(super) struct Bridge<'t> {
    near: &'t Universe,
    far: &'t Universe,
    /// For each atom of the near side, what it provides on the far side.
    brings: Vec<Brings>,
    /// For each atom of the near side, other atoms that imply it there and provide less of what it
    /// does on the far side.
    sources: Vec<Vec<AtomId>>,
}

/// What an atom of the near side provides on the far side.
enum Brings {
    /// The atom of this number, which is the same there, with what it implies there.
    Same(AtomId),
    /// What an atom provides that the far side does not know.
    Rest(AtomSet),
}

impl<'t> Bridge<'t> {
    /// `names` has the names that schemes of the near side have on the far side, if they are
    /// others.
    pub(super) fn new(near: &'t Universe, far: &'t Universe, names: &HashMap<SchemeName, SchemeName>) -> Self {
        // Versions differ little: after an atom that both have mostly comes another one.
        let mut next = AtomId::AUTHENTICATED;
        let mut brings = |atom: &Atom| {
            let atom = &*renamed(atom, names);
            let is_next = far.atom(next) == Some(atom);
            match Some(next).filter(|_| is_next).or_else(|| far.find(atom)) {
                Some(same) => {
                    next = same.next();
                    Brings::Same(same)
                }
                None => Brings::Rest(brought(atom, far)),
            }
        };
        let mut bridge = Self {
            near,
            far,
            brings: near.atoms().iter().map(&mut brings).collect(),
            sources: vec![Vec::new(); near.atoms().len()],
        };
        if !near.is_same(far) {
            bridge.find_sources();
        }
        bridge
    }

    fn find_sources(&mut self) {
        for source in self.near.ids() {
            for implied in self.near.closure(source).iter() {
                if !self.brings_what(source, implied) {
                    self.add_source(source, implied);
                }
            }
        }
    }

    /// Whether one atom provides all that the other does.
    fn brings_what(&self, source: AtomId, implied: AtomId) -> bool {
        match (self.counterpart(source), self.counterpart(implied)) {
            (Some(source), Some(implied)) => self.far.closure(source).contains(implied),
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

    /// The same atom on the far side.
    fn counterpart(&self, id: AtomId) -> Option<AtomId> {
        match self.brings.get(id.index()) {
            Some(Brings::Same(same)) => Some(*same),
            _ => None,
        }
    }

    fn brings_of(&self, id: AtomId) -> &AtomSet {
        match self.brings.get(id.index()) {
            Some(Brings::Same(same)) => self.far.closure(*same),
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
    pub(super) fn is_same(&self, near: &[AtomId], far: &[AtomId]) -> bool {
        let is_same = |(near, far): (&AtomId, &AtomId)| {
            self.counterpart(*near) == Some(*far) && self.sources_of(*near).is_empty()
        };
        let asks_for_credential = || near.iter().any(|id| !self.near.anonymous().contains(*id));
        near.len() == far.len()
            && near.iter().zip(far).all(is_same)
            && (asks_for_credential() || self.sources_of(AtomId::AUTHENTICATED).is_empty())
    }

    fn bring(&self, grant: &[AtomId]) -> AtomSet {
        let mut brought = AtomSet::EMPTY;
        for id in grant {
            brought.unite(self.brings_of(*id));
        }
        brought
    }

    /// A smallest grant that the near operation allows and the far one denies; none if there is
    /// none.
    ///
    /// A request without any credential is checked separately: an operation with optional
    /// authentication authorizes it, and refuses a credential that does not suffice.
    pub(super) fn separate(
        &self,
        near: &ResolvedOperation,
        far: &ResolvedOperation,
    ) -> Result<Option<Vec<Atom>>, Limit> {
        let witness = match self.without_credential(near, far) {
            Some(witness) => Some(witness),
            None => self.with_credential(near.requirement(), far.requirement())?,
        };
        let atoms = |witness: Vec<AtomId>| witness.iter().filter_map(|id| self.near.atom(*id)).cloned().collect();
        Ok(witness.map(atoms))
    }

    /// Such atoms imply nothing, so a set of them is its own closure.
    fn without_credential(&self, near: &ResolvedOperation, far: &ResolvedOperation) -> Option<Vec<AtomId>> {
        let needs_none = |set: &&AtomSet| !set.contains(AtomId::AUTHENTICATED);
        let near = near.anonymous().unwrap_or_else(|| near.requirement());
        let far = far.anonymous().unwrap_or_else(|| far.requirement());
        let grants = near.alternatives().iter().filter(needs_none);
        let mut grants = grants.map(|set| set.iter().collect::<Vec<_>>());
        grants.find(|grant| !far.allows(&self.bring(grant)))
    }

    fn with_credential(&self, near: &Requirement, far: &Requirement) -> Result<Option<Vec<AtomId>>, Limit> {
        let grants: Vec<Vec<AtomId>> = near.alternatives().iter().map(|set| self.grant(set)).collect();
        if let Some(grant) = grants.iter().find(|grant| !far.allows(&self.bring(grant))) {
            return Ok(Some(grant.clone()));
        }
        let mut budget = Budget(MAX_FORMED);
        for grant in grants {
            if grant.iter().any(|id| !self.sources_of(*id).is_empty()) {
                let mut search = Search {
                    bridge: self,
                    far,
                    budget: &mut budget,
                    chosen: Vec::new(),
                };
                if search.choose(&grant, &AtomSet::EMPTY)? {
                    // One source may stand for several atoms of the grant.
                    let mut witness = search.chosen;
                    witness.sort_unstable();
                    witness.dedup();
                    return Ok(Some(self.without_excess(witness, near)));
                }
            }
        }
        Ok(None)
    }

    /// An alternative in the fewest atoms, as a request with a credential presents it.
    fn grant(&self, set: &AtomSet) -> Vec<AtomId> {
        let mut grant: Vec<AtomId> = self.near.generators(set).iter().collect();
        if !set.contains(AtomId::AUTHENTICATED) {
            grant.push(AtomId::AUTHENTICATED);
        }
        grant
    }

    fn sources_of(&self, id: AtomId) -> &[AtomId] {
        self.sources.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// The grant without the atoms that the near side can do without.
    fn without_excess(&self, mut grant: Vec<AtomId>, near: &Requirement) -> Vec<AtomId> {
        let is_enough = |grant: &[AtomId]| {
            let closed = self.near.close(&grant.iter().copied().collect());
            closed.contains(AtomId::AUTHENTICATED) && near.allows(&closed)
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
struct Budget(usize);

impl Budget {
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

/// Searches a choice of sources, one for each atom of a grant, that does not satisfy the far side.
struct Search<'s> {
    bridge: &'s Bridge<'s>,
    far: &'s Requirement,
    budget: &'s mut Budget,
    chosen: Vec<AtomId>,
}

impl Search<'_> {
    /// As deep as the grant has atoms left that have sources.
    fn choose(&mut self, left: &[AtomId], brought: &AtomSet) -> Result<bool, Limit> {
        self.budget.spend()?;
        if self.far.allows(brought) {
            return Ok(false);
        }
        let Some((first, rest)) = left.split_first() else {
            return Ok(true);
        };
        for source in std::iter::once(first).chain(self.bridge.sources_of(*first)) {
            self.chosen.push(*source);
            if self.choose(rest, &brought.union(self.bridge.brings_of(*source)))? {
                return Ok(true);
            }
            self.chosen.pop();
        }
        Ok(false)
    }
}

/// An atom with the name that its scheme has on the far side.
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
fn brought(atom: &Atom, far: &Universe) -> AtomSet {
    if let Some(id) = far.find(atom) {
        return far.closure(id).clone();
    }
    let closure = |id: AtomId| far.closure(id).clone();
    let scheme = |name: &SchemeName| far.find(&Atom::Scheme(name.clone())).map_or(AtomSet::EMPTY, closure);
    match atom {
        Atom::Scope { scheme: name, .. } => scheme(name),
        Atom::Scheme(_)
        | Atom::Check {
            needs: scopegate_policy::Needs::Nothing,
            ..
        } => AtomSet::EMPTY,
        Atom::AgeAtMost(age) => {
            let longer = far.ages().iter().filter(|(limit, _)| age <= limit);
            longer.fold(closure(AtomId::AUTHENTICATED), |set, (_, id)| {
                set.union(far.closure(*id))
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
