//! The numbers of rows of a database, for people and as members of JSON.

use scopegate_store_sql::RowCounts;
use serde_json::{Value, json};

use crate::output::counted;

/// Returns each kind of row with its number.
const fn of_kinds(rows: &RowCounts) -> [(&'static str, u64); 6] {
    [
        ("user", rows.users),
        ("client", rows.clients),
        ("client secret", rows.client_secrets),
        ("revocation", rows.revocations),
        ("signing key", rows.signing_keys),
        ("audit record", rows.audit),
    ]
}

/// Returns the numbers as one text.
pub(super) fn text(rows: &RowCounts) -> String {
    of_kinds(rows)
        .map(|(noun, rows)| counted(usize::try_from(rows).unwrap_or(usize::MAX), noun))
        .join(", ")
}

/// Returns the numbers as members of an object, such as `client_secrets`.
pub(super) fn members(rows: &RowCounts) -> impl Iterator<Item = (String, Value)> + use<> {
    of_kinds(rows)
        .into_iter()
        .map(|(noun, rows)| (format!("{}s", noun.replace(' ', "_")), json!(rows)))
}
