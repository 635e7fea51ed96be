//! The entry point of the fuzz target `diff`: bytes to two small policies, compared by the engine
//! and by their truth tables.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a property that does not hold fails"
)]

use scopegate_analysis::{Change, ChangeKind, diff};
use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
use scopegate_policy::{Fact, Guard, Operation, OperationTable};

const SCOPES: usize = 5;
/// The operations that a policy may have. The name of a parameter does not count.
const OPERATIONS: [(&str, [&str; 2]); 3] = [
    ("GET", ["/a", "/a"]),
    ("GET", ["/b/{x}", "/b/{y}"]),
    ("POST", ["/b/{x}", "/b/{y}"]),
];

/// Which operations changed, and how, follows from their truth tables; each witness is authorized
/// on one side and not on the other; and in the other direction everything is reversed.
///
/// # Panics
///
/// If one of these does not hold.
pub(crate) fn policy_pairs(input: &[u8]) {
    let mut bytes = input.iter().copied();
    let (old, new) = (Policy::read(&mut bytes), Policy::read(&mut bytes));
    let tables = (old.table(), new.table());
    compare(&old, &new, &diff(&tables.0, &tables.1).expect("few steps"));
    compare(&new, &old, &diff(&tables.1, &tables.0).expect("few steps"));
    assert_eq!(diff(&tables.0, &tables.0), Ok(Vec::new()));
}

fn compare(old: &Policy, new: &Policy, changes: &[Change]) {
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected(old, new), "{old:?} {new:?}");
    for change in changes {
        let shape = OPERATIONS.iter().position(|(method, templates)| {
            *method == change.method().as_str() && templates.contains(&change.template())
        });
        let shape = shape.expect("an operation of these policies");
        let allows = |policy: &Policy, grant: AssumedCredentials| {
            policy.operations[shape]
                .as_ref()
                .is_some_and(|asked| policy.allows(asked, grant))
        };
        let is_in_both = old.operations[shape].is_some() && new.operations[shape].is_some();
        let opens = GRANTS.clone().any(|grant| allows(new, grant) && !allows(old, grant));
        assert_eq!(change.opens(), is_in_both && opens, "{change}: {old:?} {new:?}");
        for (witness, here, there) in [(change.allowed_now(), new, old), (change.refused_now(), old, new)] {
            let is_open = GRANTS.clone().any(|grant| allows(here, grant) && !allows(there, grant));
            assert_eq!(witness.is_some(), is_open, "{change}: {old:?} {new:?}");
            if let Some(grant) = witness.map(read_grant) {
                assert!(
                    allows(here, grant) && !allows(there, grant),
                    "{change} {witness:?}: {old:?} {new:?}"
                );
            }
        }
    }
}

/// The changes, as they are written: those of the new policy in its order, then what was removed.
fn expected(old: &Policy, new: &Policy) -> Vec<String> {
    let line = |kind: ChangeKind, shape: usize, policy: &Policy| {
        let (method, templates) = OPERATIONS[shape];
        format!("{kind} {method} {}", templates[policy.names])
    };
    let mut lines = Vec::new();
    for (shape, (before, after)) in old.operations.iter().zip(&new.operations).enumerate() {
        let (Some(before), Some(after)) = (before, after) else {
            lines.extend(after.as_ref().map(|_| line(ChangeKind::Added, shape, new)));
            continue;
        };
        let more = GRANTS
            .clone()
            .any(|grant| new.allows(after, grant) && !old.allows(before, grant));
        let less = GRANTS
            .clone()
            .any(|grant| old.allows(before, grant) && !new.allows(after, grant));
        let kind = match (more, less) {
            (false, false) => continue,
            (true, false) => ChangeKind::Weaker,
            (false, true) => ChangeKind::Stronger,
            (true, true) => ChangeKind::Incomparable,
        };
        lines.push(line(kind, shape, new));
    }
    for (shape, (before, after)) in old.operations.iter().zip(&new.operations).enumerate() {
        if before.is_some() && after.is_none() {
            lines.push(line(ChangeKind::Removed, shape, old));
        }
    }
    lines
}

/// A number whose bits are scopes, or one past all of them: no credential.
type AssumedCredentials = usize;

const ANONYMOUS: AssumedCredentials = 1 << SCOPES;
const GRANTS: std::ops::RangeInclusive<AssumedCredentials> = 0..=ANONYMOUS;

fn read_grant(witness: &[Fact]) -> AssumedCredentials {
    if witness.is_empty() {
        return ANONYMOUS;
    }
    let scopes = witness.iter().filter_map(Fact::scope_token);
    assert!(
        (1..witness.len()).all(|place| !witness[..place].contains(&witness[place])),
        "a fact twice: {witness:?}"
    );
    let place = |token: &ScopeToken| (0..SCOPES).find(|place| scope(*place) == *token).expect("a scope");
    scopes.fold(0, |grant, token| grant | 1 << place(token))
}

fn scope(place: usize) -> ScopeToken {
    ScopeToken::parse(&format!("s{place}")).expect("a scope")
}

fn members(grant: usize) -> impl Iterator<Item = usize> {
    (0..SCOPES).filter(move |scope| grant >> scope & 1 == 1)
}

#[derive(Debug)]
struct Policy {
    /// Which of the names of a parameter it writes.
    names: usize,
    /// The scopes that it declares.
    declared: usize,
    edges: Vec<(usize, usize)>,
    operations: Vec<Option<RequiredGuards>>,
}

/// What an operation requires: all of its guards.
#[derive(Debug)]
struct RequiredGuards {
    guards: Vec<GuardCase>,
    is_optional: bool,
}

#[derive(Debug)]
enum GuardCase {
    /// One of these grants; with none, no caller gets in.
    AnyOf(Vec<usize>),
    Public,
}

impl Policy {
    fn read(bytes: &mut impl Iterator<Item = u8>) -> Self {
        let mut number = || bytes.next().map_or(0, usize::from);
        let (names, declared) = (number() % 2, number() % (1 << SCOPES));
        let is_declared = |scope: usize| declared >> scope & 1 == 1;
        let count = number();
        let edges = (0..count % 6)
            .map(|_| number())
            .map(|edge| (edge % SCOPES, edge / SCOPES % SCOPES));
        let edges: Vec<_> = edges
            .filter(|(from, to)| is_declared(*from) && is_declared(*to))
            .collect();
        // Along the order of scopes, or against it, there is no circle.
        let along = |(from, to): &(usize, usize)| if count < 128 { from < to } else { from > to };
        let edges = edges.into_iter().filter(along).collect();
        let operations = (0..OPERATIONS.len())
            .map(|_| RequiredGuards::read(&mut number, declared))
            .collect();
        Self {
            names,
            declared,
            edges,
            operations,
        }
    }

    fn table(&self) -> OperationTable {
        let builder = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let builder = members(self.declared).fold(builder, |builder, place| builder.scope(scope(place), ""));
        let edges = self.edges.iter();
        let builder = edges.fold(builder, |builder, (from, to)| builder.implies(scope(*from), scope(*to)));
        let mut table = OperationTable::builder(builder.build().expect("no circle"));
        for ((method, templates), asked) in OPERATIONS.iter().zip(&self.operations) {
            let Some(asked) = asked else { continue };
            let template = templates[self.names];
            let operation = if *method == "GET" {
                Operation::get(template)
            } else {
                Operation::post(template)
            };
            let operation = asked
                .guards
                .iter()
                .map(GuardCase::guard)
                .fold(operation, |operation, guard| operation.guard(&guard));
            table = table.operation(if asked.is_optional {
                operation.optional()
            } else {
                operation
            });
        }
        table.build().expect("a small policy")
    }

    /// The scopes that a grant amounts to here.
    fn close(&self, grant: AssumedCredentials) -> usize {
        let mut closed = grant & self.declared;
        for _ in 0..SCOPES {
            let implied = self.edges.iter().filter(|(from, _)| closed >> from & 1 == 1);
            closed = implied.fold(closed, |closed, (_, to)| closed | 1 << to);
        }
        closed
    }

    fn allows(&self, asked: &RequiredGuards, grant: AssumedCredentials) -> bool {
        asked.guards.iter().all(|asking| match asking {
            GuardCase::Public => true,
            GuardCase::AnyOf(alternatives) if grant == ANONYMOUS => asked.is_optional && !alternatives.is_empty(),
            GuardCase::AnyOf(alternatives) => alternatives.iter().any(|needed| needed & !self.close(grant) == 0),
        })
    }
}

impl RequiredGuards {
    fn read(number: &mut impl FnMut() -> usize, declared: usize) -> Option<Self> {
        let shape = number();
        let guards = (0..shape % 4).map(|_| match number() {
            kind if kind % 8 == 7 => GuardCase::Public,
            kind => GuardCase::AnyOf((0..kind % 8).map(|_| number() & declared).collect()),
        });
        let guards: Vec<_> = guards.collect();
        (!guards.is_empty()).then_some(Self {
            guards,
            is_optional: shape >= 192,
        })
    }
}

impl GuardCase {
    fn guard(&self) -> Guard {
        match self {
            Self::Public => Guard::public(),
            Self::AnyOf(alternatives) => Guard::any_of(alternatives.iter().map(|needed| members(*needed).map(scope))),
        }
    }
}
