//! JSON as a tree.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::ImportError;
use super::limits::{ImportLimit, MAX_DEPTH};
use super::node::{Kind, NameFault, Node, NodeBudget, NodeNames};
use super::place::{DocumentPosition, Mark};
use super::shape::Shape;
use super::shown::QuotedValue;

/// Reads one JSON text. Parts without effect on security are checked, so that they are JSON without
/// a duplicate name, and are not kept.
pub(super) fn parse<'t>(text: &'t str, shape: Shape, budget: &NodeBudget) -> Result<Node<'t>, ImportError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let cursor = Cursor::new(text);
    drop(budget.take_own_fields());
    let seed = Seed {
        budget,
        cursor: &cursor,
        shape,
        depth: 0,
    };
    let node = seed.deserialize(&mut deserializer).map_err(|fault| told(&fault))?;
    deserializer.end().map_err(|fault| told(&fault))?;
    Ok(node)
}

/// Returns an error of the parser, with its place separate from the message.
fn told(fault: &serde_json::Error) -> ImportError {
    let text = fault.to_string();
    let place = DocumentPosition::of_mark(Mark::new(fault.line().max(1), fault.column().max(1)));
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

/// Writes the first word in lower case, like our own messages. An abbreviation (`EOF`) is not
/// changed.
fn lower(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next();
    let is_word = characters
        .clone()
        .next()
        .is_none_or(|second| second.is_lowercase() || second == ' ');
    if !is_word {
        return message.to_owned();
    }
    let first = first.into_iter().flat_map(char::to_lowercase);
    first.chain(characters).collect()
}

/// Follows the parser through the text, value by value, because the parser does not report the
/// position of a value.
struct Cursor<'t> {
    bytes: &'t [u8],
    here: Cell<usize>,
    mark: Cell<Mark>,
}

impl<'t> Cursor<'t> {
    const fn new(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            here: Cell::new(0),
            mark: Cell::new(Mark::START),
        }
    }

    fn pass(&self, count: usize) {
        let here = self.here.get();
        let end = here.saturating_add(count).min(self.bytes.len());
        let passed = self.bytes.get(here..end).unwrap_or_default();
        self.mark
            .set(passed.iter().fold(self.mark.get(), |mark, byte| mark.after(*byte)));
        self.here.set(end);
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.here.get()..).unwrap_or_default()
    }

    /// The mark of the next value or name.
    fn start(&self) -> Mark {
        let between = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':');
        self.pass(self.rest().iter().take_while(between).count());
        self.mark.get()
    }

    /// Skips a value or name that is neither a list nor an object.
    fn pass_scalar(&self) {
        let rest = self.rest();
        let length = if rest.first() == Some(&b'"') {
            let mut is_escaped = false;
            let end = rest.iter().skip(1).position(|byte| {
                let is_end = *byte == b'"' && !is_escaped;
                is_escaped = *byte == b'\\' && !is_escaped;
                is_end
            });
            end.map_or(rest.len(), |end| end + 2)
        } else {
            let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}');
            rest.iter().position(ends).unwrap_or(rest.len())
        };
        self.pass(length);
    }

    /// Skips the bracket that begins a list or an object.
    fn open(&self) -> Mark {
        let mark = self.start();
        self.pass(1);
        mark
    }

    /// Skips the bracket that ends it.
    fn close(&self) {
        let _ = self.open();
    }
}

#[derive(Clone, Copy)]
struct Seed<'b> {
    budget: &'b NodeBudget,
    cursor: &'b Cursor<'b>,
    shape: Shape,
    depth: usize,
}

impl<'b> Seed<'b> {
    fn spend<E: Error>(self) -> Result<(), E> {
        self.budget.spend(1).map_err(|_| E::custom(NODES))
    }

    fn scalar<'de, E: Error>(self, kind: impl FnOnce() -> Kind<'de>) -> Result<Node<'de>, E> {
        let mark = self.cursor.start();
        self.cursor.pass_scalar();
        if self.shape == Shape::Skipped {
            return Ok(Node {
                kind: Kind::Skipped,
                mark,
            });
        }
        self.spend()?;
        Ok(Node { kind: kind(), mark })
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
        self.scalar(|| Kind::Bool(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        self.scalar(|| Kind::Null)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'de>, E> {
        self.scalar(|| Kind::Number(value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'de>, E> {
        self.scalar(|| Kind::Number(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'de>, E> {
        self.scalar(|| Kind::Number(format!("{value:?}").into()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Node<'de>, E> {
        self.scalar(|| Kind::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'de>, E> {
        self.scalar(|| Kind::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let inner = self.below(self.shape.of_item())?;
        let mark = self.cursor.open();
        let is_kept = self.shape != Shape::Skipped;
        if is_kept {
            self.spend()?;
        }
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(inner)? {
            if is_kept {
                items.push(item);
            }
        }
        self.cursor.close();
        let kind = if is_kept { Kind::List(items) } else { Kind::Skipped };
        Ok(Node { kind, mark })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut names = NodeNames::default();
        let mut members = Vec::new();
        let mark = self.cursor.open();
        let is_kept = self.shape != Shape::Skipped;
        if is_kept {
            self.spend()?;
        }
        while let Some(name) = map.next_key_seed(Name)? {
            let _ = self.cursor.start();
            self.cursor.pass_scalar();
            names.add(name.clone()).map_err(|fault| named_wrong(&fault, &name))?;
            let value = map.next_value_seed(self.below(self.shape.of_member(&name))?)?;
            let added = self.budget.add_member(&name, &value);
            added.map_err(|_| A::Error::custom(NODES))?;
            if is_kept {
                members.push((name, value));
            }
        }
        self.cursor.close();
        let kind = if is_kept { Kind::Map(members) } else { Kind::Skipped };
        Ok(Node { kind, mark })
    }
}

fn named_wrong<E: Error>(fault: &NameFault, name: &str) -> E {
    match fault {
        NameFault::TooMany => E::custom(NAMES),
        NameFault::Twice => E::custom(format_args!("name `{}` comes twice", QuotedValue(name))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_lowered_unless_it_is_an_abbreviation() {
        for (message, expected) in [
            ("Expected a value", "expected a value"),
            ("A value is missing", "a value is missing"),
            ("EOF while parsing a value", "EOF while parsing a value"),
            ("UTF-8 is required", "UTF-8 is required"),
            ("I/O error", "I/O error"),
            ("trailing comma", "trailing comma"),
            ("", ""),
            ("X", "x"),
        ] {
            assert_eq!(lower(message), expected);
        }
    }
}
