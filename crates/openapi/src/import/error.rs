//! Why a document cannot be read.

use std::sync::Arc;

use scopegate_domain::CatalogError;
use scopegate_policy::TableError;

use super::ImportLimit;
use super::place::Place;
use super::shown::Shown;

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
        /// The cause.
        message: String,
    },
    /// The schemes and scopes contradict each other.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A folder that its files may lie in cannot be used.
    #[error("folder `{folder}` cannot be used: {message}")]
    Folder {
        /// Which folder.
        folder: String,
        /// Why not.
        message: String,
    },
    /// It has no content.
    #[error("the document is empty")]
    Empty,
    /// It is a document of another kind.
    #[error(
        "the document is {kind}, which declares no policy that can be read; read are OpenAPI, Swagger, Google discovery, Microsoft Graph permissions and Scopegate's TOML"
    )]
    Foreign {
        /// The kind of the document, with an article.
        kind: &'static str,
    },
    /// Neither JSON nor YAML nor TOML can be made of it.
    #[error("byte {position} is not UTF-8; save the document as UTF-8")]
    NotText {
        /// Which byte, counted from 0.
        position: usize,
    },
    /// The operations contradict each other.
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
    /// Its file cannot be read.
    #[error("{message}")]
    Unreadable {
        /// What the system says.
        message: String,
    },
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

    /// The same fault in this file.
    pub(super) fn in_file(self, file: Option<&Arc<str>>) -> Self {
        let message = self.to_string();
        match self {
            Self::At { place, message } => Self::At {
                place: place.in_file(file.cloned()),
                message,
            },
            Self::Empty | Self::NotText { .. } | Self::Unrecognised => Self::At {
                place: Place::default().in_file(file.cloned()),
                message,
            },
            other => other,
        }
    }

    /// Returns the position, if the error has exactly one.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::At { place, .. } => Some(place),
            _ => None,
        }
    }
}
