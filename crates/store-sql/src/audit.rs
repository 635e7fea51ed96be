//! The audit log in SQL.

use scopegate_domain::{AuditEntry, AuditEvent, AuditId, ClientId};
use scopegate_store::{Audit, AuditQuery, AuditRetention, BoxFuture, StoreError};

use crate::audit_entry::steps;
use crate::statement::{Backend, Outcome, Statement};
use crate::{SqlStore, row};

/// A statement that reads a page of the log, by one index. `$1` to `$4` are the ends of the range,
/// `$5` is the limit, and the filters follow.
macro_rules! page {
    ($filter:literal, $order:literal) => {
        concat!(
            "SELECT id, event, is_refused, user_id, client_id, request_id, address, count, detail FROM audit WHERE ",
            $filter,
            " AND (day, id) > ($1, $2) AND (day, id) < ($3, $4) ORDER BY ",
            $order,
            " LIMIT $5"
        )
    };
}

/// The statements of one filter: the oldest entry first, and the newest first.
macro_rules! pages {
    ($filter:literal) => {
        [page!($filter, "day, id"), page!($filter, "day DESC, id DESC")]
    };
}

const ALL: [&str; 2] = pages!("1 = 1");

const OF_EVENT: [&str; 2] = pages!("event = $6");

const OF_CLIENT: [&str; 2] = pages!("client_id = $6 AND ($7 IS NULL OR event = $7)");

const OF_USER: [&str; 2] = pages!("user_id = $6 AND ($7 IS NULL OR event = $7) AND ($8 IS NULL OR client_id = $8)");

const SET_FIRST_DAY: &str = "UPDATE audit_kept SET first_day = $1 WHERE first_day < $1";

const SET_MAX: &str = "UPDATE audit_kept SET max_entries = $1 WHERE max_entries <> $1";

/// Deletes the oldest entries: those whose days have ended, and those that are too many.
// SQLite reads the whole table for a list that is a union, and none for a list of a subquery.
const DELETE: &str = "DELETE FROM audit WHERE (day, id) IN (SELECT day, id FROM ( \
         SELECT day, id FROM (SELECT day, id FROM audit \
             WHERE day < (SELECT first_day FROM audit_kept) ORDER BY day, id LIMIT $1) AS ended \
         UNION \
         SELECT day, id FROM (SELECT day, id FROM audit ORDER BY day, id LIMIT \
             (SELECT CASE WHEN entries <= max_entries THEN 0 WHEN entries - max_entries > $1 THEN $1 \
                 ELSE entries - max_entries END FROM audit_kept)) AS excess) AS old)";

impl Audit for SqlStore {
    fn write_entries<'a>(&'a self, entries: &'a [AuditEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.methods
            .write_entries
            .measure(async move { self.change_all(steps(entries)).await.map(|_| ()) })
    }

    fn entries<'a>(&'a self, query: &'a AuditQuery, limit: u16) -> BoxFuture<'a, Result<Vec<AuditEntry>, StoreError>> {
        self.methods
            .audit_entries
            .measure(self.scan(page(query, limit), row::audit_entry))
    }

    fn delete_entries(&self, retention: AuditRetention, limit: u16) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.methods.delete_entries.measure(async move {
            let set = [
                Statement::new(SET_FIRST_DAY).bind(retention.first_day).any(),
                Statement::new(SET_MAX).bind(retention.max_entries).any(),
            ];
            let delete = Statement::new(DELETE).bind(limit).any();
            let steps = set.into_iter().chain([delete]).collect();
            match self.connections.transaction(steps).await? {
                Outcome::Committed(rows) => Ok(rows.last().copied().unwrap_or_default()),
                // No step without an expectation misses it.
                Outcome::Missed(_) => Ok(0),
            }
        })
    }
}

/// Returns the statement of the index that finds the fewest entries.
fn page(query: &AuditQuery, limit: u16) -> Statement {
    let event = query.event.map(AuditEvent::number);
    let client = query.client.as_ref().map(ClientId::as_str);
    let [oldest_first, newest_first] = match (&query.user, client, event) {
        (Some(_), ..) => OF_USER,
        (None, Some(_), _) => OF_CLIENT,
        (None, None, Some(_)) => OF_EVENT,
        (None, None, None) => ALL,
    };
    let sql = if query.is_newest_first {
        newest_first
    } else {
        oldest_first
    };
    let ends = [query.after, query.before].into_iter();
    let page = ends.fold(Statement::new(sql), |page, end: AuditId| {
        page.bind(end.day()).bind(end.to_bytes().as_slice())
    });
    let page = page.bind(limit);
    match (&query.user, client, event) {
        (Some(user), client, event) => page.bind(user.as_str()).bind(event).bind(client),
        (None, Some(client), event) => page.bind(client).bind(event),
        (None, None, Some(event)) => page.bind(event),
        (None, None, None) => page,
    }
}
