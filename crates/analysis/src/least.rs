//! Finds the smallest sets of scopes that suffice for operations.

use std::collections::HashSet;

use scopegate_domain::SchemeName;
use scopegate_policy::{
    AssumedCredentials, Fact, FactId, FactSet, FactTable, ResolvedOperation, ServerScope, minimise,
};

use crate::search::{Choice, Need, Outcome, Search};

/// Returns the smallest sets of scopes that allow all of these operations of one table, with the
/// assumptions of [`AssumedCredentials`].
///
/// The scopes of one authorization server are those of one token; a set with scopes of several
/// servers takes a token of each. If no scope is needed the set is empty: for operations that are
/// open without a credential, or to a token without scopes. A credential without scopes that an
/// operation requires together with scopes is presumed: [`MinimalScopes::in_addition`] names it. A
/// scope that implies others counts once, and may replace them. Of two sets of one size, the one
/// that contains strictly less is preferred. The search is exact within this number of nodes, each
/// of which checks every operation. Past it there is one set that suffices and from which nothing
/// can be removed. That set need not be the smallest.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_analysis::minimal_scopes;
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
/// assert_eq!(minimal_scopes(&[list], 1_000).sets()[0][0].token(), &READ);
/// let both = minimal_scopes(&[list, add], 1_000);
/// assert_eq!(both.sets()[0][0].to_string(), "write of oauth");
/// assert!(both.is_optimal());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn minimal_scopes(operations: &[&ResolvedOperation], budget: usize) -> MinimalScopes {
    least_of(operations, &|_| true, true, budget)
}

/// The same with some scopes only. If `may_be_anonymous`, operations that need no credential are
/// open, too.
pub(super) fn least_of(
    operations: &[&ResolvedOperation],
    is_available: &dyn Fn(&ServerScope) -> bool,
    may_be_anonymous: bool,
    budget: usize,
) -> MinimalScopes {
    let Some(first) = operations.first() else {
        return MinimalScopes::of(vec![Vec::new()], true);
    };
    let without_scopes = without_scopes(operations);
    let nothing = AssumedCredentials::builder()
        .without(Fact::Authenticated)
        .build_for(first);
    let no_scope = AssumedCredentials::builder().build_for(first);
    let is_enough = |grant: &AssumedCredentials| operations.iter().all(|operation| grant.opens(operation));
    if may_be_anonymous && is_enough(&nothing) || is_enough(&no_scope) {
        return MinimalScopes {
            without_scopes,
            ..MinimalScopes::of(vec![Vec::new()], true)
        };
    }
    let problem = Problem::new(first, operations, is_available);
    if !problem.unreachable.is_empty() {
        return MinimalScopes {
            unreachable: problem.unreachable,
            without_scopes,
            in_addition: problem.in_addition,
            ..MinimalScopes::of(Vec::new(), true)
        };
    }
    let name = |set: Vec<usize>| {
        let chosen = set.into_iter().filter_map(|place| problem.choices.get(place));
        let mut names: Vec<ServerScope> = chosen.map(|choice| choice.scope.clone()).collect();
        names.sort();
        names
    };
    let found = match Search::new(&problem.choices, &problem.needs).run(budget) {
        Outcome::All(sets) => {
            let mut sets: Vec<_> = sets.into_iter().map(name).collect();
            sets.sort();
            MinimalScopes::of(sets, true)
        }
        Outcome::Greedy(set) => MinimalScopes::of(vec![name(set)], false),
    };
    MinimalScopes {
        without_scopes,
        in_addition: problem.in_addition,
        ..found
    }
}

/// Credentials that an operation requires in addition to scopes: of schemes whose scopes are not
/// chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InAddition {
    operation: String,
    schemes: Vec<SchemeName>,
}

impl InAddition {
    /// Returns the operation, as its method and path.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Returns the schemes, each of which needs a credential.
    #[must_use]
    pub fn schemes(&self) -> &[SchemeName] {
        &self.schemes
    }
}

/// Credentials that open operations without any scope: an API key, a password, a bearer token.
#[derive(Clone, Debug)]
pub struct WithoutScopes {
    schemes: Vec<SchemeName>,
    operations: Vec<ResolvedOperation>,
}

impl WithoutScopes {
    /// Returns the schemes, each of which needs a credential.
    #[must_use]
    pub fn schemes(&self) -> &[SchemeName] {
        &self.schemes
    }

    /// The operations that these credentials open.
    #[must_use]
    pub fn operations(&self) -> &[ResolvedOperation] {
        &self.operations
    }
}

/// For each set of schemes that suffices for an operation without a scope, the operations for which
/// it suffices.
fn without_scopes(operations: &[&ResolvedOperation]) -> Vec<WithoutScopes> {
    let mut known: Vec<FactSet> = Vec::new();
    let mut seen = HashSet::new();
    let trees = operations
        .iter()
        .filter(|operation| seen.insert(operation.tree_number()));
    for operation in trees {
        for set in sets_without_scopes(operation) {
            if !known.contains(&set) {
                known.push(set);
            }
        }
    }
    let opened = |set: FactSet| {
        let fact_table = operations.first()?.fact_table();
        let mut held = fact_table.close(&set);
        fact_table.add_guards(&mut held);
        let open = operations.iter().filter(|operation| operation.is_open_to(&held));
        Some(WithoutScopes {
            schemes: fact_table
                .facts_of(&set)
                .filter_map(Fact::scheme_name)
                .cloned()
                .collect(),
            operations: open.map(|operation| (*operation).clone()).collect(),
        })
    };
    known.into_iter().filter_map(opened).collect()
}

/// Returns the schemes of the alternatives that require a credential and no scope.
fn sets_without_scopes(operation: &ResolvedOperation) -> Vec<FactSet> {
    let fact_table = operation.fact_table();
    let schemes: Vec<FactId> = fact_table
        .scheme_names()
        .filter_map(|name| fact_table.find(&Fact::Scheme(name.clone())))
        .collect();
    let mut sets = Vec::new();
    for set in operation.requirement().alternatives() {
        let asks_for_scope = fact_table.facts_of(set).any(|fact| fact.scope_token().is_some());
        if asks_for_scope || !set.contains(FactId::AUTHENTICATED) {
            continue;
        }
        let own: FactSet = schemes.iter().copied().filter(|id| set.contains(*id)).collect();
        if own.is_empty() {
            sets.extend(schemes.iter().map(|id| FactSet::from_iter([*id])));
        } else {
            sets.push(own);
        }
    }
    sets
}

/// The answer of [`minimal_scopes()`].
#[derive(Clone, Debug)]
pub struct MinimalScopes {
    sets: Vec<Vec<ServerScope>>,
    is_optimal: bool,
    unreachable: Vec<ResolvedOperation>,
    without_scopes: Vec<WithoutScopes>,
    in_addition: Vec<InAddition>,
}

impl MinimalScopes {
    /// Returns the complete list of sets, each in the order of names. A list of only the empty set
    /// if no scope is needed; an empty list if no scopes allow all of the operations.
    #[must_use]
    pub fn sets(&self) -> &[Vec<ServerScope>] {
        &self.sets
    }

    /// Whether these are the smallest sets, and the list is complete.
    #[must_use]
    pub const fn is_optimal(&self) -> bool {
        self.is_optimal
    }

    /// Returns the operations that no scopes allow: they deny every caller, or only credentials
    /// without scopes open them.
    #[must_use]
    pub fn unreachable(&self) -> &[ResolvedOperation] {
        &self.unreachable
    }

    /// Returns the credentials that open some of the operations without a scope.
    #[must_use]
    pub fn without_scopes(&self) -> &[WithoutScopes] {
        &self.without_scopes
    }

    /// Returns the credentials that operations need in addition to the scopes. An operation occurs
    /// once for each choice of them.
    #[must_use]
    pub fn in_addition(&self) -> &[InAddition] {
        &self.in_addition
    }

    const fn of(sets: Vec<Vec<ServerScope>>, is_optimal: bool) -> Self {
        Self {
            sets,
            is_optimal,
            unreachable: Vec::new(),
            without_scopes: Vec::new(),
            in_addition: Vec::new(),
        }
    }
}

/// The choices of a search, and the operations that need them.
struct Problem {
    choices: Vec<Choice>,
    needs: Vec<Need>,
    unreachable: Vec<ResolvedOperation>,
    in_addition: Vec<InAddition>,
}

impl Problem {
    /// At least one scope is chosen in any case. So the caller is authenticated, and all facts that
    /// are neither scopes nor schemes are assumed.
    fn new(
        first: &ResolvedOperation,
        operations: &[&ResolvedOperation],
        is_available: &dyn Fn(&ServerScope) -> bool,
    ) -> Self {
        let fact_table = first.fact_table();
        let choices = choices(fact_table, is_available);
        let everything = choices.iter().fold(AssumedCredentials::builder(), |builder, choice| {
            builder.scope_of(choice.scope.scheme().clone(), choice.scope.token().clone())
        });
        let everything = everything.build_for(first);
        let granted: FactSet = fact_table.guards().map(|(id, _)| id).collect();
        let mut needs: HashSet<Need> = HashSet::new();
        let mut unreachable = Vec::new();
        let mut in_addition = Vec::new();
        let mut seen = HashSet::new();
        for operation in operations {
            if !everything.opens(operation) {
                let ways = ways_with_credentials(operation, everything.facts());
                if ways.is_empty() {
                    unreachable.push((*operation).clone());
                    continue;
                }
                in_addition.extend(credentials_of(operation, &ways));
                let mut presumed = all_credentials(fact_table);
                presumed.unite(&granted);
                let mut need: Need = ways.iter().map(|set| set.difference(&presumed)).collect();
                minimise(&mut need);
                needs.insert(need);
            } else if seen.insert(operation.tree_number()) && !operation.is_open_to(&granted) {
                needs.insert(need(operation, &granted, everything.facts()));
            }
        }
        Self {
            choices,
            needs: without_implied(needs.into_iter().collect()),
            unreachable,
            in_addition,
        }
    }
}

/// A credential of each scheme, without scopes.
fn all_credentials(fact_table: &FactTable) -> FactSet {
    let schemes = fact_table.scheme_names().filter_map(|name| fact_table.scheme_id(name));
    let closures = schemes.filter_map(|scheme| fact_table.scheme_closure(scheme));
    closures.fold(FactSet::EMPTY, |mut all, closure| {
        all.unite(closure);
        all
    })
}

/// Returns the alternatives with a scope that these facts satisfy together with credentials without
/// scopes.
fn ways_with_credentials<'o>(operation: &'o ResolvedOperation, held: &FactSet) -> Vec<&'o FactSet> {
    let fact_table = operation.fact_table();
    let mut possible = all_credentials(fact_table);
    possible.unite(held);
    let has_scope = |set: &FactSet| fact_table.facts_of(set).any(|fact| fact.scope_token().is_some());
    let alternatives = operation.requirement().alternatives().iter();
    alternatives
        .filter(|set| set.is_subset_of(&possible) && has_scope(set))
        .collect()
}

/// Whether these facts open an operation together with credentials without scopes, by an
/// alternative with a scope.
pub(super) fn is_open_with_credentials(operation: &ResolvedOperation, held: &FactSet) -> bool {
    !ways_with_credentials(operation, held).is_empty()
}

/// Returns for each of these alternatives the schemes that no scope of it implies.
fn credentials_of(operation: &ResolvedOperation, ways: &[&FactSet]) -> Vec<InAddition> {
    let fact_table = operation.fact_table();
    let mut all: Vec<InAddition> = Vec::new();
    for set in ways {
        let generators = fact_table.generators(set);
        let schemes = fact_table.facts_of(&generators).filter_map(|fact| match fact {
            Fact::Scheme(name) => Some(name.clone()),
            _ => None,
        });
        let credentials = InAddition {
            operation: operation.to_string(),
            schemes: schemes.collect(),
        };
        if !all.contains(&credentials) {
            all.push(credentials);
        }
    }
    all
}

fn choices(fact_table: &FactTable, is_available: &dyn Fn(&ServerScope) -> bool) -> Vec<Choice> {
    let mut seen = HashSet::new();
    let mut choices = Vec::new();
    for fact in fact_table.facts() {
        let Fact::Scope { scheme, token } = fact else { continue };
        let Some(server) = fact_table.server_of(scheme) else {
            continue;
        };
        let scope = ServerScope::new(scheme.clone(), token.clone());
        if seen.insert((server, token)) && is_available(&scope) {
            let provided = fact_table.token_scope_facts(server, token.as_str());
            choices.push(Choice { scope, provided });
        }
    }
    choices.sort_by(|one, other| one.scope.cmp(&other.scope));
    choices
}

/// Returns the alternatives that the choices can satisfy, without the assumed facts.
fn need(operation: &ResolvedOperation, granted: &FactSet, possible: &FactSet) -> Need {
    let alternatives = operation.requirement().alternatives().iter();
    let possible = alternatives.filter(|set| set.is_subset_of(possible));
    let mut need = possible.map(|set| set.difference(granted)).collect();
    minimise(&mut need);
    need
}

/// Removes needs that follow from others. With more than some hundred needs, a check of every pair
/// costs more than it saves.
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
