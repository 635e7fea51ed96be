//! The public behaviour of a listener.

#![expect(clippy::disallowed_methods, reason = "the tests measure durations")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod drain;
mod in_memory;
mod responses;
mod streams;
mod support;
mod timeouts;
