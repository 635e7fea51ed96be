//! Carries words over to the engine and its answers back.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_domain::{Audience, Catalog, Lifetime, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{
    Atom, AtomId, AtomSet, Binding, Limit, Needs, Requirement, SubjectKind, Universe, UniverseBuilder,
};

use super::words::{Scheme, Words};
use super::{Facts, Formula};

/// The numbers of a universe, by the names of the oracle.
#[derive(Debug)]
pub(crate) struct Names(BTreeMap<String, AtomId>);

impl Names {
    /// The words that this universe has.
    pub(crate) fn new(words: &Words, universe: &Universe) -> Self {
        let number = |fact: String| universe.find(&fact_atom(words, &fact)).map(|number| (fact, number));
        Self(words.facts().into_iter().filter_map(number).collect())
    }

    /// The facts as a set of atoms, as they are; those that the universe does not have are left out.
    pub(crate) fn set(&self, facts: &Facts) -> AtomSet {
        facts.iter().filter_map(|fact| self.0.get(fact)).copied().collect()
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

/// A universe of the engine with all words.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) universe: Universe,
    pub(crate) names: Names,
}

impl Bridge {
    /// Builds the universe of these words.
    pub(crate) fn new(words: &Words) -> Self {
        let catalog = catalog(words);
        let atoms = words.facts().into_iter().map(|fact| fact_atom(words, &fact));
        let universe = atoms.fold(Universe::builder(&catalog), UniverseBuilder::atom).build();
        let universe = universe.expect("these words make a universe");
        let names = Names::new(words, &universe);
        Self { universe, names }
    }

    /// The facts with all that they imply, as the engine sees it.
    pub(crate) fn world(&self, facts: &Facts) -> AtomSet {
        self.universe.close(&self.names.set(facts))
    }

    /// The formula in normal form.
    pub(crate) fn requirement(&self, formula: &Formula) -> Result<Requirement, Limit> {
        let list = |formulas: &[Formula]| {
            let each = formulas.iter().map(|formula| self.requirement(formula));
            each.collect::<Result<Vec<_>, _>>()
        };
        match formula {
            Formula::All(formulas) => Requirement::all(list(formulas)?),
            Formula::Any(formulas) => Requirement::any(list(formulas)?),
            Formula::Fact(fact) => Ok(Requirement::atom(&self.universe, self.names.0[fact])),
        }
    }
}

/// The schemes and scopes, declared.
pub(crate) fn catalog(words: &Words) -> Catalog {
    let builder = words.schemes.iter().fold(Catalog::builder(), |builder, scheme| {
        let builder = builder.scheme(&scheme.name, SecurityScheme::oauth2_password("token"));
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
        other => panic!("`{other}` is no guard"),
    }
}
