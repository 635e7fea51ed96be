//! **How are records stored in SQL?** In SQLite: one file, or the memory of this process.
//!
//! A program opens a store at its start and uses it through the traits of `scopegate-store`. Start
//! with [`SqlStore`], [`DatabaseUrl`], [`OpenMode`] and [`OpenError`].
//!
//! ```text
//! DatabaseUrl --SqlStore::open--> SqlStore: Users + Clients + Sessions + Families + .. + Store
//!                  |                  |-- one connection that writes, in groups of changes
//!                  OpenError          `-- two that read
//! ```
//!
//! ```
//! use std::sync::Arc;
//! use scopegate_domain::{Account, User, UserId, Username};
//! use scopegate_store::Store;
//! use scopegate_store_sql::{DatabaseUrl, SqlStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(SqlStore::open(&DatabaseUrl::memory()).await?);
//! let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
//! store.users().add(Account { user: user.clone(), password_hash: None }).await?;
//! assert_eq!(store.users().find(user.username()).await?, Some(user));
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees of a database file
//!
//! | guarantee | reason |
//! |---|---|
//! | an answered write survives the end of the program by `kill -9` | it is in the write-ahead log before it is answered |
//! | and the loss of power, if the disk syncs what it reports as synced | `synchronous = FULL`: the log is synced before the answer |
//! | a write that could not be kept changes nothing, and the next one is tried again | each change is undone by itself, a commit as a whole |
//! | concurrent changes share one sync of the disk | a commit takes up to 64 changes, each in a savepoint |
//! | no data is destroyed by a new file | a database is created only if neither it nor a file that belongs to it exists ([`OpenMode`]) |
//! | no call reads a file that was removed or replaced | files are compared with those that were opened |
//! | a copy of the file that contains each answered change is used without a restart | each change has a random mark |
//! | readers wait for no other connection | write-ahead log, separate connections |
//! | another program may use the file meanwhile | a busy timeout of 5 seconds |
//! | no other user of the machine reads it | it is created with mode 0600, and so are its `-wal` and `-shm` |
//! | removed data are erased from the file | `secure_delete` |
//! | an entry of the audit log never changes, and is deleted only after its retention | triggers refuse the statement |
//! | an older program does not change the database of a newer one | [`OpenError::Newer`] |
//!
//! This crate contains all statements, each written once, in the syntax that SQLite and PostgreSQL
//! share. A test refuses words that only one of them accepts.
//!
//! # Out of scope
//!
//! A pool (SQLite has one writer, and a reader needs no other connection), transactions for
//! callers, options in the URL.

mod audit;
mod audit_entry;
mod bound;
mod changes;
mod cleanup;
mod clients;
mod codes;
mod connect;
mod consents;
mod copy;
mod database_files;
mod duplicates;
mod earlier;
mod engine;
mod failure;
mod families;
mod files;
mod grant_row;
mod grant_sql;
mod grant_steps;
mod group;
mod home;
mod lookups;
mod manifest;
mod metrics;
mod migrate;
mod migrations;
mod names;
mod new_database;
mod news;
mod news_entry;
mod news_steps;
mod open_error;
mod prepare;
mod queue;
mod recovery;
mod reseal_steps;
mod row;
mod rows;
mod same_name;
mod sealed_secrets;
mod sessions;
mod signing_keys;
mod sqlite;
mod statement;
mod store;
mod unnamed;
mod url;
mod users;

pub use copy::RowCounts;
pub use manifest::BackupManifest;
pub use migrate::MigrationPlan;
pub use open_error::OpenError;
pub use same_name::{NamedUser, RenamedUsers, SameName};
pub use store::{OpenMode, SqlStore};
pub use url::{DatabaseUrl, InvalidDatabaseUrl};
