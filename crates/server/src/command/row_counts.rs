//! The numbers of rows of a database, for people and as members of JSON.

use scopegate_store_sql::RowCounts;
use serde_json::{Value, json};

/// Returns each kind of row with its number.
const fn of_kinds(rows: &RowCounts) -> [(&'static str, u64); 11] {
    [
        ("user", rows.users),
        ("client", rows.clients),
        ("client secret", rows.client_secrets),
        ("revocation", rows.revocations),
        ("signing key", rows.signing_keys),
        ("audit record", rows.audit),
        ("server secret", rows.server_secrets),
        ("session", rows.sessions),
        ("consent", rows.consents),
        ("code", rows.codes),
        ("token family", rows.families),
    ]
}

/// The kinds that a text names although there are none.
const ALWAYS_NAMED: usize = 6;

/// Returns the numbers as one text.
pub(super) fn text(rows: &RowCounts) -> String {
    let kinds = of_kinds(rows).into_iter().enumerate();
    let named = kinds.filter(|(place, (_, rows))| *place < ALWAYS_NAMED || *rows > 0);
    named
        .map(|(_, (noun, rows))| match rows {
            1 => format!("1 {noun}"),
            _ => format!("{rows} {}", plural(noun)),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !noun.ends_with("ey") => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

/// Returns the numbers as members of an object, such as `client_secrets`.
pub(super) fn members(rows: &RowCounts) -> impl Iterator<Item = (String, Value)> + use<> {
    of_kinds(rows)
        .into_iter()
        .map(|(noun, rows)| (plural(noun).replace(' ', "_"), json!(rows)))
}
