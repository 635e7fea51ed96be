//! Small fact tables whole: every monotone function on four and five scopes, every partial order on
//! four.
//!
//! A function is its truth table, a number whose bit `grant` says whether it holds for that grant.
//! A grant is a number whose bit `scope` says whether it has that scope.

use std::collections::{HashMap, HashSet};

use scopegate_domain::{Catalog, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Fact, FactId, FactSet, FactTable, Requirement};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The truth tables of all monotone functions of this number of scopes. Each is a pair of smaller
/// ones, for grants without and with the last scope, of which the first implies the second.
fn monotone_functions(scopes: usize) -> Vec<u32> {
    let Some(fewer) = scopes.checked_sub(1) else {
        return vec![0, 1];
    };
    let smaller = monotone_functions(fewer);
    let pairs = smaller
        .iter()
        .flat_map(|without| smaller.iter().map(move |with| (*without, *with)));
    pairs
        .filter(|(without, with)| without & !with == 0)
        .map(|(without, with)| without | with << (1 << fewer))
        .collect()
}

fn holds(table: u32, grant: usize) -> bool {
    table >> grant & 1 == 1
}

/// The fact table of some scopes of one scheme.
struct Scopes {
    fact_table: FactTable,
    ids: Vec<FactId>,
}

impl Scopes {
    fn new(count: usize, edges: &[(usize, usize)]) -> Self {
        let token = |scope: usize| ScopeToken::parse(NAMES[scope]).expect("a scope");
        let builder = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let builder = (0..count).fold(builder, |builder, scope| builder.scope(token(scope), ""));
        let builder = edges.iter().fold(builder, |builder, (strong, weak)| {
            builder.implies(token(*strong), token(*weak))
        });
        let fact_table = FactTable::builder(&builder.build().expect("no circle"))
            .build()
            .expect("few atoms");
        let scheme = SchemeName::parse("oauth").expect("a scheme");
        let id = |scope| {
            fact_table.find(&Fact::Scope {
                scheme: scheme.clone(),
                token: token(scope),
            })
        };
        let ids = (0..count).map(|scope| id(scope).expect("a declared scope")).collect();
        Self { fact_table, ids }
    }

    fn set(&self, grant: usize) -> FactSet {
        self.ids
            .iter()
            .enumerate()
            .filter(|(scope, _)| grant >> scope & 1 == 1)
            .map(|(_, id)| *id)
            .collect()
    }

    /// The worlds of all grants.
    fn worlds(&self) -> Vec<FactSet> {
        (0..1 << self.ids.len())
            .map(|grant| self.fact_table.close(&self.set(grant)))
            .collect()
    }

    /// Any of the grants for which the function holds.
    fn requirement(&self, table: u32) -> Requirement {
        let grants = (0..1 << self.ids.len()).filter(|grant| holds(table, *grant));
        Requirement::any(grants.map(|grant| Requirement::facts(&self.fact_table, &self.set(grant))))
            .expect("few alternatives")
    }

    /// All clauses that the function implies: for each grant that it refuses, one of the other
    /// scopes.
    fn requirement_of_clauses(&self, table: u32) -> Requirement {
        let every = (1 << self.ids.len()) - 1;
        let clause = |grant: usize| {
            let others = self.set(every & !grant);
            Requirement::any(others.iter().map(|id| Requirement::fact(&self.fact_table, id))).expect("few alternatives")
        };
        Requirement::all((0..=every).filter(|grant| !holds(table, *grant)).map(clause)).expect("few alternatives")
    }
}

/// Laws 1, 3, 4 and 7 on four scopes: every function against every other, for every grant.
#[test]
fn each_function_of_four_scopes_against_each_other() {
    let scopes = Scopes::new(4, &[]);
    let functions = monotone_functions(4);
    assert_eq!(functions.len(), 168);
    let normal: HashMap<u32, Requirement> = functions
        .iter()
        .map(|table| (*table, scopes.requirement(*table)))
        .collect();
    let worlds = scopes.worlds();
    let decided = |requirement: &Requirement| -> u32 {
        let allowed = worlds.iter().enumerate().filter(|(_, world)| requirement.allows(world));
        allowed.map(|(grant, _)| 1 << grant).sum()
    };
    for a in &functions {
        for b in &functions {
            let both = || [normal[a].clone(), normal[b].clone()];
            assert_eq!(normal[a] == normal[b], a == b, "{a:016b} == {b:016b}");
            assert_eq!(normal[a].implies(&normal[b]), a & !b == 0, "{a:016b} implies {b:016b}");
            let all = Requirement::all(both()).expect("few alternatives");
            let any = Requirement::any(both()).expect("few alternatives");
            assert_eq!(all, normal[&(a & b)], "all of {a:016b}, {b:016b}");
            assert_eq!(any, normal[&(a | b)], "any of {a:016b}, {b:016b}");
            assert_eq!(decided(&all), a & b, "all of {a:016b}, {b:016b}");
            assert_eq!(decided(&any), a | b, "any of {a:016b}, {b:016b}");
        }
    }
}

/// Laws 1 and 4 on five scopes: every function for every grant, given as alternatives and as
/// clauses.
#[test]
fn each_function_of_five_scopes_for_each_grant() {
    let scopes = Scopes::new(5, &[]);
    let worlds = scopes.worlds();
    let functions = monotone_functions(5);
    assert_eq!(functions.len(), 7_581);
    let mut seen = HashSet::new();
    for table in functions {
        let requirement = scopes.requirement(table);
        for (grant, world) in worlds.iter().enumerate() {
            assert_eq!(
                requirement.allows(world),
                holds(table, grant),
                "{table:032b} for {grant}"
            );
        }
        assert_eq!(scopes.requirement_of_clauses(table), requirement, "{table:032b}");
        assert!(seen.insert(requirement), "{table:032b} has a normal form of its own");
    }
}

type Order = [[bool; 4]; 4];

/// All partial orders of four scopes, as "implies" of each pair.
fn partial_orders() -> Vec<Order> {
    let pairs: Vec<(usize, usize)> = pairs().filter(|(a, b)| a != b).collect();
    let order = |bits: usize| {
        let mut order = [[false; 4]; 4];
        (0..4).for_each(|scope| order[scope][scope] = true);
        pairs
            .iter()
            .enumerate()
            .for_each(|(bit, (a, b))| order[*a][*b] = bits >> bit & 1 == 1);
        order
    };
    (0..1 << pairs.len()).map(order).filter(is_partial_order).collect()
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..4).flat_map(|a| (0..4).map(move |b| (a, b)))
}

fn is_partial_order(order: &Order) -> bool {
    let antisymmetric = pairs().all(|(a, b)| a == b || !(order[a][b] && order[b][a]));
    antisymmetric && pairs().all(|(a, b)| (0..4).all(|c| !(order[a][b] && order[b][c]) || order[a][c]))
}

/// The grant with all scopes that its own imply.
fn close(order: &Order, grant: usize) -> usize {
    let has = |weak: &usize| (0..4).any(|strong| grant >> strong & 1 == 1 && order[strong][*weak]);
    (0..4).filter(has).map(|scope| 1 << scope).sum()
}

/// Laws 1, 4, 5, 6 and 7 under every partial order of four scopes (no order at all is the first),
/// for every function and every grant.
#[test]
fn each_function_under_each_partial_order() {
    let orders = partial_orders();
    assert_eq!(orders.len(), 219);
    let functions = monotone_functions(4);
    for order in orders {
        let edges: Vec<(usize, usize)> = pairs().filter(|(a, b)| a != b && order[*a][*b]).collect();
        let scopes = Scopes::new(4, &edges);
        let worlds = scopes.worlds();
        let mut by_meaning: HashMap<Vec<bool>, Requirement> = HashMap::new();
        for table in &functions {
            let requirement = scopes.requirement(*table);
            let meaning: Vec<bool> = (0..16).map(|grant| holds(*table, close(&order, grant))).collect();
            let decided: Vec<bool> = worlds.iter().map(|world| requirement.allows(world)).collect();
            assert_eq!(decided, meaning, "{table:016b} under {edges:?}");
            assert_eq!(
                by_meaning.entry(meaning).or_insert_with(|| requirement.clone()),
                &requirement
            );
        }
        let distinct: HashSet<&Requirement> = by_meaning.values().collect();
        assert_eq!(distinct.len(), by_meaning.len(), "under {edges:?}");
        for (meaning, requirement) in &by_meaning {
            residual_is_what_is_missing(&scopes, &worlds, meaning, requirement);
            for (other, weaker) in &by_meaning {
                let implied = meaning.iter().zip(other).all(|(holds, others)| !holds || *others);
                assert_eq!(requirement.implies(weaker), implied, "under {edges:?}");
            }
        }
    }
}

/// After every grant the residual names what still has to be added, for any larger grant; and each
/// of its generators is needed.
fn residual_is_what_is_missing(scopes: &Scopes, worlds: &[FactSet], meaning: &[bool], requirement: &Requirement) {
    for (grant, world) in worlds.iter().enumerate() {
        let residual = requirement.missing_sets(world);
        let shown: Vec<FactSet> = residual.iter().map(|set| scopes.fact_table.generators(set)).collect();
        let added: Vec<FactSet> = shown.iter().map(|set| scopes.fact_table.close(set)).collect();
        for larger in (0..worlds.len()).filter(|larger| larger & grant == grant) {
            let reached = added.iter().any(|set| set.is_subset_of(&worlds[larger]));
            assert_eq!(reached, meaning[larger], "from {grant} to {larger}");
        }
        for set in &shown {
            for id in set.iter() {
                let fewer = set.difference(&FactSet::from_iter([id]));
                let less = scopes.fact_table.close(&fewer.union(world));
                assert!(!requirement.allows(&less), "{id:?} is redundant after {grant}");
            }
        }
    }
}
