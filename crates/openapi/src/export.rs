//! Writes a table of operations as a document: OpenAPI, Scopegate's TOML, or canonical JSON.

mod canonical;
#[cfg(feature = "import")]
mod details;
mod document;
#[cfg(feature = "import")]
mod expression;
mod info;
mod security;
#[cfg(feature = "import")]
mod toml;
mod words;

pub use canonical::canonical;
#[cfg(feature = "import")]
pub use details::document_of;
pub use document::{OperationDocs, document, needs_openapi_3_2};
pub use info::DocumentInfo;
#[cfg(feature = "import")]
pub use toml::{ExportError, toml, toml_of};
