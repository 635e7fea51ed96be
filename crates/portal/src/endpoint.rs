//! The endpoints of the authorization server.

pub(crate) mod jwks;
pub(crate) mod token;
