//! Tests of the public interface of the crate, in one executable.

mod copies;
mod faults;
mod lookups;
mod sqlite;
mod year;
