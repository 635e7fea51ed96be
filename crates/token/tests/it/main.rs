//! The crate from outside: every rule with a token that breaks it.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod algorithms;
mod claims;
mod client_secret;
mod encoding;
mod forge;
mod header;
mod import;
mod jwks;
mod jwt;
mod keys;
mod kinds;
mod password;
mod replaced;
mod tutorial;
mod vectors;
