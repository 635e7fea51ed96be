//! Tests of the public interface of the crate, in one executable.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod axum_example;
mod refusals;
mod tower_example;
