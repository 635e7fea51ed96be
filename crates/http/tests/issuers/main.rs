//! Tokens of third-party issuers, as an application accepts them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may fail"
)]

mod ceiling;
mod common;
mod example;
mod hostile;
mod provider;
mod real;
mod rules;
#[path = "../../src/remote/stage.rs"]
#[expect(dead_code, reason = "its other half is for the tests inside the crate")]
mod stage;
mod together;
