//! The behaviour of FastAPI for a tree, by its own rules: path by path, without a guard.

use std::collections::BTreeSet;

use crate::fastapi_trees::format::{Call, Edge, Tree, once};

/// The key by which FastAPI caches the result of a function: the function, and the scopes that it
/// sees, in any order, if it uses them.
type CacheKey = (String, BTreeSet<String>);

/// A visit of an edge on one path.
pub(crate) struct Visit<'t> {
    pub(crate) edge: &'t Edge,
    /// The scopes of all edges above, in the order of writing, each as often as it is written.
    pub(crate) above: Vec<String>,
    /// Whether FastAPI takes the result of an earlier call instead.
    is_cached: bool,
}

impl Visit<'_> {
    /// Returns the scopes that a function at the end of the edge sees. FastAPI leaves out those own
    /// scopes that an edge above already has, and no others.
    fn sees(&self) -> Vec<String> {
        let mut sees = self.above.clone();
        for scope in &self.edge.scopes {
            if !sees.contains(scope) {
                sees.push(scope.clone());
            }
        }
        sees
    }

    fn call(&self, tree: &Tree) -> Option<Call> {
        let function = tree.nodes.get(&self.edge.to)?;
        Some((self.edge.to.clone(), function.takes_scopes.then(|| self.sees())))
    }
}

/// The paths through a tree.
pub(crate) struct Walk<'t> {
    tree: &'t Tree,
    /// Dependants first: the order of documents.
    pub(crate) down: Vec<Visit<'t>>,
    /// Dependants last: the order of calls.
    up: Vec<Visit<'t>>,
    /// The most edges on one path.
    pub(crate) depth: usize,
    cache: BTreeSet<CacheKey>,
}

impl<'t> Walk<'t> {
    pub(crate) fn new(tree: &'t Tree) -> Self {
        let mut walk = Self {
            tree,
            down: Vec::new(),
            up: Vec::new(),
            depth: 0,
            cache: BTreeSet::new(),
        };
        // FastAPI ignores `use_cache=False` of dependencies that are not parameters.
        for edge in [&tree.route.app, &tree.route.router, &tree.route.decorator]
            .into_iter()
            .flatten()
        {
            walk.visit(edge, &[], true, 1);
        }
        for edge in &tree.route.params {
            walk.visit(edge, &[], edge.use_cache, 1);
        }
        walk
    }

    /// Returns the calls of FastAPI.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let called = self.up.iter().filter(|visit| !visit.is_cached);
        called.filter_map(|visit| visit.call(self.tree)).collect()
    }

    /// Returns the calls that FastAPI would make without its cache: every function at every place.
    pub(crate) fn places(&self) -> Vec<Call> {
        self.up.iter().filter_map(|visit| visit.call(self.tree)).collect()
    }

    fn visit(&mut self, edge: &'t Edge, above: &[String], use_cache: bool, depth: usize) {
        self.depth = self.depth.max(depth);
        let visit = |is_cached| Visit {
            edge,
            above: above.to_vec(),
            is_cached,
        };
        self.down.push(visit(false));
        if let Some(function) = self.tree.nodes.get(&edge.to) {
            let handed_down = [above, &edge.scopes].concat();
            for next in &function.deps {
                self.visit(next, &handed_down, next.use_cache, depth + 1);
            }
        }
        let is_known = !self.cache.insert(self.key(&visit(false)));
        self.up.push(visit(use_cache && is_known));
    }

    fn key(&self, visit: &Visit<'_>) -> CacheKey {
        let scopes = if self.scopes_matter(visit.edge) {
            visit.sees().into_iter().collect()
        } else {
            BTreeSet::new()
        };
        (visit.edge.to.clone(), scopes)
    }

    fn scopes_matter(&self, edge: &Edge) -> bool {
        let Some(function) = self.tree.nodes.get(&edge.to) else {
            return true;
        };
        let matter_below = || function.deps.iter().any(|next| self.scopes_matter(next));
        !edge.scopes.is_empty() || function.takes_scopes || matter_below()
    }
}

/// The same calls with each scope once in a list, each place once.
pub(crate) fn once_each(calls: &[Call]) -> Vec<Call> {
    let tidy = |(function, scopes): &Call| (function.clone(), scopes.clone().map(once));
    once(calls.iter().map(tidy))
}
