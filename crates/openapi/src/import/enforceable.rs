//! The table of a document for a gate, which must not promise what the gate does not enforce.

use scopegate_policy::{Access, OperationTable, SecurityOrigin, TableError};

use super::imported::Imported;
use super::note::{ImportNote, NoteKind};

/// How a process serves a document.
///
/// ```
/// use scopegate_openapi::import::{self, EnforceOptions};
///
/// let imported = import::read(br#"{
///   "openapi": "3.1.0", "info": { "title": "Lamps", "version": "1" },
///   "servers": [{ "url": "https://api.example/house/v3" }],
///   "paths": { "/lamps": { "get": { "security": [] } } }
/// }"#)?;
/// let path = |options: EnforceOptions| {
///     let table = imported.enforceable(&options).unwrap();
///     table.operations()[0].template().to_owned()
/// };
/// assert_eq!(path(EnforceOptions::new()), "/house/v3/lamps");
/// // A proxy in front of this process removes the first part.
/// assert_eq!(path(EnforceOptions::new().base_path("/v3")), "/v3/lamps");
/// # Ok::<(), import::ImportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnforceOptions {
    base_path: Option<String>,
    has_public_by_absence: bool,
}

impl EnforceOptions {
    /// Returns options by which the document states everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the path before the paths of the document in the requests that this process receives.
    /// Default: the path of the servers of the document. A proxy can remove it or add another.
    #[must_use]
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = Some(path.into());
        self
    }

    /// Makes operations public that have no `security`, neither their own nor that of the document.
    /// Default: they are errors, because a forgotten line would open them.
    #[must_use]
    pub const fn absent_security_is_public(mut self) -> Self {
        self.has_public_by_absence = true;
        self
    }
}

/// The reason why a gate cannot enforce a document, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotEnforceable {
    /// The path below which an operation is served is not known.
    #[error(
        "`{operation}` {cause}; name the path before those of the document in the requests to this process by \
         `EnforceOptions::base_path`"
    )]
    BasePath {
        /// The operation.
        operation: String,
        /// The cause.
        cause: String,
    },
    /// An operation is public because nothing is written:
    /// [`EnforceOptions::absent_security_is_public`] accepts it.
    #[error(
        "`{operation}` has no `security`, and the document has none for all operations; write `security: []` for a \
         public operation"
    )]
    NoSecurity {
        /// The operation.
        operation: String,
    },
    /// The table does not contain a part of the document that decides about access.
    #[error("{note} (a gate cannot enforce this part, so repair the document)")]
    Part {
        /// The part and what became of it.
        note: ImportNote,
    },
    /// The operations contradict each other.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Imported {
    /// Returns the table for a gate, with the whole paths of requests.
    ///
    /// # Errors
    ///
    /// [`NotEnforceable`] if the document has a part that the table does not contain, an operation
    /// that is public by omission, or servers with different paths.
    pub fn enforceable(&self, options: &EnforceOptions) -> Result<OperationTable, NotEnforceable> {
        if let Some(note) = self.notes.iter().find(|note| is_lost(note.kind(), options)) {
            return Err(NotEnforceable::Part { note: note.clone() });
        }
        if !options.has_public_by_absence {
            self.refuse_absent_security()?;
        }
        let base = match &options.base_path {
            Some(path) => path.trim_end_matches('/').to_owned(),
            None => self.path_of_servers()?,
        };
        let builder = OperationTable::builder(self.table.catalog().clone());
        Ok(builder.group(self.table.to_group(base)).build()?)
    }

    fn refuse_absent_security(&self) -> Result<(), NotEnforceable> {
        let mut operations = self.table.operations().iter().enumerate();
        let open = operations.find(|(number, operation)| {
            self.facts.security_origin(*number) == SecurityOrigin::Absent && operation.access() == Access::Public
        });
        match open {
            Some((_, operation)) => Err(NotEnforceable::NoSecurity {
                operation: operation.to_string(),
            }),
            None => Ok(()),
        }
    }

    /// Returns the path that all servers of all operations have.
    fn path_of_servers(&self) -> Result<String, NotEnforceable> {
        let mut common: Option<String> = None;
        for (number, operation) in self.table.operations().iter().enumerate() {
            let fault = |cause: String| NotEnforceable::BasePath {
                operation: operation.to_string(),
                cause,
            };
            for server in self.servers.of(number).1 {
                let path = server.whole_path();
                let path = path.ok_or_else(|| fault("has a server whose path has a variable".to_owned()))?;
                let known = common.get_or_insert_with(|| path.clone());
                if *known != path {
                    return Err(fault(format!(
                        "has a server below `{path}/`, and another is below `{known}/`"
                    )));
                }
            }
        }
        Ok(common.unwrap_or_default())
    }
}

/// Whether a note is about a part of the document that decides about access and that the table does
/// not contain.
const fn is_lost(kind: NoteKind, options: &EnforceOptions) -> bool {
    match kind {
        NoteKind::Indentation
        | NoteKind::InvalidImplication
        | NoteKind::InvalidScope
        | NoteKind::Null
        | NoteKind::OptionalLost
        | NoteKind::PathParameter
        | NoteKind::UndefinedScheme
        | NoteKind::UnknownGuard
        | NoteKind::UnreadField
        | NoteKind::UploadPath => true,
        NoteKind::NoScopes => !options.has_public_by_absence,
        NoteKind::UnreadableServer => options.base_path.is_none(),
        // The table contains the parts of these notes, or they concern no request to this process.
        // It also contains a scheme without an equivalent, for which a gate needs a verifier.
        NoteKind::Callbacks
        | NoteKind::Deprecated
        | NoteKind::DuplicateOperation
        | NoteKind::FlowsDiffer
        | NoteKind::InvalidSchemeName
        | NoteKind::MissingSlash
        | NoteKind::MutualTls
        | NoteKind::OverlappingTemplates
        | NoteKind::Reference
        | NoteKind::ScopeOnSchemeWithout
        | NoteKind::UndeclaredScope
        | NoteKind::UnknownMethod
        | NoteKind::UnsupportedScheme
        | NoteKind::Webhooks => false,
    }
}
