//! Builds a table from the content of a document. It collects schemes and scopes, and makes each
//! distinct guard once.

mod facts;
mod undefined_schemes;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scopegate_domain::{Catalog, CatalogBuilder, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::analysis::{DocumentFacts, DocumentedErrors, SecurityOrigin};
use scopegate_policy::{Atom, Group, Guard, MAX_ALTERNATIVES, MAX_ATOMS, Method, Operation, OperationTable, Rule};

use super::Counts;
use super::error::ImportError;
use super::ignore::Ignore;
use super::limits::{ImportLimit, MAX_EDGES, MAX_OPERATIONS, MAX_READ, MAX_TEXT, MAX_WAYS, MAX_WORK};
use super::note::{NoteKind, Notes};
use super::place::{OperationPlace, Place, Places, SchemePlace, derived};
use super::server_lists::{ServerList, ServerLists, Servers};
use super::shown::Shown;
use super::templates::Templates;

/// A scheme by its place in the assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SchemeIndex(u16);

/// A scope by its place in its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ScopeIndex(u16);

/// Returns the next index of a list of atoms. Such lists are short.
fn next_place(len: usize) -> Result<u16, ImportError> {
    u16::try_from(len).map_err(|_| ImportError::TooLarge(ImportLimit::Atoms))
}

/// One term that an alternative requires.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term {
    Atom(Atom),
    Scheme(SchemeIndex),
    Scope(SchemeIndex, ScopeIndex),
}

/// Terms that must hold together.
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
    undefined: Arc<[String]>,
}

/// A table with what it does not contain: facts for the lint, and the position of each operation.
pub(super) type Built = (OperationTable, Counts, DocumentFacts, Places, Notes);

/// Collects a policy.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    schemes: Vec<Draft>,
    by_name: HashMap<String, SchemeIndex>,
    atoms: usize,
    edges: usize,
    operations: Vec<Entry>,
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

impl Assembly {
    /// Declares a scheme. Returns `None` if a scheme of this name is declared.
    pub(super) fn add_scheme(
        &mut self,
        name: SchemeName,
        kind: SecurityScheme,
        place: Place,
    ) -> Result<Option<SchemeIndex>, ImportError> {
        if self.by_name.contains_key(name.as_str()) {
            return Ok(None);
        }
        self.add_atom()?;
        let index = SchemeIndex(next_place(self.schemes.len())?);
        self.by_name.insert(name.as_str().to_owned(), index);
        let scheme = SchemePlace {
            scheme: self.places.bounded(place),
            ..SchemePlace::default()
        };
        self.places.schemes.insert(name.as_str().to_owned(), scheme);
        self.schemes.push(Draft {
            name,
            kind,
            description: None,
            has_subject: true,
            scopes: Vec::new(),
            index: HashMap::new(),
            edges: Vec::new(),
        });
        Ok(Some(index))
    }

    /// Keeps the fields of a scheme that its kind cannot express, for the comparison of versions.
    pub(super) fn add_details(&mut self, scheme: SchemeIndex, details: Vec<(String, String)>) {
        if let Some(draft) = self.schemes.get(usize::from(scheme.0)) {
            let own = details
                .into_iter()
                .map(|(field, value)| (draft.name.clone(), field, value));
            self.details.extend(own);
        }
    }

    pub(super) fn describe(&mut self, scheme: SchemeIndex, text: &str) {
        if let Some(draft) = self.schemes.get_mut(usize::from(scheme.0)) {
            draft.description = Some(text.to_owned());
        }
    }

    pub(super) fn without_subject(&mut self, scheme: SchemeIndex) {
        if let Some(draft) = self.schemes.get_mut(usize::from(scheme.0)) {
            draft.has_subject = false;
        }
    }

    pub(super) fn scheme(&self, name: &str) -> Option<SchemeIndex> {
        self.by_name.get(name).copied()
    }

    /// The scheme that is declared at this place.
    pub(super) fn scheme_at(&mut self, place: &Place) -> Result<Option<SchemeIndex>, ImportError> {
        self.count_read(self.schemes.len())?;
        let mut places = self.places.schemes.iter();
        let found = places.find(|(_, known)| known.scheme == *place);
        Ok(found.and_then(|(name, _)| self.scheme(name)))
    }

    pub(super) fn kind(&self, scheme: SchemeIndex) -> Option<&SecurityScheme> {
        self.schemes.get(usize::from(scheme.0)).map(|draft| &draft.kind)
    }

    pub(super) fn scheme_name(&self, scheme: SchemeIndex) -> Option<&SchemeName> {
        self.schemes.get(usize::from(scheme.0)).map(|draft| &draft.name)
    }

    /// Declares a scope, if it is new. The first description is kept.
    pub(super) fn declare(
        &mut self,
        scheme: SchemeIndex,
        token: &ScopeToken,
        description: &str,
        place: impl FnOnce() -> Place,
    ) -> Result<ScopeIndex, ImportError> {
        let (index, _) = self.scope_or_new(scheme, token, description)?;
        if self.declared.insert((scheme, index)) {
            let place = self.places.bounded(place());
            let name = self.schemes.get(usize::from(scheme.0)).map(|draft| draft.name.as_str());
            if let Some(kept) = name.and_then(|name| self.places.schemes.get_mut(name)) {
                kept.scopes.insert(token.as_str().to_owned(), place);
            }
        }
        Ok(index)
    }

    /// Returns a required scope, and whether it was declared before.
    pub(super) fn used(&mut self, scheme: SchemeIndex, token: &ScopeToken) -> Result<(ScopeIndex, bool), ImportError> {
        let (index, is_known) = self.scope_or_new(scheme, token, "")?;
        self.used.insert((scheme, index));
        Ok((index, is_known))
    }

    /// Whether this is the first scope that a scheme lists although its kind may not list any.
    pub(super) fn is_first_word_of(&mut self, scheme: SchemeIndex) -> bool {
        self.listing.insert(scheme)
    }

    /// The names of scopes.
    fn names(&self, scopes: impl Iterator<Item = (SchemeIndex, ScopeIndex)>) -> usize {
        let token = |(scheme, scope): (SchemeIndex, ScopeIndex)| {
            let draft = self.schemes.get(usize::from(scheme.0))?;
            draft.scopes.get(usize::from(scope.0)).map(|(token, _)| token)
        };
        scopes.filter_map(token).collect::<HashSet<_>>().len()
    }

    /// Returns a required scope. If its scheme does not declare it, a note reports each position.
    pub(super) fn asked(
        &mut self,
        scheme: SchemeIndex,
        token: &ScopeToken,
        place: impl Fn() -> Place,
    ) -> Result<ScopeIndex, ImportError> {
        let (scope, is_declared) = self.used(scheme, token)?;
        if !is_declared {
            self.undeclared(scheme, scope);
        }
        if self.is_undeclared(scheme, scope) {
            let message = format!("scope `{token}` is not declared by its scheme; it is read as if it were");
            self.notes.add(NoteKind::UndeclaredScope, place(), message)?;
        }
        Ok(scope)
    }

    /// Records that a scope is required before it is declared.
    fn undeclared(&mut self, scheme: SchemeIndex, scope: ScopeIndex) {
        self.undeclared.insert((scheme, scope));
    }

    fn is_undeclared(&self, scheme: SchemeIndex, scope: ScopeIndex) -> bool {
        self.undeclared.contains(&(scheme, scope))
    }

    fn scope_or_new(
        &mut self,
        scheme: SchemeIndex,
        token: &ScopeToken,
        description: &str,
    ) -> Result<(ScopeIndex, bool), ImportError> {
        let known = self
            .schemes
            .get(usize::from(scheme.0))
            .and_then(|draft| draft.index.get(token));
        if let Some(index) = known {
            return Ok((*index, true));
        }
        self.add_atom()?;
        let Some(draft) = self.schemes.get_mut(usize::from(scheme.0)) else {
            return Ok((ScopeIndex(0), false));
        };
        let index = ScopeIndex(next_place(draft.scopes.len())?);
        draft.scopes.push((token.clone(), description.to_owned()));
        draft.index.insert(token.clone(), index);
        Ok((index, false))
    }

    /// Declares that one scope implies another, if both are declared.
    pub(super) fn imply(
        &mut self,
        scheme: SchemeIndex,
        stronger: &ScopeToken,
        weaker: &ScopeToken,
    ) -> Result<bool, ImportError> {
        self.edges += 1;
        if self.edges > MAX_EDGES {
            return Err(ImportError::TooLarge(ImportLimit::Edges));
        }
        let Some(draft) = self.schemes.get_mut(usize::from(scheme.0)) else {
            return Ok(false);
        };
        let is_declared = draft.index.contains_key(stronger) && draft.index.contains_key(weaker);
        if is_declared {
            draft.edges.push((stronger.clone(), weaker.clone()));
        }
        Ok(is_declared)
    }

    fn add_atom(&mut self) -> Result<(), ImportError> {
        self.atoms += 1;
        if self.atoms > MAX_ATOMS {
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

    /// Counts text that is kept.
    pub(super) fn count_text(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.text = self.text.saturating_add(bytes);
        if self.text > MAX_TEXT {
            return Err(ImportError::TooLarge(ImportLimit::Text));
        }
        Ok(())
    }

    /// Counts atoms that are compared with each other.
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

    /// The guard of a demand.
    pub(super) fn guarded(&mut self, demand: Demand) -> Result<Guarded, ImportError> {
        let mut undefined = std::mem::take(&mut self.undefined);
        undefined.sort_unstable();
        undefined.dedup();
        let Demand::Ways { ways, is_optional } = demand else {
            return Ok(Guarded {
                guard: Guard::public(),
                schemes: Arc::default(),
                is_optional: false,
                undefined: undefined.into(),
            });
        };
        let mut schemes: Vec<SchemeIndex> = ways.iter().flatten().filter_map(Term::scheme).collect();
        schemes.sort_unstable();
        schemes.dedup();
        Ok(Guarded {
            guard: self.guard(ways)?,
            schemes: schemes.into(),
            is_optional,
            undefined: undefined.into(),
        })
    }

    /// The guard of alternatives; the same one for the same alternatives.
    fn guard(&mut self, ways: Vec<Conjunction>) -> Result<Guard, ImportError> {
        if let Some(guard) = self.guards.get(&ways) {
            return Ok(guard.clone());
        }
        self.count_work(&ways)?;
        let all = |way: &Conjunction| Rule::All(way.iter().filter_map(|term| self.rule(term)).collect());
        let guard = Guard::rule(match &*ways {
            [] => Rule::Deny,
            [only] => all(only),
            _ => Rule::Any(ways.iter().map(all).collect()),
        });
        self.guards.insert(ways, guard.clone());
        Ok(guard)
    }

    /// Counts the comparison of alternatives with each other: the work grows with the square of
    /// their number.
    fn count_work(&mut self, ways: &[Conjunction]) -> Result<(), ImportError> {
        self.ways += ways.len() + ways.iter().map(Vec::len).sum::<usize>() / 8;
        let compared = ways.len().min(4 * MAX_ALTERNATIVES);
        self.work = self.work.saturating_add(compared * compared * (self.atoms / 64 + 1));
        if self.ways > MAX_WAYS || self.work > MAX_WORK || ways.len() > 16 * MAX_ALTERNATIVES {
            return Err(ImportError::TooLarge(ImportLimit::Ways));
        }
        Ok(())
    }

    fn rule(&self, term: &Term) -> Option<Rule> {
        Some(Rule::Atom(match term {
            Term::Atom(atom) => atom.clone(),
            Term::Scheme(scheme) => Atom::Scheme(self.schemes.get(usize::from(scheme.0))?.name.clone()),
            Term::Scope(scheme, scope) => {
                let draft = self.schemes.get(usize::from(scheme.0))?;
                Atom::Scope {
                    scheme: draft.name.clone(),
                    token: draft.scopes.get(usize::from(scope.0))?.0.clone(),
                }
            }
        }))
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
        place: impl Fn() -> Place,
        security: Option<Arc<Place>>,
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
            errors,
        } = draft;
        let slashed = (!template.starts_with('/')).then(|| format!("/{template}"));
        if let Some(slashed) = &slashed {
            let message = format!("a path begins with a slash; it is read as `{}`", Shown(slashed));
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
            let shown = Shown(template);
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
                Shown(template)
            );
            self.notes.add(NoteKind::OverlappingTemplates, place(), message)?;
        }
        let mut operation = Operation::new(method, template).guard(guard);
        if let Some(name) = name {
            operation = operation.named(name);
        }
        self.keep_place(place(), security, || derived(template, method));
        self.operations.push(Entry {
            operation,
            overrides,
            schemes,
            is_optional,
            servers,
            origin,
            errors,
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

    fn keep_place(&mut self, place: Place, security: Option<Arc<Place>>, derived: impl FnOnce() -> String) {
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
            builder.group(group.operation(operation.overriding()))
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
    pub(super) errors: DocumentedErrors,
}

impl Term {
    const fn scheme(&self) -> Option<SchemeIndex> {
        match self {
            Self::Atom(_) => None,
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
