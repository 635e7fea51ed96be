//! The public behaviour of a listener.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod accept;
mod drain;
mod http2;
mod responses;
mod streams;
mod support;
mod timeouts;
mod upgrades;
