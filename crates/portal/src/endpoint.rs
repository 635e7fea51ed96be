//! The endpoints of the authorization server.

pub(crate) mod introspection;
pub(crate) mod jwks;
pub(crate) mod revocation;
pub(crate) mod token;
