//! Limits. A document that exceeds one is an error before it takes memory or time.

/// Largest document, in bytes.
pub const MAX_DOCUMENT: usize = 16 * 1024 * 1024;
/// Deepest nesting of lists and objects.
pub(super) const MAX_DEPTH: usize = 120;
/// Most values that are kept of one document. Schemas, examples and other parts without effect on
/// security are not kept.
pub(super) const MAX_NODES: usize = 250_000;
/// Most names in one object.
pub(super) const MAX_NAMES: usize = 100_000;
/// Most operations of one document.
pub(super) const MAX_OPERATIONS: usize = 65_536;
/// Most alternatives that a document writes out, over all its different requirements.
pub(super) const MAX_WAYS: usize = 262_144;
/// Most work to compare alternatives with each other, in words of 64 facts.
pub(super) const MAX_WORK: usize = 1 << 27;
/// Most text of notes, in bytes.
pub(super) const MAX_NOTES: usize = 8 * 1024 * 1024;
/// Most files of one description, the document itself included.
pub const MAX_FILES: usize = 256;
/// Most bytes of all files of one description.
pub const MAX_FILES_BYTES: usize = 64 * 1024 * 1024;
/// Most name look-ups in all references of a document.
pub(super) const MAX_LOOK_UPS: usize = 20_000_000;
/// Most schemes, alternatives and path items that are read. What a reference repeats counts each
/// time.
pub(super) const MAX_READ: usize = 1_000_000;
/// Most text of templates, names and descriptions, in bytes. What a reference repeats counts each
/// time.
pub(super) const MAX_TEXT: usize = 8 * 1024 * 1024;
/// Most text of the pointers that are kept for places, in bytes. Above it a place has a line and a
/// column alone.
pub(super) const MAX_POINTERS: usize = 6 * 1024 * 1024;
/// Most implications of one document.
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
    /// Names that references lead past.
    #[error("references that take too long to follow")]
    LookUps,
    /// Names in one object.
    #[error("an object of more than {MAX_NAMES} names")]
    Names,
    /// Values.
    #[error("more than {MAX_NODES} values that matter to security")]
    Nodes,
    /// Text of notes.
    #[error("more notes than are kept")]
    Notes,
    /// Operations.
    #[error("more than {MAX_OPERATIONS} operations")]
    Operations,
    /// Parts that are read. A part counts each time that it is read.
    #[error("more to read, over and over, than a policy says")]
    Read,
    /// A text or list that must be read whole before it is recognised.
    #[error("one text or list that is too long")]
    Run,
    /// Text of templates, names and descriptions.
    #[error("more than {MAX_TEXT} bytes of paths, names and descriptions")]
    Text,
    /// Words of one TOML document.
    #[error("more words than a policy has")]
    Tokens,
    /// Alternatives.
    #[error("more alternatives than are kept")]
    Ways,
}
/// Most events of a YAML document.
pub(super) const MAX_EVENTS: usize = 3_000_000;
/// Most characters of a YAML document that the parser reads for one event.
pub(super) const MAX_RUN: usize = 256 * 1024;
/// Most words, marks and line ends of a TOML document.
pub(super) const MAX_TOKENS: usize = 600_000;
/// Most operations of a TOML document that match the same requests as others.
pub(super) const MAX_OVERLAPS: usize = 1_000;
