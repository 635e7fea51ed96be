//! Metrics of the calls to the store, by method.

use std::future::Future;

use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};
use scopegate_store::{BoxFuture, StoreError, StoreErrorKind};
use tokio::time::Instant;

const DURATION: &str = "scopegate_store_duration_seconds";
const ERRORS: &str = "scopegate_store_errors_total";
const COMMITS: &str = "scopegate_store_commits_total";

/// The metrics of one method. Without a recorder they count nothing.
pub(crate) struct Method {
    duration: Histogram,
    errors: Counter,
}

impl Method {
    fn new(name: &'static str) -> Self {
        Self {
            duration: histogram!(DURATION, "method" => name),
            errors: counter!(ERRORS, "method" => name),
        }
    }

    /// Measures this call. Its duration contains the wait for a connection.
    pub(crate) fn measure<'a, T: Send + 'a>(
        &'a self,
        call: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            let begin = Instant::now();
            let answer = call.await;
            self.duration.record(begin.elapsed());
            // A name that is taken is an answer, not an error.
            let error = answer.as_ref().err().map(StoreError::kind);
            if error.is_some_and(|kind| kind != StoreErrorKind::Conflict) {
                self.errors.increment(1);
            }
            answer
        })
    }
}

/// The number of commits. Changes that wait are committed together.
pub(crate) fn commits() -> Counter {
    describe_counter!(COMMITS, "Commits to the database, each of one change or several.");
    counter!(COMMITS)
}

macro_rules! methods {
    ($($method:ident: $name:literal,)*) => {
        /// The metrics of all methods. Each is registered at once, so that its first value is 0.
        pub(crate) struct Methods { $(pub(crate) $method: Method,)* }

        impl Methods {
            pub(crate) fn new() -> Self {
                describe_histogram!(DURATION, Unit::Seconds, "Time that the store took, by method.");
                describe_counter!(ERRORS, "Questions that the store did not answer, by method.");
                Self { $($method: Method::new($name),)* }
            }
        }
    };
}

methods! {
    add_client: "clients.add",
    add_secret: "clients.add_secret",
    add_user: "users.add",
    audit_entries: "audit.entries",
    delete_entries: "audit.delete_entries",
    write_entries: "audit.write_entries",
    allow_key_lifetime: "signing_keys.allow_lifetime",
    find_account: "users.find_account",
    find_client: "clients.find",
    find_user: "users.find",
    find_user_by_id: "users.find_by_id",
    forget_news: "news.forget",
    list_clients: "clients.list",
    list_keys: "signing_keys.list",
    list_users: "users.list",
    news_after: "news.after",
    news_heads: "news.heads",
    old_revocations: "news.old_revocations",
    password_schemes: "users.password_schemes",
    ping: "ping",
    check_writable: "rehearse_change",
    remove_client: "clients.remove",
    remove_secret: "clients.remove_secret",
    remove_keys: "signing_keys.remove_through",
    remove_user: "users.remove",
    replace_password_hash: "users.replace_password_hash",
    revoke: "news.revoke",
    replace_keys: "signing_keys.replace",
    rewrap_keys: "signing_keys.rewrap",
    rotate_keys: "signing_keys.rotate",
    set_password_hash: "users.set_password_hash",
    set_profile: "users.set_profile",
    set_status: "users.set_status",
    set_user_scope: "users.set_scope",
    update_client: "clients.update",
    withdraw: "news.withdraw",
    add_secret_version: "sealed_secrets.add_version",
    allow_code: "codes.allow",
    begin_session: "sessions.begin",
    consents_of_user: "consents.of_user",
    count_rows: "count_rows",
    delete_expired: "delete_expired",
    end_all_families: "families.end_all",
    end_family: "families.end",
    end_sessions: "sessions.end",
    families_of_client: "families.of_client",
    find_consent: "consents.find",
    find_family: "families.find",
    find_session: "sessions.find",
    list_secrets: "sealed_secrets.list",
    redeem_code: "codes.redeem",
    remove_codes: "codes.remove_all",
    remove_secrets: "sealed_secrets.remove_through",
    remove_sessions: "sessions.remove_all",
    reseal: "reseal",
    reseal_secrets: "sealed_secrets.reseal",
    rotate_family: "families.rotate",
    sessions_of_user: "sessions.of_user",
    touch_session: "sessions.touch",
    withdraw_consent: "consents.withdraw",
}
