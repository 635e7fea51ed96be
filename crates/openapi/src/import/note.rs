//! Notes on what a table cannot express, and on what looks wrong in a document.

use std::fmt;

use super::ImportError;
use super::limits::{ImportLimit, MAX_NOTES};
use super::place::DocumentPosition;

/// A note on what could not be expressed, or on what looks wrong, at one place of a document.
///
/// Each omission has a note, and no omission makes anything more open.
///
/// ```
/// use scopegate_openapi::import::{self, NoteKind};
///
/// let document = br#"{
///   "openapi": "3.1.0", "info": { "title": "Items", "version": "1" },
///   "paths": { "/items": { "get": { "security": [{ "oauth": [] }] } } }
/// }"#;
/// let imported = import::read(document)?;
/// let [note] = imported.notes() else { panic!() };
/// assert_eq!(note.kind(), NoteKind::UndefinedScheme);
/// assert_eq!(
///     note.to_string(),
///     "`/paths/~1items/get/security/0/oauth`: scheme `oauth` is not declared, so nothing satisfies this alternative"
/// );
/// # Ok::<(), scopegate_openapi::import::ImportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportNote {
    kind: NoteKind,
    place: DocumentPosition,
    message: String,
}

impl ImportNote {
    /// Returns the subject of the note.
    #[must_use]
    pub const fn kind(&self) -> NoteKind {
        self.kind
    }

    /// Returns the position of the note.
    #[must_use]
    pub const fn place(&self) -> &DocumentPosition {
        &self.place
    }

    /// Returns the message without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ImportNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The subject of a [`ImportNote`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NoteKind {
    /// Callbacks: requests that the interface sends are not its operations.
    Callbacks,
    /// The operation is deprecated.
    Deprecated,
    /// The method and path are declared before; both must be satisfied.
    DuplicateOperation,
    /// The flows of a scheme do not declare the same scopes.
    FlowsDiffer,
    /// A line of YAML that is indented less than its parent.
    Indentation,
    /// An implication between scopes that cannot be declared.
    InvalidImplication,
    /// A name that cannot name a scheme.
    InvalidSchemeName,
    /// A name that cannot name a scope.
    InvalidScope,
    /// A path that does not begin with a slash.
    MissingSlash,
    /// A scheme by certificates of clients.
    MutualTls,
    /// A method that names no scope.
    NoScopes,
    /// `null` instead of a list, an object or a text.
    Null,
    /// Optional authentication that cannot be expressed.
    OptionalLost,
    /// The path matches the same requests as another one.
    OverlappingTemplates,
    /// A parameter that matches several segments of a path.
    PathParameter,
    /// A member next to a reference, which is ignored.
    Reference,
    /// Scopes on a scheme that may not list them before OpenAPI 3.1.
    ScopeOnSchemeWithout,
    /// A scope that its scheme does not declare.
    UndeclaredScope,
    /// A scheme that is not declared.
    UndefinedScheme,
    /// An `x-scopegate` field with unknown content.
    UnknownGuard,
    /// An operation of a method that a table does not know.
    UnknownMethod,
    /// An `x-scopegate` field that has an unknown name, or that no reader uses at its place.
    UnreadField,
    /// A server whose address cannot be read.
    UnreadableServer,
    /// A scheme, or a flow of one, of an unsupported kind.
    UnsupportedScheme,
    /// A path by which a method takes uploads.
    UploadPath,
    /// Webhooks: requests that the interface sends are not its operations.
    Webhooks,
}

impl NoteKind {
    /// Returns the name of the kind in the output of commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callbacks => "callbacks",
            Self::Deprecated => "deprecated",
            Self::DuplicateOperation => "duplicate-operation",
            Self::FlowsDiffer => "flows-differ",
            Self::Indentation => "indentation",
            Self::InvalidImplication => "invalid-implication",
            Self::InvalidSchemeName => "invalid-scheme-name",
            Self::InvalidScope => "invalid-scope",
            Self::MissingSlash => "missing-slash",
            Self::MutualTls => "mutual-tls",
            Self::NoScopes => "no-scopes",
            Self::Null => "null",
            Self::OptionalLost => "optional-lost",
            Self::OverlappingTemplates => "overlapping-templates",
            Self::PathParameter => "path-parameter",
            Self::Reference => "reference",
            Self::ScopeOnSchemeWithout => "scope-on-scheme-without",
            Self::UndeclaredScope => "undeclared-scope",
            Self::UndefinedScheme => "undefined-scheme",
            Self::UnknownGuard => "unknown-guard",
            Self::UnknownMethod => "unknown-method",
            Self::UnreadField => "unread-field",
            Self::UnreadableServer => "unreadable-server",
            Self::UnsupportedScheme => "unsupported-scheme",
            Self::UploadPath => "upload-path",
            Self::Webhooks => "webhooks",
        }
    }
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Collects notes, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Notes {
    notes: Vec<ImportNote>,
    text: usize,
}

impl Notes {
    pub(super) fn add(
        &mut self,
        kind: NoteKind,
        place: DocumentPosition,
        message: impl Into<String>,
    ) -> Result<(), ImportError> {
        let message = message.into();
        self.text += message.len() + place.text_len() + size_of::<ImportNote>();
        if self.text > MAX_NOTES {
            return Err(ImportError::TooLarge(ImportLimit::Notes));
        }
        self.notes.push(ImportNote { kind, place, message });
        Ok(())
    }

    /// Adds the notes of another collection.
    pub(super) fn extend(&mut self, others: Self) -> Result<(), ImportError> {
        self.text += others.text;
        if self.text > MAX_NOTES {
            return Err(ImportError::TooLarge(ImportLimit::Notes));
        }
        self.notes.extend(others.notes);
        Ok(())
    }

    pub(super) fn into_vec(self) -> Vec<ImportNote> {
        self.notes
    }
}
