//! Faults of operators: a file that was moved, a wrong option, a misspelt name. Each test starts
//! the program.

#![expect(clippy::disallowed_methods, reason = "a server that recovers is waited for")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod backup;
mod copied;
mod damaged;
mod fixture;
mod limits;
mod long_values;
mod messages;
mod moved;
mod names;
mod options;
mod reading;
mod restored;
mod said;
mod settings;
mod typed;

pub(crate) use fixture::{FaultFixture, me};
