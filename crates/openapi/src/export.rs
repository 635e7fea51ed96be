//! Writes a table of operations as a document: OpenAPI, Scopegate's TOML, or canonical JSON.

mod canonical;
mod details;
mod document;
mod security;
mod toml;
mod words;

pub use canonical::canonical;
pub use details::document_of;
pub use document::{DocumentInfo, OperationDocs, document, needs_openapi_3_2};
pub use toml::{ExportError, toml, toml_of};
