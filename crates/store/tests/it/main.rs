//! Tests of the public interface of the crate, in one executable.

mod memory;
mod users_cache;
