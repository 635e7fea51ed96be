//! Each statement finds its rows by an index.
//!
//! A macro puts the parts of many statements together. So cases of the conformance suite call all
//! methods, and each text that is sent to the driver is recorded. The other constants are read from
//! the sources.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use scopegate_store::conformance as cases;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use crate::{DatabaseUrl, SqlStore};

static SEEN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Records a statement.
pub(super) fn seen(sql: &'static str) -> &'static str {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(sql);
    sql
}

/// Tables that stay small, regardless of what clients and users do.
const SMALL: [&str; 5] = [
    "audit_kept",
    "news_head",
    "sealed_secrets",
    "signing_keys",
    "unnamed_users",
];

/// Statements that read a table of another kind, by a text that they contain, and why they may.
const SCANS: [(&str, &str); 7] = [
    (
        "SELECT day, id FROM audit ORDER BY day, id LIMIT",
        "the oldest entries, at most a batch",
    ),
    (
        "SELECT ends_on, digest FROM codes ORDER BY ends_on, digest LIMIT",
        "the first rows, at most a batch",
    ),
    (
        "SELECT ends_on, digest FROM sessions ORDER BY ends_on, digest LIMIT",
        "the first rows, at most a batch",
    ),
    ("SELECT COUNT(*) FROM users", "`migrate --plan` alone"),
    ("DELETE FROM news ", "live revocations and changes alone, each hour"),
    (
        "DELETE FROM revocations ",
        "the table of earlier versions, which gets no rows",
    ),
    ("SELECT 1 FROM users LIMIT 1", "one row"),
];

macro_rules! run {
    ($($module:ident: $($case:ident)*;)*) => {
        /// Runs cases that call each method.
        fn run_cases() {
            let make = async || (SqlStore::open(&DatabaseUrl::memory()).await.unwrap(), ());
            $($(cases::check(make, cases::$module::$case);)*)*
        }
    };
}

run! {
    audit: a_filtered_log_goes_page_by_page each_change_takes_its_entries_along entries_end_with_their_day;
    cleanup: a_batch_deletes_a_bounded_number old_and_idle_families_are_deleted_later rows_are_kept_until_nothing_needs_them;
    clients: change_made_meanwhile_is_not_lost changes_touch_one_client client_is_kept_whole
        clients_are_listed_in_the_order_of_bytes secret_is_added_and_removed unknown_client_is_none;
    code_ends: a_code_ends_when_all_tokens_are_revoked a_code_ends_when_its_client_is_removed
        a_code_ends_when_its_user_is_disabled a_code_ends_when_the_consent_is_withdrawn a_code_ends_with_its_session;
    codes: a_code_is_redeemed_whole_and_once a_consent_is_widened_and_never_narrowed removed_codes_are_unknown;
    consents: a_withdrawal_ends_all_that_was_granted consents_are_listed_with_their_families
        consents_end_with_user_and_client only_present_consents_are_listed;
    families: a_newer_token_moves_the_row_forward a_refused_condition_changes_nothing a_retry_gets_the_same_token all_families_end_at_once
        ending_a_family_revokes_its_tokens reuse_ends_the_family the_oldest_of_twenty_families_ends;
    family_ends: families_end_with_the_password families_of_a_revoked_client_end families_of_disabled_users_stay_ended
        families_of_removed_clients_stay_ended families_of_removed_users_stay_ended;
    names: profile_is_set_whole profile_keeps_names_unique;
    news: a_reader_behind_the_first_entry_reads_everything each_change_of_a_record_is_an_entry
        smaller_rights_and_their_tokens_change_together what_covers_no_living_token_is_forgotten
        who_ends_and_their_tokens_end_together;
    sealed_secrets: only_the_next_version_is_added secrets_are_sealed_again_all_or_none;
    sessions: a_login_of_another_user_ends_the_session a_new_login_takes_over a_session_is_kept_whole
        all_other_sessions_end ending_a_session_ends_what_depends_on_it sessions_end_with_each_right
        the_oldest_session_gives_way;
    signing_keys: a_lifetime_is_raised_and_never_lowered a_removed_key_takes_no_other_with_it
        keys_are_replaced_whole_or_not_at_all rewrapping_is_for_all_keys_or_none;
    users: an_answered_change_is_seen_by_all changes_touch_one_user list_goes_page_by_page
        password_hash_is_compared_and_set password_schemes_are_listed_once removed_name_and_id_are_free
        unknown_user_is_none;
}

/// Returns the steps of the plan of a statement.
pub(crate) async fn plan_of(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
    let rows = plan.fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// Returns the steps of a plan that read a whole table which is not small, or all rows of a day.
async fn scans(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *connection).await.unwrap();
    let steps = plan_of(connection, sql).await.into_iter();
    let is_scan = |step: &String| {
        let mut words = step.split(' ');
        let is_whole = words.next() == Some("SCAN");
        let table = words.next().unwrap_or_default();
        let is_day = step.ends_with("PRIMARY KEY (ends_on=?)") || step.ends_with("PRIMARY KEY (day=?)");
        is_day || is_whole && !SMALL.contains(&table) && tables.iter().any(|name| name == table)
    };
    steps.filter(is_scan).collect()
}

/// Returns the statements that are constants without parts, from the sources.
fn constants() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut constants = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let Ok(source) = std::fs::read_to_string(entry.unwrap().path()) else {
            continue;
        };
        for rest in source.split(": &str =").skip(1) {
            let Some(text) = rest
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            let lines = text.split("\\\n").enumerate();
            let text: String = lines
                .map(|(number, line)| if number == 0 { line } else { line.trim_start() })
                .collect();
            if ["SELECT ", "UPDATE ", "DELETE ", "INSERT "]
                .iter()
                .any(|word| text.starts_with(word))
            {
                constants.push(text);
            }
        }
    }
    constants
}

#[test]
fn each_statement_finds_its_rows_by_an_index() {
    run_cases();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let store = SqlStore::open(&DatabaseUrl::memory()).await.unwrap();
        store.rows().await.unwrap();
        let seen = SEEN.lock().unwrap().clone();
        assert!(seen.len() > 100, "{} statements", seen.len());
        let mut connection = store.connections.reader().await.unwrap();
        let all: BTreeSet<_> = seen.into_iter().map(str::to_owned).chain(constants()).collect();
        let mut found = Vec::new();
        for sql in &all {
            let scans = scans(&mut connection, sql).await;
            if !scans.is_empty() && !SCANS.iter().any(|(text, _)| sql.contains(text)) {
                found.push(format!("{sql}: {scans:?}"));
            }
        }
        for (text, reason) in SCANS {
            assert!(all.iter().any(|sql| sql.contains(text)), "{text}: {reason}");
        }
        assert_eq!(found, [""; 0], "{}", found.join("\n"));
    });
}
