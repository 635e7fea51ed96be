//! A document that was read.

use scopegate_domain::SchemeName;
use scopegate_policy::{Ceiling, DocumentFacts, LeastPrivilegeAnnotation, OperationTable};

use super::counts::Counts;
use super::format::Format;
use super::ignore::Ignore;
use super::note::ImportNote;
use super::place::{self, DocumentPosition, Places};
use super::server_lists::Servers;

/// A document that was read, as a table.
///
/// ```
/// use scopegate_openapi::import::{self, Format};
///
/// let imported = import::read(br#"{ "swagger": "2.0", "info": { "title": "Items", "version": "7" }, "paths": {} }"#)?;
/// assert_eq!((imported.format(), imported.title(), imported.version()), (Format::Swagger20, Some("Items"), Some("7")));
/// # Ok::<(), import::ImportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Imported {
    pub(super) table: OperationTable,
    pub(super) format: Format,
    pub(super) title: Option<String>,
    pub(super) version: Option<String>,
    pub(super) notes: Vec<ImportNote>,
    pub(super) ceilings: Vec<Ceiling>,
    pub(super) least: Vec<LeastPrivilegeAnnotation>,
    pub(super) servers: Servers,
    pub(super) details: Vec<(SchemeName, String, String)>,
    pub(super) counts: Counts,
    pub(super) facts: DocumentFacts,
    pub(super) ignores: Vec<Ignore>,
    pub(super) places: Places,
}

impl Imported {
    /// Returns the operations with their requirements.
    #[must_use]
    pub const fn table(&self) -> &OperationTable {
        &self.table
    }

    /// Returns the table alone.
    #[must_use]
    pub fn into_table(self) -> OperationTable {
        self.table
    }

    /// Returns the format of the document.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Returns the title of the interface.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Returns the version of the interface.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Returns what could not be expressed, and what looks wrong.
    #[must_use]
    pub fn notes(&self) -> &[ImportNote] {
        &self.notes
    }

    /// Returns the place of an operation, by its number in [`OperationTable::operations`].
    #[must_use]
    pub fn operation_place(&self, number: usize) -> Option<DocumentPosition> {
        let place = self.places.operations.get(number)?;
        Some(place.operation(|| self.derived(number)))
    }

    /// Returns the place of the `security` that applies to an operation: its own, or that of the
    /// document.
    ///
    /// Returns `None` if none is written. It is `None` for Scopegate's TOML, too, because there the
    /// operation contains the requirement.
    #[must_use]
    pub fn security_place(&self, number: usize) -> Option<DocumentPosition> {
        self.places.operations.get(number)?.security(|| self.derived(number))
    }

    /// The pointer of an operation by its path and method.
    fn derived(&self, number: usize) -> String {
        let operation = self.table.operations().get(number);
        operation.map_or_else(String::new, |operation| {
            place::derived(operation.template(), operation.method())
        })
    }

    /// Returns the place of a scheme.
    #[must_use]
    pub fn scheme_place(&self, scheme: &str) -> Option<&DocumentPosition> {
        Some(&self.places.schemes.get(scheme)?.scheme)
    }

    /// Returns the place of a scope that a scheme declares, or `None` for a scope without a
    /// declaration.
    #[must_use]
    pub fn scope_place(&self, scheme: &str, scope: &str) -> Option<&DocumentPosition> {
        self.places.schemes.get(scheme)?.scopes.get(scope)
    }

    /// Returns the ceilings: the most that clients, users and roles may reach. Only Scopegate's
    /// TOML declares them.
    #[must_use]
    pub fn ceilings(&self) -> &[Ceiling] {
        &self.ceilings
    }

    /// Returns what the document states beyond the table, for the lint.
    #[must_use]
    pub const fn facts(&self) -> &DocumentFacts {
        &self.facts
    }

    /// Returns the fields of schemes that the table cannot express, each as scheme, field and
    /// value. A comparison of two versions needs them.
    #[must_use]
    pub fn scheme_details(&self) -> &[(SchemeName, String, String)] {
        &self.details
    }

    /// The servers of its operations.
    pub(crate) const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Returns the marks of least privilege by the publisher. Only Microsoft Graph's file contains
    /// them.
    #[must_use]
    pub fn least_marks(&self) -> &[LeastPrivilegeAnnotation] {
        &self.least
    }

    /// Merges the servers of two schemes into one authorization server. Returns false if a scheme
    /// is not declared.
    pub fn join_servers(&mut self, one: &SchemeName, other: &SchemeName) -> bool {
        match self.table.with_same_server(one, other) {
            Some(table) => {
                self.table = table;
                true
            }
            None => false,
        }
    }
}

/// Returns the number of operations and scopes of a document.
#[must_use]
pub const fn counts(imported: &Imported) -> Counts {
    imported.counts
}
