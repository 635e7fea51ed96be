//! Third-party documents and our own policies, read as tables.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

#[path = "../read_back/policy.rs"]
mod policy;
#[path = "../read_back/random.rs"]
mod random;
#[path = "../read_back/reader.rs"]
#[expect(dead_code, reason = "only what a request brings is used of it")]
mod reader;
#[path = "../read_back/table.rs"]
mod table;

mod documents;
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
