//! Tests of the public interface of the crate, in one executable.

mod audit;
mod backups;
mod blocked;
mod copies;
mod faults;
mod grants;
mod kill;
mod lookups;
mod news;
mod sqlite;
mod statements;
mod upgrade;
mod year;
