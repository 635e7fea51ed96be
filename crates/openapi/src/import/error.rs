//! Why a document cannot be read.

use std::fmt;

use scopegate_domain::CatalogError;
use scopegate_policy::TableError;

use super::ImportLimit;

/// Where something stands in a document.
///
/// ```
/// use scopegate_openapi::import::Place;
///
/// let place = Place::Pointer("/paths/~1items/get".to_owned());
/// assert_eq!(place.to_string(), "`/paths/~1items/get`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a text has lines, a tree has pointers")]
pub enum Place {
    /// In the text; both are counted from 1.
    Line {
        /// Which line.
        line: usize,
        /// Which character of it.
        column: usize,
    },
    /// In the tree: a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)), empty for the whole document.
    Pointer(String),
}

impl Place {
    /// The place of a byte in a text.
    pub(super) fn of_byte(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::Line {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, column } => write!(f, "line {line}, column {column}"),
            Self::Pointer(pointer) if pointer.is_empty() => f.write_str("the document"),
            Self::Pointer(pointer) => write!(f, "`{}`", Shown(pointer)),
        }
    }
}

/// Why a document cannot be read: one sentence, with the place at fault.
///
/// ```
/// use scopegate_openapi::import;
///
/// let fault = import::read(b"{ \"openapi\": \"3.1.0\",\n  \"paths\": [] }").unwrap_err();
/// assert_eq!(fault.to_string(), "`/paths`: must be an object");
/// let fault = import::read(b"{ \"openapi\": \"3.1.0\",\n  \"paths\" }").unwrap_err();
/// assert_eq!(fault.to_string(), "line 2, column 11: expected `:`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Something at one place is not what it must be.
    #[error("{place}: {message}")]
    At {
        /// Where.
        place: Place,
        /// What is wrong there.
        message: String,
    },
    /// Its schemes and scopes cannot stand together.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Neither JSON nor YAML nor TOML can be made of it.
    #[error("byte {position} is not UTF-8")]
    NotText {
        /// Which byte, counted from 0.
        position: usize,
    },
    /// Its operations cannot stand together.
    #[error(transparent)]
    Table(#[from] TableError),
    /// It is too large.
    #[error("the document has {0}")]
    TooLarge(ImportLimit),
    /// Nothing in it says what it is.
    #[error(
        "the document is none of OpenAPI (`openapi`), Swagger (`swagger`), Google discovery (`discoveryVersion`), Microsoft Graph permissions (`permissions`) and Scopegate's TOML"
    )]
    Unrecognised,
    /// It is of a version that is not known.
    #[error("{format} of version `{}` is not known", Shown(version))]
    UnknownVersion {
        /// Of what.
        format: &'static str,
        /// Which version it says.
        version: String,
    },
}

impl ImportError {
    pub(super) fn at(place: Place, message: impl Into<String>) -> Self {
        Self::At {
            place,
            message: message.into(),
        }
    }

    /// Where it stands, where it stands at one place.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::At { place, .. } => Some(place),
            _ => None,
        }
    }
}

/// Text of a document in a message: on one line, without control characters, and not endless.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 200;
        for character in self.0.chars().take(MOST) {
            if character.is_control() || matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if self.0.chars().nth(MOST).is_some() {
            f.write_str("..")?;
        }
        Ok(())
    }
}
