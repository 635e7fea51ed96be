//! Carries words over to the engine and its answers back.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_domain::{Audience, Catalog, Lifetime, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Binding, Fact, FactId, FactSet, FactTable, Needs, Requirement, SubjectKind};

use super::Facts;
use super::words::{Scheme, Words};

/// The numbers of a fact table, by the names of the oracle.
#[derive(Debug)]
pub(crate) struct Names(BTreeMap<String, FactId>);

impl Names {
    /// The words that this fact table has.
    pub(crate) fn new(words: &Words, fact_table: &FactTable) -> Self {
        let number = |fact: String| fact_table.find(&fact_named(words, &fact)).map(|number| (fact, number));
        Self(words.facts().into_iter().filter_map(number).collect())
    }

    /// The facts as a set of numbers, as they are; those that the fact table does not have are left
    /// out.
    pub(crate) fn set(&self, facts: &Facts) -> FactSet {
        facts.iter().filter_map(|fact| self.number(fact)).collect()
    }

    /// The number of a fact.
    pub(crate) fn number(&self, fact: &str) -> Option<FactId> {
        self.0.get(fact).copied()
    }

    /// The facts of a set of facts.
    pub(crate) fn facts(&self, set: &FactSet) -> Facts {
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
pub(crate) fn fact_named(words: &Words, fact: &str) -> Fact {
    let of_scheme = |scheme: &Scheme| {
        let name = scheme_name(&scheme.name);
        let scope = scheme.scopes.iter().find(|scope| scheme.scope_fact(scope) == fact);
        match scope {
            Some(scope) => Some(Fact::Scope {
                scheme: name,
                token: token(scope),
            }),
            None => (scheme.fact() == fact).then_some(Fact::Scheme(name)),
        }
    };
    words
        .schemes
        .iter()
        .find_map(of_scheme)
        .unwrap_or_else(|| guard_atom(fact))
}

fn guard_atom(name: &str) -> Fact {
    let check = |name: &str, needs| Fact::Check {
        name: name.into(),
        needs,
    };
    match name {
        "acr:gold" => Fact::Acr("gold".into()),
        "active" => Fact::Active,
        "authenticated" => Fact::Authenticated,
        "age<=300" => Fact::AgeAtMost(Lifetime::from_seconds(300)),
        "age<=60" => Fact::AgeAtMost(Lifetime::from_seconds(60)),
        "audience=api" => Fact::Audience(Audience::parse("api").expect("an audience")),
        "bound=dpop" => Fact::Bound(Binding::Dpop),
        "bound=mtls" => Fact::Bound(Binding::Mtls),
        "check:owner" => check("owner", Needs::User),
        "check:quota" => check("quota", Needs::Authentication),
        "check:signature" => check("signature", Needs::Nothing),
        "subject=service" => Fact::Subject(SubjectKind::Service),
        "subject=user" => Fact::Subject(SubjectKind::User),
        "user" => Fact::User,
        other => panic!("`{other}` is not a guard"),
    }
}
