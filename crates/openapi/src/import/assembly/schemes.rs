//! Schemes and scopes of a policy that is collected.

use std::collections::{HashMap, HashSet};

use scopegate_domain::{SchemeName, ScopeToken, SecurityScheme};

use super::super::error::ImportError;
use super::super::limits::{ImportLimit, MAX_EDGES};
use super::super::note::NoteKind;
use super::super::place::{DocumentPosition, SchemePlace};
use super::{Draft, SchemeIndex, ScopeIndex, TableAssembler, next_place};

impl TableAssembler {
    /// Declares a scheme. Returns `None` if a scheme of this name is declared.
    pub(in super::super) fn add_scheme(
        &mut self,
        name: SchemeName,
        kind: SecurityScheme,
        place: DocumentPosition,
    ) -> Result<Option<SchemeIndex>, ImportError> {
        if self.by_name.contains_key(name.as_str()) {
            return Ok(None);
        }
        self.add_fact()?;
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
    pub(in super::super) fn add_details(&mut self, scheme: SchemeIndex, details: Vec<(String, String)>) {
        if let Some(draft) = self.schemes.get(usize::from(scheme.0)) {
            let own = details
                .into_iter()
                .map(|(field, value)| (draft.name.clone(), field, value));
            self.details.extend(own);
        }
    }

    pub(in super::super) fn describe(&mut self, scheme: SchemeIndex, text: &str) {
        if let Some(draft) = self.schemes.get_mut(usize::from(scheme.0)) {
            draft.description = Some(text.to_owned());
        }
    }

    pub(in super::super) fn without_subject(&mut self, scheme: SchemeIndex) {
        if let Some(draft) = self.schemes.get_mut(usize::from(scheme.0)) {
            draft.has_subject = false;
        }
    }

    pub(in super::super) fn scheme(&self, name: &str) -> Option<SchemeIndex> {
        self.by_name.get(name).copied()
    }

    /// The scheme that is declared at this place.
    pub(in super::super) fn scheme_at(&mut self, place: &DocumentPosition) -> Result<Option<SchemeIndex>, ImportError> {
        self.count_read(self.schemes.len())?;
        let mut places = self.places.schemes.iter();
        let found = places.find(|(_, known)| known.scheme == *place);
        Ok(found.and_then(|(name, _)| self.scheme(name)))
    }

    pub(in super::super) fn kind(&self, scheme: SchemeIndex) -> Option<&SecurityScheme> {
        self.schemes.get(usize::from(scheme.0)).map(|draft| &draft.kind)
    }

    pub(in super::super) fn scheme_name(&self, scheme: SchemeIndex) -> Option<&SchemeName> {
        self.schemes.get(usize::from(scheme.0)).map(|draft| &draft.name)
    }

    /// Declares a scope, if it is new. The first description is kept.
    pub(in super::super) fn declare(
        &mut self,
        scheme: SchemeIndex,
        token: &ScopeToken,
        description: &str,
        place: impl FnOnce() -> DocumentPosition,
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
    pub(in super::super) fn used(
        &mut self,
        scheme: SchemeIndex,
        token: &ScopeToken,
    ) -> Result<(ScopeIndex, bool), ImportError> {
        let (index, is_known) = self.scope_or_new(scheme, token, "")?;
        self.used.insert((scheme, index));
        Ok((index, is_known))
    }

    /// Whether this is the first scope that a scheme lists although its kind may not list any.
    pub(in super::super) fn is_first_word_of(&mut self, scheme: SchemeIndex) -> bool {
        self.listing.insert(scheme)
    }

    /// The names of scopes.
    pub(super) fn names(&self, scopes: impl Iterator<Item = (SchemeIndex, ScopeIndex)>) -> usize {
        let token = |(scheme, scope): (SchemeIndex, ScopeIndex)| {
            let draft = self.schemes.get(usize::from(scheme.0))?;
            draft.scopes.get(usize::from(scope.0)).map(|(token, _)| token)
        };
        scopes.filter_map(token).collect::<HashSet<_>>().len()
    }

    /// Returns a required scope. If its scheme does not declare it, a note reports each position.
    pub(in super::super) fn asked(
        &mut self,
        scheme: SchemeIndex,
        token: &ScopeToken,
        place: impl Fn() -> DocumentPosition,
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

    pub(super) fn is_undeclared(&self, scheme: SchemeIndex, scope: ScopeIndex) -> bool {
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
        self.add_fact()?;
        let Some(draft) = self.schemes.get_mut(usize::from(scheme.0)) else {
            return Ok((ScopeIndex(0), false));
        };
        let index = ScopeIndex(next_place(draft.scopes.len())?);
        draft.scopes.push((token.clone(), description.to_owned()));
        draft.index.insert(token.clone(), index);
        Ok((index, false))
    }

    /// Declares that one scope implies another, if both are declared.
    pub(in super::super) fn imply(
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
}
