//! Dependency trees that FastAPI 0.165.0 was asked about, built here: the same functions see the same scopes.
//!
//! Two differences are ours: there a list that is handed down repeats a scope that stands twice on the path, here it stands
//! once; there a scope above no scheme is neither enforced nor documented, here it is. Trees with several schemes are left
//! out.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use scopegate_domain::{Catalog, ScopeToken, SecurityScheme, Timestamp};
use scopegate_policy::{Check, Guard, Needs, Operation, OperationTable, Place, Presented, explain};
use serde::Deserialize;

#[derive(Deserialize)]
struct Record {
    cases: Vec<Tree>,
}

/// What was asked, and what FastAPI did.
#[derive(Deserialize)]
struct Tree {
    schemes: BTreeMap<String, String>,
    nodes: BTreeMap<String, Function>,
    route: Route,
    expect: Outcome,
}

#[derive(Deserialize)]
struct Function {
    takes_scopes: bool,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    to: String,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Route {
    app: Vec<Edge>,
    router: Vec<Edge>,
    decorator: Vec<Edge>,
    params: Vec<Edge>,
}

impl Route {
    fn edges(&self) -> impl Iterator<Item = &Edge> {
        [&self.app, &self.router, &self.decorator, &self.params]
            .into_iter()
            .flatten()
    }
}

#[derive(Deserialize)]
struct Outcome {
    calls: Vec<(String, Option<Vec<String>>)>,
    security: Option<Vec<BTreeMap<String, Vec<String>>>>,
}

/// Which function saw which scopes.
type Sights = Arc<Mutex<BTreeSet<(String, Vec<String>)>>>;

/// A function that takes `SecurityScopes`.
#[derive(Debug)]
struct Sees {
    function: String,
    sights: Sights,
}

impl Check for Sees {
    fn name(&self) -> &str {
        &self.function
    }

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn passes(&self, place: &Place<'_>) -> bool {
        let sees = place.scopes().iter().map(ToString::to_string).collect();
        self.sights
            .lock()
            .expect("nobody panicked")
            .insert((self.function.clone(), sees));
        true
    }
}

impl Tree {
    /// An edge with the scopes that it carries and what it leads to, as one guard.
    fn guard(&self, edge: &Edge, sights: &Sights) -> Guard {
        let scopes: Vec<ScopeToken> = edge.scopes.iter().map(|scope| token(scope)).collect();
        let guard = if scopes.is_empty() {
            Guard::all_of([])
        } else {
            Guard::requires(scopes)
        };
        let Some(function) = self.nodes.get(&edge.to) else {
            return guard.with_scheme(&edge.to);
        };
        let guard = if function.takes_scopes {
            guard.check(Sees {
                function: edge.to.clone(),
                sights: Arc::clone(sights),
            })
        } else {
            guard
        };
        function
            .deps
            .iter()
            .fold(guard, |guard, next| guard.on(&self.guard(next, sights)))
    }

    fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.route
            .edges()
            .chain(self.nodes.values().flat_map(|function| &function.deps))
    }

    /// All scopes that can be reached.
    fn declared(&self, edges: &mut dyn Iterator<Item = &Edge>) -> BTreeSet<String> {
        let below = |edge: &Edge| match self.nodes.get(&edge.to) {
            Some(function) => self.declared(&mut function.deps.iter()),
            None => BTreeSet::new(),
        };
        edges
            .flat_map(|edge| edge.scopes.iter().cloned().chain(below(edge)))
            .collect()
    }

    /// The table with the tree on `GET /`; none where nothing in the tree asks for anything.
    fn table(&self, sights: &Sights) -> OperationTable {
        let scheme = self.schemes.keys().next().expect("one scheme");
        let builder = Catalog::builder().scheme(scheme, SecurityScheme::oauth2_password("token"));
        let scopes: BTreeSet<&String> = self.edges().flat_map(|edge| &edge.scopes).collect();
        let catalog = scopes
            .into_iter()
            .fold(builder, |builder, scope| builder.scope(token(scope), ""))
            .build();
        // A route without any dependency is public in FastAPI; here it has to say so.
        let operation = Operation::get("/").guard(Guard::public());
        let operation = self
            .route
            .edges()
            .fold(operation, |operation, edge| operation.guard(self.guard(edge, sights)));
        OperationTable::builder(catalog.expect("scopes without edges"))
            .operation(operation)
            .build()
            .expect("a small tree")
    }

    fn reaches_a_scheme(&self, edge: &Edge) -> bool {
        let Some(function) = self.nodes.get(&edge.to) else {
            return true;
        };
        function.deps.iter().any(|next| self.reaches_a_scheme(next))
    }

    /// The scopes that stand somewhere above no scheme: there FastAPI forgets them.
    fn forgotten(&self) -> BTreeSet<String> {
        let blind = self.edges().filter(|edge| !self.reaches_a_scheme(edge));
        blind.flat_map(|edge| edge.scopes.iter().cloned()).collect()
    }
}

fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).expect("a scope")
}

fn once(scopes: &[String]) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for scope in scopes {
        if !once.contains(scope) {
            once.push(scope.clone());
        }
    }
    once
}

fn record() -> Option<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/scope_trees.json");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("the record is of this shape"))
}

/// Each function sees, on each path, what FastAPI hands to it: each scope once, in the same order. Of two lists of the same
/// scopes in another order FastAPI calls it for the first alone.
#[test]
fn functions_see_the_same_scopes() {
    let Some(record) = record() else {
        return eprintln!("SKIPPED: no record of FastAPI's trees beside the workspace");
    };
    for (number, tree) in single_scheme(&record) {
        let sights = Sights::default();
        let table = tree.table(&sights);
        let _ = explain(&table.operations()[0], &Presented::new(Timestamp::from_unix(0)));
        let seen = sights.lock().expect("nobody panicked");
        let calls = tree
            .expect
            .calls
            .iter()
            .filter_map(|(function, scopes)| Some((function.clone(), once(scopes.as_ref()?))));
        let calls: BTreeSet<(String, Vec<String>)> = calls.collect();
        assert!(
            calls.is_subset(&seen),
            "tree {number}: {calls:?} are called, here {seen:?}"
        );
        let as_sets = |sights: &BTreeSet<(String, Vec<String>)>| -> BTreeSet<(String, BTreeSet<String>)> {
            sights
                .iter()
                .map(|(function, scopes)| (function.clone(), scopes.iter().cloned().collect()))
                .collect()
        };
        assert_eq!(as_sets(&seen), as_sets(&calls), "tree {number}");
    }
}

/// Every scope of the tree is enforced; FastAPI documents the same ones in the same order, but for those that it forgets.
#[test]
fn scopes_are_enforced_in_the_order_in_which_they_are_documented() {
    let Some(record) = record() else {
        return eprintln!("SKIPPED: no record of FastAPI's trees beside the workspace");
    };
    for (number, tree) in single_scheme(&record) {
        let table = tree.table(&Sights::default());
        let enforced: Vec<String> = table.operations()[0]
            .challenge_scope()
            .iter()
            .map(ToString::to_string)
            .collect();
        let declared = tree.declared(&mut tree.route.edges());
        assert_eq!(
            enforced.iter().cloned().collect::<BTreeSet<_>>(),
            declared,
            "tree {number}"
        );
        let documented: Vec<String> = tree
            .expect
            .security
            .iter()
            .flatten()
            .flat_map(BTreeMap::values)
            .flatten()
            .cloned()
            .collect();
        let forgotten = tree.forgotten();
        if forgotten.is_empty() {
            assert_eq!(enforced, documented, "tree {number}");
        }
        let documented: BTreeSet<String> = documented.into_iter().collect();
        assert!(documented.is_subset(&declared), "tree {number}");
        assert!(
            declared.difference(&documented).all(|scope| forgotten.contains(scope)),
            "tree {number}: {forgotten:?}"
        );
    }
}

fn single_scheme(record: &Record) -> impl Iterator<Item = (usize, &Tree)> {
    record
        .cases
        .iter()
        .enumerate()
        .filter(|(_, tree)| tree.schemes.len() == 1)
}
