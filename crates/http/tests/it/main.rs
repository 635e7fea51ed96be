//! The public API of the crate, tried as an application uses it: declared, built, asked.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod agreement;
mod assets;
mod challenge;
mod common;
mod cors;
mod credentials;
mod documented;
mod example_schemes;
mod example_snapshot;
mod fall_through;
mod fastapi_security;
mod gate;
mod hostile;
mod inputs;
mod jwks;
mod one_round;
mod openapi;
mod places;
mod producers;
mod remembered;
mod replies;
mod schemes;
mod shadow;
mod targets;
mod testing;
mod trace;
mod typed;
mod ways_in;
