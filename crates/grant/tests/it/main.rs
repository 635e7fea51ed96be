//! Tests of the public interface of the crate, in one executable.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access_tokens;
mod audit;
mod client_auth;
mod client_credentials;
mod clients_cache;
mod common;
mod guessing;
#[path = "../../../../tests/long_check.rs"]
mod long_check;
mod password;
mod resources;
mod revocation_watch;
mod rotating_keys;
mod timing;
mod withdrawn;
