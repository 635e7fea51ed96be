//! The entry point of the fuzz target `requirement`: bytes drive a stack machine that builds
//! requirements, each next to its truth table.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a property that does not hold fails"
)]

use std::collections::BTreeSet;

use scopegate_domain::{Catalog, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Fact, FactId, FactSet, FactTable, Requirement};

/// A requirement speaks of this number of scopes.
const SCOPES: usize = 6;
const GRANTS: usize = 1 << SCOPES;
const STEPS: usize = 128;
/// This number of scopes is declared before: the six then lie where a word of bits begins, or
/// across the end of one.
const BEFORE: [usize; 5] = [0, 57, 60, 121, 185];

/// For each grant, a number whose bits are scopes, one bit: whether the function holds for it.
type Table = u64;

struct Item {
    requirement: Requirement,
    table: Table,
}

/// The engine has the minimal sets of the truth table, allows what it allows, and misses what is
/// missing. Two requirements are equal, and one implies another, if their tables do.
///
/// # Panics
///
/// If one of these does not hold.
pub(crate) fn requirement(input: &[u8]) {
    let mut bytes = input.iter().copied();
    let machine = Machine::new(&mut bytes);
    let mut stack: Vec<Item> = Vec::new();
    for byte in bytes.take(STEPS) {
        machine.step(&mut stack, usize::from(byte));
        if let Some(top) = stack.last() {
            machine.same_meaning(top);
        }
    }
    if let Some(top) = stack.last() {
        machine.same_residuals(top);
    }
    for a in stack.iter().rev().take(8) {
        for b in stack.iter().rev().take(8) {
            assert_eq!(a.requirement == b.requirement, a.table == b.table);
            assert_eq!(a.requirement.implies(&b.requirement), a.table & !b.table == 0);
        }
    }
}

struct Machine {
    fact_table: FactTable,
    ids: Vec<FactId>,
    /// For each scope, the grant that it amounts to.
    reach: [usize; SCOPES],
    /// For each grant, its world.
    worlds: Vec<FactSet>,
}

impl Machine {
    /// The first byte says how many scopes are declared before, the second how many edges follow, a
    /// byte each.
    fn new(bytes: &mut impl Iterator<Item = u8>) -> Self {
        let mut number = || bytes.next().map_or(0, usize::from);
        let before = BEFORE[number() % BEFORE.len()];
        let count = number();
        let edges = (0..count % 8)
            .map(|_| number())
            .map(|edge| (edge % SCOPES, edge / SCOPES % SCOPES));
        // From lower to higher scopes, or the other way round, there is no circle.
        let edges: Vec<(usize, usize)> = if count < 128 {
            edges.filter(|(from, to)| from < to).collect()
        } else {
            edges.filter(|(from, to)| from > to).collect()
        };
        let (fact_table, ids) = fact_table(before, &edges);
        let set = |grant: usize| members(grant).map(|scope| ids[scope]).collect();
        let worlds = (0..GRANTS).map(|grant| fact_table.close(&set(grant))).collect();
        Self {
            reach: reach(&edges),
            fact_table,
            ids,
            worlds,
        }
    }

    fn step(&self, stack: &mut Vec<Item>, byte: usize) {
        let operand = byte / 8;
        let item = match byte % 8 {
            0 | 1 => self.atoms(1 << (operand % SCOPES)),
            2 => self.atoms(operand),
            3 => {
                let items = stack.split_off(stack.len().saturating_sub(operand % 5));
                let table = items.iter().fold(Table::MAX, |table, item| table & item.table);
                let all = Requirement::all(items.into_iter().map(|item| item.requirement));
                Item {
                    requirement: all.expect("few alternatives"),
                    table,
                }
            }
            4 => {
                let items = stack.split_off(stack.len().saturating_sub(operand % 5));
                let table = items.iter().fold(0, |table, item| table | item.table);
                let any = Requirement::any(items.into_iter().map(|item| item.requirement));
                Item {
                    requirement: any.expect("few alternatives"),
                    table,
                }
            }
            5 => match stack.len().checked_sub(operand + 1).and_then(|place| stack.get(place)) {
                Some(item) => Item {
                    requirement: item.requirement.clone(),
                    table: item.table,
                },
                None => return,
            },
            6 => Item {
                requirement: Requirement::deny(),
                table: 0,
            },
            _ => Item {
                requirement: Requirement::public(),
                table: Table::MAX,
            },
        };
        stack.push(item);
    }

    /// All scopes of a grant; one alone is an atom.
    fn atoms(&self, grant: usize) -> Item {
        let set: FactSet = members(grant).map(|scope| self.ids[scope]).collect();
        let requirement = match members(grant).collect::<Vec<_>>()[..] {
            [scope] => Requirement::fact(&self.fact_table, self.ids[scope]),
            _ => Requirement::facts(&self.fact_table, &set),
        };
        let holds = |having: &usize| grant & !self.close(*having) == 0;
        let table = (0..GRANTS).filter(holds).map(|having| 1 << having).sum();
        Item { requirement, table }
    }

    /// The grant with all that its scopes imply.
    fn close(&self, grant: usize) -> usize {
        members(grant).fold(0, |closed, scope| closed | self.reach[scope])
    }

    fn grant_of(&self, set: &FactSet) -> usize {
        (0..SCOPES)
            .filter(|scope| set.contains(self.ids[*scope]))
            .map(|scope| 1 << scope)
            .sum()
    }

    fn same_meaning(&self, item: &Item) {
        for (grant, world) in self.worlds.iter().enumerate() {
            assert_eq!(
                item.requirement.allows(world),
                holds(item.table, grant),
                "for {grant:06b}"
            );
        }
        let closed: Vec<usize> = (0..GRANTS).filter(|grant| self.close(*grant) == *grant).collect();
        let enough = |grant: &&usize| holds(item.table, **grant);
        let minimal = |grant: &&usize| {
            let smaller = closed.iter().filter(enough).filter(|other| *other != *grant);
            smaller.into_iter().all(|other| other & !**grant != 0)
        };
        let expected: BTreeSet<usize> = closed.iter().filter(enough).filter(minimal).copied().collect();
        let alternatives = item.requirement.alternatives();
        let found: BTreeSet<usize> = alternatives.iter().map(|set| self.grant_of(set)).collect();
        assert_eq!((found.len(), &found), (alternatives.len(), &expected));
        assert_eq!(item.requirement.is_deny(), item.table == 0);
        assert_eq!(item.requirement.is_public(), item.table == Table::MAX);
    }

    /// A larger grant is enough if it has one of the sets that are missing.
    fn same_residuals(&self, item: &Item) {
        for (grant, world) in self.worlds.iter().enumerate() {
            let missing = item.requirement.missing_sets(world);
            let missing: Vec<usize> = missing
                .iter()
                .map(|set| self.close(self.grant_of(&self.fact_table.generators(set))))
                .collect();
            for larger in (0..GRANTS).filter(|larger| grant & !larger == 0) {
                let reached = missing.iter().any(|set| set & !self.close(larger) == 0);
                assert_eq!(reached, holds(item.table, larger), "from {grant:06b} to {larger:06b}");
            }
        }
    }
}

fn holds(table: Table, grant: usize) -> bool {
    table >> grant & 1 == 1
}

fn members(grant: usize) -> impl Iterator<Item = usize> + Clone {
    (0..SCOPES).filter(move |scope| grant >> scope & 1 == 1)
}

/// What each scope amounts to, found by going along the edges until nothing new comes.
fn reach(edges: &[(usize, usize)]) -> [usize; SCOPES] {
    let mut reach = std::array::from_fn(|scope| 1 << scope);
    for _ in 0..SCOPES {
        for (from, to) in edges {
            reach[*from] |= reach[*to];
        }
    }
    reach
}

fn fact_table(before: usize, edges: &[(usize, usize)]) -> (FactTable, Vec<FactId>) {
    let token = |place: usize| ScopeToken::parse(&format!("s{place}")).expect("a scope");
    let builder = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let builder = (0..before + SCOPES).fold(builder, |builder, place| builder.scope(token(place), ""));
    let builder = edges.iter().fold(builder, |builder, (from, to)| {
        builder.implies(token(before + from), token(before + to))
    });
    let fact_table = FactTable::builder(&builder.build().expect("no circle"))
        .build()
        .expect("few atoms");
    let scheme = SchemeName::parse("oauth").expect("a scheme");
    let id = |place: usize| {
        let (scheme, token) = (scheme.clone(), token(before + place));
        fact_table
            .find(&Fact::Scope { scheme, token })
            .expect("a declared scope")
    };
    let ids = (0..SCOPES).map(id).collect();
    (fact_table, ids)
}
