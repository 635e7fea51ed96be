//! From a table of operations to a document.

mod canonical;
mod document;
mod security;
mod toml;
mod words;

pub use canonical::canonical;
pub use document::{DocumentInfo, OperationDocs, document};
pub use toml::{ExportError, toml};
