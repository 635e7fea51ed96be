//! Tests of the public interface of the crate, in one executable: endpoints at a gate.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod agreement;
mod jwks;
mod matrix;
mod node;
mod people;
mod token;
