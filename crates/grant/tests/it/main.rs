//! Tests of the public interface of the crate, in one executable.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod access_tokens;
mod account;
mod audit;
mod audit_of_people;
mod authorize_flow;
mod authorize_login;
mod authorize_request;
mod client_auth;
mod client_credentials;
mod clients_cache;
mod code;
mod code_resources;
mod common;
mod entry_points;
mod guessing;
mod life;
#[path = "../../../../tests/long_check.rs"]
mod long_check;
mod password;
mod people;
mod refresh;
mod resources;
mod revocation_watch;
mod rotating_keys;
mod secrets;
mod timing;
mod withdrawn;
