//! Carries words over to the engine and its answers back.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_domain::{Audience, Catalog, Lifetime, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Atom, AtomId, AtomSet, Binding, Needs, Requirement, SubjectKind, Universe};

use super::Facts;
use super::words::{Scheme, Words};

/// The numbers of a universe, by the names of the oracle.
#[derive(Debug)]
pub(crate) struct Names(BTreeMap<String, AtomId>);

impl Names {
    /// The words that this universe has.
    pub(crate) fn new(words: &Words, universe: &Universe) -> Self {
        let number = |fact: String| universe.find(&fact_atom(words, &fact)).map(|number| (fact, number));
        Self(words.facts().into_iter().filter_map(number).collect())
    }

    /// The facts as a set of atoms, as they are; those that the universe does not have are left
    /// out.
    pub(crate) fn set(&self, facts: &Facts) -> AtomSet {
        facts.iter().filter_map(|fact| self.number(fact)).collect()
    }

    /// The number of a fact.
    pub(crate) fn number(&self, fact: &str) -> Option<AtomId> {
        self.0.get(fact).copied()
    }

    /// The facts of a set of atoms.
    pub(crate) fn facts(&self, set: &AtomSet) -> Facts {
        let members = self.0.iter().filter(|(_, number)| set.contains(**number));
        let named: Facts = members.map(|(name, _)| name.clone()).collect();
        assert_eq!(named.len(), set.len(), "each atom of {set:?} has a name");
        named
    }

    /// The alternatives of a requirement.
    pub(crate) fn alternatives(&self, requirement: &Requirement) -> BTreeSet<Facts> {
        requirement.alternatives().iter().map(|set| self.facts(set)).collect()
    }
}

/// The schemes and scopes, declared.
pub(crate) fn catalog(words: &Words) -> Catalog {
    let builder = words.schemes.iter().fold(Catalog::builder(), |builder, scheme| {
        let builder = builder.scheme(
            &scheme.name,
            SecurityScheme::oauth2_password(format!("token/{}", scheme.server)),
        );
        let builder = if scheme.has_subject {
            builder
        } else {
            builder.without_subject()
        };
        let builder = scheme
            .scopes
            .iter()
            .fold(builder, |builder, name| builder.scope(token(name), ""));
        let named = |place: usize| token(&scheme.scopes[place]);
        scheme.edges.iter().fold(builder, |builder, (strong, weak)| {
            builder.implies(named(*strong), named(*weak))
        })
    });
    builder.build().expect("these words make a catalog")
}

/// A scope by its name.
pub(crate) fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).expect("a name of a scope")
}

/// A scheme by its name.
pub(crate) fn scheme_name(name: &str) -> SchemeName {
    SchemeName::parse(name).expect("a name of a scheme")
}

/// The atom of any fact.
pub(crate) fn fact_atom(words: &Words, fact: &str) -> Atom {
    let of_scheme = |scheme: &Scheme| {
        let name = scheme_name(&scheme.name);
        let scope = scheme.scopes.iter().find(|scope| scheme.scope_fact(scope) == fact);
        match scope {
            Some(scope) => Some(Atom::Scope {
                scheme: name,
                token: token(scope),
            }),
            None => (scheme.fact() == fact).then_some(Atom::Scheme(name)),
        }
    };
    words
        .schemes
        .iter()
        .find_map(of_scheme)
        .unwrap_or_else(|| guard_atom(fact))
}

fn guard_atom(name: &str) -> Atom {
    let check = |name: &str, needs| Atom::Check {
        name: name.into(),
        needs,
    };
    match name {
        "acr:gold" => Atom::Acr("gold".into()),
        "active" => Atom::Active,
        "authenticated" => Atom::Authenticated,
        "age<=300" => Atom::AgeAtMost(Lifetime::from_seconds(300)),
        "age<=60" => Atom::AgeAtMost(Lifetime::from_seconds(60)),
        "audience=api" => Atom::Audience(Audience::parse("api").expect("an audience")),
        "bound=dpop" => Atom::Bound(Binding::Dpop),
        "bound=mtls" => Atom::Bound(Binding::Mtls),
        "check:owner" => check("owner", Needs::User),
        "check:quota" => check("quota", Needs::Authentication),
        "check:signature" => check("signature", Needs::Nothing),
        "subject=service" => Atom::Subject(SubjectKind::Service),
        "subject=user" => Atom::Subject(SubjectKind::User),
        "user" => Atom::User,
        other => panic!("`{other}` is not a guard"),
    }
}
