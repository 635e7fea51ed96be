//! Operations that any client may call.

use std::collections::{HashMap, HashSet};

use scopegate_policy::{
    Access, DocumentFacts, DocumentedErrors, LintRule, Method, OperationTable, ResolvedOperation, SecurityOrigin,
    Severity,
};

use super::collector::Collector;
use super::effects::Effects;
use super::evidence::Evidence;
use super::logins::Logins;
use super::open_paths::{
    answers_challenge, has_credential_in_path, is_probe, receives_signed_messages, receives_webhooks,
};
use super::refusals::{Refusals, mentions_credentials};
use super::stated::{is_decided_elsewhere, is_restricted_by_operator, issues_credential, states_openness};
use super::url::{is_endpoint, is_local, is_loopback_url};
use super::verbs::{asks_about_permission, is_safe};
use super::{Finding, FindingSubject};

/// Reports public operations. Returns whether nothing in the policy requires a credential.
pub(super) fn report(
    table: &OperationTable,
    facts: &DocumentFacts,
    effects: &Effects<'_>,
    collector: &mut Collector,
) -> bool {
    let endpoints = endpoints(table);
    let logins = Logins::of(table, facts);
    let is_own_endpoint = |number: usize, operation: &ResolvedOperation| {
        let template = operation.template();
        template.contains("/.well-known/")
            || logins.has(number, operation)
            || (is_safe(operation.method()) && is_probe(template))
            || receives_webhooks(operation)
            || receives_signed_messages(operation)
            // A browser sends no credential with a preflight (Fetch, section 4.8, CORS-preflight
            // fetch).
            || operation.method() == Method::Options
            || has_credential_in_path(template)
            || answers_challenge(operation)
            || issues_credential(table, template)
            || endpoints.iter().any(|url| is_endpoint(url, facts.servers(), template))
    };
    let errors = |number: usize| facts.errors().get(number).copied().unwrap_or_default();
    let is_stated = |number: usize| facts.description_of(number).is_some_and(states_openness);
    let numbered = table.operations().iter().enumerate();
    let refusals = Refusals::of(table, facts);
    let public: Vec<Public<'_>> = numbered
        .filter(|(number, operation)| is_public(operation) && !is_own_endpoint(*number, operation))
        .filter(|(number, _)| !is_stated(*number))
        .map(|(number, operation)| Public {
            number,
            operation,
            origin: facts.security_origin(number),
            errors: errors(number),
            requires_credential: refusals.is_at(number),
            changes: effects.changes(operation),
        })
        .collect();
    if public.is_empty() {
        return false;
    }
    if is_restricted_by_operator(table, facts) {
        return table.operations().iter().all(is_public);
    }
    if table.operations().iter().all(is_public) {
        if !is_open_on_purpose(table, facts, &public) {
            collector.add(no_security(table, &public));
        }
        return true;
    }
    let evidence = Evidence::of(table, facts, |number, operation| {
        let is_open = is_public(operation);
        (!is_open || !is_own_endpoint(number, operation)).then_some(is_open)
    });
    report_forgotten(table, facts, effects, &evidence, public, collector);
    false
}

/// Reports public operations of an interface that requires credentials elsewhere.
fn report_forgotten(
    table: &OperationTable,
    facts: &DocumentFacts,
    effects: &Effects<'_>,
    evidence: &Evidence<'_>,
    public: Vec<Public<'_>>,
    collector: &mut Collector,
) {
    let protected = protected_resources(table, effects);
    let documents_refusals = documents_refusals(table, facts);
    // A read next to a change without a requirement has the same cause.
    let open_changes: HashSet<&str> = public
        .iter()
        .filter(|public| public.changes && public.origin == SecurityOrigin::Absent)
        .map(|public| resource(public.operation.template()))
        .collect();
    for operation in public {
        let is_read_for_all = documents_refusals
            && !operation.changes
            && !operation.errors.is_refusal()
            && !open_changes.contains(resource(operation.operation.template()));
        let near = protected.get(resource(operation.operation.template())).copied();
        let is_forgotten = if near.is_some_and(|near| near.any && !near.reading) && !operation.changes {
            evidence.is_forgotten_read(operation.number, operation.operation)
        } else {
            evidence.is_forgotten(operation.number, operation.operation, operation.changes)
        };
        let found = about(operation, &protected, is_read_for_all);
        // A caller without a credential does not change or delete what others own.
        let is_owned = |finding: &Finding| {
            finding.rule() == LintRule::PublicAmongProtected
                && matches!(
                    operation.operation.method(),
                    Method::Delete | Method::Patch | Method::Put
                )
        };
        if let Some(finding) = found.filter(|finding| is_forgotten || is_owned(finding)) {
            collector.add(finding);
        }
    }
}

/// Whether protected operations document the refusal. Then an operation that does not is probably
/// intended to be public.
fn documents_refusals(table: &OperationTable, facts: &DocumentFacts) -> bool {
    let errors = |number: usize| facts.errors().get(number).copied().unwrap_or_default();
    let numbered = table.operations().iter().enumerate();
    let protected = numbered.filter(|(_, operation)| !is_public(operation));
    let (with, without): (Vec<_>, Vec<_>) = protected.partition(|(number, _)| errors(*number).is_refusal());
    with.len() * 3 >= without.len() && !with.is_empty()
}

/// Whether an interface that requires no credential is so on purpose. Declared schemes show the
/// opposite.
fn is_open_on_purpose(table: &OperationTable, facts: &DocumentFacts, public: &[Public<'_>]) -> bool {
    if !table.catalog().schemes().is_empty() {
        return false;
    }
    // A server on the same machine or network may be protected by its environment.
    let refuses = public.iter().any(Public::is_refused);
    let is_here = |url: &String| is_local(url) || (is_loopback_url(url) && !refuses);
    if !facts.servers().is_empty() && facts.servers().iter().all(is_here) {
        return true;
    }
    let is_stated = |text: &str| states_openness(text) || is_decided_elsewhere(text);
    if facts.description().is_some_and(is_stated) {
        return true;
    }
    if mentions_credentials(table, facts) {
        return false;
    }
    let changes = public.iter().any(|public| public.changes);
    // Data that every client may read need no scheme.
    let is_data = !changes && !refuses;
    is_data || never_refuses(public)
}

/// Whether most operations document errors, and hardly one documents a refusal: no caller must
/// present a credential.
fn never_refuses(public: &[Public<'_>]) -> bool {
    let with_errors = public
        .iter()
        .filter(|Public { errors, .. }| errors.has_other_client_error() || errors.has_server_error());
    let refusing = public.iter().filter(|public| public.is_refused());
    with_errors.count() * 2 > public.len() && refusing.count() * 10 < public.len()
}

fn is_public(operation: &ResolvedOperation) -> bool {
    operation.access() == Access::Public
}

/// A public operation, and the place at which that is declared.
#[derive(Clone, Copy)]
struct Public<'t> {
    number: usize,
    operation: &'t ResolvedOperation,
    origin: SecurityOrigin,
    errors: DocumentedErrors,
    /// It documents status 401, other than all operations.
    requires_credential: bool,
    changes: bool,
}

impl Public<'_> {
    /// Whether the operation refuses callers, other than as its answer.
    fn is_refused(&self) -> bool {
        self.errors.is_refusal() && !asks_about_permission(self.operation.template())
    }
}

/// The document's endpoints for tokens and authorization: their callers have no token yet.
fn endpoints(table: &OperationTable) -> Vec<&str> {
    let schemes = table.catalog().schemes().iter();
    schemes
        .flat_map(|declared| super::schemes::urls(declared.scheme()))
        .collect()
}

fn no_security(table: &OperationTable, public: &[Public<'_>]) -> Finding {
    let has_schemes = !table.catalog().schemes().is_empty();
    let is_stated = public.iter().all(|public| public.origin != SecurityOrigin::Absent);
    let asks = public.iter().any(|public| public.errors.is_unauthenticated());
    let changes = public.iter().any(|public| public.changes);
    // Data that every caller may read need no scheme.
    let is_meant = !asks && is_stated;
    let message = if has_schemes {
        "schemes are declared and no operation requires one, so any client may call everything; require a scheme in the \
         document's or the operations' `security`"
    } else if is_stated {
        "every operation is stated to be public, so any client may call everything; make sure that this is intended"
    } else {
        "no operation requires a credential and no scheme is declared, so any client may call everything; declare a scheme \
         and require it, or state that the interface is public (in OpenAPI `security: []`)"
    };
    let finding = Finding::new(LintRule::NoSecurity, message).caused_by("no-security");
    let finding = if is_meant && !(has_schemes && changes) {
        finding.at_most(Severity::Info)
    } else {
        finding
    };
    let finding = public
        .iter()
        .fold(finding, |finding, public| finding.at_operation(public.operation));
    finding.about(FindingSubject::Policy)
}

/// The protection of the operations on one resource.
#[derive(Clone, Copy, Debug, Default)]
struct Protected {
    any: bool,
    reading: bool,
    /// A read of the resource requires no credential.
    open_reading: bool,
}

impl Protected {
    /// Whether each read of the resource requires a credential.
    const fn whole_reading(self) -> bool {
        self.reading && !self.open_reading
    }
}

fn protected_resources<'t>(table: &'t OperationTable, effects: &Effects<'_>) -> HashMap<&'t str, Protected> {
    let mut resources: HashMap<&str, Protected> = HashMap::new();
    for operation in table.operations() {
        let protected = resources.entry(resource(operation.template())).or_default();
        // An operation with the alternative `{}` requires no credential.
        let is_protected = !is_public(operation) && !operation.is_optional();
        let reads = !effects.changes(operation);
        protected.any |= is_protected;
        protected.reading |= is_protected && reads;
        protected.open_reading |= !is_protected && reads;
    }
    resources
}

/// Returns the resource of a template: `/lamps`, `/lamps/{id}` and `/lamps:validate` have the same.
fn resource(template: &str) -> &str {
    let mut rest = template.trim_end_matches('/');
    while let Some((before, last)) = rest.rsplit_once('/') {
        let is_parameter = last.starts_with('{') && last.ends_with('}');
        if !is_parameter {
            return match last.split_once(':') {
                Some((name, _)) if !name.is_empty() => rest.get(..before.len() + 1 + name.len()).unwrap_or(rest),
                _ => rest,
            };
        }
        rest = before;
    }
    rest
}

fn about(public: Public<'_>, resources: &HashMap<&str, Protected>, is_read_for_all: bool) -> Option<Finding> {
    let Public {
        operation,
        origin,
        requires_credential,
        changes,
        ..
    } = public;
    let protected = resources
        .get(resource(operation.template()))
        .copied()
        .unwrap_or_default();
    let is_absent = origin == SecurityOrigin::Absent;
    let finding = |rule, cause: &str, message: &str| Finding::new(rule, message).caused_by(cause);
    let finding = if is_absent && protected.any && !is_read_for_all {
        finding(
            LintRule::PublicAmongProtected,
            "absent",
            "neither the operation nor the document states a requirement, so any client may call it, and other operations \
             on the same resource require a credential; require what they require, or state that it is public",
        )
    } else if changes && protected.whole_reading() {
        finding(
            LintRule::PublicAmongProtected,
            "stated",
            "any client may change the resource without a credential, and reading it requires one; require a credential here, \
             too",
        )
    } else if is_absent && !is_read_for_all {
        finding(
            LintRule::UnprotectedOperation,
            "absent",
            "neither the operation nor the document states a requirement, so any client may call it; require a credential, \
             or state that it is public",
        )
    } else if changes && !is_absent {
        finding(
            LintRule::UnprotectedOperation,
            "stated-change",
            "it changes something and is stated to be public, so any client may call it; make sure that this is intended",
        )
    } else if requires_credential {
        finding(
            LintRule::UnprotectedOperation,
            "stated-read",
            "it is stated to be public, and it documents status 401, which requires a credential; require the credential, or \
             remove the response",
        )
        .at_most(Severity::Info)
    } else {
        return None;
    };
    Some(finding.at_operation(operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_on_one_resource_are_found_by_their_path() {
        for template in [
            "/lamps",
            "/lamps/",
            "/lamps/{id}",
            "/lamps:validate",
            "/lamps/{id}/{part}",
        ] {
            assert_eq!(resource(template), "/lamps", "{template}");
        }
        assert_eq!(resource("/lamps/{id}/colour"), "/lamps/{id}/colour");
        assert_eq!(resource("/"), "");
    }
}
