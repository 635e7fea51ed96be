//! Tests of the public interface of the crate, in one executable: declared, built and asked as an
//! application does.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod agreement;
mod all_faults;
mod alternatives;
mod answer_headers;
mod answers;
mod arguments;
mod assets;
mod challenge;
mod claims;
mod closed_parts;
mod common;
mod constraints;
mod cors;
mod credentials;
mod documented;
mod encodings;
mod entry_points;
mod exact_schemas;
mod example_axum_service;
mod example_schemes;
mod example_snapshot;
mod fall_through;
mod fastapi_security;
mod files;
mod fuzz_corpus;
mod gate;
mod handler_errors;
mod hostile;
mod inputs;
mod issuers;
#[path = "../../../../tests/long_check.rs"]
mod long_check;
mod mistakes;
mod multipart;
mod multipart_form;
mod one_round;
mod openapi;
mod own_inputs;
mod own_users;
mod path_constraints;
mod people_pages;
mod places;
mod producers;
mod refusals;
mod remembered;
mod repeated;
#[path = "../../../../tests/replay.rs"]
mod replay;
mod replies;
mod resources;
mod schemes;
mod serve;
mod shadow;
mod shapes;
mod sites;
#[path = "../../../../tests/skip_time.rs"]
mod skip_time;
mod targets;
mod test_client;
mod testing;
mod tickets;
mod trace;
mod typed;
mod uncached;
mod websocket;
