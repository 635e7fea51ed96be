//! A document as a tree of values with limits, and the path to each value.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use super::error::ImportError;
use super::limits::{ImportLimit, MAX_NAMES, MAX_NODES};
use super::note::{NoteKind, Notes};
use super::place::{DocumentPosition, Mark};
use super::pointer::push_name;
use super::pointer::unescaped;
use super::shape::OWN;
use super::shown::QuotedValue;

/// A value of a JSON or YAML document with its position in the text.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) mark: Mark,
}

/// The content of a value.
#[derive(Clone, Debug)]
pub(super) enum Kind<'a> {
    Bool(bool),
    List(Vec<Node<'a>>),
    Map(Vec<(Cow<'a, str>, Node<'a>)>),
    Null,
    Number(Cow<'a, str>),
    /// A value that is present and not needed.
    Skipped,
    Text(Cow<'a, str>),
}

/// The number of values that may still be kept, and the lines of a text whose indentation was
/// corrected.
#[derive(Debug)]
pub(super) struct NodeBudget {
    left: Cell<usize>,
    indented: RefCell<Vec<Mark>>,
    own_fields: RefCell<Vec<OwnField>>,
}

/// A member whose name begins with `x-scopegate-`, by the position of its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OwnField {
    pub(super) mark: Mark,
    pub(super) name: Box<str>,
}

impl NodeBudget {
    pub(super) const fn new() -> Self {
        Self {
            left: Cell::new(MAX_NODES),
            indented: RefCell::new(Vec::new()),
            own_fields: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn spend(&self, nodes: usize) -> Result<(), ImportLimit> {
        let left = self.left.get().checked_sub(nodes).ok_or(ImportLimit::Nodes)?;
        self.left.set(left);
        Ok(())
    }

    pub(super) const fn left(&self) -> usize {
        self.left.get()
    }

    /// Restores the budget to an earlier amount.
    pub(super) fn restore(&self, left: usize) {
        self.left.set(left);
    }

    pub(super) fn set_indented(&self, lines: Vec<Mark>) {
        self.indented.replace(lines);
    }

    /// Keeps the position of a field of Scopegate's own. Other names are skipped.
    pub(super) fn add_member(&self, name: &str, value: &Node<'_>) -> Result<(), ImportLimit> {
        if !name.starts_with(OWN) {
            return Ok(());
        }
        self.spend(1)?;
        let (mark, name) = (value.mark, name.into());
        self.own_fields.borrow_mut().push(OwnField { mark, name });
        Ok(())
    }

    /// Returns the fields since the last call. A parser that restarts a text calls it first.
    pub(super) fn take_own_fields(&self) -> Vec<OwnField> {
        self.own_fields.take()
    }

    pub(super) fn take_indented(&self) -> Vec<Mark> {
        self.indented.take()
    }
}

/// The names of one object, for the detection of a duplicate.
#[derive(Debug, Default)]
pub(super) struct NodeNames<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

/// The reason why a name is invalid.
pub(super) enum NameFault {
    TooMany,
    Twice,
}

impl<'a> NodeNames<'a> {
    pub(super) fn add(&mut self, name: Cow<'a, str>) -> Result<(), NameFault> {
        const FEW: usize = 12;
        if self.few.len() < FEW {
            if self.few.contains(&name) {
                return Err(NameFault::Twice);
            }
            self.few.push(name);
            return Ok(());
        }
        if self.many.len() >= MAX_NAMES {
            return Err(NameFault::TooMany);
        }
        if self.few.contains(&name) || !self.many.insert(name) {
            return Err(NameFault::Twice);
        }
        Ok(())
    }
}

impl Node<'_> {
    /// Returns the number of values in it, itself included. A long text counts for several.
    pub(super) fn count(&self) -> usize {
        match &self.kind {
            Kind::Number(text) | Kind::Text(text) => text.len() / 64 + 1,
            Kind::List(items) => items.iter().map(Self::count).sum::<usize>() + 1,
            Kind::Map(members) => {
                members
                    .iter()
                    .map(|(name, node)| node.count() + name.len() / 64)
                    .sum::<usize>()
                    + 1
            }
            _ => 1,
        }
    }

    /// The value of this name.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(members) => members.iter().find(|(known, _)| known == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Returns the same value, with owned texts.
    pub(super) fn into_owned(self) -> Node<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let kind = match self.kind {
            Kind::Bool(value) => Kind::Bool(value),
            Kind::List(items) => Kind::List(items.into_iter().map(Node::into_owned).collect()),
            Kind::Map(members) => Kind::Map(
                members
                    .into_iter()
                    .map(|(name, node)| (owned(name), node.into_owned()))
                    .collect(),
            ),
            Kind::Null => Kind::Null,
            Kind::Number(text) => Kind::Number(owned(text)),
            Kind::Skipped => Kind::Skipped,
            Kind::Text(text) => Kind::Text(owned(text)),
        };
        Node { kind, mark: self.mark }
    }
}

/// The file of values, and the notes on `null` for a list or an object.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) index: usize,
    pub(super) file: Option<Arc<str>>,
    nulls: Rc<Nulls>,
}

/// Each `null` that is read as empty, and each ignored member next to a reference, noted once.
#[derive(Debug, Default)]
pub(super) struct Nulls {
    known: RefCell<HashSet<DocumentPosition>>,
    notes: RefCell<Notes>,
    /// The files and positions of the fields of Scopegate's own that were read.
    read_fields: RefCell<HashSet<(usize, Mark)>>,
}

impl Nulls {
    /// Returns the notes and leaves an empty list.
    pub(super) fn take(&self) -> Notes {
        self.notes.take()
    }

    /// Adds a note on another matter.
    pub(super) fn add_note(&self, kind: NoteKind, place: DocumentPosition, message: &str) -> Result<(), ImportError> {
        self.notes.borrow_mut().add(kind, place, message)
    }

    /// Whether a field of Scopegate's own was read.
    pub(super) fn is_field_read(&self, file: usize, mark: Mark) -> bool {
        self.read_fields.borrow().contains(&(file, mark))
    }

    fn add(&self, at: &At<'_>, what: &str) -> Result<(), ImportError> {
        self.add_once(at, NoteKind::Null, || format!("`null` is read as {what}"))
    }

    fn add_once(&self, at: &At<'_>, kind: NoteKind, message: impl Fn() -> String) -> Result<(), ImportError> {
        let place = at.place();
        if !self.known.borrow_mut().insert(place.clone()) {
            return Ok(());
        }
        self.notes.borrow_mut().add(kind, place, message())
    }
}

impl Origin {
    pub(super) const fn new(index: usize, file: Option<Arc<str>>, nulls: Rc<Nulls>) -> Self {
        Self { index, file, nulls }
    }

    /// Records that a reader used the `x-scopegate` field at this position.
    pub(super) fn set_field_read(&self, mark: Mark) {
        self.nulls.read_fields.borrow_mut().insert((self.index, mark));
    }
}

/// A value with the path to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'n> {
    pub(super) node: &'n Node<'n>,
    pub(super) origin: &'n Origin,
    way: Way<'n>,
}

#[derive(Clone, Copy, Debug)]
struct Way<'n> {
    parent: Option<&'n Way<'n>>,
    step: PathStep<'n>,
}

#[derive(Clone, Copy, Debug)]
enum PathStep<'n> {
    Index(usize),
    Name(&'n str),
    /// A start at the root, by a pointer.
    Start(&'n str),
}

impl<'n> At<'n> {
    pub(super) const fn root(node: &'n Node<'n>, origin: &'n Origin) -> Self {
        Self::start(node, origin, "")
    }

    /// Starts at the value to which a pointer leads.
    pub(super) const fn start(node: &'n Node<'n>, origin: &'n Origin, pointer: &'n str) -> Self {
        Self {
            node,
            origin,
            way: Way {
                parent: None,
                step: PathStep::Start(pointer),
            },
        }
    }

    pub(super) fn place(&self) -> DocumentPosition {
        let mut steps = vec![&self.way];
        while let Some(parent) = steps.last().and_then(|way| way.parent) {
            steps.push(parent);
        }
        let mut pointer = String::new();
        for way in steps.iter().rev() {
            match way.step {
                // Writing to a text cannot fail.
                PathStep::Index(index) => drop(write!(pointer, "/{index}")),
                PathStep::Name(name) => push_name(&mut pointer, name),
                // A pointer in a fragment has percent escapes (RFC 6901, section 6).
                PathStep::Start(start) => pointer.push_str(&unescaped(start).unwrap_or(Cow::Borrowed(start))),
            }
        }
        DocumentPosition::of_value(pointer, self.node.mark).in_file(self.origin.file.clone())
    }

    /// Adds a note that a member next to a reference is ignored.
    pub(super) fn note_ignored(&self, name: &str) -> Result<(), ImportError> {
        let message = || format!("`{}` next to `$ref` is ignored", QuotedValue(name));
        self.origin.nulls.add_once(self, NoteKind::Reference, message)
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> ImportError {
        ImportError::at(self.place(), message)
    }

    /// Returns the value of a name, or `None` if the name is absent.
    pub(super) fn get<'s>(&'s self, name: &'s str) -> Option<At<'s>> {
        Some(self.child(self.node.find(name)?, PathStep::Name(name)))
    }

    /// Returns the members of an object. `null` has none, and is noted.
    pub(super) fn members(&self) -> Result<impl ExactSizeIterator<Item = (&str, At<'_>)>, ImportError> {
        let members: &[_] = match &self.node.kind {
            Kind::Map(members) => members,
            Kind::Null => {
                self.origin.nulls.add(self, "an empty object")?;
                &[]
            }
            _ => return Err(self.fault("must be an object")),
        };
        Ok(members.iter().map(|(name, node)| {
            let name: &str = name;
            (name, self.child(node, PathStep::Name(name)))
        }))
    }

    /// Returns the items of a list. `null` has none, and is noted.
    pub(super) fn items(&self) -> Result<impl ExactSizeIterator<Item = At<'_>>, ImportError> {
        let items: &[_] = match &self.node.kind {
            Kind::List(items) => items,
            Kind::Null => {
                self.origin.nulls.add(self, "an empty list")?;
                &[]
            }
            _ => return Err(self.fault("must be a list")),
        };
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, node)| self.child(node, PathStep::Index(index))))
    }

    /// Returns the object with this name, if there is one.
    pub(super) fn object<'s>(&'s self, name: &'s str) -> Result<Option<At<'s>>, ImportError> {
        let found = self.get(name);
        if let Some(found) = &found {
            drop(found.members()?);
        }
        Ok(found)
    }

    /// Returns a text, or a number as it was written, because authors write versions without
    /// quotes.
    pub(super) fn text(&self) -> Result<&'n str, ImportError> {
        match &self.node.kind {
            Kind::Text(text) | Kind::Number(text) => Ok(text),
            _ => Err(self.fault("must be a text")),
        }
    }

    pub(super) fn is_true(&self) -> Result<bool, ImportError> {
        match &self.node.kind {
            Kind::Bool(value) => Ok(*value),
            Kind::Null => {
                self.origin.nulls.add(self, "`false`")?;
                Ok(false)
            }
            _ => Err(self.fault("must be `true` or `false`")),
        }
    }

    /// Whether the value is `true`. Another value is not an error, because the field does not
    /// decide about access.
    pub(super) fn is_set(&self) -> Result<bool, ImportError> {
        match &self.node.kind {
            Kind::Bool(_) | Kind::Null => self.is_true(),
            _ => Ok(false),
        }
    }

    /// Returns the text with this name, if there is one. `null` adds a note.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<&'n str>, ImportError> {
        let Some(node) = self.node.find(name) else {
            return Ok(None);
        };
        match &node.kind {
            Kind::Text(text) | Kind::Number(text) => Ok(Some(text)),
            Kind::Null => {
                self.origin
                    .nulls
                    .add(&self.child(node, PathStep::Name(name)), "absent")?;
                Ok(None)
            }
            _ => Err(self.child(node, PathStep::Name(name)).fault("must be a text")),
        }
    }

    /// The text of a name that must be there.
    pub(super) fn needed_text(&self, name: &str) -> Result<&'n str, ImportError> {
        self.text_of(name)?
            .ok_or_else(|| self.fault(format!("`{name}` is missing")))
    }

    const fn child<'s>(&'s self, node: &'s Node<'s>, step: PathStep<'s>) -> At<'s> {
        At {
            node,
            origin: self.origin,
            way: Way {
                parent: Some(&self.way),
                step,
            },
        }
    }
}
