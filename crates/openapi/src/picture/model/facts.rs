//! Atoms, and the schemes with their scopes.

use std::collections::BTreeSet;

use scopegate_domain::{DeclaredScheme, ScopeToken, SecurityScheme};
use scopegate_policy::{Fact, FactId, FactSet, FactTable, OperationTable};

use super::super::names::short_forms;
use super::super::text::{cut, prose, visible};
use super::counts::Counts;
use super::fact::{FactRow, Listed, Scheme};

/// The maximum length of a displayed description, in cells.
const LONGEST_ABOUT: usize = 300;

pub(super) fn facts(table: &OperationTable) -> Vec<FactRow> {
    let fact_table = table.fact_table();
    let name = |atom: &Fact| match atom {
        Fact::Scheme(name) => visible(name.as_str()),
        other => visible(&other.to_string()),
    };
    let names: Vec<String> = fact_table.facts().iter().map(name).collect();
    let labels = short_forms(&names, &families(table));
    let fact = |(atom, (name, label)): (&Fact, (String, String))| {
        let about = match atom {
            Fact::Scheme(name) => table
                .catalog()
                .find(name)
                .and_then(DeclaredScheme::description)
                .unwrap_or_default(),
            Fact::Scope { scheme, token } => {
                let scopes = table.catalog().find(scheme).map_or(&[][..], DeclaredScheme::scopes);
                scopes
                    .iter()
                    .find(|scope| scope.token() == token)
                    .map_or("", |scope| scope.description())
            }
            _ => "",
        };
        FactRow {
            name,
            label,
            about: cut(&prose(about), LONGEST_ABOUT),
            implies: fact_table.find(atom).map(|id| next(fact_table, id)).unwrap_or_default(),
            used_by: BTreeSet::new(),
            counts: Counts::default(),
        }
    };
    let pairs = names.into_iter().zip(labels);
    fact_table.facts().iter().zip(pairs).map(fact).collect()
}

/// The scopes of each scheme, by their facts.
fn families(table: &OperationTable) -> Vec<Vec<usize>> {
    let scopes = |declared: &DeclaredScheme| {
        let is_own = |atom: &Fact| matches!(atom, Fact::Scope { scheme, .. } if scheme == declared.name());
        let numbered = table.fact_table().facts().iter().enumerate();
        numbered
            .filter(|(_, atom)| is_own(atom))
            .map(|(atom, _)| atom)
            .collect()
    };
    table.catalog().schemes().iter().map(scopes).collect()
}

/// Returns the facts that an atom implies directly, without those that follow from others.
fn next(fact_table: &FactTable, id: FactId) -> Vec<usize> {
    let implied = fact_table.closure(id).difference(&FactSet::from_iter([id]));
    fact_table.generators(&implied).iter().map(FactId::index).collect()
}

pub(super) fn scheme(fact_table: &FactTable, facts: &[FactRow], declared: &DeclaredScheme) -> Option<Scheme> {
    let scope = |token: &ScopeToken| {
        let (scheme, token) = (declared.name().clone(), token.clone());
        fact_table.find(&Fact::Scope { scheme, token })
    };
    let scopes = declared.scopes().iter().filter_map(|declared| scope(declared.token()));
    let scopes: Vec<usize> = scopes.map(FactId::index).collect();
    Some(Scheme {
        atom: fact_table.find(&Fact::Scheme(declared.name().clone()))?.index(),
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
fn hierarchy(scopes: &[usize], facts: &[FactRow]) -> Vec<Listed> {
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
