//! SQLite as an engine of [`Statement`]s.

use std::sync::Arc;

use scopegate_store::StoreError;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, SqliteConnection, Type};

use crate::bound::bound;
use crate::failure::failure;
use crate::sqlite::Connections;
use crate::statement::{Backend, Outcome, RowView, Statement, Step};

impl Backend for Arc<Connections> {
    async fn fetch<T: Send>(
        &self,
        statement: Statement,
        value: fn(&dyn RowView) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let read =
            async |connection: &mut SqliteConnection| bound(statement).fetch_all(connection).await.map_err(failure);
        let rows = self.read(read).await?;
        rows.iter().map(|row| value(row)).collect()
    }

    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        match self.transaction(vec![statement.any()]).await? {
            Outcome::Committed(rows) => Ok(rows.into_iter().sum()),
            // No step without an expectation misses it.
            Outcome::Missed(_) => Ok(0),
        }
    }

    async fn transaction(&self, steps: Vec<Step>) -> Result<Outcome, StoreError> {
        self.change(steps).await
    }
}

impl RowView for SqliteRow {
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        value(self, column)
    }

    fn int(&self, column: usize) -> Result<i64, StoreError> {
        value(self, column)
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        value(self, column)
    }

    fn optional_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        value(self, column)
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        value(self, column)
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        value(self, column)
    }
}

fn value<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r SqliteRow, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(failure)
}
