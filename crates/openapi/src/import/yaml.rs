//! YAML 1.2 as a tree: core schema, aliases counted by what they stand for, no name twice.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::str::Chars;

use saphyr_parser::{BufferedInput, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::error::{ImportError, Place, Shown};
use super::limits::{ImportLimit, MAX_DEPTH, MAX_EVENTS, MAX_RUN};
use super::node::{Budget, NameFault, Names, Node};
use super::shape::Shape;

/// Reads one YAML document.
pub(super) fn parse(text: &str) -> Result<Node<'static>, ImportError> {
    let run = Rc::new(Cell::new(0));
    let input = Bounded {
        characters: text.chars(),
        run: Rc::clone(&run),
    };
    let mut reader = Reader {
        parser: Parser::new_from_iter(input),
        run,
        events: 0,
        budget: Budget::new(),
        anchors: HashMap::new(),
    };
    reader.document()
}

/// The characters of a text, as many as may be looked at before an event is told: in a list between brackets the parser looks
/// ahead up to its end.
struct Bounded<'t> {
    characters: Chars<'t>,
    run: Rc<Cell<usize>>,
}

impl Iterator for Bounded<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if self.run.get() > MAX_RUN {
            return None;
        }
        self.run.set(self.run.get() + 1);
        self.characters.next()
    }
}

struct Reader<'t> {
    parser: Parser<'t, BufferedInput<Bounded<'t>>>,
    run: Rc<Cell<usize>>,
    events: usize,
    budget: Budget,
    anchors: HashMap<usize, Node<'static>>,
}

type Told<'t> = (Event<'t>, Span);

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Node<'static>, ImportError> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return root.ok_or(ImportError::Unrecognised),
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                _ if root.is_some() => return Err(at(span.start, "a second document begins here")),
                _ => root = Some(self.node((event, span), Shape::Root, 0)?),
            }
        }
    }

    fn next(&mut self) -> Result<Told<'t>, ImportError> {
        self.events += 1;
        if self.events > MAX_EVENTS {
            return Err(ImportError::TooLarge(ImportLimit::Nodes));
        }
        self.run.set(0);
        match self.parser.next() {
            Some(Ok(told)) => Ok(told),
            _ if self.run.get() > MAX_RUN => Err(ImportError::TooLarge(ImportLimit::Run)),
            Some(Err(fault)) => Err(told(&fault)),
            None => Err(at(Marker::new(0, 1, 0), "the text ends too soon")),
        }
    }

    /// The value that begins with this event. What has an anchor is kept wherever it stands: an alias may ask for it.
    fn node(&mut self, (event, span): Told<'t>, shape: Shape, depth: usize) -> Result<Node<'static>, ImportError> {
        if depth > MAX_DEPTH {
            return Err(ImportError::TooLarge(ImportLimit::Depth));
        }
        let anchor = match &event {
            Event::MappingStart(anchor, _) | Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) => {
                *anchor
            }
            _ => 0,
        };
        let shape = if anchor > 0 { Shape::Kept } else { shape };
        let node = match event {
            Event::Alias(anchor) => self.alias(anchor, span, shape)?,
            Event::MappingStart(..) => self.map(shape, depth)?,
            Event::Scalar(text, style, _, tag) if shape != Shape::Skipped => {
                self.spend(1)?;
                scalar(&text, style, tag.as_deref())
            }
            Event::SequenceStart(..) => self.list(shape, depth)?,
            Event::Scalar(..) => Node::Skipped,
            _ => return Err(at(span.start, "a value must stand here")),
        };
        if anchor > 0 {
            self.spend(node.count())?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn spend(&self, nodes: usize) -> Result<(), ImportError> {
        self.budget.spend(nodes).map_err(ImportError::TooLarge)
    }

    fn alias(&self, anchor: usize, span: Span, shape: Shape) -> Result<Node<'static>, ImportError> {
        if shape == Shape::Skipped {
            return Ok(Node::Skipped);
        }
        let node = self.anchors.get(&anchor);
        let node = node.ok_or_else(|| at(span.start, "an alias stands inside of what it stands for"))?;
        self.spend(node.count())?;
        Ok(node.clone())
    }

    fn list(&mut self, shape: Shape, depth: usize) -> Result<Node<'static>, ImportError> {
        let mut items = Vec::new();
        if shape != Shape::Skipped {
            self.spend(1)?;
        }
        loop {
            let told = self.next()?;
            if matches!(told.0, Event::SequenceEnd) {
                break;
            }
            let item = self.node(told, shape.of_item(), depth + 1)?;
            if shape != Shape::Skipped {
                items.push(item);
            }
        }
        Ok(if shape == Shape::Skipped {
            Node::Skipped
        } else {
            items.shrink_to_fit();
            Node::List(items)
        })
    }

    fn map(&mut self, shape: Shape, depth: usize) -> Result<Node<'static>, ImportError> {
        let mut names = Names::default();
        let mut members = Vec::new();
        if shape != Shape::Skipped {
            self.spend(1)?;
        }
        loop {
            let (event, span) = self.next()?;
            let name: Cow<'static, str> = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" && shape != Shape::Skipped => {
                    return Err(at(span.start, "`<<` is no name of YAML 1.2, and is not merged"));
                }
                Event::Scalar(text, ..) => Cow::Owned(text.into_owned()),
                _ => return Err(at(span.start, "a name must be a text")),
            };
            names.add(name.clone()).map_err(|fault| match fault {
                NameFault::TooMany => ImportError::TooLarge(ImportLimit::Names),
                NameFault::Twice => at(span.start, &format!("name `{}` comes twice", Shown(&name))),
            })?;
            let told = self.next()?;
            let value = self.node(told, shape.of_member(&name), depth + 1)?;
            if shape != Shape::Skipped {
                members.push((name, value));
            }
        }
        Ok(if shape == Shape::Skipped {
            Node::Skipped
        } else {
            members.shrink_to_fit();
            Node::Map(members)
        })
    }
}

/// A plain scalar by the core schema (YAML 1.2.2, section 10.3.2); every other one is a text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Node<'static> {
    let owned = || Cow::Owned(text.to_owned());
    if style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str") {
        return Node::Text(owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        "true" | "True" | "TRUE" => Node::Bool(true),
        "false" | "False" | "FALSE" => Node::Bool(false),
        _ if text.parse::<f64>().is_ok() => Node::Number(owned()),
        _ => Node::Text(owned()),
    }
}

fn at(marker: Marker, message: &str) -> ImportError {
    let place = Place::Line {
        line: marker.line(),
        column: marker.col() + 1,
    };
    ImportError::at(place, message)
}

fn told(fault: &ScanError) -> ImportError {
    if fault.info() == "recursion limit exceeded" {
        return ImportError::TooLarge(ImportLimit::Depth);
    }
    at(*fault.marker(), &Shown(fault.info()).to_string())
}
