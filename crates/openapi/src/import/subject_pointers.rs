//! JSON pointers of what a finding can be about, and the operations of accepted findings.

use scopegate_policy::{Method, SecurityOrigin};

use super::pointer::pointer;
use super::{Format, Ignore, Imported};
use crate::address::Addresses;

impl Imported {
    /// Returns the findings that the document accepts, in its fields `x-scopegate-ignore`.
    #[must_use]
    pub fn ignores(&self) -> &[Ignore] {
        &self.ignores
    }

    /// Whether the format lists the requirement of an operation under `security`.
    #[must_use]
    pub const fn has_security_lists(&self) -> bool {
        matches!(
            self.format(),
            Format::OpenApi30 | Format::OpenApi31 | Format::OpenApi32 | Format::Swagger20
        )
    }

    /// Returns the number of an operation in [`OperationTable::operations`].
    ///
    /// [`OperationTable::operations`]: scopegate_policy::OperationTable::operations
    #[must_use]
    pub fn operation_number(&self, method: Method, template: &str) -> Option<usize> {
        let mut operations = self.table().operations().iter();
        operations.position(|operation| operation.method() == method && operation.template() == template)
    }

    /// Returns the JSON pointer of the requirement of an operation, by its number.
    #[must_use]
    pub fn requirement_pointer(&self, number: usize) -> Option<String> {
        let place = self.operation_place(number)?;
        let pointer = place.pointer()?;
        let has_list = self.has_security_lists();
        Some(match self.facts.security_origin(number) {
            SecurityOrigin::Inherited if has_list => "/security".to_owned(),
            SecurityOrigin::Own if has_list => format!("{pointer}/security"),
            _ => pointer.to_owned(),
        })
    }

    /// Returns the JSON pointers at which servers may be declared, the most specific first.
    #[must_use]
    pub fn server_pointers(&self) -> Vec<String> {
        match self.format() {
            Format::GoogleDiscovery => vec!["/rootUrl".to_owned()],
            Format::Swagger20 => vec!["/schemes".to_owned(), "/host".to_owned()],
            _ => vec!["/servers".to_owned()],
        }
    }

    /// Returns the JSON pointer at which a scheme is declared.
    #[must_use]
    pub fn scheme_pointer(&self, scheme: &str) -> String {
        match self.format() {
            Format::GoogleDiscovery if scheme == "oauth2" => "/auth/oauth2".to_owned(),
            Format::GoogleDiscovery => pointer(&["parameters", scheme]),
            Format::MicrosoftGraph => "/permissions".to_owned(),
            Format::Swagger20 => pointer(&["securityDefinitions", scheme]),
            Format::Toml => pointer(&["schemes", scheme]),
            _ => pointer(&["components", "securitySchemes", scheme]),
        }
    }

    /// Returns the JSON pointers at which a scope of a scheme may be declared. The document has at
    /// least one of them, unless it is behind a reference.
    #[must_use]
    pub fn scope_pointers(&self, scheme: &str, scope: &str) -> Vec<String> {
        const FLOWS: [&str; 5] = [
            "authorizationCode",
            "clientCredentials",
            "implicit",
            "password",
            "deviceAuthorization",
        ];
        let of_scheme = self.scheme_pointer(scheme);
        match self.format() {
            Format::MicrosoftGraph => vec![pointer(&["permissions", scope])],
            Format::GoogleDiscovery | Format::Swagger20 | Format::Toml => {
                vec![format!("{of_scheme}{}", pointer(&["scopes", scope]))]
            }
            _ => FLOWS
                .map(|flow| format!("{of_scheme}{}", pointer(&["flows", flow, "scopes", scope])))
                .into(),
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
