//! The use of schemes, and their weaknesses.

use std::collections::{BTreeSet, HashMap, HashSet};

use scopegate_domain::{ApiKeyLocation, DeclaredScheme, OAuthFlow, OAuthFlows, SchemeName, SecurityScheme};
use scopegate_policy::{Alternative, LintRule, OperationTable, ResolvedOperation, Severity};

use super::stated::is_for_development;
use super::url::{is_insecure, is_placeholder, is_placeholder_with_tls};
use super::words::listed;
use super::{Finding, FindingSubject};

/// The operations that each scheme in use opens.
pub(super) fn uses(table: &OperationTable) -> HashMap<String, Vec<&ResolvedOperation>> {
    let mut of_tree: HashMap<usize, Vec<String>> = HashMap::new();
    let mut uses: HashMap<String, Vec<&ResolvedOperation>> = HashMap::new();
    for operation in table.operations() {
        let names = of_tree.entry(operation.tree_number()).or_insert_with(|| {
            let mut names: Vec<String> = operation.schemes().iter().map(ToString::to_string).collect();
            names.extend(super::scopes::named_schemes(operation));
            names.sort_unstable();
            names.dedup();
            names
        });
        for name in names {
            uses.entry(name.clone()).or_default().push(operation);
        }
    }
    uses
}

pub(super) fn unused(declared: &DeclaredScheme) -> Finding {
    let name = declared.name();
    let message = format!(
        "scheme `{name}` is declared and no operation requires it; remove it, or add it to the operations that need it"
    );
    of_scheme(LintRule::UnusedScheme, declared, message)
}

fn of_scheme(rule: LintRule, declared: &DeclaredScheme, message: impl Into<String>) -> Finding {
    let name = declared.name();
    Finding::new(rule, message)
        .caused_by(format!("scheme `{name}`"))
        .about(FindingSubject::Scheme(name.clone()))
}

/// Reports the weaknesses of a scheme, regardless of the operations that require it.
pub(super) fn weaknesses(declared: &DeclaredScheme) -> Vec<Finding> {
    let name = declared.name();
    let mut findings = Vec::new();
    match declared.scheme() {
        SecurityScheme::OAuth2(flows) if flows.implicit.is_some() => {
            let message = format!(
                "scheme `{name}` offers the implicit flow, which puts tokens into URLs (RFC 9700, section 2.1.2); offer the \
                 authorization code flow with PKCE instead"
            );
            findings.push(of_scheme(LintRule::ImplicitFlow, declared, message));
        }
        _ => {}
    }
    let mut insecure: Vec<&str> = urls(declared.scheme())
        .into_iter()
        .filter(|url| is_insecure(url))
        .collect();
    insecure.sort_unstable();
    insecure.dedup();
    if !insecure.is_empty() {
        let message = format!(
            "scheme `{name}` sends credentials to {} without TLS (RFC 6749, section 3.1 and 3.2); use `https`",
            listed(&insecure, "and")
        );
        let part = |url: &&str| {
            let message = format!("scheme `{name}` sends credentials to `{url}` without TLS; use `https`");
            of_scheme(LintRule::InsecureUrl, declared, message).caused_by(format!("URL `{url}` of scheme `{name}`"))
        };
        let parts: Vec<Finding> = insecure.iter().map(part).collect();
        let finding = of_scheme(LintRule::InsecureUrl, declared, message);
        findings.push(finding.combining(parts));
    }
    findings
}

/// The schemes with a key in the query.
pub(super) fn in_queries(table: &OperationTable) -> HashSet<&SchemeName> {
    let schemes = table.catalog().schemes().iter();
    let is_in_query = |declared: &&DeclaredScheme| {
        let SecurityScheme::ApiKey { location, .. } = declared.scheme() else {
            return false;
        };
        *location == ApiKeyLocation::Query
    };
    schemes.filter(is_in_query).map(DeclaredScheme::name).collect()
}

/// Reports a key in the query that suffices in some alternative, alone or with others in the query.
/// Together with another credential it only identifies an application. Keys that are always
/// required together are one finding. A key for development opens no data of users.
pub(super) fn key_in_query(
    table: &OperationTable,
    declared: &DeclaredScheme,
    operations: &[&ResolvedOperation],
    in_queries: &HashSet<&SchemeName>,
) -> Option<Finding> {
    let name = declared.name();
    if declared.description().is_some_and(is_for_development) {
        return None;
    }
    let alternatives = operations.iter().flat_map(|operation| operation.alternatives());
    let sufficient = alternatives.filter_map(|alternative| {
        let names: BTreeSet<&SchemeName> = alternative.schemes().iter().map(|(name, _)| name).collect();
        (names.contains(name) && names.iter().all(|name| in_queries.contains(name))).then_some(names)
    });
    let always = sufficient.reduce(|one, other| &one & &other)?;
    if always.first() != Some(&name) {
        return None;
    }
    let parameters = always
        .iter()
        .filter_map(|name| match table.catalog().find(name)?.scheme() {
            SecurityScheme::ApiKey { name, .. } => Some(name.as_str()),
            _ => None,
        });
    let parameters: Vec<&str> = parameters.collect();
    let message = match parameters.as_slice() {
        [parameter] => format!(
            "scheme `{name}` takes its key from the query parameter `{parameter}`, so logs, histories and `Referer` headers \
             contain it; take it from a header"
        ),
        _ => format!(
            "schemes {} take their keys from the query parameters {}, so logs, histories and `Referer` headers contain \
             them; take them from headers",
            listed(&always.iter().collect::<Vec<_>>(), "and"),
            listed(&parameters, "and"),
        ),
    };
    Some(of_scheme(LintRule::KeyInQuery, declared, message))
}

/// Reports servers without TLS. A document may describe a server behind a proxy, so this is a
/// warning.
pub(super) fn insecure_servers(servers: &[String]) -> Vec<Finding> {
    let is_reported = |url: &&String| is_insecure(url) && !is_placeholder_with_tls(url, servers);
    let mut insecure: Vec<&String> = servers.iter().filter(is_reported).collect();
    insecure.sort_unstable();
    insecure.dedup();
    let finding = |url: &String| {
        let message = format!(
            "server `{url}` has no TLS, so any network on the path reads credentials and responses; use `https`"
        );
        Finding::new(LintRule::InsecureUrl, message)
            .caused_by(format!("server `{url}`"))
            .about(FindingSubject::Server(url.clone()))
            .at_most(Severity::Warning)
    };
    insecure.into_iter().map(finding).collect()
}

/// Whether an installation sets the address of a scheme, and so whether callers authenticate.
pub(super) fn is_set_by_installation(table: &OperationTable) -> bool {
    let mut schemes = table.catalog().schemes().iter();
    schemes.any(|declared| urls(declared.scheme()).into_iter().any(is_placeholder))
}

/// Returns all URLs of a scheme.
pub(super) fn urls(scheme: &SecurityScheme) -> Vec<&str> {
    match scheme {
        SecurityScheme::OAuth2(flows) => {
            let OAuthFlows {
                authorization_code,
                client_credentials,
                implicit,
                password,
                ..
            } = &**flows;
            let flows = [authorization_code, client_credentials, implicit, password];
            flows.into_iter().flatten().flat_map(flow_urls).collect()
        }
        SecurityScheme::OpenIdConnect { url } => vec![url],
        _ => Vec::new(),
    }
}

fn flow_urls(flow: &OAuthFlow) -> impl Iterator<Item = &str> {
    let urls = [&flow.authorization_url, &flow.token_url, &flow.refresh_url];
    urls.into_iter().filter_map(|url| url.as_deref())
}

/// Reports credentials without scopes that open what another alternative guards with scopes.
pub(super) fn keys_without_scope(operation: &ResolvedOperation) -> Vec<Finding> {
    let alternatives = operation.alternatives();
    if alternatives.iter().all(|alternative| alternative.scope().is_empty()) {
        return Vec::new();
    }
    let has_no_scopes = |name: &SchemeName| {
        let fact_table = operation.fact_table();
        fact_table
            .scheme_id(name)
            .is_some_and(|scheme| fact_table.scope_count(scheme) == 0)
    };
    let is_key = |alternative: &&Alternative| {
        !alternative.schemes().is_empty()
            && alternative.guards().is_empty()
            && alternative
                .schemes()
                .iter()
                .all(|(name, scope)| scope.is_empty() && has_no_scopes(name))
    };
    let finding = |alternative: &Alternative| {
        let names: Vec<_> = alternative.schemes().iter().map(|(name, _)| name).collect();
        let listed = listed(&names, "and");
        let message = format!(
            "{listed} opens without any scope what another alternative guards with scopes; make sure that any client with it may do \
             all of this, or leave it out"
        );
        let finding = Finding::new(LintRule::KeyOpensWithoutScope, message).caused_by(format!("scheme {listed}"));
        match names.as_slice() {
            [only] => finding.about(FindingSubject::Scheme((*only).clone())),
            _ => finding,
        }
    };
    alternatives.iter().filter(is_key).map(finding).collect()
}
