//! Counters of failed and throttled attempts.

use metrics::{counter, describe_counter};

const FAILED: &str = "scopegate_logins_failed_total";
const THROTTLED: &str = "scopegate_logins_throttled_total";

/// The counters. Handles are obtained at a failure, which is rare.
#[derive(Debug)]
pub(super) struct ThrottleMetrics(());

impl ThrottleMetrics {
    pub(super) fn new() -> Self {
        describe_counter!(FAILED, "Attempts with a wrong password or client secret.");
        describe_counter!(THROTTLED, "Attempts that were refused before the secret was compared.");
        for secret in ["password", "client_secret"] {
            counter!(FAILED, "secret" => secret).absolute(0);
        }
        for by in ["account", "address"] {
            counter!(THROTTLED, "by" => by).absolute(0);
        }
        Self(())
    }

    #[expect(clippy::unused_self, reason = "the counters are described by then")]
    pub(super) fn failed(&self, secret: &'static str) {
        counter!(FAILED, "secret" => secret).increment(1);
    }

    #[expect(clippy::unused_self, reason = "the counters are described by then")]
    pub(super) fn throttled(&self, by: &'static str) {
        counter!(THROTTLED, "by" => by).increment(1);
    }
}
