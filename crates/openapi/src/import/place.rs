//! Places of values: the file, the JSON pointer, the line and the column.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use scopegate_policy::Method;

use super::limits::MAX_POINTERS;
use super::pointer::pointer;
use super::position::Position;
use super::shown::QuotedValue;

/// Line and column of a value, both counted from 1. The column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Mark {
    line: u32,
    column: u32,
}

impl Mark {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    pub(super) fn new(line: usize, column: usize) -> Self {
        let bounded = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            line: bounded(line),
            column: bounded(column),
        }
    }

    pub(super) fn position(self) -> Position {
        let wide = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Position {
            line: wide(self.line),
            column: wide(self.column),
        }
    }

    /// The mark after this byte. A byte that continues a UTF-8 sequence does not count.
    pub(super) const fn after(self, byte: u8) -> Self {
        match byte {
            b'\n' => Self {
                line: self.line.saturating_add(1),
                column: 1,
            },
            _ if byte & 0xC0 == 0x80 => self,
            _ => Self {
                line: self.line,
                column: self.column.saturating_add(1),
            },
        }
    }
}

/// Marks of bytes in one text, computed from the nearest step before each.
#[derive(Debug)]
pub(super) struct Lines {
    /// The mark of each byte whose number is a multiple of [`Lines::STEP`].
    steps: Vec<Mark>,
}

impl Lines {
    const STEP: usize = 4096;

    pub(super) fn of(text: &str) -> Self {
        let mut mark = Mark::START;
        let mut steps = Vec::with_capacity(text.len() / Self::STEP + 1);
        for (number, byte) in text.bytes().enumerate() {
            if number % Self::STEP == 0 {
                steps.push(mark);
            }
            mark = mark.after(byte);
        }
        Self { steps }
    }

    /// The mark of a byte of the same text.
    pub(super) fn mark(&self, text: &str, byte: usize) -> Mark {
        let step = (byte / Self::STEP).min(self.steps.len().saturating_sub(1));
        let start = self.steps.get(step).copied().unwrap_or(Mark::START);
        let bytes = text.as_bytes().get(step * Self::STEP..byte).unwrap_or_default();
        bytes.iter().fold(start, |mark, byte| mark.after(*byte))
    }
}

/// The place of a value in a document.
///
/// A value of JSON or YAML has a pointer, a line and a column. A syntax error has no pointer.
///
/// ```
/// use scopegate_openapi::import;
///
/// let fault = import::read(b"{ \"openapi\": \"3.1.0\",\n  \"paths\": [] }").unwrap_err();
/// let place = fault.place().unwrap();
/// assert_eq!((place.file(), place.pointer()), (None, Some("/paths")));
/// assert_eq!((place.line(), place.column()), (Some(2), Some(12)));
/// assert_eq!(place.to_string(), "`/paths`");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DocumentPosition {
    file: Option<Arc<str>>,
    pointer: Option<Box<str>>,
    mark: Option<Mark>,
}

impl DocumentPosition {
    pub(super) fn new(file: Option<Arc<str>>, pointer: Option<String>, mark: Option<Mark>) -> Self {
        Self {
            file,
            pointer: pointer.map(String::into_boxed_str),
            mark,
        }
    }

    /// A place in the text of the document itself.
    pub(super) fn of_mark(mark: Mark) -> Self {
        Self::new(None, None, Some(mark))
    }

    /// A place in the text of the document itself, with the pointer to the value.
    pub(super) fn of_value(pointer: String, mark: Mark) -> Self {
        Self::new(None, Some(pointer), Some(mark))
    }

    /// Returns the same place, in this file.
    pub(super) fn in_file(self, file: Option<Arc<str>>) -> Self {
        Self { file, ..self }
    }

    /// The file, as the folder of the document names it. None for the document itself.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)), empty for the whole file.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.mark.map(|mark| mark.line)
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> Option<u32> {
        self.mark.map(|mark| mark.column)
    }

    /// Returns the line and the column, if they are known.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.mark.map(Mark::position)
    }

    /// Returns the size of its texts in bytes.
    pub(super) fn text_len(&self) -> usize {
        self.pointer.as_ref().map_or(0, |pointer| pointer.len())
    }
}

impl fmt::Display for DocumentPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.pointer.as_deref(), self.mark) {
            (None, Some(""), _) | (None, None, None) => f.write_str("the document"),
            (None, Some(pointer), _) => write!(f, "`{}`", QuotedValue(pointer)),
            (None, None, Some(mark)) => write!(f, "line {}, column {}", mark.line, mark.column),
            (Some(file), Some("") | None, None) | (Some(file), Some(""), Some(_)) => {
                write!(f, "`{}`", QuotedValue(file))
            }
            (Some(file), Some(pointer), _) => write!(f, "`{}#{}`", QuotedValue(file), QuotedValue(pointer)),
            (Some(file), None, Some(mark)) => {
                write!(f, "`{}`, line {}, column {}", QuotedValue(file), mark.line, mark.column)
            }
        }
    }
}

/// The places of the values of a table, each by its number or name.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) operations: Vec<OperationPlace>,
    pub(super) schemes: HashMap<String, SchemePlace>,
    text: usize,
}

impl Places {
    /// Returns the place to keep. It loses its pointer if earlier pointers take too much memory.
    pub(super) fn bounded(&mut self, place: DocumentPosition) -> DocumentPosition {
        self.text = self.text.saturating_add(place.text_len());
        if self.text > MAX_POINTERS {
            return DocumentPosition { pointer: None, ..place };
        }
        place
    }
}

/// The place of an operation, and that of the `security` that counts for it.
#[derive(Clone, Debug)]
pub(super) struct OperationPlace {
    mark: Mark,
    /// The place, if its pointer differs from the one that the path and method form.
    elsewhere: Option<Box<DocumentPosition>>,
    security: SecurityPlace,
}

/// The place of the `security` of an operation.
#[derive(Clone, Debug)]
pub(super) enum SecurityPlace {
    None,
    /// The `security` is in the operation, under its own name.
    Own(Mark),
    Shared(Arc<DocumentPosition>),
}

impl SecurityPlace {
    /// Returns the place of a `security`, which is `Own` if it is inside the operation.
    fn of(security: Option<Arc<DocumentPosition>>, operation: &DocumentPosition) -> Self {
        let Some(security) = security else { return Self::None };
        let own = security.pointer().zip(operation.pointer());
        let is_own = own.is_some_and(|(security, operation)| security.strip_prefix(operation) == Some(SECURITY));
        match security.mark.filter(|_| is_own && security.file == operation.file) {
            Some(mark) => Self::Own(mark),
            None => Self::Shared(security),
        }
    }
}

const SECURITY: &str = "/security";
/// The beginning of the pointers of operations in an OpenAPI document.
const PATHS: &str = "/paths/";

impl OperationPlace {
    /// Makes the place of an operation. The pointer `derived` is the one that the path and the
    /// method of the operation form.
    pub(super) fn new(
        place: DocumentPosition,
        security: Option<Arc<DocumentPosition>>,
        derived: impl FnOnce() -> String,
    ) -> Self {
        let mark = place.mark.unwrap_or(Mark::START);
        let security = SecurityPlace::of(security, &place);
        let is_in_paths = |pointer: &&str| pointer.starts_with(PATHS);
        let own = place.pointer().filter(|_| place.file.is_none());
        let is_derived = own.filter(is_in_paths).is_some_and(|pointer| pointer == derived());
        Self {
            mark,
            elsewhere: (!is_derived).then(|| Box::new(place)),
            security,
        }
    }

    /// Returns the same place, without pointers if earlier ones take too much memory.
    pub(super) fn bounded(self, places: &mut Places) -> Self {
        let elsewhere = self.elsewhere.map(|place| Box::new(places.bounded(*place)));
        let security = match self.security {
            SecurityPlace::Shared(place) if Arc::strong_count(&place) == 1 => {
                SecurityPlace::Shared(Arc::new(places.bounded(Arc::unwrap_or_clone(place))))
            }
            other => other,
        };
        Self {
            elsewhere,
            security,
            ..self
        }
    }

    pub(super) fn operation(&self, derived: impl FnOnce() -> String) -> DocumentPosition {
        match &self.elsewhere {
            Some(place) => DocumentPosition::clone(place),
            None => DocumentPosition::of_value(derived(), self.mark),
        }
    }

    pub(super) fn security(&self, derived: impl FnOnce() -> String) -> Option<DocumentPosition> {
        match &self.security {
            SecurityPlace::None => None,
            SecurityPlace::Shared(place) => Some(DocumentPosition::clone(place)),
            SecurityPlace::Own(mark) => {
                let operation = self.operation(derived);
                let pointer = operation.pointer.map(|pointer| format!("{pointer}{SECURITY}"));
                Some(DocumentPosition::new(operation.file, pointer, Some(*mark)))
            }
        }
    }
}

/// The pointer of the operation of a path and a method in an OpenAPI document.
pub(super) fn derived(template: &str, method: Method) -> String {
    pointer(&["paths", template, &method.as_str().to_ascii_lowercase()])
}

/// The place of a scheme, and that of each of its scopes.
#[derive(Clone, Debug, Default)]
pub(super) struct SchemePlace {
    pub(super) scheme: DocumentPosition,
    pub(super) scopes: HashMap<String, DocumentPosition>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_lines_and_characters() {
        let text = format!("{}ä\nbc", "x".repeat(2 * Lines::STEP));
        let lines = Lines::of(&text);
        for (byte, line, column) in [
            (0, 1, 1),
            (2 * Lines::STEP, 1, 2 * Lines::STEP + 1),
            (2 * Lines::STEP + 2, 1, 2 * Lines::STEP + 2),
            (text.len() - 1, 2, 2),
        ] {
            assert_eq!(lines.mark(&text, byte), Mark::new(line, column), "byte {byte}");
        }
    }
}
