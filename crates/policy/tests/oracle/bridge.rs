//! Carries words over to the engine and its answers back.

use std::collections::BTreeMap;

use scopegate_domain::{Audience, Catalog, Lifetime, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Atom, AtomId, AtomSet, Binding, Limit, Needs, Requirement, SubjectKind, Universe};

use super::words::{Scheme, Words};
use super::{Facts, Formula};

/// A universe of the engine, by the names of the oracle.
#[derive(Debug)]
pub struct Bridge {
    pub universe: Universe,
    numbers: BTreeMap<String, AtomId>,
}

impl Bridge {
    /// Builds the universe of these words.
    pub fn new(words: &Words) -> Self {
        let catalog = catalog(words);
        let guards = words.guards.iter().map(|name| (name.clone(), guard_atom(name)));
        let atoms: Vec<(String, Atom)> = guards.chain(words.schemes.iter().flat_map(scheme_atoms)).collect();
        let builder = atoms.iter().fold(Universe::builder(&catalog), |builder, (_, atom)| builder.atom(atom.clone()));
        let universe = builder.build().expect("these words make a universe");
        let number = |atom: &Atom| universe.find(atom).expect("the universe has each of the words");
        let mut numbers: BTreeMap<String, AtomId> = atoms.iter().map(|(name, atom)| (name.clone(), number(atom))).collect();
        numbers.insert("authenticated".to_owned(), AtomId::AUTHENTICATED);
        Self { universe, numbers }
    }

    /// The facts as a set of atoms, as they are.
    pub fn set(&self, facts: &Facts) -> AtomSet {
        facts.iter().map(|fact| self.numbers[fact]).collect()
    }

    /// The facts with all that they imply, as the engine sees it.
    pub fn world(&self, facts: &Facts) -> AtomSet {
        self.universe.close(&self.set(facts))
    }

    /// The facts of a set of atoms.
    pub fn facts(&self, set: &AtomSet) -> Facts {
        let named: Facts =
            self.numbers.iter().filter(|(_, number)| set.contains(**number)).map(|(name, _)| name.clone()).collect();
        assert_eq!(named.len(), set.len(), "each atom of {set:?} has a name");
        named
    }

    /// The formula in normal form.
    pub fn requirement(&self, formula: &Formula) -> Result<Requirement, Limit> {
        let list = |formulas: &[Formula]| formulas.iter().map(|formula| self.requirement(formula)).collect::<Result<Vec<_>, _>>();
        match formula {
            Formula::All(formulas) => Requirement::all(list(formulas)?),
            Formula::Any(formulas) => Requirement::any(list(formulas)?),
            Formula::Fact(fact) => Ok(Requirement::atom(&self.universe, self.numbers[fact])),
        }
    }
}

/// The schemes and scopes, declared.
pub fn catalog(words: &Words) -> Catalog {
    let builder = words.schemes.iter().fold(Catalog::builder(), |builder, scheme| {
        let builder = builder.scheme(&scheme.name, SecurityScheme::oauth2_password("token"));
        let builder = scheme.scopes.iter().fold(builder, |builder, name| builder.scope(token(name), ""));
        let named = |place: usize| token(&scheme.scopes[place]);
        scheme.edges.iter().fold(builder, |builder, (strong, weak)| builder.implies(named(*strong), named(*weak)))
    });
    builder.build().expect("these words make a catalog")
}

/// A scope by its name.
pub fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).expect("a name of a scope")
}

/// A scheme by its name.
pub fn scheme_name(name: &str) -> SchemeName {
    SchemeName::parse(name).expect("a name of a scheme")
}

fn scheme_atoms(scheme: &Scheme) -> Vec<(String, Atom)> {
    let name = scheme_name(&scheme.name);
    let scope = |text: &String| (scheme.scope_fact(text), Atom::Scope { scheme: name.clone(), token: token(text) });
    let own = (scheme.fact(), Atom::Scheme(name.clone()));
    [own].into_iter().chain(scheme.scopes.iter().map(scope)).collect()
}

/// The atom of a guard.
pub fn guard_atom(name: &str) -> Atom {
    let check = |name: &str, needs| Atom::Check { name: name.into(), needs };
    match name {
        "acr:gold" => Atom::Acr("gold".into()),
        "active" => Atom::Active,
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
