//! Trees of dependencies, as `record.py` writes them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A file of trees.
#[derive(Deserialize)]
pub(crate) struct Record {
    pub(crate) fastapi: String,
    pub(crate) cases: Vec<Tree>,
}

/// A tree of dependencies, and what FastAPI did with it.
#[derive(Deserialize)]
pub(crate) struct Tree {
    /// Each scheme with its kind.
    pub(crate) schemes: BTreeMap<String, String>,
    pub(crate) nodes: BTreeMap<String, Function>,
    pub(crate) route: Route,
    pub(crate) expect: Outcome,
}

#[derive(Deserialize)]
pub(crate) struct Function {
    #[serde(default)]
    pub(crate) takes_scopes: bool,
    #[serde(default)]
    pub(crate) deps: Vec<Edge>,
}

/// A dependency on a function or a scheme.
#[derive(Deserialize)]
pub(crate) struct Edge {
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default = "yes")]
    pub(crate) use_cache: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
pub(crate) struct Route {
    #[serde(default)]
    pub(crate) app: Vec<Edge>,
    #[serde(default)]
    pub(crate) router: Vec<Edge>,
    #[serde(default)]
    pub(crate) decorator: Vec<Edge>,
    #[serde(default)]
    pub(crate) params: Vec<Edge>,
}

#[derive(Deserialize)]
pub(crate) struct Outcome {
    pub(crate) calls: Vec<Call>,
    /// Absent if the document has no `security`.
    pub(crate) security: Option<Document>,
}

/// A function and the scopes that it saw, if it takes any.
pub(crate) type Call = (String, Option<Vec<String>>);

/// A list of `security`: the scopes of each scheme in each object.
pub(crate) type Document = Vec<BTreeMap<String, Vec<String>>>;

impl Route {
    pub(crate) fn edges(&self) -> impl Iterator<Item = &Edge> {
        [&self.app, &self.router, &self.decorator, &self.params]
            .into_iter()
            .flatten()
    }
}

impl Tree {
    /// Whether scopes have a meaning for this kind of scheme.
    pub(crate) fn has_scopes(&self, scheme: &str) -> bool {
        let kind = self.schemes.get(scheme).map(String::as_str);
        matches!(kind, Some("oauth2" | "openid"))
    }

    /// The schemes below an edge, each once, in the order in which they are reached.
    pub(crate) fn schemes_below<'t>(&'t self, edge: &'t Edge) -> Vec<&'t str> {
        let Some(function) = self.nodes.get(&edge.to) else {
            return vec![&edge.to];
        };
        once(function.deps.iter().flat_map(|next| self.schemes_below(next)))
    }

    /// Returns the schemes that provide the scopes of an edge: those below it that have scopes. If
    /// there is none, the first declared one.
    pub(crate) fn schemes_for<'t>(&'t self, edge: &'t Edge) -> Vec<&'t str> {
        let below: Vec<&str> = self
            .schemes_below(edge)
            .into_iter()
            .filter(|scheme| self.has_scopes(scheme))
            .collect();
        let first = || self.schemes.keys().find(|scheme| self.has_scopes(scheme));
        if below.is_empty() {
            first().map(String::as_str).into_iter().collect()
        } else {
            below
        }
    }
}

/// Returns each item once, in the order of first appearance.
pub(crate) fn once<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for item in items {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}
