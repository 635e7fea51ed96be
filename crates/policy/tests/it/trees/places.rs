//! Guards of the application, of groups in groups, next to an operation and on it. They are
//! compared with the same guards written down one after the other on each operation.

use proptest::prelude::*;
use scopegate_domain::Timestamp;
use scopegate_policy::{
    Access, Group, Guard, Operation, OperationTable, OperationTableBuilder, PresentedCredentials, ResolvedOperation,
    TableError, explain,
};

use crate::oracle::Facts;
use crate::oracle::bridge::catalog;
use crate::random_trees;
use crate::tree::{self, Guarding, Own, Policy};
use crate::tree_bridge::{self, Notes};

/// The places of guards, by their numbers.
#[derive(Clone, Debug)]
struct Application {
    guards: Vec<usize>,
    operations: Vec<Placed>,
    groups: Vec<Grouping>,
}

#[derive(Clone, Debug)]
struct Grouping {
    guards: Vec<usize>,
    operations: Vec<Placed>,
    groups: Vec<Self>,
}

#[derive(Clone, Debug)]
struct Placed {
    behind: Vec<usize>,
    own: Vec<usize>,
    is_override: bool,
    is_optional: bool,
}

/// An operation as the declaration means it: its whole path, and the guards before it from the
/// outside in.
struct Flat<'a> {
    template: String,
    above: Vec<usize>,
    placed: &'a Placed,
}

/// A policy whose last guard says *public*, so that it is stated often enough.
fn policy() -> impl Strategy<Value = Policy> {
    random_trees::policy().prop_map(|mut policy| {
        policy.guards.push(Guarding {
            own: Own::Public,
            schemes: Vec::new(),
            checks: Vec::new(),
            on: Vec::new(),
        });
        policy
    })
}

fn some_guards(at_most: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..8_usize, 0..=at_most)
}

fn placed() -> impl Strategy<Value = Placed> {
    let flags = (prop::bool::weighted(0.15), prop::bool::weighted(0.1));
    (some_guards(1), some_guards(2), flags).prop_map(|(behind, own, (is_override, is_optional))| Placed {
        behind,
        own,
        is_override,
        is_optional,
    })
}

fn grouping() -> impl Strategy<Value = Grouping> {
    let leaf = (some_guards(2), prop::collection::vec(placed(), 0..=2));
    let leaf = leaf.prop_map(|(guards, operations)| Grouping {
        guards,
        operations,
        groups: Vec::new(),
    });
    leaf.prop_recursive(3, 5, 2, |inner| {
        let parts = (
            some_guards(2),
            prop::collection::vec(placed(), 0..=1),
            prop::collection::vec(inner, 0..=2),
        );
        parts.prop_map(|(guards, operations, groups)| Grouping {
            guards,
            operations,
            groups,
        })
    })
}

fn application() -> impl Strategy<Value = Application> {
    let parts = (
        some_guards(2),
        prop::collection::vec(placed(), 0..=2),
        prop::collection::vec(grouping(), 0..=2),
    );
    parts.prop_map(|(guards, operations, groups)| Application {
        guards,
        operations,
        groups,
    })
}

impl Application {
    fn table(&self, policy: &Policy, guards: &[Guard]) -> Result<OperationTable, TableError> {
        let builder = OperationTable::builder(catalog(&policy.words));
        let builder = (0..).zip(&self.operations).fold(builder, |builder, (number, placed)| {
            builder.operation(placed.operation(number, guards))
        });
        let builder = (0..).zip(&self.groups).fold(builder, |builder, (number, grouping)| {
            builder.group(grouping.group(number, guards))
        });
        // Declared last, but they still come first.
        let standing = pick(guards, &self.guards);
        standing.fold(builder, OperationTableBuilder::guard).build()
    }

    fn flat(&self) -> Vec<Flat<'_>> {
        let mut flat = Vec::new();
        walk("", &self.guards, &self.operations, &self.groups, &mut flat);
        flat
    }
}

impl Grouping {
    fn group(&self, number: usize, guards: &[Guard]) -> Group {
        let group = Group::new(prefix(number));
        let group = (0..).zip(&self.operations).fold(group, |group, (number, placed)| {
            group.operation(placed.operation(number, guards))
        });
        let group = (0..)
            .zip(&self.groups)
            .fold(group, |group, (number, inner)| group.group(inner.group(number, guards)));
        pick(guards, &self.guards).fold(group, Group::guard)
    }
}

impl Placed {
    fn operation(&self, number: usize, guards: &[Guard]) -> Operation {
        let operation = Operation::get(format!("/{number}"));
        let operation = pick(guards, &self.own).fold(operation, Operation::guard);
        let operation = pick(guards, &self.behind).fold(operation, Operation::and_guard);
        let operation = if self.is_override {
            operation.override_guards()
        } else {
            operation
        };
        if self.is_optional {
            operation.optional()
        } else {
            operation
        }
    }
}

/// Every third group has no prefix of its own.
fn prefix(number: usize) -> String {
    if number % 3 == 2 {
        String::new()
    } else {
        format!("/g{number}")
    }
}

fn pick<'g>(guards: &'g [Guard], numbers: &'g [usize]) -> impl Iterator<Item = &'g Guard> {
    numbers.iter().map(|number| &guards[number % guards.len()])
}

fn walk<'a>(path: &str, above: &[usize], operations: &'a [Placed], groups: &'a [Grouping], flat: &mut Vec<Flat<'a>>) {
    flat.extend((0..).zip(operations).map(|(number, placed): (usize, _)| Flat {
        template: format!("{path}/{number}"),
        above: above.to_vec(),
        placed,
    }));
    for (number, group) in groups.iter().enumerate() {
        let path = format!("{path}{}", prefix(number));
        let above = [above, &group.guards].concat();
        walk(&path, &above, &group.operations, &group.groups, flat);
    }
}

impl Flat<'_> {
    fn own(&self) -> Vec<usize> {
        [&*self.placed.behind, &self.placed.own].concat()
    }

    /// The guards that count, in their order.
    fn guards(&self) -> Vec<usize> {
        let above = if self.placed.is_override { &[][..] } else { &self.above };
        [above, &self.own()].concat()
    }

    /// Its errors, in the order of the search.
    fn faults(&self, policy: &Policy) -> [bool; 3] {
        let alone = |guards: Vec<usize>| with_operations(policy, vec![(guards, false)]);
        let nothing_to_override = self.placed.is_override && self.above.is_empty();
        let says_nothing = self.guards().is_empty() || !alone(self.guards()).says_something(0);
        let is_under_guards = !self.placed.is_override && !self.above.is_empty();
        let is_loosened = is_under_guards && {
            let above = alone(self.above.clone());
            (self.says_public(policy) && !above.requirement(0).holds(&Facts::new()))
                || (self.placed.is_optional && depends_on_credentials(&above))
        };
        [nothing_to_override, says_nothing, is_loosened]
    }

    fn says_public(&self, policy: &Policy) -> bool {
        let own = with_operations(policy, vec![(self.own(), false)]);
        let visits = own.visits(0);
        let says = |visit: &tree::Visit| matches!(own.guards[visit.guard].own, Own::Public);
        visits.iter().any(says) && own.requirement(0).holds(&Facts::new())
    }
}

/// Whether one of the guards authorizes a caller with a credential that it would not authorize
/// without.
fn depends_on_credentials(above: &Policy) -> bool {
    let all: Facts = above
        .words
        .facts()
        .into_iter()
        .chain(["check:signature".to_owned()])
        .collect();
    let (with_credential, without): (Facts, Facts) = all.into_iter().partition(|fact| above.needs_authentication(fact));
    let guards: Vec<usize> = above.visits(0).iter().map(|visit| visit.guard).collect();
    guards.into_iter().any(|guard| {
        let mut alone = with_operations(above, vec![(vec![guard], false)]);
        alone.guards.iter_mut().for_each(|guarding| guarding.on.clear());
        let formula = alone.requirement(0);
        [Facts::new(), without.clone()]
            .into_iter()
            .any(|facts| formula.holds(&(&facts | &with_credential)) != formula.holds(&facts))
    })
}

/// How a request that provides nothing is explained.
fn steps(operation: &ResolvedOperation) -> Vec<String> {
    let explanation = explain(operation, &PresentedCredentials::new(Timestamp::from_unix(0)));
    explanation.steps().iter().map(ToString::to_string).collect()
}

fn with_operations(policy: &Policy, operations: Vec<(Vec<usize>, bool)>) -> Policy {
    let count = policy.guards.len();
    let operation = |(guards, is_optional): (Vec<usize>, bool)| tree::Operation {
        guards: guards.into_iter().map(|guard| guard % count).collect(),
        is_optional,
    };
    Policy {
        operations: operations.into_iter().map(operation).collect(),
        ..policy.clone()
    }
}

/// Leaves out what would be refused, so that most tables can be built.
fn without_faults(mut application: Application, policy: &Policy) -> Application {
    loop {
        let flat = application.flat();
        let is_good: Vec<bool> = flat.iter().map(|flat| flat.faults(policy) == [false; 3]).collect();
        if is_good.iter().all(|good| *good) {
            return application;
        }
        let mut good = is_good.into_iter();
        retain(&mut application.operations, &mut application.groups, &mut good);
    }
}

fn retain(operations: &mut Vec<Placed>, groups: &mut [Grouping], good: &mut impl Iterator<Item = bool>) {
    operations.retain(|_| good.next() == Some(true));
    for group in groups {
        retain(&mut group.operations, &mut group.groups, good);
    }
}

proptest! {
    /// Composition: the guards above are conjoined, from the outside in, and nothing is lost on the
    /// way. Each operation means what it would mean with all its guards written on it.
    #[test]
    fn guards_mean_the_same_at_every_place(policy in policy(), application in application()) {
        let application = without_faults(application, &policy);
        let flat = application.flat();
        let operations = flat.iter().map(|flat| (flat.guards(), flat.placed.is_optional)).collect();
        let written_out = tree_bridge::table(&with_operations(&policy, operations), &Notes::default());
        let guards = tree_bridge::guards(&policy, &Notes::default());
        let (placed, written_out) = match (application.table(&policy, &guards), written_out) {
            (Ok(placed), Ok(written_out)) => (placed, written_out),
            (Err(TableError::TooLarge { .. }), Err(TableError::TooLarge { .. })) => return Ok(()),
            (placed, written_out) => return Err(TestCaseError::fail(format!("{placed:?}, written out {written_out:?}"))),
        };
        prop_assert_eq!(placed.operations().len(), flat.len());
        for ((placed, written_out), flat) in placed.operations().iter().zip(written_out.operations()).zip(flat) {
            prop_assert_eq!(placed.template(), &flat.template);
            prop_assert_eq!(placed.requirement(), written_out.requirement());
            prop_assert_eq!(placed.challenge_scope(), written_out.challenge_scope());
            prop_assert_eq!(placed.security(), written_out.security());
            prop_assert_eq!(placed.is_optional(), written_out.is_optional());
            prop_assert_eq!(steps(placed), steps(written_out));
            let overridden: Vec<String> = placed.overridden().iter().map(ToString::to_string).collect();
            let above = flat.above.iter().map(|guard| (guard % policy.guards.len()).to_string());
            prop_assert_eq!(overridden, if flat.placed.is_override { above.collect() } else { vec![] });
            prop_assert_eq!(placed.is_override(), flat.placed.is_override);
        }
    }

    /// What would loosen without saying so, overrides nothing, or says nothing at all is refused,
    /// and nothing else is.
    #[test]
    fn faulty_places_are_refused(policy in policy(), application in application()) {
        let guards = tree_bridge::guards(&policy, &Notes::default());
        let flat = application.flat();
        let first = |kind: usize| flat.iter().find(|flat| flat.faults(&policy)[kind]).map(|flat| format!("GET {}", flat.template));
        let expected = (0..3).find_map(|kind| Some((kind, first(kind)?)));
        let refused = match application.table(&policy, &guards) {
            Ok(_) => None,
            Err(TableError::NothingToOverride { operation }) => Some((0, operation)),
            Err(TableError::NoRequirement { operation }) => Some((1, operation)),
            Err(TableError::OpenBelowGuards { operation }) => Some((2, operation)),
            Err(TableError::TooLarge { .. }) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        prop_assert_eq!(refused, expected);
    }
}

/// The random tables above are not all without overrides, without public operations, or without
/// anything.
#[test]
fn the_tables_have_what_they_are_to_show() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut overrides, mut public, mut deep) = (0, 0, 0);
    for _ in 0..200 {
        let policy = policy().new_tree(&mut runner).expect("no filter").current();
        let application = application().new_tree(&mut runner).expect("no filter").current();
        let application = without_faults(application, &policy);
        let guards = tree_bridge::guards(&policy, &Notes::default());
        let Ok(table) = application.table(&policy, &guards) else {
            continue;
        };
        for operation in table.operations() {
            overrides += usize::from(operation.is_override());
            public += usize::from(operation.access() == Access::Public);
            deep += usize::from(operation.template().matches("/g").count() > 1);
        }
    }
    assert!(overrides > 20 && public > 5 && deep > 20, "{overrides} {public} {deep}");
}
