//! Statements for the driver of SQLite.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, query};

use crate::statement::{Argument, Statement};

/// Returns a statement for the driver.
pub(crate) fn bound(statement: Statement) -> Query<'static, Sqlite, SqliteArguments> {
    let to_bind = query(seen(statement.sql));
    statement
        .arguments
        .into_iter()
        .fold(to_bind, |bound, argument| match argument {
            Argument::Bytes(bytes) => bound.bind(bytes),
            Argument::Int(value) => bound.bind(value),
            Argument::Null => bound.bind(None::<i64>),
            Argument::Text(text) => bound.bind(text),
        })
}

#[cfg(not(test))]
const fn seen(sql: &'static str) -> &'static str {
    sql
}

#[cfg(test)]
pub(crate) mod plans;
#[cfg(test)]
use plans::seen;
