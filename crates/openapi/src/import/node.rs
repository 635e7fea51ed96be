//! A document as a tree of values, bounded, with the way to each.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::Write as _;

use super::error::{ImportError, Place};
use super::limits::{ImportLimit, MAX_NAMES, MAX_NODES};

/// A value of a JSON or YAML document.
#[derive(Clone, Debug)]
pub(super) enum Node<'a> {
    Bool(bool),
    List(Vec<Node<'a>>),
    Map(Vec<(Cow<'a, str>, Node<'a>)>),
    Null,
    Number(Cow<'a, str>),
    /// Was there and is not needed.
    Skipped,
    Text(Cow<'a, str>),
}

/// How many more values may be kept.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) const fn new() -> Self {
        Self(Cell::new(MAX_NODES))
    }

    pub(super) fn spend(&self, nodes: usize) -> Result<(), ImportLimit> {
        let left = self.0.get().checked_sub(nodes).ok_or(ImportLimit::Nodes)?;
        self.0.set(left);
        Ok(())
    }
}

/// The names of one object, to refuse one that comes twice.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

/// What is wrong with a name.
pub(super) enum NameFault {
    TooMany,
    Twice,
}

impl<'a> Names<'a> {
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
    /// How many values it holds, itself included; a long text counts for several.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Number(text) | Self::Text(text) => text.len() / 64 + 1,
            Self::List(items) => items.iter().map(Self::count).sum::<usize>() + 1,
            Self::Map(members) => {
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
        match self {
            Self::Map(members) => members.iter().find(|(known, _)| known == name).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// A value with the way to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'n> {
    pub(super) node: &'n Node<'n>,
    way: Way<'n>,
}

#[derive(Clone, Copy, Debug)]
struct Way<'n> {
    parent: Option<&'n Way<'n>>,
    step: Step<'n>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'n> {
    Index(usize),
    Name(&'n str),
    /// From the root, by a pointer.
    Start(&'n str),
}

impl<'n> At<'n> {
    pub(super) const fn root(node: &'n Node<'n>) -> Self {
        Self::start(node, "")
    }

    /// A value that a pointer leads to.
    pub(super) const fn start(node: &'n Node<'n>, pointer: &'n str) -> Self {
        Self {
            node,
            way: Way {
                parent: None,
                step: Step::Start(pointer),
            },
        }
    }

    pub(super) fn place(&self) -> Place {
        let mut steps = vec![&self.way];
        while let Some(parent) = steps.last().and_then(|way| way.parent) {
            steps.push(parent);
        }
        let mut pointer = String::new();
        for way in steps.iter().rev() {
            match way.step {
                // Writing to a text cannot fail.
                Step::Index(index) => drop(write!(pointer, "/{index}")),
                Step::Name(name) => push_name(&mut pointer, name),
                Step::Start(start) => pointer.push_str(start),
            }
        }
        Place::Pointer(pointer)
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> ImportError {
        ImportError::at(self.place(), message)
    }

    /// The value of a name; none where there is none.
    pub(super) fn get<'s>(&'s self, name: &'s str) -> Option<At<'s>> {
        Some(self.child(self.node.find(name)?, Step::Name(name)))
    }

    /// The members of an object.
    pub(super) fn members(&self) -> Result<impl Iterator<Item = (&str, At<'_>)>, ImportError> {
        match self.node {
            Node::Map(members) => Ok(members.iter().map(|(name, node)| {
                let name: &str = name;
                (name, self.child(node, Step::Name(name)))
            })),
            _ => Err(self.fault("must be an object")),
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<impl ExactSizeIterator<Item = At<'_>>, ImportError> {
        match self.node {
            Node::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, node)| self.child(node, Step::Index(index)))),
            _ => Err(self.fault("must be a list")),
        }
    }

    /// A text, or a number as it was written: nobody quotes a version.
    pub(super) fn text(&self) -> Result<&'n str, ImportError> {
        match self.node {
            Node::Text(text) | Node::Number(text) => Ok(text),
            _ => Err(self.fault("must be a text")),
        }
    }

    pub(super) fn is_true(&self) -> Result<bool, ImportError> {
        match self.node {
            Node::Bool(value) => Ok(*value),
            _ => Err(self.fault("must be `true` or `false`")),
        }
    }

    /// The text of a name; none where there is none.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<&'n str>, ImportError> {
        match self.node.find(name) {
            None => Ok(None),
            Some(Node::Text(text) | Node::Number(text)) => Ok(Some(text)),
            Some(_) => Err(self
                .get(name)
                .map_or_else(|| self.fault("must be a text"), |at| at.fault("must be a text"))),
        }
    }

    /// The text of a name that must be there.
    pub(super) fn needed_text(&self, name: &str) -> Result<&'n str, ImportError> {
        self.text_of(name)?
            .ok_or_else(|| self.fault(format!("`{name}` is missing")))
    }

    const fn child<'s>(&'s self, node: &'s Node<'s>, step: Step<'s>) -> At<'s> {
        At {
            node,
            way: Way {
                parent: Some(&self.way),
                step,
            },
        }
    }
}

/// The place that these names lead to from the root.
pub(super) fn pointer(names: &[&str]) -> Place {
    let mut pointer = String::new();
    for name in names {
        push_name(&mut pointer, name);
    }
    Place::Pointer(pointer)
}

/// Adds a name to a pointer (RFC 6901, section 3).
pub(super) fn push_name(pointer: &mut String, name: &str) {
    pointer.push('/');
    for character in name.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}
