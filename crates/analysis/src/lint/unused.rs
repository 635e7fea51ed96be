//! Declared scopes that no operation requires.

use std::collections::{HashMap, HashSet};

use scopegate_domain::{DeclaredScheme, DeclaredScope, SchemeName, ScopeToken};
use scopegate_policy::{
    AuthorizationServer, AuthorizationServers, DocumentFacts, Fact, FactTable, LintRule, OperationTable,
    ResolvedOperation, Rule, ServerScope,
};

use super::scopes::{self, is_of_openid};
use super::words::{enumerated, listed, means_everything};
use super::{Finding, FindingSubject, verbs};

/// The most scopes of a list that are about this document alone.
const SHORT: usize = 6;
/// The same with the scopes for signing in.
const SHORT_WITH_OPENID: usize = 9;
/// The most scopes that a message names.
const FEW: usize = 5;

/// The scopes in the rules of a table, each of its authorization server.
pub(super) struct RequiredScopes<'t> {
    servers: &'t AuthorizationServers<'t>,
    scopes: HashSet<(usize, &'t ScopeToken)>,
}

impl<'t> RequiredScopes<'t> {
    pub(super) fn of(table: &'t OperationTable, servers: &'t AuthorizationServers<'t>) -> Self {
        let mut trees = HashSet::new();
        let operations = table.operations().iter();
        let trees = operations.filter(|operation| trees.insert(operation.tree_number()));
        let mut scopes = HashSet::new();
        for (of_guard, part) in trees.flat_map(scopes::parts) {
            let (scheme, token) = match part {
                Rule::Fact(Fact::Scope { scheme, token }) => (Some(scheme.as_str()), token),
                Rule::Scope(token) => (of_guard, token),
                _ => continue,
            };
            match scheme {
                Some(name) => scopes.extend(servers.place_of(name).map(|place| (place, token))),
                // Without a scheme, the name refers to each server that declares it.
                None => scopes.extend(servers.places_declaring(token).map(|place| (place, token))),
            }
        }
        Self { servers, scopes }
    }

    /// Whether a scope of a server, or a scope that it implies, is required.
    fn contains(&self, fact_table: &FactTable, place: usize, token: &ScopeToken) -> bool {
        let server = self.servers.as_slice().get(place).into_iter();
        let schemes = server.flat_map(AuthorizationServer::schemes);
        let ids =
            schemes.filter_map(|scheme| fact_table.scope_id(fact_table.scheme_id(scheme.name())?, token.as_str()));
        let mut implied = ids.flat_map(|id| fact_table.facts_of(fact_table.closure(id)));
        implied.any(|fact| match fact {
            Fact::Scope { scheme, token } => {
                let place = self.servers.place_of(scheme.as_str());
                place.is_some_and(|place| self.scopes.contains(&(place, token)))
            }
            _ => false,
        })
    }
}

/// The subjects of the operations of a document: the words of their paths, names and texts.
pub(super) struct KnownSubjects {
    of_operations: Vec<HashSet<String>>,
    /// An operation has a summary or a description.
    has_texts: bool,
}

impl KnownSubjects {
    pub(super) fn of(table: &OperationTable, facts: &DocumentFacts) -> Self {
        let mut has_texts = false;
        let of_operation = |(number, operation): (usize, &ResolvedOperation)| {
            let texts = [facts.summary_of(number), facts.description_of(number)];
            has_texts |= texts.iter().any(Option::is_some);
            let names = operation.name().into_iter().chain(texts.into_iter().flatten());
            let paths = verbs::path_subjects(operation.template());
            paths.chain(names.flat_map(verbs::subjects)).collect()
        };
        Self {
            of_operations: table.operations().iter().enumerate().map(of_operation).collect(),
            has_texts,
        }
    }

    /// Whether an operation is about all subjects of a scope. Common ones, such as the name of the
    /// provider, do not count.
    fn contain(&self, scope: &ScopeToken, common: &HashSet<String>) -> bool {
        let mut own = verbs::subjects_of_scope(scope.as_str());
        own.retain(|word| !common.contains(word));
        own.is_empty()
            || self
                .of_operations
                .iter()
                .any(|words| own.iter().all(|word| words.contains(word)))
    }
}

/// Returns the subjects that most scopes of a list have, and those of the scopes in use.
fn common_subjects(scopes: &[&ScopeToken], unused: &[&ScopeToken]) -> HashSet<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for scope in scopes {
        let subjects: HashSet<String> = verbs::subjects_of_scope(scope.as_str()).into_iter().collect();
        let weight = if unused.contains(scope) { 1 } else { scopes.len() };
        for subject in subjects {
            *counts.entry(subject).or_default() += weight;
        }
    }
    let common = counts.into_iter().filter(|(_, count)| count * 2 > scopes.len());
    common.map(|(subject, _)| subject).collect()
}

/// Reports the scopes of a scheme in use that no operation of its authorization server requires,
/// neither directly nor by implication. A list of scopes is one cause.
pub(super) fn unused(
    table: &OperationTable,
    declared: &DeclaredScheme,
    asked_for: &RequiredScopes<'_>,
    known: &KnownSubjects,
    is_any_token_enough: bool,
    is_suggested: impl Fn(usize, &str) -> bool,
) -> Option<Finding> {
    let place = asked_for.servers.place_of(declared.name().as_str())?;
    let scopes = declared.scopes().iter().map(DeclaredScope::token);
    // A scope with all rights opens every operation, without a requirement that names it.
    let looked_at = scopes.filter(|token| !is_of_openid(token.as_str()) && !means_everything(token.as_str()));
    let looked_at: Vec<&ScopeToken> = looked_at.collect();
    let is_unused = |token: &&ScopeToken| {
        !asked_for.contains(table.fact_table(), place, token) && !is_suggested(place, token.as_str())
    };
    let unused: Vec<&ScopeToken> = looked_at.iter().copied().filter(is_unused).collect();
    if unused.len() == looked_at.len() && unused.len() > 1 {
        // If any token is enough, that is the cause.
        return (!is_any_token_enough).then(|| all_unused(asked_for, place, declared.name(), &unused));
    }
    let is_shared = unused.len() >= 2 * FEW || (unused.len() > FEW && unused.len() * 2 > looked_at.len());
    if is_shared {
        return None;
    }
    let is_short = looked_at.len() <= SHORT && declared.scopes().len() <= SHORT_WITH_OPENID;
    let is_of_document = is_short && (unused.len() <= 2 || !known.has_texts);
    let common = common_subjects(&looked_at, &unused);
    let is_reported = |token: &&ScopeToken| is_of_document || known.contain(token, &common);
    let unused: Vec<&ScopeToken> = unused.into_iter().filter(is_reported).collect();
    match unused.as_slice() {
        [] => None,
        [only] => Some(one(asked_for, place, declared.name(), only)),
        several => Some(some_unused(asked_for, place, declared.name(), several)),
    }
}

fn one(asked_for: &RequiredScopes<'_>, place: usize, name: &SchemeName, token: &ScopeToken) -> Finding {
    let message = format!(
        "scope `{token}` is declared and no operation requires it; remove it, or add it to the operations that need it"
    );
    // Schemes of one server name one scope by the first that declares it.
    let server = asked_for.servers.as_slice().get(place);
    let scope = server.and_then(|server| server.scope(token));
    let first = scope.as_ref().map_or(name, ServerScope::scheme);
    Finding::new(LintRule::UnusedScope, message)
        .caused_by(format!("scope `{token}` of scheme `{first}`"))
        .about(FindingSubject::Scope(name.clone(), token.clone()))
}

fn all_unused(asked_for: &RequiredScopes<'_>, place: usize, name: &SchemeName, unused: &[&ScopeToken]) -> Finding {
    let message = format!(
        "scheme `{name}` declares {} scopes and no operation requires one of them; add them to the operations that need them, or \
         remove them",
        unused.len()
    );
    combined(asked_for, place, name, unused, message)
}

fn some_unused(asked_for: &RequiredScopes<'_>, place: usize, name: &SchemeName, unused: &[&ScopeToken]) -> Finding {
    let names = match unused.split_at_checked(FEW) {
        Some((first, others)) if !others.is_empty() => format!("{} and {} more", enumerated(first), others.len()),
        _ => listed(unused, "and"),
    };
    let message = format!(
        "scheme `{name}` declares {} scopes that no operation requires: {names}; remove them, or add them to the operations that need them",
        unused.len(),
    );
    combined(asked_for, place, name, unused, message)
}

fn combined(
    asked_for: &RequiredScopes<'_>,
    place: usize,
    name: &SchemeName,
    unused: &[&ScopeToken],
    message: String,
) -> Finding {
    let parts = unused.iter().map(|token| one(asked_for, place, name, token));
    Finding::new(LintRule::UnusedScope, message)
        .caused_by(format!("scheme `{name}`"))
        .about(FindingSubject::Scheme(name.clone()))
        .combining(parts)
}
