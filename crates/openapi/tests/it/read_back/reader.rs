//! A reader of documents that knows OpenAPI and the two extension fields, and nothing of the
//! policy.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The content of a request: the schemes of its credentials, each with the granted scopes, and the
/// other facts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supplied {
    pub(crate) schemes: BTreeMap<String, BTreeSet<String>>,
    pub(crate) guards: BTreeSet<String>,
}

/// Whether the document allows this request to `GET` of the path.
pub(crate) fn allows(document: &Value, path: &str, supplied: &Supplied) -> bool {
    // An operation that is not documented does not exist.
    let Some(operation) = document["paths"].get(path).map(|methods| &methods["get"]) else {
        return false;
    };
    let ways = ways(operation);
    ways.is_empty() || ways.iter().any(|way| way.is_open_to(document, supplied, &ways))
}

/// One object of `security` with its list of `x-scopegate-guards`.
struct Way<'d> {
    schemes: &'d Map<String, Value>,
    guards: BTreeSet<&'d str>,
}

fn ways(operation: &Value) -> Vec<Way<'_>> {
    let objects = operation["security"].as_array().unwrap();
    let guards = operation
        .get("x-scopegate-guards")
        .map(|lists| lists.as_array().unwrap());
    assert!(
        guards.is_none_or(|lists| lists.len() == objects.len()),
        "one list for each object"
    );
    let ways = objects.iter().enumerate().map(|(index, object)| Way {
        schemes: object.as_object().unwrap(),
        guards: guards.map_or_else(BTreeSet::new, |lists| strings(&lists[index]).collect()),
    });
    ways.collect()
}

impl Way<'_> {
    fn is_open_to(&self, document: &Value, supplied: &Supplied, ways: &[Self]) -> bool {
        let has_scheme = |(name, scopes): (&String, &Value)| {
            let Some(granted) = supplied.schemes.get(name) else {
                return false;
            };
            let granted = closed(&document["components"]["securitySchemes"][name], granted);
            strings(scopes).all(|scope| granted.contains(scope))
        };
        (supplied.schemes.is_empty() || !self.is_for_anonymous(ways))
            && self.schemes.iter().all(has_scheme)
            && self.guards.iter().all(|guard| supplied.guards.contains(*guard))
    }

    /// Whether an empty object means optional authentication. It does if another alternative
    /// requires all that the empty object requires.
    fn is_for_anonymous(&self, ways: &[Self]) -> bool {
        let asks_for_as_much = |other: &Self| !other.schemes.is_empty() && self.guards.is_subset(&other.guards);
        self.schemes.is_empty() && ways.iter().any(asks_for_as_much)
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap())
}

/// The scopes with those that they imply in this scheme.
fn closed(scheme: &Value, granted: &BTreeSet<String>) -> BTreeSet<String> {
    let mut closed = granted.clone();
    let mut open: Vec<String> = granted.iter().cloned().collect();
    while let Some(stronger) = open.pop() {
        let Some(weaker) = scheme.get("x-scopegate-implies").and_then(|edges| edges.get(&stronger)) else {
            continue;
        };
        open.extend(
            strings(weaker)
                .filter(|weaker| closed.insert((*weaker).to_owned()))
                .map(str::to_owned),
        );
    }
    closed
}
