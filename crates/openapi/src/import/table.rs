//! A reader of TOML tables that takes each known name, so that unknown names are reported.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ImportError;
use super::limits::{ImportLimit, MAX_TOKENS};
use super::place::{DocumentPosition, Lines};
use super::pointer::push_name;
use super::position::Position;
use super::shown::QuotedValue;

/// The text, for the position of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'t>(pub(super) &'t str);

impl<'t> Source<'t> {
    pub(super) fn parse(self) -> Result<Spanned<DeTable<'t>>, ImportError> {
        if toml_parser::Source::new(self.0).lex().nth(MAX_TOKENS).is_some() {
            return Err(ImportError::TooLarge(ImportLimit::Tokens));
        }
        DeTable::parse(self.0).map_err(|fault| {
            let byte = fault.span().map_or(0, |span| span.start);
            self.fault(byte, QuotedValue(fault.message().trim()).to_string())
        })
    }

    pub(super) fn fault(self, byte: usize, message: impl Into<String>) -> ImportError {
        ImportError::at(DocumentPosition::of_mark(Lines::of(self.0).mark(self.0, byte)), message)
    }
}

/// Calls `found` with the pointer and the position of each name and item of a text that was read
/// before.
pub(super) fn visit(text: &str, found: &mut dyn FnMut(&str, Position)) {
    if let Ok(document) = Source(text).parse() {
        let lines = Lines::of(text);
        visit_table((text, &lines), document.get_ref(), &mut String::new(), found);
    }
}

fn visit_table(text: Text<'_>, table: &DeTable<'_>, pointer: &mut String, found: &mut dyn FnMut(&str, Position)) {
    let len = pointer.len();
    for (name, value) in table {
        push_name(pointer, name.get_ref());
        found(pointer, position(text, name.span().start));
        visit_value(text, value, pointer, found);
        pointer.truncate(len);
    }
}

/// The parser bounds the depth.
fn visit_value(
    text: Text<'_>,
    value: &Spanned<DeValue<'_>>,
    pointer: &mut String,
    found: &mut dyn FnMut(&str, Position),
) {
    match value.get_ref() {
        DeValue::Table(table) => visit_table(text, table, pointer, found),
        DeValue::Array(items) => {
            let len = pointer.len();
            for (index, item) in items.iter().enumerate() {
                push_name(pointer, &index.to_string());
                found(pointer, position(text, item.span().start));
                visit_value(text, item, pointer, found);
                pointer.truncate(len);
            }
        }
        _ => {}
    }
}

/// A text with the marks of its bytes.
type Text<'t> = (&'t str, &'t Lines);

fn position((text, lines): Text<'_>, byte: usize) -> Position {
    lines.mark(text, byte).position()
}

/// A table. Each read removes a name from it.
#[derive(Debug)]
pub(super) struct Table<'v, 't> {
    source: Source<'t>,
    members: &'v DeTable<'t>,
    span: Range<usize>,
    known: Vec<&'static str>,
}

/// A value with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'v, 't> {
    pub(super) source: Source<'t>,
    value: &'v Spanned<DeValue<'t>>,
}

impl<'v, 't> Table<'v, 't> {
    pub(super) const fn new(source: Source<'t>, members: &'v DeTable<'t>, span: Range<usize>) -> Self {
        Self {
            source,
            members,
            span,
            known: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<Value<'v, 't>> {
        self.known.push(name);
        let value = self.members.get(name)?;
        Some(Value {
            source: self.source,
            value,
        })
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<&'v str>, ImportError> {
        self.take(name).map(Value::text).transpose()
    }

    pub(super) fn needed(&mut self, name: &'static str) -> Result<&'v str, ImportError> {
        self.text(name)?
            .ok_or_else(|| self.source.fault(self.span.start, format!("`{name}` is missing")))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, ImportError> {
        self.take(name).map_or(Ok(false), Value::flag)
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> ImportError {
        self.source.fault(self.span.start, message)
    }

    pub(super) const fn start(&self) -> usize {
        self.span.start
    }

    /// Returns all members, for a table whose names the author chooses.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'v str, usize, Value<'v, 't>)> + use<'v, 't> {
        let source = self.source;
        self.members
            .iter()
            .map(move |(name, value)| (name.get_ref().as_ref(), name.span().start, Value { source, value }))
    }

    /// Returns an error for the first name that was not taken.
    pub(super) fn finish(self) -> Result<(), ImportError> {
        let unknown = self.all().find(|(name, ..)| !self.known.contains(name));
        let Some((name, start, _)) = unknown else {
            return Ok(());
        };
        let nearest = self
            .known
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        let message = match nearest {
            Some(nearest) => format!("`{}` is not known here; `{nearest}` is", QuotedValue(name)),
            None => format!("`{}` is not known here", QuotedValue(name)),
        };
        Err(self.source.fault(start, message))
    }
}

impl<'v, 't> Value<'v, 't> {
    pub(super) fn start(self) -> usize {
        self.value.span().start
    }

    pub(super) fn fault(self, message: impl Into<String>) -> ImportError {
        self.source.fault(self.start(), message)
    }

    pub(super) fn text(self) -> Result<&'v str, ImportError> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.fault("must be a text")),
        }
    }

    /// A text, or a date as TOML writes it.
    pub(super) fn text_or_date(self) -> Result<String, ImportError> {
        match self.value.get_ref() {
            DeValue::Datetime(date) => Ok(date.to_string()),
            _ => self.text().map(str::to_owned),
        }
    }

    pub(super) fn flag(self) -> Result<bool, ImportError> {
        self.as_flag().ok_or_else(|| self.fault("must be `true` or `false`"))
    }

    pub(super) fn as_flag(self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn table(self) -> Result<Table<'v, 't>, ImportError> {
        match self.value.get_ref() {
            DeValue::Table(members) => Ok(Table::new(self.source, members, self.value.span())),
            _ => Err(self.fault("must be a table")),
        }
    }

    pub(super) fn items(self) -> Result<Vec<Self>, ImportError> {
        match self.value.get_ref() {
            DeValue::Array(items) => Ok(items
                .iter()
                .map(|value| Self {
                    source: self.source,
                    value,
                })
                .collect()),
            _ => Err(self.fault("must be a list")),
        }
    }

    /// The texts of a list, each with its place.
    pub(super) fn texts(self) -> Result<Vec<(&'v str, usize)>, ImportError> {
        let items = self.items()?;
        items.into_iter().map(|item| Ok((item.text()?, item.start()))).collect()
    }
}
