//! The document means what is enforced: an independent reader of it, which knows strings alone, decides as the table does.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use scopegate_domain::{ApiKeyLocation, Catalog, SchemeName, ScopeToken, SecurityScheme};
use scopegate_openapi::{DocumentInfo, document};
use scopegate_policy::{Atom, AtomSet, Decision, Guard, Needs, Operation, OperationTable, Rule, World};
use serde_json::{Map, Value};

const SCHEMES: [&str; 3] = ["first", "second", "key"];
/// Each scope with its scheme.
const SCOPES: [(&str, &str); 5] = [
    ("a", "first"),
    ("b", "first"),
    ("c", "first"),
    ("d", "second"),
    ("e", "second"),
];
/// The edges that a catalog may declare; without a cycle whichever are chosen.
const EDGES: [(&str, &str); 4] = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "e")];
/// The check that needs no credential, and those guards that need one.
const OWN_CHECK: &str = "check:own";
const GUARDS: [&str; 2] = ["user", "active"];

/// What a request brings, in strings.
#[derive(Clone, Debug)]
struct Brought {
    schemes: BTreeSet<&'static str>,
    scopes: BTreeSet<&'static str>,
    guards: BTreeSet<&'static str>,
}

fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).unwrap()
}

fn catalog(edges: &BTreeSet<(&'static str, &'static str)>) -> Catalog {
    let mut builder = Catalog::builder();
    for scheme in SCHEMES {
        let kind = match scheme {
            "key" => SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"),
            _ => SecurityScheme::oauth2_password("token"),
        };
        builder = builder.scheme(scheme, kind);
        let of_scheme = |scope: &str| SCOPES.contains(&(scope, scheme));
        for (scope, _) in SCOPES.iter().filter(|(scope, _)| of_scheme(scope)) {
            builder = builder.scope(token(scope), "");
        }
        for (stronger, weaker) in edges.iter().filter(|(stronger, _)| of_scheme(stronger)) {
            builder = builder.implies(token(stronger), token(weaker));
        }
    }
    builder.build().unwrap()
}

fn atom(name: &str) -> Atom {
    match name {
        "user" => Atom::User,
        "active" => Atom::Active,
        OWN_CHECK => Atom::Check {
            name: "own".into(),
            needs: Needs::Nothing,
        },
        scheme if SCHEMES.contains(&scheme) => Atom::Scheme(SchemeName::parse(scheme).unwrap()),
        scope => {
            let (_, scheme) = SCOPES.iter().find(|(name, _)| *name == scope).unwrap();
            Atom::Scope {
                scheme: SchemeName::parse(scheme).unwrap(),
                token: token(scope),
            }
        }
    }
}

/// Rules over scopes and schemes, with `guards` over guards too.
fn rule(guards: bool) -> impl Strategy<Value = Rule> {
    let mut leaves: Vec<Rule> = SCOPES.iter().map(|(scope, _)| Rule::Scope(token(scope))).collect();
    leaves.extend(SCHEMES.map(|scheme| Rule::Atom(atom(scheme))));
    leaves.extend([Rule::Atom(Atom::Authenticated), Rule::Deny]);
    if guards {
        leaves.extend(GUARDS.map(|guard| Rule::Atom(atom(guard))));
        leaves.push(Rule::Atom(atom(OWN_CHECK)));
    }
    prop::sample::select(leaves).prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Rule::All),
            vec(inner, 1..4).prop_map(Rule::Any)
        ]
    })
}

/// What a request may bring: nobody has a scope without its scheme, nor a guard of a user without any scheme, and who is
/// active is a user.
fn brought() -> impl Strategy<Value = Brought> {
    let schemes = btree_set(prop::sample::select(SCHEMES.to_vec()), 0..4);
    let scopes = btree_set(prop::sample::select(SCOPES.to_vec()), 0..6);
    let guards = btree_set(prop::sample::select([GUARDS.as_slice(), &[OWN_CHECK]].concat()), 0..4);
    (schemes, scopes, guards).prop_map(|(schemes, scopes, mut guards)| {
        let scopes = scopes
            .into_iter()
            .filter(|(_, scheme)| schemes.contains(scheme))
            .map(|(scope, _)| scope)
            .collect();
        if schemes.is_empty() {
            guards.retain(|guard| *guard == OWN_CHECK);
        }
        if guards.contains("active") {
            guards.insert("user");
        }
        Brought {
            schemes,
            scopes,
            guards,
        }
    })
}

/// Reads `security` and the two fields beside it: the reader that shares no code with the writer.
fn reader_allows(document: &Value, brought: &Brought) -> bool {
    let Some(operation) = document["paths"].get("/x").map(|path| &path["get"]) else {
        return false;
    };
    let objects = operation["security"].as_array().unwrap();
    let guards_of = |index: usize| -> Vec<&str> {
        let lists = operation.get("x-scopegate-guards");
        lists.map_or_else(Vec::new, |lists| strings(&lists[index]))
    };
    let scopes = closed(document, &brought.scopes);
    let satisfied = |(index, object): (usize, &Value)| {
        let schemes = object.as_object().unwrap();
        schemes.iter().all(|(name, needed)| {
            brought.schemes.contains(name.as_str()) && strings(needed).iter().all(|scope| scopes.contains(*scope))
        }) && guards_of(index).iter().all(|guard| brought.guards.contains(guard))
    };
    objects.is_empty() || objects.iter().enumerate().any(satisfied)
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

/// The scopes with those that they imply.
fn closed(document: &Value, scopes: &BTreeSet<&'static str>) -> BTreeSet<String> {
    let mut closed: BTreeSet<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    loop {
        let before = closed.len();
        for scheme in document["components"]["securitySchemes"].as_object().unwrap().values() {
            for (stronger, weaker) in scheme
                .get("x-scopegate-implies")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                if closed.contains(stronger) {
                    closed.extend(strings(weaker).into_iter().map(str::to_owned));
                }
            }
        }
        if closed.len() == before {
            return closed;
        }
    }
}

fn table_allows(table: &OperationTable, brought: &Brought) -> bool {
    let universe = table.universe();
    let names = brought.schemes.iter().chain(&brought.scopes).chain(&brought.guards);
    let atoms: AtomSet = names.filter_map(|name| universe.find(&atom(name))).collect();
    let closed = universe.close(&atoms);
    matches!(
        table.operations()[0].decide(&World::of_atoms(&closed)),
        Decision::Allow { .. }
    )
}

fn table(edges: &BTreeSet<(&'static str, &'static str)>, rule: Rule) -> OperationTable {
    let operation = Operation::get("/x").guard(Guard::rule(rule));
    OperationTable::builder(catalog(edges))
        .operation(operation)
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn without_hierarchy_and_guards_security_alone_says_it(
        rule in rule(false),
        brought in vec(brought(), 1..8),
    ) {
        let table = table(&BTreeSet::new(), rule);
        let document = document(&DocumentInfo::new("t", "1").without_extensions(), &table, &[], &Map::new());
        for brought in brought {
            prop_assert_eq!(reader_allows(&document, &brought), table_allows(&table, &brought), "{:?}", brought);
        }
    }

    #[test]
    fn with_them_the_two_fields_beside_it_say_the_rest(
        edges in btree_set(prop::sample::select(EDGES.to_vec()), 0..5),
        rule in rule(true),
        brought in vec(brought(), 1..8),
    ) {
        let table = table(&edges, rule);
        let document = document(&DocumentInfo::new("t", "1"), &table, &[], &Map::new());
        for brought in brought {
            prop_assert_eq!(reader_allows(&document, &brought), table_allows(&table, &brought), "{:?}", brought);
        }
    }
}
