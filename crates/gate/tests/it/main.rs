//! Tests of the public interface of the crate, in one executable.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod axum_document_example;
mod axum_example;
mod documents;
mod layer;
mod refusals;
mod service_tokens;
mod tokens;
mod tower_example;
