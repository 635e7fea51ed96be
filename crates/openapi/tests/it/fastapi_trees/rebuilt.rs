//! The same tree of our guards, and its results.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use scopegate_domain::{ApiKeyLocation, Catalog, CatalogBuilder, SchemeName, ScopeToken, SecurityScheme, Timestamp};
use scopegate_openapi::{DocumentInfo, document};
use scopegate_policy::{
    Check, CheckContext, ExplanationStep, Fact, FactSet, Group, Guard, Needs, Operation, OperationTable,
    PresentedCredentials, RequestFacts, ResolvedOperation, Rule, TableError, authorize, explain,
};
use serde_json::{Map, Value};

use crate::fastapi_trees::format::{Call, Document, Edge, Tree};

/// The results of a tree with our guards.
pub(crate) struct Rebuilt {
    table: OperationTable,
    sights: Sights,
}

/// The functions, each with the scopes that it saw.
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

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        let sight = (self.function.clone(), texts(place.scopes()));
        self.sights.lock().expect("nobody panicked").insert(sight);
        true
    }
}

impl Rebuilt {
    /// Builds the tree on `GET /`: the dependencies of the application, of a group for the router,
    /// and of the operation.
    pub(crate) fn new(tree: &Tree) -> Result<Self, TableError> {
        let building = Building {
            tree,
            sights: Sights::default(),
            shared: RefCell::default(),
        };
        let decorated = building.guards(&tree.route.decorator).into_iter();
        let operation = decorated.fold(Operation::get("/"), Operation::and_guard);
        let own = building.guards(&tree.route.params).into_iter();
        let operation = own.fold(operation, Operation::guard);
        // A route without a requirement is public in FastAPI; here it must be declared public.
        let operation = if building.has_requirement() {
            operation
        } else {
            operation.guard(Guard::public())
        };
        let router = building
            .guards(&tree.route.router)
            .into_iter()
            .fold(Group::new(""), Group::guard)
            .operation(operation);
        let builder = building
            .guards(&tree.route.app)
            .into_iter()
            .fold(OperationTable::builder(catalog(tree)), |builder, guard| {
                builder.guard(guard)
            });
        let table = builder.group(router).build()?;
        Ok(Self {
            table,
            sights: building.sights,
        })
    }

    fn operation(&self) -> &ResolvedOperation {
        &self.table.operations()[0]
    }

    /// The `security` of the real export.
    pub(crate) fn security(&self) -> Document {
        let info = DocumentInfo::new("trees", "1").without_extensions();
        let document = document(&info, &self.table, &[], &Map::new());
        let object = |object: &Value| -> BTreeMap<String, Vec<String>> {
            let of_scheme = |(name, scopes): (&String, &Value)| (name.clone(), strings(scopes));
            object.as_object().expect("an object").iter().map(of_scheme).collect()
        };
        let security = document["paths"]["/"]["get"]["security"].as_array();
        security.expect("a list").iter().map(object).collect()
    }

    /// Every scope that a challenge names.
    pub(crate) fn challenge(&self) -> Vec<String> {
        texts(self.operation().challenge_scope())
    }

    /// Returns the functions, dependants last, each with the scopes visible to it, if it takes
    /// them.
    pub(crate) fn places(&self, tree: &Tree) -> Vec<Call> {
        let explanation = explain(self.operation(), &PresentedCredentials::new(Timestamp::from_unix(0)));
        let mut places = Vec::new();
        let mut open: Vec<&ExplanationStep> = Vec::new();
        for step in explanation.steps() {
            while let Some(done) = open.pop_if(|above| above.depth() >= step.depth()) {
                places.extend(call(tree, done));
            }
            open.push(step);
        }
        places.extend(open.into_iter().rev().filter_map(|step| call(tree, step)));
        places
    }

    /// Decides a request, and returns what the checks saw.
    pub(crate) fn sights(&self) -> BTreeSet<(String, Vec<String>)> {
        self.sights.lock().expect("nobody panicked").clear();
        let _ = authorize(self.operation(), &PresentedCredentials::new(Timestamp::from_unix(0)));
        self.sights.lock().expect("nobody panicked").clone()
    }

    /// Whether a request is allowed with these scopes by these schemes, if all required checks
    /// hold.
    pub(crate) fn allows(&self, supplied: &BTreeMap<String, Vec<String>>) -> bool {
        let fact_table = self.table.fact_table();
        let named = |name: &str| SchemeName::parse(name).expect("a name");
        let schemes = supplied.keys().map(|name| Fact::Scheme(named(name)));
        let scope = |(name, scopes): (&String, &Vec<String>)| {
            let scheme = named(name);
            let fact = move |scope: &String| Fact::Scope {
                scheme: scheme.clone(),
                token: token(scope),
            };
            scopes.iter().map(fact).collect::<Vec<_>>()
        };
        let scopes = supplied.iter().flat_map(scope);
        let checks = fact_table
            .facts()
            .iter()
            .filter(|fact| matches!(fact, Fact::Check { .. }))
            .cloned();
        let facts: FactSet = schemes
            .chain(scopes)
            .chain(checks)
            .map(|fact| fact_table.find(&fact).expect("an fact of the table"))
            .collect();
        self.operation()
            .decide(&RequestFacts::of_facts(&fact_table.close(&facts)))
            != scopegate_policy::Decision::Deny
    }
}

fn call(tree: &Tree, step: &ExplanationStep) -> Option<Call> {
    let function = tree.nodes.get(step.guard())?;
    Some((
        step.guard().to_owned(),
        function.takes_scopes.then(|| texts(step.sees())),
    ))
}

struct Building<'t> {
    tree: &'t Tree,
    sights: Sights,
    shared: RefCell<BTreeMap<(&'t str, &'t [String]), Guard>>,
}

impl<'t> Building<'t> {
    fn guards(&self, edges: &'t [Edge]) -> Vec<Guard> {
        edges.iter().map(|edge| self.guard(edge)).collect()
    }

    /// Returns the dependency of an edge, with the scopes of the edge. With `use_cache` a function
    /// is one guard for all edges with these scopes. Without it each edge has its own guard.
    fn guard(&self, edge: &'t Edge) -> Guard {
        if !edge.use_cache {
            return self.new_guard(edge);
        }
        let key = (&*edge.to, &*edge.scopes);
        if let Some(known) = self.shared.borrow().get(&key) {
            return known.clone();
        }
        let guard = self.new_guard(edge);
        self.shared.borrow_mut().insert(key, guard.clone());
        guard
    }

    fn new_guard(&self, edge: &'t Edge) -> Guard {
        let Some(function) = self.tree.nodes.get(&edge.to) else {
            return self.own(edge).with_scheme(&edge.to);
        };
        let guard = self.own(edge).named(&edge.to);
        let guard = if function.takes_scopes {
            guard.check(Sees {
                function: edge.to.clone(),
                sights: Arc::clone(&self.sights),
            })
        } else {
            guard
        };
        function
            .deps
            .iter()
            .fold(guard, |guard, next| guard.depends_on(&self.guard(next)))
    }

    /// Returns the scopes of an edge. They are plain if they can belong to one scheme at most.
    fn own(&self, edge: &Edge) -> Guard {
        if edge.scopes.is_empty() {
            return Guard::all_of([]);
        }
        let scopes = edge.scopes.iter().map(|scope| token(scope));
        let tree = self.tree;
        let is_clear = match tree.schemes.keys().filter(|scheme| tree.has_scopes(scheme)).count() {
            0 => true,
            1 => tree.nodes.contains_key(&edge.to) || tree.has_scopes(&edge.to),
            _ => false,
        };
        if is_clear {
            return Guard::requires(scopes);
        }
        let of_scheme = |scheme: &str| {
            let scheme = SchemeName::parse(scheme).expect("a name");
            let scope = |token| {
                Rule::Fact(Fact::Scope {
                    scheme: scheme.clone(),
                    token,
                })
            };
            scopes.clone().map(scope).collect::<Vec<_>>()
        };
        let rules = tree.schemes_for(edge).into_iter().flat_map(of_scheme);
        Guard::rule(Rule::All(rules.collect()))
    }

    fn has_requirement(&self) -> bool {
        self.tree.route.edges().any(|edge| self.edge_asks(edge))
    }

    fn edge_asks(&self, edge: &Edge) -> bool {
        let Some(function) = self.tree.nodes.get(&edge.to) else {
            return true;
        };
        !edge.scopes.is_empty() || function.takes_scopes || function.deps.iter().any(|next| self.edge_asks(next))
    }
}

/// Every scheme, and on each that has scopes all scopes of the tree.
fn catalog(tree: &Tree) -> Catalog {
    let below = tree.nodes.values().flat_map(|function| &function.deps);
    let scopes: BTreeSet<&String> = tree.route.edges().chain(below).flat_map(|edge| &edge.scopes).collect();
    let declare = |builder: CatalogBuilder, (name, kind): (&String, &String)| {
        let builder = builder.scheme(name, scheme(kind));
        if !tree.has_scopes(name) {
            return builder;
        }
        scopes
            .iter()
            .fold(builder, |builder, scope| builder.scope(token(scope), ""))
    };
    tree.schemes
        .iter()
        .fold(Catalog::builder(), declare)
        .build()
        .expect("scopes without edges")
}

fn scheme(kind: &str) -> SecurityScheme {
    match kind {
        "oauth2" => SecurityScheme::oauth2_password("token"),
        "openid" => SecurityScheme::OpenIdConnect {
            url: "/openid".to_owned(),
        },
        "http" => SecurityScheme::http_bearer(),
        "basic" => SecurityScheme::http_basic(),
        "apikey" => SecurityScheme::api_key(ApiKeyLocation::Header, "x-key"),
        "apikey-query" => SecurityScheme::api_key(ApiKeyLocation::Query, "key"),
        "apikey-cookie" => SecurityScheme::api_key(ApiKeyLocation::Cookie, "key"),
        other => panic!("`{other}` is no kind of scheme"),
    }
}

fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).expect("a scope")
}

fn texts(scopes: &[ScopeToken]) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn strings(list: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    list.as_array().expect("a list").iter().map(text).collect()
}
