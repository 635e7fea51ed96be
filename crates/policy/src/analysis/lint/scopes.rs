//! Scopes that open nothing, and tokens that need none.

use std::collections::HashSet;

use scopegate_domain::{DeclaredScheme, DeclaredScope, ScopeToken};

use super::{Finding, LintRule};
use crate::guard::Own;
use crate::limits::MAX_DEPTH;
use crate::{Atom, AtomId, AtomSet, OperationTable, ResolvedOperation, Rule, Universe};

/// Scopes of which no operation asks for anything, in any scheme: neither for them nor for what they imply.
pub(super) fn unused(table: &OperationTable) -> Vec<Finding> {
    let asked_for = asked_for(table);
    let universe = table.universe();
    let is_used = |token: &ScopeToken| {
        let mut brought = universe
            .scope_closures(token.as_str())
            .flat_map(|closure| universe.atoms_of(closure));
        brought.any(|atom| atom.scope_token().is_some_and(|token| asked_for.contains(token)))
    };
    let schemes = table.catalog().schemes().iter();
    let mut seen = HashSet::new();
    let declared = schemes.flat_map(DeclaredScheme::scopes).map(DeclaredScope::token);
    let unused = declared.filter(|token| seen.insert(*token) && !is_used(token));
    let finding = |token| {
        let message =
            format!("scope `{token}` is declared and opens no operation; remove it, or require it where it was meant");
        Finding::new(LintRule::UnusedScope, message)
    };
    unused.map(finding).collect()
}

/// The names of all scopes that stand in a rule.
fn asked_for(table: &OperationTable) -> HashSet<&ScopeToken> {
    let mut trees = HashSet::new();
    let operations = table.operations().iter();
    let trees = operations.filter(|operation| trees.insert(operation.tree_number()));
    trees
        .flat_map(ResolvedOperation::contexts)
        .filter_map(|context| rule_of(context.guard.node().own()?))
        .flat_map(|rule| rule.scopes(MAX_DEPTH))
        .collect()
}

const fn rule_of(own: &Own) -> Option<&Rule> {
    match own {
        Own::Rule(rule) => Some(rule),
        Own::Public => None,
    }
}

/// An alternative that every token satisfies, although scopes would tell tokens apart.
pub(super) fn token_without_scope(operation: &ResolvedOperation) -> Option<Finding> {
    let universe = operation.universe();
    let mut alternatives = operation.requirement().alternatives().iter();
    let (schemes, count) = alternatives.find_map(|set| scopeless(universe, set))?;
    let of_scheme = super::words::listed(&schemes, "or");
    let declared = if count == 1 { "scope" } else { "scopes" };
    let message = format!(
        "any token of {of_scheme} is enough, whatever it was granted for; if that is not meant, require one of the {count} {declared} \
         that the scheme declares"
    );
    Some(Finding::new(LintRule::TokenWithoutScope, message))
}

/// The schemes whose tokens suffice without a scope, and how many scopes these schemes declare.
fn scopeless(universe: &Universe, set: &AtomSet) -> Option<(Vec<String>, usize)> {
    let asks_for_more =
        |atom: &Atom| !matches!(atom, Atom::Authenticated | Atom::User | Atom::Active | Atom::Scheme(_));
    if !set.contains(AtomId::AUTHENTICATED) || universe.atoms_of(set).any(asks_for_more) {
        return None;
    }
    let names_a_scheme = universe.atoms_of(set).any(|atom| atom.scheme_name().is_some());
    let is_enough = |name| !names_a_scheme || universe.atoms_of(set).any(|atom| atom.scheme_name() == Some(name));
    let mut schemes = Vec::new();
    let mut count = 0;
    for scheme in universe.schemes_with_scopes() {
        let name = universe.scheme_name(scheme).filter(|name| is_enough(*name));
        let declared = universe.scope_count(scheme);
        if let Some(name) = name.filter(|_| declared > 0) {
            schemes.push(name.to_string());
            count += declared;
        }
    }
    (!schemes.is_empty()).then_some((schemes, count))
}
