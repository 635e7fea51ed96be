//! The files of one description, each parsed once.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::error::{FileRefusal, ImportError};
use super::folder::{Folder, Refused, bytes};
use super::format::Format;
use super::limits::{ImportLimit, MAX_DOCUMENT, MAX_FILES, MAX_FILES_BYTES};
use super::node::{At, Node, NodeBudget, Nulls, Origin, OwnField};
use super::note::NoteKind;
use super::place::DocumentPosition;
use super::pointer::unescaped;
use super::shape::Shape;
use super::shown::QuotedValue;
use super::syntax::{Syntax, text};
use super::tree::tree;
use super::{json, own_fields, yaml};

/// The files that were read so far. The first is the document itself.
#[derive(Debug)]
pub(super) struct Files<'t> {
    folder: Option<&'t Folder>,
    text: &'t str,
    syntax: Syntax,
    slots: Vec<Slot>,
    by_path: RefCell<HashMap<PathBuf, usize>>,
    by_reference: RefCell<HashMap<(usize, String), usize>>,
    bytes: Cell<usize>,
    /// The budget for the parts of all files that can affect security.
    pub(super) budget: NodeBudget,
    /// The budget for files that are read whole, because a reference leads to another part.
    spare: NodeBudget,
    pub(super) nulls: Rc<Nulls>,
}

#[derive(Debug, Default)]
struct Slot {
    origin: OnceCell<Origin>,
    path: OnceCell<PathBuf>,
    lean: OnceCell<Node<'static>>,
    whole: OnceCell<Node<'static>>,
    own_fields: OnceCell<Vec<OwnField>>,
}

impl<'t> Files<'t> {
    /// The document alone.
    pub(super) fn new(text: &'t str, syntax: Syntax, folder: Option<&'t Folder>) -> Self {
        let nulls = Rc::new(Nulls::default());
        let mut slots: Vec<Slot> = Vec::new();
        slots.resize_with(MAX_FILES, Slot::default);
        let mut by_path = HashMap::new();
        if let Some(slot) = slots.first() {
            let _ = slot.origin.set(Origin::new(0, None, Rc::clone(&nulls)));
            if let Some(document) = folder.and_then(Folder::document) {
                let _ = slot.path.set(document.to_owned());
                by_path.insert(document.to_owned(), 0);
            }
        }
        Self {
            folder,
            text,
            syntax,
            slots,
            by_path: RefCell::new(by_path),
            by_reference: RefCell::default(),
            bytes: Cell::new(text.len()),
            budget: NodeBudget::new(),
            spare: NodeBudget::new(),
            nulls,
        }
    }

    /// Whether the name of the document ends in `.yaml` or `.yml`: it may begin as JSON does.
    pub(super) fn is_named_yaml(&self) -> bool {
        let document = self.folder.and_then(Folder::document);
        document.is_some_and(|document| is_named(document, "yaml") || is_named(document, "yml"))
    }

    /// Treats the document as YAML from now on.
    pub(super) fn set_yaml(&mut self) {
        self.syntax = Syntax::Yaml;
        self.budget = NodeBudget::new();
    }

    /// Returns the origin of the values of a file.
    pub(super) fn origin(&self, file: usize) -> Option<&Origin> {
        self.slots.get(file)?.origin.get()
    }

    /// Returns the parts of a file other than the document that can affect security.
    pub(super) fn lean(&self, file: usize) -> Option<&Node<'static>> {
        self.slots.get(file)?.lean.get()
    }

    /// Returns the whole of a file, which is read again for that purpose.
    pub(super) fn whole(&self, file: usize) -> Result<Option<&Node<'static>>, ImportError> {
        let Some(slot) = self.slots.get(file) else {
            return Ok(None);
        };
        if slot.whole.get().is_none() {
            let node = if file == 0 {
                tree(self.text, self.syntax, Shape::Kept, &self.spare)?.into_owned()
            } else {
                let name = slot.origin.get().and_then(|origin| origin.file.clone());
                let Some(path) = slot.path.get() else {
                    return Ok(None);
                };
                let bytes = bytes(path, MAX_DOCUMENT).map_err(|fault| {
                    ImportError::at(DocumentPosition::default().in_file(name.clone()), fault.to_string())
                })?;
                parse(path, &bytes, Shape::Kept, &self.spare).map_err(|fault| fault.in_file(name.as_ref()))?
            };
            let _ = slot.whole.set(node);
        }
        Ok(slot.whole.get())
    }

    /// Records the lines of the last text whose indentation was corrected, and stores its
    /// `x-scopegate` fields.
    pub(super) fn keep_notes(&self, index: usize, file: Option<&Arc<str>>) -> Result<(), ImportError> {
        if let Some(slot) = self.slots.get(index) {
            let _ = slot.own_fields.set(self.budget.take_own_fields());
        }
        for mark in self.budget.take_indented() {
            let place = DocumentPosition::of_mark(mark).in_file(file.cloned());
            let message = "the line is indented less than what it belongs to; it is read as if it were indented more";
            self.nulls.add_note(NoteKind::Indentation, place, message)?;
        }
        Ok(())
    }

    /// Adds notes on the `x-scopegate` fields that no reader used.
    pub(super) fn note_unread_fields(&self, format: Format) -> Result<(), ImportError> {
        for (index, slot) in self.slots.iter().enumerate() {
            let fields = slot.own_fields.get().map_or(&[][..], Vec::as_slice);
            let mut unread: Vec<&OwnField> = fields
                .iter()
                .filter(|field| own_fields::is_at_fault(field, self.nulls.is_field_read(index, field.mark)))
                .collect();
            let Some(origin) = self.origin(index).filter(|_| !unread.is_empty()) else {
                continue;
            };
            unread.sort_unstable();
            unread.dedup();
            // A pointer needs the whole text. If that is too large, a note has a position alone.
            let mut places = match self.whole(index) {
                Ok(Some(whole)) => own_fields::places(&At::root(whole, origin)),
                _ => HashMap::new(),
            };
            for field in unread {
                let by_mark = || DocumentPosition::of_mark(field.mark).in_file(origin.file.clone());
                let place = places.remove(&field.mark).unwrap_or_else(by_mark);
                let message = own_fields::message(&field.name, format);
                self.nulls.add_note(NoteKind::UnreadField, place, &message)?;
            }
        }
        Ok(())
    }

    /// The file that the first part of a reference names.
    pub(super) fn open(&self, at: &At<'_>, reference: &str, path: &str) -> Result<usize, ImportError> {
        let key = (at.origin.index, path.to_owned());
        if let Some(known) = self.by_reference.borrow().get(&key) {
            return Ok(*known);
        }
        let file = self.open_new(at, reference, path)?;
        self.by_reference.borrow_mut().insert(key, file);
        Ok(file)
    }

    fn open_new(&self, at: &At<'_>, reference: &str, path: &str) -> Result<usize, ImportError> {
        let shown = QuotedValue(reference);
        if is_url(path) {
            return Err(at.fault(format!(
                "reference `{shown}` is a URL, and nothing is fetched; save the document below the folder of this one and \
                 refer to the file"
            )));
        }
        let Some(folder) = self.folder else {
            let fault = at.fault(format!(
                "reference `{shown}` leads to another file, and this document has no folder"
            ));
            return Err(fault.not_allowed(FileRefusal::NoFolder));
        };
        let plain = unescaped(path).filter(|plain| !plain.contains('\0')).ok_or_else(|| {
            at.fault(format!(
                "reference `{shown}` has an escape that is not UTF-8; correct it"
            ))
        })?;
        let from = self.slots.get(at.origin.index).and_then(|slot| slot.path.get());
        let found = folder
            .locate(from.map(PathBuf::as_path), Path::new(&*plain))
            .map_err(|refused| match refused {
                Refused::Outside(found) => {
                    let fault = at.fault(format!(
                        "reference `{shown}` leads to `{}`, which is outside of `{}`",
                        QuotedValue(&found.display().to_string()),
                        QuotedValue(&folder.start().display().to_string()),
                    ));
                    fault.not_allowed(FileRefusal::Outside)
                }
                Refused::Unreadable(fault) => at.fault(format!(
                    "the file of reference `{shown}` cannot be read: {fault}; add the file or correct the reference"
                )),
            })?;
        if let Some(known) = self.by_path.borrow().get(&found) {
            return Ok(*known);
        }
        let unreadable =
            |fault: std::io::Error| at.fault(format!("the file of reference `{shown}` cannot be read: {fault}"));
        let index = self.by_path.borrow().len() + usize::from(folder.document().is_none());
        let Some(slot) = self.slots.get(index) else {
            return Err(ImportError::TooLarge(ImportLimit::Files));
        };
        let bytes = bytes(&found, MAX_DOCUMENT).map_err(unreadable)?;
        if bytes.len() > MAX_DOCUMENT {
            return Err(ImportError::TooLarge(ImportLimit::Document));
        }
        self.bytes.set(self.bytes.get().saturating_add(bytes.len()));
        if self.bytes.get() > MAX_FILES_BYTES {
            return Err(ImportError::TooLarge(ImportLimit::FilesBytes));
        }
        let name: Arc<str> = folder.name(&found).into();
        let node = parse(&found, &bytes, Shape::Loose, &self.budget).map_err(|fault| fault.in_file(Some(&name)))?;
        self.keep_notes(index, Some(&name))?;
        let _ = slot.lean.set(node);
        let _ = slot.path.set(found.clone());
        let _ = slot.origin.set(Origin::new(index, Some(name), Rc::clone(&self.nulls)));
        self.by_path.borrow_mut().insert(found, index);
        Ok(index)
    }
}

/// Parses JSON by the first character, and YAML otherwise. A file whose name ends in `.json` is not
/// YAML that begins with a brace.
fn parse(path: &Path, bytes: &[u8], shape: Shape, budget: &NodeBudget) -> Result<Node<'static>, ImportError> {
    let text = text(bytes)?;
    let begins_json = text.trim_ascii_start().starts_with(['{', '[']);
    if begins_json && is_named(path, "json") {
        return Ok(json::parse(text, shape, budget)?.into_owned());
    }
    if begins_json && let Ok(node) = json::parse(text, shape, budget) {
        return Ok(node.into_owned());
    }
    yaml::parse(text, shape, budget)
}

fn is_named(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Whether a reference begins with a scheme or a host (RFC 3986, sections 3.1 and 4.2).
fn is_url(path: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    };
    path.starts_with("//") || path.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme))
}
