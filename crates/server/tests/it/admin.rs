//! The admin listener and the log of the built program: health, readiness, metrics, log lines.

#![expect(clippy::disallowed_methods, reason = "what is tested is how long things take")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

pub(crate) mod fixture;
mod guessing;
mod logs;
mod metrics;
mod probes;
mod prometheus;
mod shadow;

pub(crate) use self::fixture::{AdminFixture, more};
