//! The endpoints of the authorization server, each thin: fields in, an answer out.

pub(crate) mod token;
