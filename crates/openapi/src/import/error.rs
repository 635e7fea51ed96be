//! The reasons why a document cannot be read.

use std::sync::Arc;

use scopegate_domain::CatalogError;
use scopegate_policy::TableError;

use super::ImportLimit;
use super::place::DocumentPosition;
use super::shown::QuotedValue;

/// The reason why a document cannot be read: one sentence, with the place of the error.
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
    /// A value at one place is invalid.
    #[error("{place}: {message}")]
    At {
        /// The place of the value.
        place: DocumentPosition,
        /// The cause.
        message: String,
    },
    /// The schemes and scopes contradict each other.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A folder that may contain files of the document cannot be used.
    #[error("folder `{folder}` cannot be used: {message}")]
    Folder {
        /// The folder.
        folder: String,
        /// The cause.
        message: String,
    },
    /// The document has no content.
    #[error("the document is empty")]
    Empty,
    /// The document has a kind that is not supported.
    #[error(
        "the document is {kind}, which declares no policy that can be read; read are OpenAPI, Swagger, Google discovery, Microsoft Graph permissions and Scopegate's TOML"
    )]
    Foreign {
        /// The kind of the document, with an article.
        kind: &'static str,
    },
    /// The text is not UTF-8, so it is neither JSON nor YAML nor TOML.
    #[error("byte {position} is not UTF-8; save the document as UTF-8")]
    NotText {
        /// The position of the first invalid byte, counted from 0.
        position: usize,
    },
    /// The operations contradict each other.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The document exceeds a limit.
    #[error("the document has {0}")]
    TooLarge(ImportLimit),
    /// A reference leads to a file that the options do not allow. The caller knows the remedy,
    /// because it chose the options.
    #[error("{place}: {message}")]
    FileNotAllowed {
        /// The place of the reference.
        place: DocumentPosition,
        /// The cause.
        message: String,
        /// Why the file is not allowed.
        refusal: FileRefusal,
    },
    /// No field names the kind of the document.
    #[error(
        "the document is none of OpenAPI (`openapi`), Swagger (`swagger`), Google discovery (`discoveryVersion`), Microsoft Graph permissions (`permissions`) and Scopegate's TOML"
    )]
    Unrecognised,
    /// The file cannot be read.
    #[error("{message}")]
    Unreadable {
        /// The message of the operating system.
        message: String,
    },
    /// The version of the format is not supported.
    #[error("{format} of version `{}` is not known", QuotedValue(version))]
    UnknownVersion {
        /// The format.
        format: &'static str,
        /// The version that the document states.
        version: String,
    },
}

/// Why a file is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileRefusal {
    /// The document came from bytes, so it has no folder (`ReadOptions::base`).
    NoFolder,
    /// The file is not below a folder of the options (`ReadOptions::allow_root`).
    Outside,
}

impl ImportError {
    pub(super) fn at(place: DocumentPosition, message: impl Into<String>) -> Self {
        Self::At {
            place,
            message: message.into(),
        }
    }

    /// Returns the same error, in this file.
    pub(super) fn in_file(self, file: Option<&Arc<str>>) -> Self {
        let message = self.to_string();
        match self {
            Self::At { place, message } => Self::At {
                place: place.in_file(file.cloned()),
                message,
            },
            Self::Empty | Self::NotText { .. } | Self::Unrecognised => Self::At {
                place: DocumentPosition::default().in_file(file.cloned()),
                message,
            },
            Self::FileNotAllowed {
                place,
                message,
                refusal,
            } => Self::FileNotAllowed {
                place: place.in_file(file.cloned()),
                message,
                refusal,
            },
            other => other,
        }
    }

    /// Returns the error about a file that the options do not allow.
    pub(super) fn not_allowed(self, refusal: FileRefusal) -> Self {
        match self {
            Self::At { place, message } => Self::FileNotAllowed {
                place,
                message,
                refusal,
            },
            other => other,
        }
    }

    /// Returns the position, if the error has exactly one.
    #[must_use]
    pub const fn place(&self) -> Option<&DocumentPosition> {
        match self {
            Self::At { place, .. } | Self::FileNotAllowed { place, .. } => Some(place),
            _ => None,
        }
    }
}
