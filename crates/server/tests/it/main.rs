//! Tests of the program, in one executable.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail")]

mod access_tokens;
mod admin;
mod audit;
mod broken;
mod browser;
mod checkout;
mod client;
mod client_credentials;
mod clocks;
mod command;
mod configuration;
mod connections;
mod docs;
mod drain;
mod end_to_end;
mod faults;
mod hostile;
mod issuers;
mod issuer_path;
mod key;
mod kill;
mod layering;
mod lists;
#[path = "../../../../tests/long_check.rs"]
mod long_check;
mod metadata;
mod oauth2_client;
mod picture;
mod path_proxy;
mod policy;
mod programs;
mod prose;
mod resources;
mod revocation;
mod rotation;
mod rs256;
mod serve;
mod server_document;
mod shell;
mod support;
mod token;
mod token_issue;
mod two_servers;
mod user_names;
mod webdriver;
