//! The public API of the crate, tried as an application uses it: declared, built, asked.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod challenge;
mod common;
mod fall_through;
mod gate;
mod openapi;
mod replies;
mod testing;
mod typed;
