//! Tokens of third-party issuers, as an application accepts them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may fail"
)]

mod ceiling;
mod claims;
mod common;
mod example;
mod hostile;
mod provider;
mod real;
mod rules;
mod together;
