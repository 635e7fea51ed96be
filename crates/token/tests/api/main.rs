//! The crate from outside: every rule with a token that breaks it.
#![expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod claims;
mod client_secret;
mod encoding;
mod forge;
mod header;
mod keys;
mod oracle;
mod password;
mod provider;
mod tutorial;
