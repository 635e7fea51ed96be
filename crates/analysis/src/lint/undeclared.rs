//! Schemes and scopes that requirements name and the catalog does not declare.

use std::collections::{HashMap, HashSet};

use scopegate_domain::{DeclaredScope, SchemeName, ScopeToken};
use scopegate_policy::{DocumentFacts, LintRule, OperationTable, ResolvedOperation, UndeclaredScope};

use super::words::{enumerated, listed, words};
use super::{Finding, FindingSubject};

/// The maximum number of scopes of one scheme that are separate findings.
const FEW: usize = 5;

/// One finding for each undefined scheme.
pub(super) fn schemes(facts: &DocumentFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for undefined in facts.undefined_schemes() {
        let name = &undefined.name;
        let message = format!("scheme `{name}` is not declared, so nothing satisfies a requirement that names it");
        let mut finding = Finding::new(LintRule::UndefinedScheme, message)
            .caused_by(format!("scheme `{name}`"))
            .of_scheme(name.as_str());
        for (method, template) in &undefined.operations {
            finding = finding.at(*method, template.as_str());
        }
        findings.push(suggest(finding, undefined.suggestion.as_deref()));
    }
    findings
}

fn suggest(finding: Finding, suggestion: Option<&str>) -> Finding {
    match suggestion {
        Some(name) => finding.suggest(name),
        None => finding,
    }
}

/// One finding for each undeclared scope; one for a scheme that declares no scope at all.
pub(super) fn scopes(table: &OperationTable, facts: &DocumentFacts) -> Vec<Finding> {
    let all = facts.undeclared_scopes();
    if all.is_empty() {
        return Vec::new();
    }
    let uses = uses(table);
    let mut findings = Vec::new();
    let mut schemes: Vec<&SchemeName> = Vec::new();
    for undeclared in all {
        if !schemes.contains(&&undeclared.scheme) {
            schemes.push(&undeclared.scheme);
        }
    }
    for scheme in schemes {
        let undeclared: Vec<_> = all.iter().filter(|undeclared| undeclared.scheme == *scheme).collect();
        let in_catalog = table
            .catalog()
            .find(scheme)
            .map_or(0, |declared| declared.scopes().len());
        let declares_none = in_catalog <= undeclared.len();
        // A misspelt scope is a separate cause.
        let with_meant = undeclared
            .into_iter()
            .map(|undeclared| (undeclared, meant_by(table, facts, undeclared)));
        let (misspelt, unknown): (Vec<_>, Vec<_>) = with_meant.partition(|(_, meant)| meant.is_some());
        let is_one_cause = unknown.len() > FEW || (declares_none && unknown.len() > 1);
        if is_one_cause {
            let unknown: Vec<_> = unknown.iter().map(|(undeclared, _)| *undeclared).collect();
            findings.push(whole_scheme(scheme, &unknown, &uses, declares_none));
        }
        let undeclared = misspelt
            .into_iter()
            .chain(unknown.into_iter().filter(|_| !is_one_cause));
        for (undeclared, meant) in undeclared {
            let finding = one_scope(scheme, &undeclared.scope, &uses);
            findings.push(suggest(finding, meant.as_deref()));
        }
    }
    findings
}

/// Returns the declared scopes that undeclared ones probably mean, each with its scheme. That
/// nothing requires such a scope has the same cause.
pub(super) fn meant<'f>(table: &OperationTable, facts: &'f DocumentFacts) -> Vec<(&'f SchemeName, String)> {
    let undeclared = facts.undeclared_scopes().iter();
    undeclared
        .filter_map(|undeclared| Some((&undeclared.scheme, meant_by(table, facts, undeclared)?)))
        .collect()
}

/// Returns the declared scope of the same scheme that an undeclared one probably means: one with a
/// similar name, or with the same words.
fn meant_by(table: &OperationTable, facts: &DocumentFacts, undeclared: &UndeclaredScope) -> Option<String> {
    if undeclared.suggestion.is_some() {
        return undeclared.suggestion.clone();
    }
    let words = words_of(undeclared.scope.as_str());
    // The table contains the undeclared scopes, too.
    let is_declared = |token: &&ScopeToken| {
        let mut others = facts.undeclared_scopes().iter();
        !others.any(|other| other.scheme == undeclared.scheme && other.scope == **token)
    };
    let scopes = table.catalog().find(&undeclared.scheme)?.scopes().iter();
    let mut same = scopes
        .map(DeclaredScope::token)
        .filter(|token| !words.is_empty() && words_of(token.as_str()) == words);
    same.find(is_declared).map(ToString::to_string)
}

/// Returns the words of a scope in order, in the singular: `lamps:read` and `ReadLamp` have the
/// same.
fn words_of(scope: &str) -> Vec<String> {
    let words = words(scope)
        .into_iter()
        .map(|word| word.trim_end_matches('s').to_owned());
    let mut words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

type Uses<'t> = HashMap<(&'t SchemeName, &'t ScopeToken), Vec<&'t ResolvedOperation>>;

fn one_scope(scheme: &SchemeName, scope: &ScopeToken, uses: &Uses<'_>) -> Finding {
    let message = format!("scope `{scope}` is required and scheme `{scheme}` does not declare it");
    let finding = Finding::new(LintRule::UndeclaredScope, message)
        .caused_by(format!("scope `{scope}` of scheme `{scheme}`"))
        .about(FindingSubject::Operation)
        .of_scheme(scheme.as_str());
    let operations = uses.get(&(scheme, scope)).into_iter().flatten();
    operations.fold(finding, |finding, operation| finding.at_operation(operation))
}

fn whole_scheme(scheme: &SchemeName, undeclared: &[&UndeclaredScope], uses: &Uses<'_>, declares_none: bool) -> Finding {
    let names: Vec<&ScopeToken> = undeclared
        .iter()
        .map(|undeclared| &undeclared.scope)
        .take(FEW)
        .collect();
    let more = undeclared.len().saturating_sub(FEW);
    let names = match more {
        0 => listed(&names, "and"),
        more => format!("{} and {more} more", enumerated(&names)),
    };
    let declared = if declares_none { "no scopes" } else { "other scopes" };
    let message = format!("scheme `{scheme}` declares {declared}, and operations require {names} of it; declare them");
    let finding = Finding::new(LintRule::UndeclaredScope, message)
        .caused_by(format!("scheme `{scheme}`"))
        .about(FindingSubject::Scheme(scheme.clone()));
    let mut seen = HashSet::new();
    let operations = undeclared
        .iter()
        .filter_map(|undeclared| uses.get(&(scheme, &undeclared.scope)));
    let mut operations: Vec<&&ResolvedOperation> = operations.flatten().collect();
    operations.retain(|operation| seen.insert((operation.method(), operation.template())));
    operations
        .into_iter()
        .fold(finding, |finding, operation| finding.at_operation(operation))
        .combining(
            undeclared
                .iter()
                .map(|undeclared| one_scope(scheme, &undeclared.scope, uses)),
        )
}

/// The operations whose rules contain each scope.
fn uses(table: &OperationTable) -> Uses<'_> {
    let mut uses = Uses::new();
    let mut of_tree: HashMap<usize, Vec<(&SchemeName, &ScopeToken)>> = HashMap::new();
    for operation in table.operations() {
        let named = of_tree
            .entry(operation.tree_number())
            .or_insert_with(|| super::scopes::named_scopes(operation));
        for name in named {
            uses.entry(*name).or_default().push(operation);
        }
    }
    uses
}
