//! Where credentials are read, and who verifies them.

pub(crate) mod accepted;
mod api_key;
pub(crate) mod api_keys;
pub(crate) mod application;
mod authorization;
pub mod basic;
pub(crate) mod bearer;
pub(crate) mod bearer_verifier;
pub(crate) mod claim_source;
pub(crate) mod credential;
pub(crate) mod development_issuer;
#[cfg(feature = "remote-issuers")]
pub(crate) mod issuer_set;
pub(crate) mod place;
pub(crate) mod scheme_source;
pub(crate) mod scheme_verifiers;
