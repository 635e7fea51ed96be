//! The endpoints of the authorization server.

pub(crate) mod account;
pub(crate) mod authorize;
pub(crate) mod consent;
pub(crate) mod introspection;
pub(crate) mod jwks;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod resource_metadata;
pub(crate) mod revocation;
pub(crate) mod server_document;
pub(crate) mod server_metadata;
pub(crate) mod token;
