//! A TOML document as tables in which each name is asked for, so that what nobody asked for is told.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ImportError, Place, Shown};
use super::limits::{ImportLimit, MAX_TOKENS};

/// The text, to say where something stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'t>(pub(super) &'t str);

impl<'t> Source<'t> {
    pub(super) fn parse(self) -> Result<Spanned<DeTable<'t>>, ImportError> {
        if toml_parser::Source::new(self.0).lex().nth(MAX_TOKENS).is_some() {
            return Err(ImportError::TooLarge(ImportLimit::Tokens));
        }
        DeTable::parse(self.0).map_err(|fault| {
            let byte = fault.span().map_or(0, |span| span.start);
            self.fault(byte, Shown(fault.message().trim()).to_string())
        })
    }

    pub(super) fn fault(self, byte: usize, message: impl Into<String>) -> ImportError {
        ImportError::at(Place::of_byte(self.0, byte), message)
    }
}

/// A table, of which names are taken.
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

    pub(super) const fn text_of_document(&self) -> &'t str {
        self.source.0
    }

    /// All members: a table whose names are the author's.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'v str, usize, Value<'v, 't>)> + use<'v, 't> {
        let source = self.source;
        self.members
            .iter()
            .map(move |(name, value)| (name.get_ref().as_ref(), name.span().start, Value { source, value }))
    }

    /// Refuses the first name that was not asked for.
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
            Some(nearest) => format!("`{}` is not known here; `{nearest}` is", Shown(name)),
            None => format!("`{}` is not known here", Shown(name)),
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
