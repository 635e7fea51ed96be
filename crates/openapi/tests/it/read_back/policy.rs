//! Policies in strings, and the decisions of their trees: each guard is evaluated, path by path.

use std::collections::BTreeSet;

use crate::read_back::reader::Supplied;

/// Facts other than schemes and scopes, each with the facts that it implies.
pub(crate) const GUARDS: [(&str, &[&str]); 13] = [
    ("acr:gold", &["authenticated"]),
    ("active", &["user", "authenticated"]),
    ("age<=300", &["authenticated"]),
    ("age<=60", &["age<=300", "authenticated"]),
    ("audience=api", &["authenticated"]),
    ("bound=dpop", &["authenticated"]),
    ("bound=mtls", &["authenticated"]),
    ("check:owner", &["user", "authenticated"]),
    ("check:quota", &["authenticated"]),
    ("check:signature", &[]),
    ("subject=service", &["authenticated"]),
    ("subject=user", &["authenticated"]),
    ("user", &["authenticated"]),
];

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) schemes: Vec<Scheme>,
    /// A guard depends on later ones only.
    pub(crate) guards: Vec<Guarding>,
    pub(crate) application: Vec<usize>,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Clone, Debug)]
pub(crate) struct Scheme {
    pub(crate) name: &'static str,
    pub(crate) scopes: Vec<&'static str>,
    /// Pairs of indexes: the lower scope implies the higher.
    pub(crate) edges: Vec<(usize, usize)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Guarding {
    pub(crate) own: Own,
    /// The scheme that the guard also names.
    pub(crate) scheme: Option<usize>,
    /// A check with code.
    pub(crate) check: Option<&'static str>,
    pub(crate) on: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Own {
    Formula(Formula),
    Nothing,
    Public,
}

#[derive(Clone, Debug)]
pub(crate) enum Formula {
    /// All of them. An empty list requires authentication.
    All(Vec<Formula>),
    /// One of them. An empty list never holds.
    Any(Vec<Formula>),
    Fact(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) group: Vec<usize>,
    pub(crate) behind: Vec<usize>,
    pub(crate) guards: Vec<usize>,
    pub(crate) is_optional: bool,
    pub(crate) is_override: bool,
}

type Facts = BTreeSet<String>;

impl Scheme {
    pub(crate) fn fact(&self) -> String {
        format!("scheme:{}", self.name)
    }

    pub(crate) fn scope_fact(&self, scope: &str) -> String {
        format!("scope:{}:{scope}", self.name)
    }
}

/// All facts of these schemes and their scopes.
pub(crate) fn facts(schemes: &[Scheme]) -> Vec<String> {
    let of_scheme = |scheme: &Scheme| {
        let scopes = scheme.scopes.iter().map(|scope| scheme.scope_fact(scope));
        [scheme.fact()].into_iter().chain(scopes).collect::<Vec<_>>()
    };
    let facts = schemes.iter().flat_map(of_scheme);
    ["authenticated".to_owned()].into_iter().chain(facts).collect()
}

impl Policy {
    /// Whether the tree of an operation allows this request.
    pub(crate) fn allows(&self, operation: usize, supplied: &Supplied) -> bool {
        let operation = &self.operations[operation];
        let mut facts = self.facts_of(supplied);
        if operation.is_optional && supplied.schemes.is_empty() {
            let needing = GUARDS.iter().filter(|(_, weaker)| weaker.contains(&"authenticated"));
            facts.extend(
                needing
                    .map(|(guard, _)| (*guard).to_owned())
                    .chain(self::facts(&self.schemes)),
            );
        }
        let above = [&self.application, &operation.group].into_iter().flatten();
        let above = above.filter(|_| !operation.is_override);
        let own = operation.behind.iter().chain(&operation.guards);
        above.chain(own).all(|guard| self.holds(*guard, &facts))
    }

    fn holds(&self, guard: usize, facts: &Facts) -> bool {
        let guarding = &self.guards[guard];
        let own = match &guarding.own {
            Own::Formula(formula) => formula.holds(facts),
            Own::Nothing | Own::Public => true,
        };
        let scheme = guarding.scheme.map(|scheme| self.schemes[scheme].fact());
        let check = guarding.check.map(|check| format!("check:{check}"));
        let named = scheme.into_iter().chain(check).all(|fact| facts.contains(&fact));
        own && named && guarding.on.iter().all(|next| self.holds(*next, facts))
    }

    /// Returns the facts of a request, with all that they imply.
    pub(crate) fn facts_of(&self, supplied: &Supplied) -> Facts {
        let mut facts = supplied.guards.clone();
        for (name, scopes) in &supplied.schemes {
            let scheme = self.schemes.iter().find(|scheme| scheme.name == name).unwrap();
            facts.extend(["authenticated".to_owned(), scheme.fact()]);
            let mut held: Vec<bool> = scheme.scopes.iter().map(|scope| scopes.contains(*scope)).collect();
            // Edges run from lower to higher places, so one pass in this order reaches them all.
            for (place, _) in scheme.scopes.iter().enumerate() {
                for (stronger, weaker) in &scheme.edges {
                    held[*weaker] |= *stronger == place && held[place];
                }
            }
            let held = scheme.scopes.iter().zip(held).filter(|(_, held)| *held);
            facts.extend(held.map(|(scope, _)| scheme.scope_fact(scope)));
        }
        facts
    }
}

impl Formula {
    fn holds(&self, facts: &Facts) -> bool {
        match self {
            Self::All(formulas) if formulas.is_empty() => facts.contains("authenticated"),
            Self::All(formulas) => formulas.iter().all(|formula| formula.holds(facts)),
            Self::Any(formulas) => formulas.iter().any(|formula| formula.holds(facts)),
            Self::Fact(fact) => facts.contains(fact),
        }
    }
}
