//! Counts the rows of the tables that grow with use.

use scopegate_store::StoreError;

use crate::SqlStore;
use crate::statement::Statement;

/// The tables, each with its statement. `COUNT(*)` reads the pages of the smallest index, and no
/// row.
const TABLES: [(&str, &str); 8] = [
    ("audit", "SELECT entries FROM audit_kept"),
    ("clients", "SELECT COUNT(*) FROM clients"),
    ("codes", "SELECT COUNT(*) FROM codes"),
    ("consents", "SELECT COUNT(*) FROM consents"),
    ("families", "SELECT COUNT(*) FROM families"),
    ("news", "SELECT COUNT(*) FROM news"),
    ("sessions", "SELECT COUNT(*) FROM sessions"),
    ("users", "SELECT COUNT(*) FROM users"),
];

impl SqlStore {
    /// Returns the number of rows of each table, one after the other: other reads come between.
    pub(crate) async fn rows(&self) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let mut rows = Vec::with_capacity(TABLES.len());
        for (table, count) in TABLES {
            let count: Option<i64> = self.one(Statement::new(count), |row| row.int(0)).await?;
            rows.push((
                table,
                count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default(),
            ));
        }
        Ok(rows)
    }
}
