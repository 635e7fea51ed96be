//! From a table of operations to a document.

mod document;
mod security;

pub use document::{DocumentInfo, OperationDocs, document};
