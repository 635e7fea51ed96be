//! Tests of the public interface of the crate, in one executable: every rule with a token that
//! breaks it.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod algorithms;
mod claims;
mod differential;
mod encoding;
mod forge;
mod header;
mod import;
mod jwks;
mod jwt;
mod kept_claims;
mod key_ring;
mod keys;
mod kinds;
mod opaque;
mod password;
mod random;
mod refresh;
mod replaced;
mod sealed;
mod server_secrets;
mod shared_secret;
mod vectors;
