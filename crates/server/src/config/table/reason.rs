//! The reason of each setting: why it exists, or why its default is what it is.

/// The reasons by key, in the order of the table.
const REASONS: &[(&str, &str)] = &[
    ("demo", "Its passwords are public, so only a flag or key turns it on"),
    (
        "listen",
        "Only a proxy on this machine reaches a loopback address, and the server has no TLS",
    ),
    (
        "admin_listen",
        "Metrics are for operators, so they are on another address",
    ),
    ("database", "One file needs no other program"),
    ("issuer", "No header of a request can change a published URL"),
    ("audience", "A token that names its API is refused by every other API"),
    ("resources", "Which APIs exist is the decision of the operator"),
    ("issuers", "No issuer is trusted unless it is named"),
    (
        "cors_origins",
        "A page of another origin reads nothing unless its origin is named",
    ),
    (
        "secret_key",
        "A secret that is not configured protects the tokens of one run",
    ),
    (
        "secret_key_file",
        "A file has permissions, and a variable can appear in a list of processes",
    ),
    ("key_encryption_key", "A stolen copy of the database signs no tokens"),
    (
        "key_encryption_key_file",
        "A file has permissions, and a variable can appear in a list of processes",
    ),
    ("key_rotation", "A stolen key signs for a limited time"),
    ("key_announcement", "A new key must be in every cache before it signs"),
    (
        "profile",
        "Existing clients may expect other answers than those of the RFCs",
    ),
    ("password_grant", "An application that reads passwords can steal them"),
    ("password_min_length", "NIST SP 800-63B requires 8 characters"),
    (
        "access_token_lifetime",
        "A token is valid without a question to this server",
    ),
    ("token_lifetime", "Existing clients expect this lifetime"),
    (
        "refresh_retry",
        "A lost answer must not log a user out; a longer time helps a thief, too",
    ),
    (
        "token_cache_bytes",
        "A signature is verified once for each token, and memory has a bound",
    ),
    ("user_cache_age", "A change by another program must take effect soon"),
    (
        "revocation_age",
        "Several processes share one database, and each reads the changes of the others",
    ),
    ("news_grace", "A short fault of the disk must not refuse every request"),
    (
        "news_stale",
        "A revoked token must not be accepted because the database is down",
    ),
    ("news_stale_limit", "An outage must not extend rights for long"),
    (
        "rehash",
        "Stored hashes get the current strength without a new password",
    ),
    ("login_throttle", "Guessing must be slow"),
    ("trusted_proxies", "Every client can send `X-Forwarded-For`"),
    (
        "audit",
        "A login then adds no row, so that a visitor cannot fill the disk",
    ),
    ("audit_retention", "A question about the last year has its answer"),
    ("hashing_slots", "A hash takes a whole core"),
    ("hashing_queue", "A login that waits for long is retried, and adds load"),
    ("header_timeout", "A slow client must not hold a connection"),
    ("body_timeout", "A slow client must not hold a connection"),
    ("idle_timeout", "An idle connection takes memory"),
    ("body_limit", "Every form of the protocol is smaller"),
    ("max_connections", "Memory has a bound"),
    (
        "drain_deadline",
        "A supervisor kills the process after its own deadline",
    ),
    ("shadow_policy", "A policy can be tried before it decides"),
    ("log_format", "People read lines, and programs read JSON"),
    (
        "log_level",
        "A command has its answer on standard output, and a server has its log",
    ),
];

/// Returns the reason of a setting.
pub(super) fn reason(key: &str) -> &'static str {
    let found = REASONS.iter().find(|(known, _)| *known == key);
    found.map_or("", |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::SETTINGS;

    #[test]
    fn each_setting_has_a_reason() {
        let known: Vec<&str> = REASONS.iter().map(|(key, _)| *key).collect();
        let settings: Vec<&str> = SETTINGS.iter().map(|row| row.key).collect();
        assert_eq!(known, settings);
        for (key, reason) in REASONS {
            assert!(
                reason.split(' ').count() >= 4 && !reason.ends_with('.'),
                "{key}: {reason}"
            );
        }
    }
}
