//! Findings of the lint on a document, with their place in it.

use scopegate_policy::Method;
use scopegate_policy::analysis::{Finding, FindingSubject, LintRule, SecurityOrigin, Severity, lint_document};

use super::pointer::push_name;
use super::{Format, Ignore, Imported, Note, NoteKind, Place};
use crate::address::Addresses;

impl Imported {
    /// Returns what looks wrong in the document: [`lint_document`] with all facts of the document.
    /// The result includes accepted findings: see [`Imported::ignores`].
    #[must_use]
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = lint_document(self.table(), self.ceilings(), &self.facts);
        findings.extend(self.notes().iter().filter_map(of_note));
        findings
    }

    /// Returns the findings that the document accepts, in its fields `x-scopegate-ignore`.
    #[must_use]
    pub fn ignores(&self) -> &[Ignore] {
        &self.ignores
    }

    /// Returns the place of a finding, if the finding is about an operation, a scheme or a scope.
    #[must_use]
    pub fn finding_place(&self, finding: &Finding) -> Option<Place> {
        match finding.subject() {
            FindingSubject::Operation => {
                let number = self.number_of(finding.method()?, finding.template()?)?;
                let security = self.security_place(number).filter(|_| self.has_lists());
                security.or_else(|| self.operation_place(number))
            }
            FindingSubject::Scheme(scheme) => self.scheme_place(scheme.as_str()).cloned(),
            FindingSubject::Scope(scheme, scope) => self.scope_place(scheme.as_str(), scope.as_str()).cloned(),
            _ => None,
        }
    }

    /// Whether the format lists the requirement of an operation under `security`.
    const fn has_lists(&self) -> bool {
        matches!(
            self.format(),
            Format::OpenApi30 | Format::OpenApi31 | Format::OpenApi32 | Format::Swagger20
        )
    }

    fn number_of(&self, method: Method, template: &str) -> Option<usize> {
        let mut operations = self.table().operations().iter();
        operations.position(|operation| operation.method() == method && operation.template() == template)
    }

    /// Returns the JSON pointers at which a finding may be written, the most specific first. The
    /// document has at least one of them, unless it is behind a reference.
    #[must_use]
    pub fn finding_pointers(&self, finding: &Finding) -> Vec<String> {
        if finding.rule() == LintRule::ScopeOnSchemeWithoutScopes {
            let mut notes = self.notes().iter();
            let note = notes.find(|note| note.message() == finding.message());
            return note.and_then(pointer_of).into_iter().collect();
        }
        match finding.subject() {
            FindingSubject::Operation => self.operation_pointers(finding).into_iter().collect(),
            FindingSubject::Scheme(scheme) => self.scheme_pointers(scheme.as_str()),
            FindingSubject::Scope(scheme, scope) => self.scope_pointers(scheme.as_str(), scope.as_str()),
            FindingSubject::Server(_) => match self.format() {
                Format::GoogleDiscovery => vec!["/rootUrl".to_owned()],
                Format::Swagger20 => vec!["/schemes".to_owned(), "/host".to_owned()],
                _ => vec!["/servers".to_owned()],
            },
            _ => vec![String::new()],
        }
    }

    fn operation_pointers(&self, finding: &Finding) -> Option<String> {
        let number = self.number_of(finding.method()?, finding.template()?)?;
        let place = self.operation_place(number)?;
        let pointer = place.pointer()?;
        let has_list = self.has_lists();
        Some(match self.facts.security_origin(number) {
            SecurityOrigin::Inherited if has_list => "/security".to_owned(),
            SecurityOrigin::Own if has_list => format!("{pointer}/security"),
            _ => pointer.to_owned(),
        })
    }

    fn scheme_pointers(&self, scheme: &str) -> Vec<String> {
        vec![match self.format() {
            Format::GoogleDiscovery if scheme == "oauth2" => "/auth/oauth2".to_owned(),
            Format::GoogleDiscovery => pointer(&["parameters", scheme]),
            Format::MicrosoftGraph => "/permissions".to_owned(),
            Format::Swagger20 => pointer(&["securityDefinitions", scheme]),
            Format::Toml => pointer(&["schemes", scheme]),
            _ => pointer(&["components", "securitySchemes", scheme]),
        }]
    }

    fn scope_pointers(&self, scheme: &str, scope: &str) -> Vec<String> {
        const FLOWS: [&str; 5] = [
            "authorizationCode",
            "clientCredentials",
            "implicit",
            "password",
            "deviceAuthorization",
        ];
        let of_scheme = self.scheme_pointers(scheme).into_iter();
        match self.format() {
            Format::MicrosoftGraph => vec![pointer(&["permissions", scope])],
            Format::GoogleDiscovery | Format::Swagger20 | Format::Toml => of_scheme
                .map(|scheme| format!("{scheme}{}", pointer(&["scopes", scope])))
                .collect(),
            _ => of_scheme
                .flat_map(|scheme| {
                    let flow = move |flow: &str| format!("{scheme}{}", pointer(&["flows", flow, "scopes", scope]));
                    FLOWS.map(flow)
                })
                .collect(),
        }
    }
}

impl Ignore {
    /// Finds the operation by its address: a template, or the path or URL of a request, as
    /// [`Addresses`] knows them.
    #[must_use]
    pub fn located(mut self, imported: &Imported, addresses: &Addresses<'_>) -> Self {
        if let Some((method, address)) = &self.operation {
            let exact = imported.table().find(*method, address);
            if let Some(operation) = exact.or_else(|| addresses.find(*method, address).ok()) {
                self.located = Some((operation.method(), operation.template().to_owned()));
            }
        }
        self
    }
}

/// Returns the finding for a note. Such a note concerns the version of OpenAPI; the meaning of the
/// document is clear.
fn of_note(note: &Note) -> Option<Finding> {
    if note.kind() != NoteKind::ScopeOnSchemeWithout {
        return None;
    }
    let rule = LintRule::ScopeOnSchemeWithoutScopes;
    Some(Finding::new(rule, note.message()).at_most(Severity::Info))
}

fn pointer_of(note: &Note) -> Option<String> {
    note.place().pointer().map(str::to_owned)
}

fn pointer(names: &[&str]) -> String {
    let mut pointer = String::new();
    for name in names {
        push_name(&mut pointer, name);
    }
    pointer
}
