//! `scopegate policy ..` as a shell sees it.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail")]

mod diff;
mod documents;
mod questions;
mod routes;
#[path = "../support/shell.rs"]
mod shell;
