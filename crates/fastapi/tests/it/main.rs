//! The answers of the tutorial, through a gate.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod token;
