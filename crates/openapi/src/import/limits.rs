//! Limits. A document that exceeds one is an error before it takes memory or time.

/// Largest document, in bytes.
pub const MAX_DOCUMENT: usize = 16 * 1024 * 1024;
/// The maximum depth of lists and objects.
pub(super) const MAX_DEPTH: usize = 120;
/// The maximum number of stored values of one document. Schemas, examples and other parts without
/// effect on security are not stored.
pub(super) const MAX_NODES: usize = 250_000;
/// The maximum number of names in one object.
pub(super) const MAX_NAMES: usize = 100_000;
/// The maximum number of operations of one document.
pub(super) const MAX_OPERATIONS: usize = 65_536;
/// The maximum number of alternatives that a document writes out, over all its different
/// requirements.
pub(super) const MAX_WAYS: usize = 262_144;
/// The maximum work to compare alternatives with each other, in words of 64 facts.
pub(super) const MAX_WORK: usize = 1 << 27;
/// The maximum length of notes, in bytes.
pub(super) const MAX_NOTES: usize = 8 * 1024 * 1024;
/// The maximum number of files of one description, the document itself included.
pub const MAX_FILES: usize = 256;
/// The maximum size in bytes of all files of one description.
pub const MAX_FILES_BYTES: usize = 64 * 1024 * 1024;
/// The maximum number of name look-ups in all references of a document.
pub(super) const MAX_LOOK_UPS: usize = 20_000_000;
/// The maximum number of schemes, alternatives and path items that are read. The targets of a
/// reference count each time.
pub(super) const MAX_READ: usize = 1_000_000;
/// The maximum length of templates, names and descriptions, in bytes. The targets of a reference
/// count each time.
pub(super) const MAX_TEXT: usize = 8 * 1024 * 1024;
/// The maximum length of the summaries and descriptions of operations, in bytes. Further ones are
/// not stored.
pub(super) const MAX_OPERATION_TEXTS: usize = 4 * 1024 * 1024;
/// The maximum length of the stored pointers, in bytes. Beyond it a place has only a line and a
/// column.
pub(super) const MAX_POINTERS: usize = 6 * 1024 * 1024;
/// The maximum number of implications of one document.
pub(super) const MAX_EDGES: usize = 16_384;

/// A limit that a document exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ImportLimit {
    /// Atoms of the policy.
    #[error("more than {} schemes and scopes", scopegate_policy::MAX_FACTS)]
    Atoms,
    /// Nesting.
    #[error("values more than {MAX_DEPTH} levels deep")]
    Depth,
    /// Bytes.
    #[error("more than {MAX_DOCUMENT} bytes")]
    Document,
    /// Files of one description.
    #[error("more than {MAX_FILES} files; join them with a bundler")]
    Files,
    /// Bytes of all files of one description.
    #[error("more than {MAX_FILES_BYTES} bytes in all its files; read parts of it alone")]
    FilesBytes,
    /// Implications.
    #[error("more than {MAX_EDGES} implications")]
    Edges,
    /// The names that references pass.
    #[error("references that take too long to follow")]
    LookUps,
    /// The names in one object.
    #[error("an object of more than {MAX_NAMES} names")]
    Names,
    /// Values.
    #[error("more than {MAX_NODES} values that matter to security")]
    Nodes,
    /// Text of notes.
    #[error("more notes than the limit")]
    Notes,
    /// Operations.
    #[error("more than {MAX_OPERATIONS} operations")]
    Operations,
    /// Parts that are read. A part counts each time that it is read.
    #[error("more references to read than the limit")]
    Read,
    /// A text or list that must be read whole before it is recognised.
    #[error("one text or list that is too long")]
    Run,
    /// Text of templates, names and descriptions.
    #[error("more than {MAX_TEXT} bytes of paths, names and descriptions")]
    Text,
    /// Words of one TOML document.
    #[error("more words than the limit")]
    Tokens,
    /// Alternatives.
    #[error("more alternatives than the limit")]
    Ways,
}
/// The maximum number of events of a YAML document.
pub(super) const MAX_EVENTS: usize = 3_000_000;
/// The maximum number of characters of a YAML document that the parser reads for one event.
pub(super) const MAX_RUN: usize = 256 * 1024;
/// The maximum number of words, marks and line ends of a TOML document.
pub(super) const MAX_TOKENS: usize = 600_000;
/// The maximum number of operations of a TOML document that match the same requests as others.
pub(super) const MAX_OVERLAPS: usize = 1_000;
