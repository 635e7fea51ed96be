//! Tests of the public interface of the crate, in one executable.

mod claims;
mod kept_claims;
mod redirect_uris;
mod usernames;
