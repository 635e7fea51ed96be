//! Operations: their requirements and their guards.

use scopegate_domain::{SchemeName, ScopeToken, Timestamp};
use scopegate_policy::{
    Alternative, ExplanationStep, Fact, FactId, FactSet, FactTable, PresentedCredentials, ResolvedOperation, explain,
};

use super::super::text::visible;
use super::operation::Operation;

/// The maximum number of guards of one tree that are shown.
const MOST_STEPS: usize = 64;

pub(super) fn operation(resolved: &ResolvedOperation) -> Operation {
    let fact_table = resolved.fact_table();
    let closed = resolved.requirement().alternatives().iter();
    let ways = closed.zip(resolved.alternatives());
    let (tree, is_tree_cut) = tree(resolved);
    Operation {
        method: resolved.method().as_str(),
        path: visible(resolved.template()),
        name: resolved.name().map(visible),
        access: resolved.access(),
        is_optional: resolved.is_optional(),
        overridden: resolved
            .overridden()
            .iter()
            .map(|guard| visible(&guard.to_string()))
            .collect(),
        needs: ways.map(|(closed, words)| way(fact_table, closed, words)).collect(),
        tree,
        is_tree_cut,
    }
}

/// Returns the maximal facts of an alternative: scopes and schemes in the order of the document,
/// then guards.
fn way(fact_table: &FactTable, closed: &FactSet, words: &Alternative) -> Vec<usize> {
    let generators = fact_table.generators(closed);
    let of_scheme = |(scheme, tokens): &(SchemeName, Vec<ScopeToken>)| {
        let scope = |token: &ScopeToken| Fact::Scope {
            scheme: scheme.clone(),
            token: token.clone(),
        };
        let scopes = tokens.iter().map(scope);
        scopes.chain([Fact::Scheme(scheme.clone())]).collect::<Vec<_>>()
    };
    let named = words
        .schemes()
        .iter()
        .flat_map(of_scheme)
        .chain(words.guards().iter().cloned());
    let named = named
        .filter_map(|atom| fact_table.find(&atom))
        .filter(|id| generators.contains(*id));
    let mut way: Vec<usize> = named.map(FactId::index).collect();
    let rest: Vec<usize> = generators
        .iter()
        .map(FactId::index)
        .filter(|atom| !way.contains(atom))
        .collect();
    way.extend(rest);
    way
}

/// Returns the guards of an operation. A single guard without a name is left out, because it
/// repeats the requirement.
fn tree(resolved: &ResolvedOperation) -> (Vec<(usize, String, Vec<String>)>, bool) {
    let explanation = explain(resolved, &PresentedCredentials::new(Timestamp::from_unix(0)));
    let steps = explanation.steps();
    if let [only] = steps
        && (only.guard().starts_with("requires ") || only.guard() == "public")
    {
        return (Vec::new(), false);
    }
    let sees = |step: &ExplanationStep| step.sees().iter().map(|token| visible(token.as_str())).collect();
    let shown = steps.iter().take(MOST_STEPS);
    let shown = shown
        .map(|step| (step.depth(), visible(step.guard()), sees(step)))
        .collect();
    (shown, steps.len() > MOST_STEPS)
}
