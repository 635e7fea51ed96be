//! Scopes that open nothing, tokens that need none, and scopes that do not fit the method.

use std::collections::{HashMap, HashSet};

use scopegate_domain::{DeclaredScheme, DeclaredScope, SchemeName, ScopeToken};
use scopegate_policy::{
    Alternative, AuthorizationServer, AuthorizationServers, Fact, FactId, FactSet, FactTable, LintRule, OperationTable,
    ResolvedOperation, Rule, ServerScope, Severity,
};

use super::words::{
    Level, enumerated, family, listed, means_everything, sounds_like_reading, sounds_like_writing, words,
};
use super::{Finding, FindingSubject, verbs};

/// The scopes that a client requests to sign a user in, or to get a refresh token. No operation has
/// to require them. Some servers use `offline` for `offline_access`, and
/// `groups` for the claim of that name.
///
/// They are specified in OpenID Connect Core, sections 3.1.2.1, 5.4 and 11, and in OpenID Connect
/// Native SSO, section 3.
const OF_OPENID: [&str; 9] = [
    "device_sso",
    "groups",
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline",
    "offline_access",
];

/// Whether the scope is one of these. Some servers separate the words differently:
/// `offline.access`.
pub(super) fn is_of_openid(name: &str) -> bool {
    OF_OPENID.contains(&words(name).join("_").as_str())
}

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
        for (of_guard, part) in trees.flat_map(parts) {
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

/// Reports the scopes of a scheme in use that no operation of its authorization server requires,
/// neither directly nor by implication.
pub(super) fn unused(
    table: &OperationTable,
    declared: &DeclaredScheme,
    asked_for: &RequiredScopes<'_>,
    is_any_token_enough: bool,
    is_suggested: impl Fn(usize, &str) -> bool,
) -> Vec<Finding> {
    // A list of all scopes of the provider is one cause.
    const MANY: usize = 5;
    let Some(place) = asked_for.servers.place_of(declared.name().as_str()) else {
        return Vec::new();
    };
    let is_used = |token: &ScopeToken| asked_for.contains(table.fact_table(), place, token);
    let looked_at = declared.scopes().iter().map(DeclaredScope::token);
    let looked_at: Vec<&ScopeToken> = looked_at.filter(|token| !is_of_openid(token.as_str())).collect();
    // A scope with all rights opens every operation, without a requirement that names it.
    let is_only = looked_at.len() == 1;
    let looked_at: Vec<&ScopeToken> = looked_at
        .into_iter()
        .filter(|token| is_only || !means_everything(token.as_str()))
        .collect();
    let known = known_subjects(table, &looked_at, is_used);
    let is_about_more = |token: &ScopeToken| {
        let mut subjects = verbs::subjects(token.as_str()).into_iter();
        looked_at.len() > MANY + 1 && !subjects.all(|word| known.contains(&word))
    };
    let is_unused = |token: &&&ScopeToken| !is_used(token) && !is_suggested(place, token.as_str());
    let unused: Vec<&ScopeToken> = looked_at.iter().filter(is_unused).copied().collect();
    let name = declared.name();
    // Schemes of one server name one scope by the first that declares it.
    let finding = |token: &ScopeToken| {
        let message = format!(
            "scope `{token}` is declared and no operation requires it; remove it, or add it to the operations that need it"
        );
        let server = asked_for.servers.as_slice().get(place);
        let scope = server.and_then(|server| server.scope(token));
        let first = scope.as_ref().map_or(name, ServerScope::scheme);
        Finding::new(LintRule::UnusedScope, message)
            .caused_by(format!("scope `{token}` of scheme `{first}`"))
            .about(FindingSubject::Scope(name.clone(), token.clone()))
    };
    let parts = || unused.iter().map(|token| finding(token));
    if unused.len() == looked_at.len() && unused.len() > 1 {
        // If any token is enough, that is the cause.
        if is_any_token_enough {
            return Vec::new();
        }
        let message = format!(
            "scheme `{name}` declares {} scopes and no operation requires one of them; add them to the operations that need them, or \
             remove them",
            unused.len()
        );
        return vec![of_whole_scheme(name, message).combining(parts())];
    }
    // A list that several documents share.
    if unused.len() >= 2 * MANY || (unused.len() > MANY && unused.len() * 2 > looked_at.len()) {
        return Vec::new();
    }
    let unused: Vec<&ScopeToken> = unused.into_iter().filter(|token| !is_about_more(token)).collect();
    let parts = || unused.iter().map(|token| finding(token));
    if unused.len() > MANY {
        let (first, others) = unused.split_at(MANY);
        let message = format!(
            "scheme `{name}` declares {} scopes that no operation requires: {} and {} more; remove them, or require them where \
             they were meant",
            unused.len(),
            enumerated(first),
            others.len()
        );
        return vec![of_whole_scheme(name, message).combining(parts())];
    }
    parts().collect()
}

/// Returns the subjects of the paths, of the scopes in use, and those that most scopes have. A
/// scope of a long list with another subject is for another document of the provider.
fn known_subjects(
    table: &OperationTable,
    scopes: &[&ScopeToken],
    is_used: impl Fn(&ScopeToken) -> bool,
) -> HashSet<String> {
    let paths = table.operations().iter();
    let mut known: HashSet<String> = paths
        .flat_map(|operation| verbs::path_subjects(operation.template()))
        .collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for scope in scopes {
        let subjects: HashSet<String> = verbs::subjects(scope.as_str()).into_iter().collect();
        for subject in subjects {
            *counts.entry(subject.clone()).or_default() += 1;
            if is_used(scope) {
                known.insert(subject);
            }
        }
    }
    let common = counts.into_iter().filter(|(_, count)| count * 2 > scopes.len());
    known.extend(common.map(|(subject, _)| subject));
    known
}

fn of_whole_scheme(name: &SchemeName, message: String) -> Finding {
    Finding::new(LintRule::UnusedScope, message)
        .caused_by(format!("scheme `{name}`"))
        .about(FindingSubject::Scheme(name.clone()))
}

/// Returns the schemes in the rules of an operation, also those in alternatives without effect.
pub(super) fn named_schemes(operation: &ResolvedOperation) -> Vec<String> {
    let mut names = Vec::new();
    for (scheme, part) in parts(operation) {
        match part {
            Rule::Fact(Fact::Scheme(name) | Fact::Scope { scheme: name, .. }) => names.push(name.to_string()),
            Rule::Scope(_) => names.extend(scheme.map(str::to_owned)),
            _ => {}
        }
    }
    names
}

/// Returns the scopes in the rules of an operation by their full names, each once.
pub(super) fn named_scopes(operation: &ResolvedOperation) -> Vec<(&SchemeName, &ScopeToken)> {
    let mut names = Vec::new();
    for (_, part) in parts(operation) {
        if let Rule::Fact(Fact::Scope { scheme, token }) = part {
            names.push((scheme, token));
        }
    }
    names.sort_unstable_by_key(|(scheme, token)| (scheme.as_str(), token.as_str()));
    names.dedup();
    names
}

/// Returns the leaves of the rules of an operation, once for each scheme of their guard.
fn parts(operation: &ResolvedOperation) -> Vec<(Option<&str>, &Rule)> {
    let mut parts = Vec::new();
    for guard in operation.guards() {
        let mut open: Vec<&Rule> = guard.own_rule().into_iter().collect();
        while let Some(rule) = open.pop() {
            match rule {
                Rule::All(rules) | Rule::Any(rules) => open.extend(rules),
                Rule::Fact(_) | Rule::Scope(_) if guard.schemes().is_empty() => parts.push((None, rule)),
                Rule::Fact(_) | Rule::Scope(_) => {
                    parts.extend(guard.schemes().iter().map(|scheme| (Some(scheme.as_str()), rule)));
                }
                Rule::Deny => {}
            }
        }
    }
    parts
}

/// Reports an alternative that every token satisfies, although scopes could distinguish tokens.
pub(super) fn token_without_scope(operation: &ResolvedOperation) -> Option<Finding> {
    let fact_table = operation.fact_table();
    let mut alternatives = operation.requirement().alternatives().iter();
    let schemes = alternatives.find_map(|set| scopeless(fact_table, set))?;
    if schemes.iter().all(|name| has_no_scope_of_a_part(fact_table, name)) {
        return None;
    }
    let of_scheme = listed(&schemes, "or");
    let message = format!(
        "any token of {of_scheme} is enough, with any scopes; if that is not intended, require one of the scopes that \
         the scheme declares"
    );
    let finding = Finding::new(LintRule::TokenWithoutScope, message).at_most(Severity::Info);
    Some(match schemes.as_slice() {
        [only] => finding.about(FindingSubject::Scheme((*only).clone())),
        _ => finding,
    })
}

/// Whether requiring a scope of a scheme would separate nothing: its only scope means all rights,
/// or all are for signing in.
fn has_no_scope_of_a_part(fact_table: &FactTable, name: &SchemeName) -> bool {
    let scopes = fact_table.facts().iter().filter_map(|fact| match fact {
        Fact::Scope { scheme, token } if scheme == name => Some(token.as_str()),
        _ => None,
    });
    let scopes: Vec<&str> = scopes.filter(|scope| !is_of_openid(scope)).collect();
    scopes.is_empty() || matches!(scopes.as_slice(), [only] if means_everything(only))
}

/// Whether the path names the resource of a declared scope, so that the operation could require it.
pub(super) fn is_resource_of_a_scope(operation: &ResolvedOperation) -> bool {
    let facts = operation.fact_table().facts().iter();
    let scopes = facts.filter_map(Fact::scope_token).map(ScopeToken::as_str);
    let mut for_reading = scopes.filter(|scope| family(scope).is_none_or(|(_, level)| level == Level::Read));
    for_reading.any(|scope| verbs::names_resource(scope, operation.template()))
}

/// The schemes whose tokens suffice without a scope.
fn scopeless<'u>(fact_table: &'u FactTable, set: &FactSet) -> Option<Vec<&'u SchemeName>> {
    let asks_for_more =
        |fact: &Fact| !matches!(fact, Fact::Authenticated | Fact::User | Fact::Active | Fact::Scheme(_));
    if !set.contains(FactId::AUTHENTICATED) || fact_table.facts_of(set).any(asks_for_more) {
        return None;
    }
    let names_a_scheme = fact_table.facts_of(set).any(|fact| fact.scheme_name().is_some());
    let is_enough = |name| !names_a_scheme || fact_table.facts_of(set).any(|fact| fact.scheme_name() == Some(name));
    let schemes = fact_table
        .schemes_with_scopes()
        .filter(|scheme| fact_table.scope_count(*scheme) > 0);
    let schemes: Vec<&SchemeName> = schemes
        .filter_map(|scheme| fact_table.scheme_name(scheme))
        .filter(|name| is_enough(*name))
        .collect();
    (!schemes.is_empty()).then_some(schemes)
}

/// An alternative whose scopes all have names for reading. It is a finding if the operation changes
/// something.
pub(super) fn weak_for_writing(operation: &ResolvedOperation) -> Option<Finding> {
    let is_for_reading = |alternative: &&Alternative| {
        let scope = alternative.scope();
        !scope.is_empty() && scope.iter().all(|token| sounds_like_reading(token.as_str()))
    };
    let weak = operation.alternatives().iter().find(is_for_reading)?;
    let message = format!(
        "the operation changes something, and {} suffices, which sounds like permission to read; require a scope for writing, or \
         name the scope by what it allows",
        listed(weak.scope(), "and"),
    );
    let finding = Finding::new(LintRule::WriteGuardedByRead, message);
    Some(match weak.schemes() {
        [(only, _)] => finding.of_scheme(only.as_str()),
        _ => finding,
    })
}

/// Whether the operation is about messages to its caller, and its scopes are about the data.
pub(super) fn is_own_subscription(operation: &ResolvedOperation) -> bool {
    let alternatives = operation.alternatives().iter();
    let scopes = alternatives.flat_map(|alternative| alternative.scope().iter().map(ScopeToken::as_str));
    verbs::is_own_subscription(operation, scopes)
}

/// Scopes that all have names for writing. They are a finding if the operation reads.
pub(super) fn strong_for_reading(operation: &ResolvedOperation) -> Option<Finding> {
    let with_scopes = operation
        .alternatives()
        .iter()
        .filter(|alternative| !alternative.scope().is_empty());
    let writing = |alternative: &Alternative| -> Option<(SchemeName, ScopeToken)> {
        let schemes = alternative.schemes().iter();
        let mut scopes = schemes.flat_map(|(name, scope)| scope.iter().map(move |token| (name, token)));
        let is_for_writing = alternative
            .scope()
            .iter()
            .all(|token| sounds_like_writing(token.as_str()));
        let (name, token) = scopes.next().filter(|_| is_for_writing)?;
        Some((name.clone(), token.clone()))
    };
    let mut needed: Vec<(SchemeName, ScopeToken)> = with_scopes.map(writing).collect::<Option<_>>()?;
    needed.sort_unstable_by(|one, other| one.1.as_str().cmp(other.1.as_str()));
    needed.dedup();
    let names: Vec<&ScopeToken> = needed.iter().map(|(_, token)| token).collect();
    let (scheme, scope) = needed.first()?;
    let mut listed_names = names.clone();
    listed_names.dedup();
    let listed = listed(&listed_names, "or");
    // Without a scope for reading, the author has only this one.
    let reading = reading_counterpart(operation.fact_table(), scheme, scope)?;
    let message = format!(
        "the operation reads, and only {listed} opens it, which sounds like permission to write; let `{reading}` open it"
    );
    let finding = Finding::new(LintRule::ReadNeedsWrite, message).caused_by(listed);
    Some(finding.of_scheme(scheme.as_str()))
}

/// Returns the scope of the same scheme that differs only in its level, and reads.
fn reading_counterpart(fact_table: &FactTable, scheme: &SchemeName, scope: &ScopeToken) -> Option<String> {
    let (words, _) = family(scope.as_str())?;
    let scopes = fact_table.facts().iter().filter_map(|fact| match fact {
        Fact::Scope { scheme: other, token } if other == scheme => Some(token.as_str()),
        _ => None,
    });
    let mut reading =
        scopes.filter(|name| family(name).is_some_and(|(other, level)| other == words && level == Level::Read));
    reading.next().map(str::to_owned)
}
