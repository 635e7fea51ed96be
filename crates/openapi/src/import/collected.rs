//! The content of a document before its trees are resolved.

use scopegate_policy::{DocumentFacts, LeastPrivilegeAnnotation};

use super::ImportError;
use super::assembly::TableAssembler;
use super::format::Format;
use super::heading::DocumentHeader;
use super::imported::Imported;
use super::note::NoteKind;

/// A document whose trees are not resolved yet.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) assembly: TableAssembler,
    pub(super) format: Format,
    pub(super) heading: DocumentHeader,
    pub(super) least: Vec<LeastPrivilegeAnnotation>,
    pub(super) servers: Vec<String>,
    pub(super) description: Option<String>,
}

impl Collected {
    pub(super) const fn new(assembly: TableAssembler, format: Format, heading: DocumentHeader) -> Self {
        Self {
            assembly,
            format,
            heading,
            least: Vec::new(),
            servers: Vec::new(),
            description: None,
        }
    }

    pub(super) fn build(mut self) -> Result<Imported, ImportError> {
        let servers = self.assembly.take_servers();
        let details = self.assembly.take_details();
        let ignores = std::mem::take(&mut self.assembly.ignores);
        let facts = self
            .servers
            .into_iter()
            .fold(DocumentFacts::new(), DocumentFacts::server);
        let facts = self.description.into_iter().fold(facts, DocumentFacts::described);
        let (table, counts, facts, places, notes) = self.assembly.build(facts)?;
        let notes = notes.into_vec();
        let ignored_scopes = notes
            .iter()
            .filter(|note| note.kind() == NoteKind::ScopeOnSchemeWithout);
        let facts = ignored_scopes.fold(facts, |facts, note| facts.scopes_on_scheme_without(note.message()));
        Ok(Imported {
            table,
            format: self.format,
            title: self.heading.title,
            version: self.heading.version,
            notes,
            ceilings: Vec::new(),
            least: self.least,
            servers,
            details,
            counts,
            facts,
            ignores,
            places,
        })
    }
}
