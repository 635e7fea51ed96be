//! Tests of the public interface of the crate, in one executable.

mod cached_users;
mod memory;
