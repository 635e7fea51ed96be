//! Finds the place of a finding in the document.

use scopegate_analysis::{Finding, FindingSubject};
use scopegate_openapi::import::{DocumentPosition, ImportNote, Imported};
use scopegate_policy::LintRule;

/// The place of a finding, if the finding is about an operation, a scheme or a scope.
pub(super) fn place(policy: &Imported, finding: &Finding) -> Option<DocumentPosition> {
    match finding.subject() {
        FindingSubject::Operation => {
            let number = policy.operation_number(finding.method()?, finding.template()?)?;
            let security = policy.security_place(number).filter(|_| policy.has_security_lists());
            security.or_else(|| policy.operation_place(number))
        }
        FindingSubject::Scheme(scheme) => policy.scheme_place(scheme.as_str()).cloned(),
        FindingSubject::Scope(scheme, scope) => policy.scope_place(scheme.as_str(), scope.as_str()).cloned(),
        _ => None,
    }
}

/// The JSON pointers at which a finding may be written, the most specific first. The document has
/// at least one of them, unless it is behind a reference.
pub(super) fn pointers(policy: &Imported, finding: &Finding) -> Vec<String> {
    if finding.rule() == LintRule::ScopeOnSchemeWithoutScopes {
        let mut notes = policy.notes().iter();
        let note = notes.find(|note| note.message() == finding.message());
        return note.and_then(pointer_of).into_iter().collect();
    }
    match finding.subject() {
        FindingSubject::Operation => operation_pointer(policy, finding).into_iter().collect(),
        FindingSubject::Scheme(scheme) => vec![policy.scheme_pointer(scheme.as_str())],
        FindingSubject::Scope(scheme, scope) => policy.scope_pointers(scheme.as_str(), scope.as_str()),
        FindingSubject::Server(_) => policy.server_pointers(),
        _ => vec![String::new()],
    }
}

fn operation_pointer(policy: &Imported, finding: &Finding) -> Option<String> {
    let number = policy.operation_number(finding.method()?, finding.template()?)?;
    policy.requirement_pointer(number)
}

fn pointer_of(note: &ImportNote) -> Option<String> {
    note.place().pointer().map(str::to_owned)
}
