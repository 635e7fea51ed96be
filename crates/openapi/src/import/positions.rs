//! Lines and columns of values in the text of a document, found by JSON pointer.
//!
//! Trees do not keep positions, because only a report needs them, for few values.

use std::collections::HashMap;

use saphyr_parser::{Event, Span};

use super::limits::{MAX_DEPTH, MAX_EVENTS};
use super::position::{Located, Position};
use super::syntax::{Syntax, syntax};
use super::yaml::Events;

/// Finds values in a text that [`read`](super::read) accepts: for each list of pointers, the first
/// that the text has.
///
/// If the text has none (a value behind a reference, an alias, a merged member), the result is the
/// nearest value that contains one of them.
#[must_use]
pub fn locate_pointers(text: &str, lists: &[Vec<String>]) -> Vec<Located> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut wanted = Wanted::new(lists.iter().flatten());
    match syntax(text) {
        Syntax::Json => json(text, &mut wanted),
        Syntax::Toml => super::table::visit(text, &mut |pointer, position| wanted.found(pointer, position)),
        Syntax::Yaml => yaml(text, &mut wanted),
    }
    let nearest = |list: &Vec<String>| {
        let mut nearest: Option<(usize, Located)> = None;
        for pointer in list {
            let located = wanted.nearest(pointer);
            let missing = pointer.len().saturating_sub(located.pointer.len());
            if nearest.as_ref().is_none_or(|(least, _)| missing < *least) {
                nearest = Some((missing, located));
            }
        }
        nearest.map_or_else(|| wanted.nearest(""), |(_, located)| located)
    };
    lists.iter().map(nearest).collect()
}

/// Finds a value in a TOML text, or the nearest value that contains it.
#[must_use]
pub fn locate_in_toml(text: &str, pointer: &str) -> Located {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let pointer = pointer.to_owned();
    let mut wanted = Wanted::new(std::iter::once(&pointer));
    super::table::visit(text, &mut |pointer, position| wanted.found(pointer, position));
    wanted.nearest(&pointer)
}

/// The pointers to find, with all their parents.
struct Wanted {
    positions: HashMap<String, Option<Position>>,
}

impl Wanted {
    fn new<'p>(pointers: impl Iterator<Item = &'p String>) -> Self {
        let mut positions = HashMap::new();
        for pointer in pointers {
            let mut rest: &str = pointer;
            while positions.insert(rest.to_owned(), None).is_none() {
                match rest.rsplit_once('/') {
                    Some((before, _)) => rest = before,
                    None => break,
                }
            }
        }
        Self { positions }
    }

    fn is_wanted(&self, pointer: &str) -> bool {
        self.positions.contains_key(pointer)
    }

    fn found(&mut self, pointer: &str, position: Position) {
        if let Some(known) = self.positions.get_mut(pointer) {
            known.get_or_insert(position);
        }
    }

    fn nearest(&self, pointer: &str) -> Located {
        let mut rest = pointer;
        loop {
            if let Some(Some(position)) = self.positions.get(rest) {
                return Located {
                    pointer: rest.to_owned(),
                    position: *position,
                };
            }
            match rest.rsplit_once('/') {
                Some((before, _)) => rest = before,
                None => {
                    return Located {
                        pointer: String::new(),
                        position: Position::START,
                    };
                }
            }
        }
    }
}

/// An object or a list that is open.
enum Open {
    List(usize),
    /// An open object, with the name of the member whose value follows.
    Map(Option<String>),
}

/// The position of a reader of events: the pointer of the open object or list, and its length at
/// each level.
#[derive(Default)]
struct Way {
    pointer: String,
    open: Vec<(Open, usize)>,
    /// The number of open levels below a level that contains no wanted pointer.
    skipped: usize,
}

impl Way {
    /// A name of a member.
    fn name(&mut self, name: &str, position: Position, wanted: &mut Wanted) {
        if let Some((Open::Map(next), len)) = self.open.last_mut() {
            self.pointer.truncate(*len);
            super::pointer::push_name(&mut self.pointer, name);
            *next = Some(name.to_owned());
            wanted.found(&self.pointer, position);
        }
    }

    /// Whether the next scalar of an object is a name.
    fn is_name_next(&self) -> bool {
        self.skipped == 0 && matches!(self.open.last(), Some((Open::Map(None), _)))
    }

    /// Begins a value. The pointer is then that of the value.
    fn value(&mut self, position: Position, wanted: &mut Wanted) {
        match self.open.last_mut() {
            None => wanted.found("", position),
            Some((Open::Map(next), _)) => *next = None,
            Some((Open::List(index), len)) => {
                self.pointer.truncate(*len);
                super::pointer::push_name(&mut self.pointer, &index.to_string());
                *index += 1;
                wanted.found(&self.pointer, position);
            }
        }
    }

    fn open(&mut self, open: Open, position: Position, wanted: &mut Wanted) {
        if self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        self.value(position, wanted);
        if wanted.is_wanted(&self.pointer) && self.open.len() < MAX_DEPTH {
            self.open.push((open, self.pointer.len()));
        } else {
            self.skipped = 1;
        }
    }

    fn close(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
        } else {
            self.open.pop();
        }
    }

    fn scalar(&mut self, position: Position, wanted: &mut Wanted) {
        if self.skipped == 0 {
            self.value(position, wanted);
        }
    }
}

/// Finds the positions in a YAML text. The text was read before, so an error in it ends the search
/// without a report.
fn yaml(text: &str, wanted: &mut Wanted) {
    let at = |span: &Span| Position {
        line: span.start.line(),
        column: span.start.col() + 1,
    };
    let mut way = Way::default();
    for told in Events::new(text).take(MAX_EVENTS) {
        let Ok((event, span)) = told else { return };
        match event {
            Event::MappingStart(..) => way.open(Open::Map(None), at(&span), wanted),
            Event::SequenceStart(..) => way.open(Open::List(0), at(&span), wanted),
            Event::MappingEnd | Event::SequenceEnd => way.close(),
            Event::Scalar(text, ..) if way.is_name_next() => way.name(&text, at(&span), wanted),
            Event::Scalar(..) | Event::Alias(_) => way.scalar(at(&span), wanted),
            _ => {}
        }
    }
}

/// Visits the tokens of a JSON text.
fn json(text: &str, wanted: &mut Wanted) {
    let mut way = Way::default();
    let mut characters = text.char_indices();
    let mut position = Position::START;
    let mut is_in_word = false;
    while let Some((start, character)) = characters.next() {
        let here = position;
        position.column += 1;
        let was_in_word = std::mem::replace(&mut is_in_word, false);
        match character {
            '\n' => {
                position = Position {
                    line: here.line + 1,
                    column: 1,
                }
            }
            '{' => way.open(Open::Map(None), here, wanted),
            '[' => way.open(Open::List(0), here, wanted),
            '}' | ']' => way.close(),
            '"' => {
                let mut is_escaped = false;
                for (end, character) in characters.by_ref() {
                    position.column += 1;
                    match character {
                        _ if is_escaped => is_escaped = false,
                        '\\' => is_escaped = true,
                        '"' => {
                            if way.is_name_next() {
                                let quoted = text.get(start..=end).unwrap_or_default();
                                let name = serde_json::from_str::<String>(quoted).unwrap_or_default();
                                way.name(&name, here, wanted);
                            } else {
                                way.scalar(here, wanted);
                            }
                            break;
                        }
                        _ => {}
                    }
                }
            }
            ',' | ':' | ' ' | '\t' | '\r' => {}
            _ => {
                is_in_word = true;
                if !was_in_word {
                    way.scalar(here, wanted);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
