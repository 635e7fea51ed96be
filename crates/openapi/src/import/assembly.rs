//! Builds a table from the content of a document. It collects schemes and scopes, and makes each
//! distinct guard once.

mod facts;
mod guards;
mod schemes;
mod texts;
mod undefined_schemes;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scopegate_domain::{Catalog, CatalogBuilder, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{
    DocumentFacts, DocumentedErrors, Fact, Group, Guard, MAX_FACTS, Method, Operation, OperationTable, SecurityOrigin,
};

pub(super) use self::texts::OperationEvidence;
use self::texts::OperationTexts;
use super::Counts;
use super::error::ImportError;
use super::ignore::Ignore;
use super::limits::{ImportLimit, MAX_OPERATIONS, MAX_READ, MAX_TEXT, MAX_WORK};
use super::note::{NoteKind, Notes};
use super::place::{DocumentPosition, OperationPlace, Places, derived};
use super::server_lists::{ServerList, ServerLists, Servers};
use super::shown::QuotedValue;
use super::templates::Templates;

/// A scheme by its place in the assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SchemeIndex(u16);

/// A scope by its place in its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ScopeIndex(u16);

/// Returns the next index of a list of facts. Such lists are short.
fn next_place(len: usize) -> Result<u16, ImportError> {
    u16::try_from(len).map_err(|_| ImportError::TooLarge(ImportLimit::Atoms))
}

/// A term that an alternative requires.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term {
    Fact(Fact),
    Scheme(SchemeIndex),
    Scope(SchemeIndex, ScopeIndex),
}

/// The terms that must hold together.
pub(super) type Conjunction = Vec<Term>;

/// The requirement of an operation.
#[derive(Clone, Debug)]
pub(super) enum Demand {
    Public,
    /// One of these ways. With `is_optional`, a request without a credential is allowed, too.
    Ways {
        ways: Vec<Conjunction>,
        is_optional: bool,
    },
}

/// The guard of a demand, with the schemes that it names, in order. It is made once, regardless of
/// the number of operations that require it.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    guard: Guard,
    schemes: Arc<[SchemeIndex]>,
    is_optional: bool,
    /// The schemes that it names and that are not declared.
    undefined: Arc<[String]>,
}

#[derive(Debug)]
struct Draft {
    name: SchemeName,
    kind: SecurityScheme,
    description: Option<String>,
    has_subject: bool,
    scopes: Vec<(ScopeToken, String)>,
    index: HashMap<ScopeToken, ScopeIndex>,
    edges: Vec<(ScopeToken, ScopeToken)>,
}

#[derive(Debug)]
struct Entry {
    operation: Operation,
    overrides: Vec<String>,
    schemes: Arc<[SchemeIndex]>,
    is_optional: bool,
    servers: ServerList,
    origin: SecurityOrigin,
    errors: DocumentedErrors,
    has_credential: bool,
    needs_no_permission: bool,
    undefined: Arc<[String]>,
}

/// A table with what it does not contain: facts for the lint, and the position of each operation.
pub(super) type Built = (OperationTable, Counts, DocumentFacts, Places, Notes);

/// Collects a policy.
#[derive(Debug, Default)]
pub(super) struct TableAssembler {
    schemes: Vec<Draft>,
    by_name: HashMap<String, SchemeIndex>,
    facts: usize,
    edges: usize,
    operations: Vec<Entry>,
    texts: OperationTexts,
    templates: Templates,
    guards: HashMap<Vec<Conjunction>, Guard>,
    ways: usize,
    work: usize,
    read: usize,
    text: usize,
    used: HashSet<(SchemeIndex, ScopeIndex)>,
    declared: HashSet<(SchemeIndex, ScopeIndex)>,
    undeclared: HashSet<(SchemeIndex, ScopeIndex)>,
    /// Schemes that list scopes although their kind may not.
    listing: HashSet<SchemeIndex>,
    /// The schemes that some requirement names.
    named: HashSet<SchemeIndex>,
    /// The names of undefined schemes in the demand that is read.
    undefined: Vec<String>,
    places: Places,
    pub(super) notes: Notes,
    pub(super) servers: ServerLists,
    /// The findings that the document accepts.
    pub(super) ignores: Vec<Ignore>,
    details: Vec<(SchemeName, String, String)>,
}

impl TableAssembler {
    fn add_fact(&mut self) -> Result<(), ImportError> {
        self.facts += 1;
        if self.facts > MAX_FACTS {
            return Err(ImportError::TooLarge(ImportLimit::Atoms));
        }
        Ok(())
    }

    /// Counts parts that are read. A part counts each time that it is read.
    pub(super) fn count_read(&mut self, values: usize) -> Result<(), ImportError> {
        self.read = self.read.saturating_add(values);
        if self.read > MAX_READ {
            return Err(ImportError::TooLarge(ImportLimit::Read));
        }
        Ok(())
    }

    /// Counts stored text.
    pub(super) fn count_text(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.text = self.text.saturating_add(bytes);
        if self.text > MAX_TEXT {
            return Err(ImportError::TooLarge(ImportLimit::Text));
        }
        Ok(())
    }

    /// Counts facts that are compared with each other.
    pub(super) fn count_compared(&mut self, pairs: usize) -> Result<(), ImportError> {
        const WORDS: usize = 8;
        self.work = self.work.saturating_add(pairs.saturating_mul(WORDS));
        if self.work > MAX_WORK {
            return Err(ImportError::TooLarge(ImportLimit::Ways));
        }
        Ok(())
    }

    /// Records that a requirement names this scheme.
    pub(super) fn name_scheme(&mut self, scheme: SchemeIndex) {
        self.named.insert(scheme);
    }

    /// Records that the current demand names a scheme that is not declared.
    pub(super) fn name_undefined(&mut self, name: &str) {
        self.undefined.push(name.to_owned());
    }

    /// Reserves capacity for this number of templates and operations.
    pub(super) fn reserve(&mut self, templates: usize, operations: usize) {
        self.templates.reserve(templates);
        self.operations.reserve(operations);
    }

    fn count_draft(&mut self, draft: &OperationDraft<'_>) -> Result<(), ImportError> {
        let names = draft.overrides.iter().map(|name| name.len() + size_of::<Guard>());
        self.count_text(draft.template.len() + draft.name.map_or(0, str::len) + names.sum::<usize>())
    }

    /// Adds an operation. If there is one with this method and path, a request must satisfy both
    /// demands.
    pub(super) fn add_operation(
        &mut self,
        draft: OperationDraft<'_>,
        place: impl Fn() -> DocumentPosition,
        security: Option<Arc<DocumentPosition>>,
    ) -> Result<(), ImportError> {
        self.count_draft(&draft)?;
        let OperationDraft {
            method,
            template,
            name,
            guarded,
            overrides,
            servers,
            origin,
            evidence,
        } = draft;
        let slashed = (!template.starts_with('/')).then(|| format!("/{template}"));
        if let Some(slashed) = &slashed {
            let message = format!("a path begins with a slash; it is read as `{}`", QuotedValue(slashed));
            self.notes.add(NoteKind::MissingSlash, place(), message)?;
        }
        let template = slashed.as_deref().unwrap_or(template);
        let Guarded {
            guard,
            schemes,
            is_optional,
            undefined,
        } = guarded;
        let known = self.templates.number(template);
        if let Some(index) = self.templates.operation(known, method) {
            let shown = QuotedValue(template);
            let message = format!("`{method} {shown}` is declared before; both requirements are kept");
            self.notes.add(NoteKind::DuplicateOperation, place(), message)?;
            if let Some(entry) = self.operations.get_mut(index) {
                entry.conjoin(guard, &schemes, is_optional);
            }
            return Ok(());
        }
        if self.operations.len() >= MAX_OPERATIONS {
            return Err(ImportError::TooLarge(ImportLimit::Operations));
        }
        if self.templates.add_operation(known, method, self.operations.len()) {
            let message = format!(
                "`{method} {}` matches the same requests as an operation before",
                QuotedValue(template)
            );
            self.notes.add(NoteKind::OverlappingTemplates, place(), message)?;
        }
        let operation = Operation::new(method, template).guard(guard);
        let operation = name.into_iter().fold(operation, Operation::named);
        self.keep_place(place(), security, || derived(template, method));
        self.texts.keep(self.operations.len(), evidence);
        self.operations.push(Entry {
            operation,
            overrides,
            schemes,
            is_optional,
            servers,
            origin,
            errors: evidence.errors,
            has_credential: evidence.has_credential,
            needs_no_permission: evidence.needs_no_permission,
            undefined,
        });
        Ok(())
    }

    /// The servers of the operations added so far.
    pub(super) fn take_servers(&mut self) -> Servers {
        let of_operation = self.operations.iter().map(|entry| entry.servers).collect();
        std::mem::take(&mut self.servers).with_operations(of_operation)
    }

    /// The fields of schemes that their kinds cannot express.
    pub(super) fn take_details(&mut self) -> Vec<(SchemeName, String, String)> {
        std::mem::take(&mut self.details)
    }

    fn keep_place(
        &mut self,
        place: DocumentPosition,
        security: Option<Arc<DocumentPosition>>,
        derived: impl FnOnce() -> String,
    ) {
        let place = OperationPlace::new(place, security, derived).bounded(&mut self.places);
        self.places.operations.push(place);
    }

    /// Resolves everything.
    pub(super) fn build(self, facts: DocumentFacts) -> Result<Built, ImportError> {
        let counts = Counts {
            operations: self.operations.len(),
            triples: self.operations.iter().map(|entry| entry.schemes.len()).sum(),
            scopes_declared: self.names(self.declared.iter().copied()),
            scopes_used: self.names(self.used.intersection(&self.declared).copied()),
            scopes_undeclared: self.names(self.used.difference(&self.declared).copied()),
        };
        let facts = self.facts(facts);
        let undefined: Vec<Arc<[String]>> = self
            .operations
            .iter()
            .map(|entry| Arc::clone(&entry.undefined))
            .collect();
        let schemes: Vec<SchemeName> = self.schemes.iter().map(|draft| draft.name.clone()).collect();
        let catalog = self
            .schemes
            .into_iter()
            .fold(Catalog::builder(), Draft::declare)
            .build()?;
        let builder = OperationTable::builder(catalog).templates_by_text();
        let builder = self.operations.into_iter().fold(builder, |builder, entry| {
            let mut operation = entry.operation;
            if entry.is_optional {
                operation = operation.optional();
            }
            if entry.overrides.is_empty() {
                return builder.operation(operation);
            }
            // An overridden guard is not checked; only its name is kept.
            let overridden = |group: Group, name: String| group.guard(Guard::deny().named(name));
            let group = entry.overrides.into_iter().fold(Group::new(""), overridden);
            builder.group(group.operation(operation.override_guards()))
        });
        let table = builder.build()?;
        let facts = undefined_schemes::with_undefined(facts, &table, &undefined, &schemes);
        Ok((table, counts, facts, self.places, self.notes))
    }
}

/// An operation before it becomes part of the table.
#[derive(Debug)]
pub(super) struct OperationDraft<'a> {
    pub(super) method: Method,
    pub(super) template: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) guarded: Guarded,
    /// The names of the guards that it overrides.
    pub(super) overrides: Vec<String>,
    pub(super) servers: ServerList,
    /// The position of its requirement.
    pub(super) origin: SecurityOrigin,
    pub(super) evidence: OperationEvidence<'a>,
}

impl Term {
    const fn scheme(&self) -> Option<SchemeIndex> {
        match self {
            Self::Fact(_) => None,
            Self::Scheme(scheme) | Self::Scope(scheme, _) => Some(*scheme),
        }
    }
}

impl Entry {
    /// Adds this guard to the requirement.
    fn conjoin(&mut self, guard: Guard, schemes: &[SchemeIndex], is_optional: bool) {
        let nothing = Operation::new(Method::Get, "");
        self.operation = std::mem::replace(&mut self.operation, nothing).guard(guard);
        self.is_optional = self.is_optional && is_optional;
        let is_new = |scheme: &&SchemeIndex| self.schemes.binary_search(scheme).is_err();
        let mut new: Vec<SchemeIndex> = schemes.iter().filter(is_new).copied().collect();
        if !new.is_empty() {
            new.extend(&*self.schemes);
            new.sort_unstable();
            self.schemes = new.into();
        }
    }
}

impl Draft {
    fn declare(builder: CatalogBuilder, draft: Self) -> CatalogBuilder {
        let mut builder = builder.scheme(draft.name.as_str(), draft.kind);
        if let Some(text) = draft.description {
            builder = builder.description(text);
        }
        if !draft.has_subject {
            builder = builder.without_subject();
        }
        let scope = |builder: CatalogBuilder, (token, text)| builder.scope(token, text);
        let builder = draft.scopes.into_iter().fold(builder, scope);
        let edge = |builder: CatalogBuilder, (stronger, weaker)| builder.implies(stronger, weaker);
        draft.edges.into_iter().fold(builder, edge)
    }
}
