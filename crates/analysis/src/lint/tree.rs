//! Findings about whole trees of guards.

use std::collections::{BTreeSet, HashSet};

use scopegate_policy::{
    Access, AssumedCredentials, Fact, FactSet, Guard, LintRule, OperationTable, Reason, ResolvedOperation, Rule,
    Severity, SubjectKind,
};

use super::Finding;
use super::words::listed;
use crate::reach::who_can;

/// A request without a credential is authorized, too.
pub(super) fn optional(operation: &ResolvedOperation) -> Option<Finding> {
    if !operation.is_optional() || operation.access() == Access::Public {
        return None;
    }
    let message = "it can also be called without a credential; make sure that its response then is public";
    Some(Finding::new(LintRule::OptionalAuthentication, message).at_most(Severity::Info))
}

/// The operation denies every caller, or every existing client.
pub(super) fn unreachable(operation: &ResolvedOperation, clients: &[AssumedCredentials]) -> Option<Finding> {
    let message = if operation.access() == Access::Deny {
        "no client can call it: its requirement is never satisfied; change the requirement, or remove the operation"
            .to_owned()
    } else if clients.is_empty() || clients.iter().any(|client| client.opens(operation)) {
        return None;
    } else {
        let ways: Vec<String> = who_can(operation).iter().map(|way| spaced(way)).collect();
        let needs = listed(&ways, "or");
        format!("no client can be granted what it needs ({needs}); allow a client to have it, or require less")
    };
    Some(Finding::new(LintRule::UnreachableOperation, message))
}

fn spaced(facts: &[Fact]) -> String {
    let words: Vec<String> = facts.iter().map(ToString::to_string).collect();
    words.join(" ")
}

/// Reports alternatives that require two values of a claim with one value.
pub(super) fn contradictory(operation: &ResolvedOperation) -> Option<Finding> {
    let fact_table = operation.fact_table();
    let mut sets = operation.requirement().alternatives().iter();
    let both = sets.find_map(|set| contradiction(fact_table.facts_of(set).collect()))?;
    let message = format!(
        "it requires {} at once, and no token has more than one of them; if one suffices, list them as alternatives",
        listed(&both, "and"),
    );
    Some(Finding::new(LintRule::ContradictoryGuards, message))
}

fn contradiction(facts: Vec<&Fact>) -> Option<Vec<String>> {
    let subjects = [SubjectKind::Service, SubjectKind::User].map(Fact::Subject);
    if subjects.iter().all(|subject| facts.contains(&subject)) {
        return Some(subjects.iter().map(ToString::to_string).collect());
    }
    let levels = facts.into_iter().filter(|fact| matches!(fact, Fact::Acr(_)));
    let levels: Vec<String> = levels.map(ToString::to_string).collect();
    (levels.len() > 1).then_some(levels)
}

/// Checks that are declared for the operation and that no alternative requires.
pub(super) fn idle_checks(operation: &ResolvedOperation) -> Vec<Finding> {
    let sets = operation.requirement().alternatives().iter();
    let asked_for = sets.fold(FactSet::EMPTY, |all, set| all.union(set));
    let asked_for: BTreeSet<String> = operation
        .fact_table()
        .facts_of(&asked_for)
        .filter_map(check_name)
        .collect();
    let declared = operation.guards();
    let idle = declared.flat_map(checks_of).collect::<BTreeSet<_>>();
    let idle = idle.into_iter().filter(|name| !asked_for.contains(name));
    let why = if operation.access() == Access::Deny {
        "no client can call it"
    } else {
        "another alternative suffices without it"
    };
    let finding = |name| {
        let message =
            format!("check `{name}` decides nothing here: {why}; remove it, or require it in every alternative");
        Finding::new(LintRule::CheckNeverRuns, message)
    };
    idle.map(finding).collect()
}

/// Checks of guards that every operation overrides.
pub(super) fn overridden_checks(table: &OperationTable) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut trees = HashSet::new();
    let mut overridden = BTreeSet::new();
    let mut declared = BTreeSet::new();
    for operation in table.operations() {
        let unseen: Vec<Guard> = operation
            .overridden()
            .iter()
            .filter(|guard| seen.insert(guard.identity()))
            .cloned()
            .collect();
        overridden.extend(reachable(&unseen).into_iter().flat_map(checks_of));
        if trees.insert(operation.tree_number()) {
            declared.extend(operation.guards().flat_map(checks_of));
        }
    }
    let finding = |name: &String| {
        let message = format!("check `{name}` never runs: every operation overrides the guard that requires it");
        Finding::new(LintRule::CheckNeverRuns, message)
    };
    overridden.difference(&declared).map(finding).collect()
}

/// Returns the names of the checks that a guard requires, by code or in its rule.
fn checks_of(guard: &Guard) -> Vec<String> {
    let by_code = guard.checks().iter().filter(|check| check.reason() == Reason::Check);
    let mut names: Vec<String> = by_code.map(|check| check.name().to_owned()).collect();
    let mut open: Vec<&Rule> = guard.own_rule().into_iter().collect();
    while let Some(rule) = open.pop() {
        match rule {
            Rule::All(rules) | Rule::Any(rules) => open.extend(rules),
            Rule::Fact(fact) => names.extend(check_name(fact)),
            Rule::Deny | Rule::Scope(_) => {}
        }
    }
    names
}

/// Returns these guards and all guards that they depend on, each once.
fn reachable(roots: &[Guard]) -> Vec<&Guard> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut open: Vec<&Guard> = roots.iter().collect();
    while let Some(guard) = open.pop() {
        if seen.insert(guard.identity()) {
            open.extend(guard.dependencies());
            found.push(guard);
        }
    }
    found
}

fn check_name(fact: &Fact) -> Option<String> {
    if let Fact::Check { name, .. } = fact {
        Some(name.to_string())
    } else {
        None
    }
}
