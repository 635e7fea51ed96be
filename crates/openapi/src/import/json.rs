//! JSON as a tree.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::{ImportError, Place, Shown};
use super::limits::{ImportLimit, MAX_DEPTH};
use super::node::{Budget, NameFault, Names, Node};
use super::shape::Shape;

/// Reads one JSON text. What says nothing of security is looked at, so that it is JSON without a name twice, and forgotten.
pub(super) fn parse(text: &str) -> Result<Node<'_>, ImportError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let budget = Budget::new();
    let seed = Seed {
        budget: &budget,
        shape: Shape::Root,
        depth: 0,
    };
    let node = seed.deserialize(&mut deserializer).map_err(|fault| told(&fault))?;
    deserializer.end().map_err(|fault| told(&fault))?;
    Ok(node)
}

/// The fault with its place taken out of the message.
fn told(fault: &serde_json::Error) -> ImportError {
    let text = fault.to_string();
    let place = Place::Line {
        line: fault.line().max(1),
        column: fault.column().max(1),
    };
    let suffix = format!(" at line {} column {}", fault.line(), fault.column());
    match text.strip_suffix(&suffix).unwrap_or(&text) {
        NODES => ImportError::TooLarge(ImportLimit::Nodes),
        NAMES => ImportError::TooLarge(ImportLimit::Names),
        DEPTH | "recursion limit exceeded" => ImportError::TooLarge(ImportLimit::Depth),
        message => ImportError::at(place, lower(message)),
    }
}

const NODES: &str = "too many values";
const NAMES: &str = "too many names";
const DEPTH: &str = "too deep";

/// In the style of our own messages.
fn lower(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(characters).collect()
}

#[derive(Clone, Copy)]
struct Seed<'b> {
    budget: &'b Budget,
    shape: Shape,
    depth: usize,
}

impl<'b> Seed<'b> {
    fn spend<E: Error>(self) -> Result<(), E> {
        self.budget.spend(1).map_err(|_| E::custom(NODES))
    }

    fn scalar<'de, E: Error>(self, node: impl FnOnce() -> Node<'de>) -> Result<Node<'de>, E> {
        if self.shape == Shape::Skipped {
            return Ok(Node::Skipped);
        }
        self.spend()?;
        Ok(node())
    }

    fn below<E: Error>(self, shape: Shape) -> Result<Seed<'b>, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(E::custom(DEPTH));
        }
        Ok(Seed { shape, depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'de>, E> {
        self.scalar(|| Node::Bool(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        self.scalar(|| Node::Null)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'de>, E> {
        self.scalar(|| Node::Number(value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'de>, E> {
        self.scalar(|| Node::Number(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'de>, E> {
        self.scalar(|| Node::Number(format!("{value:?}").into()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Node<'de>, E> {
        self.scalar(|| Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'de>, E> {
        self.scalar(|| Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let inner = self.below(self.shape.of_item())?;
        if self.shape == Shape::Skipped {
            while list.next_element_seed(inner)?.is_some() {}
            return Ok(Node::Skipped);
        }
        self.spend()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut names = Names::default();
        let mut members = Vec::new();
        let is_kept = self.shape != Shape::Skipped;
        if is_kept {
            self.spend()?;
        }
        while let Some(name) = map.next_key_seed(Name)? {
            names.add(name.clone()).map_err(|fault| named_wrong(&fault, &name))?;
            let value = map.next_value_seed(self.below(self.shape.of_member(&name))?)?;
            if is_kept {
                members.push((name, value));
            }
        }
        Ok(if is_kept { Node::Map(members) } else { Node::Skipped })
    }
}

fn named_wrong<E: Error>(fault: &NameFault, name: &str) -> E {
    match fault {
        NameFault::TooMany => E::custom(NAMES),
        NameFault::Twice => E::custom(format_args!("name `{}` comes twice", Shown(name))),
    }
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
