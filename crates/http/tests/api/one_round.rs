//! Law 12 through the door: over random trees of guards, who follows one challenge is never asked for scopes again.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_http::fuzzing::grammar;
use scopegate_http::policy::{ActiveUser, Atom, Rule};
use scopegate_http::{Catalog, Gate, Guard, Profile, ScopeToken, SecurityScheme, get};

use crate::common::{self, Answered, token};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Places in [`NAMES`].
type Set = BTreeSet<usize>;

/// One guard: one of these sets is needed, and what else.
#[derive(Clone, Debug)]
struct Node {
    alternatives: Vec<Set>,
    needs_active: bool,
    /// Later guards.
    on: Vec<usize>,
}

/// Guards, of which the operation stands behind some; what implies what.
#[derive(Clone, Debug)]
struct Tree {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    edges: BTreeSet<(usize, usize)>,
}

fn scope(place: usize) -> ScopeToken {
    ScopeToken::parse(NAMES[place]).unwrap()
}

fn set(most: usize) -> impl Strategy<Value = Set> {
    proptest::collection::btree_set(0..NAMES.len(), 0..=most)
}

fn tree() -> impl Strategy<Value = Tree> {
    let node = (
        proptest::collection::vec(set(3), 1..=3),
        prop::bool::weighted(0.15),
        proptest::collection::vec(0..6_usize, 0..=2),
    );
    let edge = (0..NAMES.len(), 0..NAMES.len());
    (
        proptest::collection::vec(node, 1..=6),
        proptest::collection::vec(0..6_usize, 1..=2),
        proptest::collection::btree_set(edge, 0..=2),
    )
        .prop_map(|(nodes, roots, edges)| {
            let count = nodes.len();
            let later = |place: usize, on: Vec<usize>| {
                let behind = count - place - 1;
                let on = on.into_iter().filter(|_| behind > 0);
                on.map(|next| place + 1 + next % behind).collect()
            };
            let node = |(place, (alternatives, needs_active, on))| Node {
                alternatives,
                needs_active,
                on: later(place, on),
            };
            Tree {
                nodes: nodes.into_iter().enumerate().map(node).collect(),
                roots: roots.into_iter().map(|root| root % count).collect(),
                edges: edges.into_iter().filter(|(strong, weak)| strong < weak).collect(),
            }
        })
}

impl Tree {
    fn guard(&self, place: usize) -> Guard {
        let node = &self.nodes[place];
        let all = |set: &Set| Rule::All(set.iter().map(|scope_of| Rule::Scope(scope(*scope_of))).collect());
        let own = Rule::Any(node.alternatives.iter().map(all).collect());
        // By the atom or by the check: both ask for the same.
        let guard = match (node.needs_active, place % 2) {
            (false, _) => Guard::rule(own),
            (true, 0) => Guard::rule(own).check(ActiveUser),
            (true, _) => Guard::rule(Rule::All(vec![own, Rule::Atom(Atom::Active)])),
        };
        node.on.iter().fold(guard, |guard, next| guard.on(&self.guard(*next)))
    }

    async fn gate(&self) -> Gate {
        let catalog = Catalog::builder().scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"));
        let catalog = (0..NAMES.len()).fold(catalog, |catalog, place| catalog.scope(scope(place), ""));
        let edges = self.edges.iter();
        let catalog = edges.fold(catalog, |catalog, (strong, weak)| {
            catalog.implies(scope(*strong), scope(*weak))
        });
        let builder = common::with_catalog(catalog.build().unwrap(), Profile::Rfc).await;
        let roots: Vec<Guard> = self.roots.iter().map(|root| self.guard(*root)).collect();
        builder
            .operation(get("/").guard(Guard::all_of(&roots)).then(|| async { "in" }))
            .build()
            .unwrap()
    }

    /// Every guard that some path leads to.
    fn reached(&self) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = self.roots.clone();
        while let Some(place) = open.pop() {
            reached.insert(place);
            open.extend(&self.nodes[place].on);
        }
        reached
    }

    fn closed(&self, held: &Set) -> Set {
        let mut closed = held.clone();
        for _ in &NAMES {
            let implied = self.edges.iter().filter(|(strong, _)| closed.contains(strong));
            closed = implied.map(|(_, weak)| *weak).chain(closed.iter().copied()).collect();
        }
        closed
    }

    /// Whether the scopes suffice, whoever it is.
    fn has_scopes(&self, held: &Set) -> bool {
        let closed = self.closed(held);
        let is_satisfied = |place: usize| self.nodes[place].alternatives.iter().any(|set| set.is_subset(&closed));
        self.reached().into_iter().all(is_satisfied)
    }

    fn needs_active(&self) -> bool {
        self.reached().into_iter().any(|place| self.nodes[place].needs_active)
    }
}

/// The scopes that the only challenge asks for; none where it names no scope.
fn asked(answered: &Answered) -> Option<Set> {
    let challenges = answered.challenges();
    let [challenge] = challenges.as_slice() else {
        panic!("{answered:?}")
    };
    let read = grammar::challenges(challenge.as_bytes()).unwrap();
    let scope = read[0].parameters.iter().find(|(name, _)| name == "scope")?;
    let place = |name: &str| NAMES.iter().position(|known| *known == name).unwrap();
    Some(scope.1.split(' ').map(place).collect())
}

async fn ask(gate: &Gate, subject: &str, held: &Set) -> Answered {
    let scopes: Vec<ScopeToken> = held.iter().map(|place| scope(*place)).collect();
    common::get_with(gate, "/", &token(subject, &scopes)).await
}

/// One round; where nothing but scopes is missing, it ends inside.
async fn follow(tree: &Tree, held: Option<&Set>, is_active: bool) -> Result<(), TestCaseError> {
    let gate = tree.gate().await;
    let subject = if is_active { "johndoe" } else { "alice" };
    let is_kept_out = tree.needs_active() && !is_active;
    let first = match held {
        Some(held) => ask(&gate, subject, held).await,
        None => common::get(&gate, "/").await,
    };
    match held {
        None => prop_assert_eq!(first.status, 401),
        Some(_) if is_kept_out => {
            // More scopes would not help, so none is asked for.
            prop_assert_eq!(first.status, 403);
            prop_assert!(
                first.challenges().iter().all(|challenge| !challenge.contains("scope=")),
                "{:?}",
                first
            );
            return Ok(());
        }
        Some(held) if tree.has_scopes(held) => {
            prop_assert_eq!(first.body, "in");
            return Ok(());
        }
        Some(_) => prop_assert_eq!(first.status, 403),
    }
    let asked = asked(&first).unwrap_or_default();
    prop_assert!(
        held.is_none() || !asked.is_empty(),
        "a challenge that helps nobody: {:?}",
        first
    );
    for scope in &asked {
        let fewer: Set = asked.iter().copied().filter(|other| other != scope).collect();
        prop_assert!(
            !tree.has_scopes(&fewer),
            "`{}` is asked for and not needed",
            NAMES[*scope]
        );
    }
    let both: Set = held.into_iter().flatten().chain(&asked).copied().collect();
    let second = ask(&gate, subject, &both).await;
    if is_kept_out {
        prop_assert_eq!(second.status, 403);
        prop_assert!(
            second
                .challenges()
                .iter()
                .all(|challenge| !challenge.contains("scope=")),
            "{:?}",
            second
        );
    } else {
        prop_assert_eq!(second.body, "in", "{:?} beside {:?} does not suffice", asked, held);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whoever_follows_one_challenge_is_asked_for_no_more_scopes(
        tree in tree(),
        held in proptest::option::weighted(0.8, set(3)),
        is_active in prop::bool::weighted(0.8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(&tree, held.as_ref(), is_active))?;
    }
}
