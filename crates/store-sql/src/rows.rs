//! Counts the rows of the tables that grow with use, page by page.

use scopegate_store::StoreError;

use crate::SqlStore;
use crate::statement::{RowView, Statement};

/// The number of rows of a page. Other reads wait for one page at most.
const PAGE: i64 = 10_000;

/// The table whose rows a trigger counts.
const AUDIT: (&str, &str) = ("audit", "SELECT entries FROM audit_kept");

/// The statements that count a table in the order of its key.
struct Table {
    name: &'static str,
    first: fn() -> Key,
    key: fn(&dyn RowView) -> Result<Key, StoreError>,
    /// Finds the key of the last row of a full page: `$1` is the number of rows before it.
    last: &'static str,
    /// Counts at most `$1` rows.
    rest: &'static str,
}

/// A key of a table, in the types of its columns.
enum Key {
    Text(String),
    Texts(String, String),
    Digest(i64, Vec<u8>),
    Place(i64, i64),
}

macro_rules! table {
    ($name:literal, $columns:literal, $key:literal, $first:expr, $read:expr) => {
        Table {
            name: $name,
            first: || $first,
            key: $read,
            last: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $name,
                " WHERE (",
                $columns,
                ") > (",
                $key,
                ") ORDER BY ",
                $columns,
                " LIMIT 1 OFFSET $1"
            ),
            rest: concat!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM ",
                $name,
                " WHERE (",
                $columns,
                ") > (",
                $key,
                ") LIMIT $1) AS page"
            ),
        }
    };
}

const TABLES: [Table; 7] = [
    table!("clients", "id", "$2", Key::Text(String::new()), Key::text),
    table!(
        "codes",
        "ends_on, digest",
        "$2, $3",
        Key::Digest(i64::MIN, Vec::new()),
        Key::digest
    ),
    table!(
        "consents",
        "user_id, client_id",
        "$2, $3",
        Key::Texts(String::new(), String::new()),
        Key::texts
    ),
    table!(
        "families",
        "ends_on, id",
        "$2, $3",
        Key::Digest(i64::MIN, Vec::new()),
        Key::digest
    ),
    table!("news", "lane, place", "$2, $3", Key::Place(i64::MIN, 0), Key::place),
    table!(
        "sessions",
        "ends_on, digest",
        "$2, $3",
        Key::Digest(i64::MIN, Vec::new()),
        Key::digest
    ),
    table!("users", "id", "$2", Key::Text(String::new()), Key::text),
];

impl Key {
    fn text(row: &dyn RowView) -> Result<Self, StoreError> {
        Ok(Self::Text(row.text(0)?.to_owned()))
    }

    fn texts(row: &dyn RowView) -> Result<Self, StoreError> {
        Ok(Self::Texts(row.text(0)?.to_owned(), row.text(1)?.to_owned()))
    }

    fn digest(row: &dyn RowView) -> Result<Self, StoreError> {
        Ok(Self::Digest(row.int(0)?, row.bytes(1)?.to_vec()))
    }

    fn place(row: &dyn RowView) -> Result<Self, StoreError> {
        Ok(Self::Place(row.int(0)?, row.int(1)?))
    }

    /// Adds the key as `$2` and `$3` to a statement whose `$1` is a number.
    fn bind(&self, sql: &'static str, number: i64) -> Statement {
        let statement = Statement::new(sql).bind(number);
        match self {
            Self::Text(text) => statement.bind(text.as_str()),
            Self::Texts(first, second) => statement.bind(first.as_str()).bind(second.as_str()),
            Self::Digest(day, digest) => statement.bind(*day).bind(digest.as_slice()),
            Self::Place(lane, place) => statement.bind(*lane).bind(*place),
        }
    }
}

impl SqlStore {
    /// Returns the number of rows of each table.
    pub(crate) async fn rows(&self) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.rows_by_page(PAGE).await
    }

    async fn rows_by_page(&self, page: i64) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let mut rows = vec![(AUDIT.0, self.number(Statement::new(AUDIT.1)).await?)];
        for table in TABLES {
            rows.push((table.name, self.rows_of(&table, page).await?));
        }
        Ok(rows)
    }

    async fn rows_of(&self, table: &Table, page: i64) -> Result<u64, StoreError> {
        let (mut after, mut full) = ((table.first)(), 0_u64);
        loop {
            let last = after.bind(table.last, page.saturating_sub(1));
            let Some(last) = self.one(last, table.key).await? else {
                let rest = self.number(after.bind(table.rest, page)).await?;
                return Ok(full.saturating_add(rest));
            };
            full = full.saturating_add(u64::try_from(page).unwrap_or_default());
            after = last;
        }
    }

    /// Returns the number that a statement finds.
    async fn number(&self, statement: Statement) -> Result<u64, StoreError> {
        let number: Option<i64> = self.one(statement, |row| row.int(0)).await?;
        Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{
        Account, Client, ClientId, Revocation, Revoked, Timestamp, TokenId, User, UserId, Username,
    };
    use scopegate_store::{Clients, News, Users};

    use super::*;
    use crate::DatabaseUrl;

    #[tokio::test]
    async fn pages_of_each_size_have_all_rows() {
        let store = SqlStore::open(&DatabaseUrl::memory()).await.unwrap();
        for number in 0..6 {
            let name = format!("u{number}");
            let user = User::new(UserId::parse(&name).unwrap(), Username::parse(&name).unwrap());
            let password_hash = None;
            Users::add(&store, Account { user, password_hash }).await.unwrap();
            let token = Revoked::Token(TokenId::parse(&name).unwrap());
            store.revoke(&Revocation::until(token, Timestamp::MAX)).await.unwrap();
        }
        Clients::add(&store, Client::public(ClientId::parse("c").unwrap(), ""))
            .await
            .unwrap();
        let expected = [
            ("audit", 0),
            ("clients", 1),
            ("codes", 0),
            ("consents", 0),
            ("families", 0),
            ("news", 6),
            ("sessions", 0),
            ("users", 6),
        ];
        for page in 1..=7 {
            assert_eq!(store.rows_by_page(page).await.unwrap(), expected, "{page}");
        }
    }
}
