//! Third-party documents and our own policies, read as tables.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod documents;
mod enforceable;
mod foreign;
mod hostile;
mod language;
mod marks;
mod openapi_3_2;
mod places;
mod positions;
mod real;
mod references;
mod repeated;
mod round_trips;
mod tolerance;
