//! Tokens that need no scope, and scopes that do not fit the method.

use scopegate_domain::{SchemeName, ScopeToken};
use scopegate_policy::{Alternative, Fact, FactId, FactSet, FactTable, LintRule, ResolvedOperation, Rule, Severity};

use super::words::{Level, family, listed, means_everything, sounds_like_reading, sounds_like_writing, words};
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
pub(super) fn parts(operation: &ResolvedOperation) -> Vec<(Option<&str>, &Rule)> {
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
