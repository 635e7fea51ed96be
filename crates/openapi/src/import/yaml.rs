//! YAML 1.2 as a tree: core schema, no duplicate name. An alias counts as the values that it
//! repeats.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::str::Chars;

use saphyr_parser::{BufferedInput, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::error::ImportError;
use super::indentation::{Corrected, Slip};
use super::limits::{ImportLimit, MAX_DEPTH, MAX_EVENTS, MAX_RUN};
use super::node::{Kind, NameFault, Node, NodeBudget, NodeNames};
use super::place::{DocumentPosition, Mark};
use super::shape::Shape;
use super::shown::QuotedValue;

/// Reads one YAML document. Lines with too little indentation are corrected, and noted in the
/// budget.
pub(super) fn parse(text: &str, shape: Shape, budget: &NodeBudget) -> Result<Node<'static>, ImportError> {
    let left = budget.left();
    let mut corrected = Corrected::new(text);
    loop {
        match parse_once(corrected.text(), shape, budget) {
            Err(YamlError::Indentation(fault, slip)) => {
                if !corrected.correct(&slip) {
                    return Err(fault);
                }
                budget.restore(left);
            }
            Err(YamlError::Other(fault)) => return Err(fault),
            Ok(node) => {
                budget.set_indented(corrected.into_lines());
                return Ok(node);
            }
        }
    }
}

/// The reason why a text is not read.
enum YamlError {
    /// A line is indented too little.
    Indentation(ImportError, Slip),
    Other(ImportError),
}

fn parse_once<'t>(text: &'t str, shape: Shape, budget: &'t NodeBudget) -> Result<Node<'static>, YamlError> {
    drop(budget.take_own_fields());
    let mut reader = Reader {
        parsed: Events::new(text),
        events: 0,
        budget,
        anchors: HashMap::new(),
        slip: None,
    };
    let read = reader.document(shape);
    read.map_err(|fault| match reader.slip.take() {
        Some(slip) => YamlError::Indentation(fault, slip),
        None => YamlError::Other(fault),
    })
}

/// The characters of a text, up to the limit for one event. The limit is necessary because the
/// parser reads ahead to the end of a list between brackets.
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

/// The events of a YAML text. The iterator ends early if the parser reads more than [`MAX_RUN`]
/// characters for one event.
pub(super) struct Events<'t> {
    parser: Parser<'t, BufferedInput<Bounded<'t>>>,
    run: Rc<Cell<usize>>,
}

impl<'t> Events<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let run = Rc::new(Cell::new(0));
        let characters = text.chars();
        let input = Bounded {
            characters,
            run: Rc::clone(&run),
        };
        let parser = Parser::new_from_iter(input);
        Self { parser, run }
    }

    fn exceeds_run(&self) -> bool {
        self.run.get() > MAX_RUN
    }
}

impl<'t> Iterator for Events<'t> {
    type Item = Result<(Event<'t>, Span), ScanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.run.set(0);
        self.parser.next()
    }
}

struct Reader<'t> {
    parsed: Events<'t>,
    events: usize,
    budget: &'t NodeBudget,
    anchors: HashMap<usize, Node<'static>>,
    /// The line with too little indentation, if that stopped the parser.
    slip: Option<Slip>,
}

type SpannedEvent<'t> = (Event<'t>, Span);

impl<'t> Reader<'t> {
    fn document(&mut self, shape: Shape) -> Result<Node<'static>, ImportError> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return root.ok_or(ImportError::Empty),
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                _ if root.is_some() => return Err(at(span.start, "a second document begins here")),
                _ => root = Some(self.node((event, span), shape, 0)?),
            }
        }
    }

    fn next(&mut self) -> Result<SpannedEvent<'t>, ImportError> {
        self.events += 1;
        if self.events > MAX_EVENTS {
            return Err(ImportError::TooLarge(ImportLimit::Nodes));
        }
        match self.parsed.next() {
            Some(Ok(told)) => Ok(told),
            _ if self.parsed.exceeds_run() => Err(ImportError::TooLarge(ImportLimit::Run)),
            Some(Err(fault)) => {
                self.slip = Slip::of(fault.info(), *fault.marker());
                Err(told(&fault))
            }
            None => Err(at(Marker::new(0, 1, 0), "the text ends too soon")),
        }
    }

    /// Reads the value that begins with this event. A value with an anchor is always kept, because
    /// an alias may need it.
    fn node(
        &mut self,
        (event, span): SpannedEvent<'t>,
        shape: Shape,
        depth: usize,
    ) -> Result<Node<'static>, ImportError> {
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
        let mark = mark(span.start);
        let kind = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, shape),
            Event::MappingStart(..) => self.map(shape, depth)?,
            Event::Scalar(text, style, _, tag) if shape != Shape::Skipped => {
                self.spend(1)?;
                scalar(&text, style, tag.as_deref())
            }
            Event::SequenceStart(..) => self.list(shape, depth)?,
            Event::Scalar(..) => Kind::Skipped,
            _ => return Err(at(span.start, "a value is expected here")),
        };
        let node = Node { kind, mark };
        if anchor > 0 {
            self.spend(node.count())?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn spend(&self, nodes: usize) -> Result<(), ImportError> {
        self.budget.spend(nodes).map_err(ImportError::TooLarge)
    }

    /// Returns the value of an alias, with the mark of the alias.
    fn alias(&self, anchor: usize, span: Span, shape: Shape) -> Result<Node<'static>, ImportError> {
        let mark = mark(span.start);
        if shape == Shape::Skipped {
            let kind = Kind::Skipped;
            return Ok(Node { kind, mark });
        }
        let node = self.anchors.get(&anchor);
        let node = node.ok_or_else(|| at(span.start, "an alias refers to a value that contains it"))?;
        self.spend(node.count())?;
        let kind = node.kind.clone();
        Ok(Node { kind, mark })
    }

    /// Returns the name that an alias repeats.
    fn name(&self, anchor: usize, span: Span) -> Result<String, ImportError> {
        match self.anchors.get(&anchor).map(|node| &node.kind) {
            Some(Kind::Text(text) | Kind::Number(text)) => Ok(text.clone().into_owned()),
            _ => Err(at(span.start, "a name must be a text")),
        }
    }

    /// Keeps a name that has an anchor, as a text.
    fn keep_name(&mut self, anchor: usize, text: &str, span: Span) -> Result<(), ImportError> {
        if anchor > 0 {
            let kind = Kind::Text(Cow::Owned(text.to_owned()));
            let node = Node {
                kind,
                mark: mark(span.start),
            };
            self.spend(node.count())?;
            self.anchors.insert(anchor, node);
        }
        Ok(())
    }

    fn list(&mut self, shape: Shape, depth: usize) -> Result<Kind<'static>, ImportError> {
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
            Kind::Skipped
        } else {
            items.shrink_to_fit();
            Kind::List(items)
        })
    }

    fn map(&mut self, shape: Shape, depth: usize) -> Result<Kind<'static>, ImportError> {
        let mut names = NodeNames::default();
        let mut members = Vec::new();
        let mut merged = Vec::new();
        if shape != Shape::Skipped {
            self.spend(1)?;
        }
        loop {
            let (event, span) = self.next()?;
            let (name, is_merge): (Cow<'static, str>, bool) = match event {
                Event::MappingEnd => break,
                Event::Alias(anchor) => (Cow::Owned(self.name(anchor, span)?), false),
                Event::Scalar(text, style, anchor, tag) => {
                    self.keep_name(anchor, &text, span)?;
                    let tag = tag.as_deref();
                    let is_tagged = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "merge");
                    let is_plain = style == ScalarStyle::Plain && !is_text(tag);
                    let is_merge = text == MERGE && (is_plain || is_tagged);
                    (Cow::Owned(text.into_owned()), is_merge)
                }
                _ => return Err(at(span.start, "a name must be a text")),
            };
            // A quoted `<<` is an ordinary name.
            let known = if is_merge { Cow::Borrowed("\0<<") } else { name.clone() };
            names.add(known).map_err(|fault| fault_of_name(&fault, span, &name))?;
            let told = self.next()?;
            if is_merge {
                merged = self.merged(told, shape, depth + 1)?;
                continue;
            }
            let value = self.node(told, shape.of_member(&name), depth + 1)?;
            self.budget.add_member(&name, &value).map_err(ImportError::TooLarge)?;
            if shape != Shape::Skipped {
                members.push((name, value));
            }
        }
        if shape == Shape::Skipped {
            return Ok(Kind::Skipped);
        }
        for (name, value, span) in merged {
            match names.add(name.clone()) {
                Ok(()) => members.push((name, value)),
                // A member of the object itself, or of an earlier object of the list, takes
                // precedence.
                Err(NameFault::Twice) => {}
                Err(fault) => return Err(fault_of_name(&fault, span, &name)),
            }
        }
        members.shrink_to_fit();
        Ok(Kind::Map(members))
    }

    /// The members that a merge key (`<<`) adds: those of an object, or of a list of objects.
    fn merged(
        &mut self,
        (event, span): SpannedEvent<'t>,
        shape: Shape,
        depth: usize,
    ) -> Result<Vec<Merged>, ImportError> {
        let mut members = Vec::new();
        let mut add = |node: Node<'static>| match node.kind {
            Kind::Map(all) => {
                members.extend(all.into_iter().map(|(name, value)| (name, value, span)));
                Ok(())
            }
            // An alias may stand for a list of objects.
            Kind::List(items) if items.iter().all(|item| matches!(item.kind, Kind::Map(_))) => {
                for item in items {
                    if let Kind::Map(all) = item.kind {
                        members.extend(all.into_iter().map(|(name, value)| (name, value, span)));
                    }
                }
                Ok(())
            }
            Kind::Skipped => Ok(()),
            _ => Err(at(span.start, "`<<` merges an object, or a list of objects")),
        };
        if !matches!(event, Event::SequenceStart(0, _)) {
            let node = self.node((event, span), shape, depth)?;
            add(node)?;
            return Ok(members);
        }
        loop {
            let told = self.next()?;
            if matches!(told.0, Event::SequenceEnd) {
                return Ok(members);
            }
            let node = self.node(told, shape, depth + 1)?;
            add(node)?;
        }
    }
}

/// The name that merges other objects into its own (the merge key of YAML 1.1).
const MERGE: &str = "<<";

/// A member that is merged, and the position of the merge.
type Merged = (Cow<'static, str>, Node<'static>, Span);

fn fault_of_name(fault: &NameFault, span: Span, name: &str) -> ImportError {
    match fault {
        NameFault::TooMany => ImportError::TooLarge(ImportLimit::Names),
        NameFault::Twice if name == MERGE => at(
            span.start,
            "name `<<` comes twice; write one `<<` with a list of all that it merges",
        ),
        NameFault::Twice => at(span.start, &format!("name `{}` comes twice", QuotedValue(name))),
    }
}

fn is_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}

/// A plain scalar by the core schema (YAML 1.2.2, section 10.3.2); every other one is a text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Kind<'static> {
    let owned = || Cow::Owned(text.to_owned());
    if style != ScalarStyle::Plain || is_text(tag) {
        return Kind::Text(owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if text.parse::<f64>().is_ok() => Kind::Number(owned()),
        _ => Kind::Text(owned()),
    }
}

fn at(marker: Marker, message: &str) -> ImportError {
    ImportError::at(DocumentPosition::of_mark(mark(marker)), message)
}

fn mark(marker: Marker) -> Mark {
    Mark::new(marker.line(), marker.col() + 1)
}

fn told(fault: &ScanError) -> ImportError {
    if fault.info() == "recursion limit exceeded" {
        return ImportError::TooLarge(ImportLimit::Depth);
    }
    at(*fault.marker(), &QuotedValue(fault.info()).to_string())
}
