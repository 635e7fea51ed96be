//! Tests of the public interface of the crate, in one executable.

mod application_store;
mod clients_cache;
mod memory;
mod users_cache;
