//! Atoms, and the schemes with their scopes.

use std::collections::BTreeSet;

use scopegate_domain::{DeclaredScheme, ScopeToken, SecurityScheme};
use scopegate_policy::{Atom, AtomId, AtomSet, OperationTable, Universe};

use super::super::names::short_forms;
use super::super::text::{cut, prose, visible};
use super::counts::Counts;
use super::fact::{Fact, Listed, Scheme};

/// Longest description that is shown, in cells.
const LONGEST_ABOUT: usize = 300;

pub(super) fn facts(table: &OperationTable) -> Vec<Fact> {
    let universe = table.universe();
    let name = |atom: &Atom| match atom {
        Atom::Scheme(name) => visible(name.as_str()),
        other => visible(&other.to_string()),
    };
    let names: Vec<String> = universe.atoms().iter().map(name).collect();
    let labels = short_forms(&names, &families(table));
    let fact = |(atom, (name, label)): (&Atom, (String, String))| {
        let about = match atom {
            Atom::Scheme(name) => table
                .catalog()
                .find(name)
                .and_then(DeclaredScheme::description)
                .unwrap_or_default(),
            Atom::Scope { scheme, token } => {
                let scopes = table.catalog().find(scheme).map_or(&[][..], DeclaredScheme::scopes);
                scopes
                    .iter()
                    .find(|scope| scope.token() == token)
                    .map_or("", |scope| scope.description())
            }
            _ => "",
        };
        Fact {
            name,
            label,
            about: cut(&prose(about), LONGEST_ABOUT),
            implies: universe.find(atom).map(|id| next(universe, id)).unwrap_or_default(),
            used_by: BTreeSet::new(),
            counts: Counts::default(),
        }
    };
    let pairs = names.into_iter().zip(labels);
    universe.atoms().iter().zip(pairs).map(fact).collect()
}

/// The scopes of each scheme, by their atoms.
fn families(table: &OperationTable) -> Vec<Vec<usize>> {
    let scopes = |declared: &DeclaredScheme| {
        let is_own = |atom: &Atom| matches!(atom, Atom::Scope { scheme, .. } if scheme == declared.name());
        let numbered = table.universe().atoms().iter().enumerate();
        numbered
            .filter(|(_, atom)| is_own(atom))
            .map(|(atom, _)| atom)
            .collect()
    };
    table.catalog().schemes().iter().map(scopes).collect()
}

/// Returns what an atom implies directly, without steps that follow from others.
fn next(universe: &Universe, id: AtomId) -> Vec<usize> {
    let implied = universe.closure(id).difference(&AtomSet::from_iter([id]));
    universe.generators(&implied).iter().map(AtomId::index).collect()
}

pub(super) fn scheme(universe: &Universe, facts: &[Fact], declared: &DeclaredScheme) -> Option<Scheme> {
    let scope = |token: &ScopeToken| {
        let (scheme, token) = (declared.name().clone(), token.clone());
        universe.find(&Atom::Scope { scheme, token })
    };
    let scopes = declared.scopes().iter().filter_map(|declared| scope(declared.token()));
    let scopes: Vec<usize> = scopes.map(AtomId::index).collect();
    Some(Scheme {
        atom: universe.find(&Atom::Scheme(declared.name().clone()))?.index(),
        kind: match declared.scheme() {
            SecurityScheme::ApiKey { .. } => "API key",
            SecurityScheme::Http(_) => "HTTP",
            SecurityScheme::OAuth2(_) => "OAuth 2.0",
            SecurityScheme::OpenIdConnect { .. } => "OpenID Connect",
        },
        scopes: hierarchy(&scopes, facts),
    })
}

/// Returns the scopes of a scheme, each once, below the first that implies it. Scopes that nothing
/// implies are in the order of declaration.
fn hierarchy(scopes: &[usize], facts: &[Fact]) -> Vec<Listed> {
    let implied = |atom: usize| facts.get(atom).map_or(&[][..], |fact| &fact.implies);
    let all: BTreeSet<usize> = scopes.iter().copied().collect();
    let below: BTreeSet<usize> = scopes.iter().flat_map(|atom| implied(*atom)).copied().collect();
    let roots = scopes.iter().rev().filter(|atom| !below.contains(atom));
    let mut open: Vec<Listed> = roots.map(|atom| Listed { atom: *atom, depth: 0 }).collect();
    let (mut seen, mut listed) = (BTreeSet::new(), Vec::new());
    while let Some(Listed { atom, depth }) = open.pop() {
        if seen.insert(atom) {
            listed.push(Listed { atom, depth });
            let weaker = implied(atom).iter().rev().filter(|atom| all.contains(atom));
            open.extend(weaker.map(|atom| Listed {
                atom: *atom,
                depth: depth + 1,
            }));
        }
    }
    listed
}
