//! `scopegate policy ..` in a shell.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test may fail, and says where it is skipped"
)]

mod diff;
mod documents;
mod lint;
mod questions;
mod reading;
mod routes;
mod scopes;
mod servers;
mod usage;
mod whole;
