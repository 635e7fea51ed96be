//! The fewest scopes that suffice.

use std::collections::HashSet;

use scopegate_domain::ScopeToken;

use super::grant::{Grant, is_open_to};
use super::search::{Outcome, Search};
use crate::requirement::minimise;
use crate::{AtomSet, ResolvedOperation, Universe};

/// The smallest sets of scopes that allow all of these operations of one table, with what [`Grant`] takes for granted.
///
/// A scope that implies others counts once, and may stand for them. Of two sets of one size, one that holds strictly less is
/// preferred. The search is exact while it stays within so many nodes, at each of which every operation is looked at; past them
/// there is one set that suffices, out of which nothing can be left, and which need not be the smallest.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_policy::analysis::least;
///
/// # const READ: ScopeToken = ScopeToken::from_static("read");
/// # const WRITE: ScopeToken = ScopeToken::from_static("write");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(READ, "").scope(WRITE, "").implies(WRITE, READ)
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([READ])))
///     .operation(Operation::post("/items").guard(Guard::requires([WRITE])))
///     .build()?;
/// let [list, add] = table.operations() else { panic!() };
/// assert_eq!(least(&[list], 1_000).sets(), [[READ]]);
/// let both = least(&[list, add], 1_000);
/// assert_eq!(both.sets(), [[WRITE]]);
/// assert!(both.is_optimal());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn least(operations: &[&ResolvedOperation], budget: usize) -> Least {
    least_of(operations, &|_| true, budget)
}

/// The same out of some scopes alone.
pub(super) fn least_of(
    operations: &[&ResolvedOperation],
    is_available: &dyn Fn(&ScopeToken) -> bool,
    budget: usize,
) -> Least {
    let Some(first) = operations.first() else {
        return Least::of(vec![Vec::new()], true);
    };
    let nothing = Grant::builder().build_in(first.shared_universe());
    if operations.iter().all(|operation| nothing.opens(operation)) {
        return Least::of(vec![Vec::new()], true);
    }
    let problem = Problem::new(first, operations, is_available);
    if !problem.unreachable.is_empty() {
        return Least {
            unreachable: problem.unreachable,
            ..Least::of(Vec::new(), true)
        };
    }
    let name = |set: Vec<usize>| {
        let chosen = set.into_iter().filter_map(|place| problem.choices.get(place));
        let mut names: Vec<ScopeToken> = chosen.map(|choice| choice.token.clone()).collect();
        names.sort();
        names
    };
    match Search::new(&problem.choices, &problem.needs).run(budget) {
        Outcome::All(sets) => {
            let mut sets: Vec<_> = sets.into_iter().map(name).collect();
            sets.sort();
            Least::of(sets, true)
        }
        Outcome::Greedy(set) => Least::of(vec![name(set)], false),
    }
}

/// The answer of [`least()`].
#[derive(Clone, Debug)]
pub struct Least {
    sets: Vec<Vec<ScopeToken>>,
    is_optimal: bool,
    unreachable: Vec<ResolvedOperation>,
}

impl Least {
    /// The sets, each in the order of names, and so the whole list. The empty set alone where no scope is needed; no set where
    /// no scopes allow all of the operations.
    #[must_use]
    pub fn sets(&self) -> &[Vec<ScopeToken>] {
        &self.sets
    }

    /// Whether these are the smallest sets, and all of them.
    #[must_use]
    pub const fn is_optimal(&self) -> bool {
        self.is_optimal
    }

    /// The operations that no scopes allow: nobody may, or they need a credential without scopes.
    #[must_use]
    pub fn unreachable(&self) -> &[ResolvedOperation] {
        &self.unreachable
    }

    const fn of(sets: Vec<Vec<ScopeToken>>, is_optimal: bool) -> Self {
        Self {
            sets,
            is_optimal,
            unreachable: Vec::new(),
        }
    }
}

/// A scope with all that it brings, in every scheme that declares it.
pub(super) struct Choice {
    token: ScopeToken,
    pub(super) brings: AtomSet,
}

/// What one operation asks for beyond what is taken for granted: one of these lists, which hold the generators of a set and
/// the set itself.
pub(super) type Need = Vec<AtomSet>;

/// What is to be chosen, and what for.
struct Problem {
    choices: Vec<Choice>,
    needs: Vec<Need>,
    unreachable: Vec<ResolvedOperation>,
}

impl Problem {
    /// Some scope is chosen in any case, so somebody is authenticated, and everything that is neither scope nor scheme holds.
    fn new(
        first: &ResolvedOperation,
        operations: &[&ResolvedOperation],
        is_available: &dyn Fn(&ScopeToken) -> bool,
    ) -> Self {
        let universe = first.universe();
        let choices = choices(universe, is_available);
        let everything = Grant::builder()
            .scopes(choices.iter().map(|choice| choice.token.clone()))
            .build_in(first.shared_universe());
        let granted: AtomSet = universe.guards().map(|(id, _)| id).collect();
        let mut needs: HashSet<Need> = HashSet::new();
        let mut unreachable = Vec::new();
        let mut seen = HashSet::new();
        for operation in operations {
            if !everything.opens(operation) {
                unreachable.push((*operation).clone());
            } else if seen.insert(operation.tree_number()) && !is_open_to(operation, &granted) {
                needs.insert(need(operation, &granted, everything.atoms()));
            }
        }
        Self {
            choices,
            needs: without_implied(needs.into_iter().collect()),
            unreachable,
        }
    }
}

fn choices(universe: &Universe, is_available: &dyn Fn(&ScopeToken) -> bool) -> Vec<Choice> {
    let mut tokens: Vec<&ScopeToken> = universe.atoms().iter().filter_map(crate::Atom::scope_token).collect();
    tokens.sort();
    tokens.dedup();
    let choice = |token: &ScopeToken| {
        let mut brings = AtomSet::EMPTY;
        for closure in universe.scope_closures(token.as_str()) {
            brings.unite(closure);
        }
        let token = token.clone();
        Choice { token, brings }
    };
    tokens
        .into_iter()
        .filter(|token| is_available(token))
        .map(choice)
        .collect()
}

/// The alternatives that the choices can satisfy, without what is taken for granted.
fn need(operation: &ResolvedOperation, granted: &AtomSet, possible: &AtomSet) -> Need {
    let alternatives = operation.requirement().alternatives().iter();
    let possible = alternatives.filter(|set| set.is_subset_of(possible));
    let mut need = possible.map(|set| set.difference(granted)).collect();
    minimise(&mut need);
    need
}

/// What follows from other needs need not be looked at. Past some hundred, looking at every pair costs more than it saves.
fn without_implied(mut needs: Vec<Need>) -> Vec<Need> {
    const WORTH_WHILE: usize = 512;
    needs.sort_by_cached_key(|need| {
        let sets = need.iter().map(|set| set.iter().collect::<Vec<_>>());
        (need.len(), sets.collect::<Vec<_>>())
    });
    if needs.len() > WORTH_WHILE {
        return needs;
    }
    let implies = |strong: &Need, weak: &Need| {
        strong
            .iter()
            .all(|set| weak.iter().any(|other| other.is_subset_of(set)))
    };
    let mut kept: Vec<Need> = Vec::with_capacity(needs.len());
    for need in needs {
        if !kept.iter().any(|other| implies(other, &need)) {
            kept.retain(|other| !implies(&need, other));
            kept.push(need);
        }
    }
    kept
}
