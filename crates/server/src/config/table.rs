//! The table of all settings, from which help texts, manual page and `docs/configuration.md` come.

mod reason;

use std::fmt::Write as _;

/// The prefix of our variables.
pub(super) const VARIABLE_PREFIX: &str = "SCOPEGATE_";

/// The description of one setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SettingRow {
    /// Its key in the file.
    pub(crate) key: &'static str,
    /// The name of its flag without `--`. Secrets and tables have no flag.
    pub(crate) flag: Option<&'static str>,
    /// The form of its value, with the unit.
    pub(crate) value: &'static str,
    /// Its default.
    pub(crate) default: &'static str,
    /// Its effect.
    pub(crate) effect: &'static str,
}

/// The value of a setting that only the file can hold.
pub(super) const TABLES: &str = "tables";

const fn row(
    key: &'static str,
    flag: Option<&'static str>,
    value: &'static str,
    default: &'static str,
    effect: &'static str,
) -> SettingRow {
    SettingRow {
        key,
        flag,
        value,
        default,
        effect,
    }
}

/// All settings, in the order in which `config check` prints them.
pub(crate) const SETTINGS: &[SettingRow] = &[
    row(
        "demo",
        Some("demo"),
        "`true` or `false`",
        "false",
        "Serves the FastAPI tutorial: its users, its client and its answers. They are kept in memory unless `database` is set",
    ),
    row(
        "listen",
        Some("listen"),
        "address and port",
        "127.0.0.1:8000",
        "Sets the address and port of the public listener. Port 0 takes a free one",
    ),
    row(
        "admin_listen",
        Some("admin-listen"),
        "address and port",
        "none",
        "Sets the address and port of a second listener for supervisors: /healthz, /readyz, /metrics. It authenticates no client",
    ),
    row(
        "database",
        Some("database"),
        "`sqlite:PATH`",
        "sqlite:scopegate.db; in memory with `demo`",
        "Sets the database of users, clients, sessions, consents, keys and revocations",
    ),
    row(
        "issuer",
        Some("issuer"),
        "URL",
        "http://LISTEN on a loopback address; elsewhere it must be set",
        "Sets the URL by which clients know this server: the `iss` of its tokens. It is `https` except on a loopback address",
    ),
    row(
        "audience",
        Some("audience"),
        "1 to 512 characters of ASCII",
        "the issuer",
        "Sets the API that tokens are for without `resources`: their `aud`",
    ),
    row(
        "resources",
        None,
        TABLES,
        "none",
        "Declares the APIs that tokens are for, each with its audience and the document of its scopes. \
         `docs/authorization-server.md` lists the keys of a table",
    ),
    row(
        "issuers",
        None,
        TABLES,
        "none",
        "Declares other issuers whose tokens are accepted. `docs/issuers.md` lists the keys of a table",
    ),
    row(
        "cors_origins",
        Some("cors-origin"),
        "origins, or `*` for all",
        "none",
        "Lists origins whose pages may read responses by script, such as `https://app.example`. The flag may be repeated",
    ),
    row(
        "secret_key",
        None,
        "text of at least 32 bytes",
        "random at each start",
        "Sets the secret that signs the tokens of the `tutorial` profile with HS256",
    ),
    row(
        "secret_key_file",
        None,
        "path of a file",
        "none",
        "Names the file that contains `secret_key`",
    ),
    row(
        "key_encryption_key",
        None,
        "32 bytes in base64url or hexadecimal",
        "a file next to the SQLite database",
        "Sets the key that encrypts the stored signing keys and server secrets",
    ),
    row(
        "key_encryption_key_file",
        None,
        "path of a file",
        "none",
        "Names the file that contains `key_encryption_key`",
    ),
    row(
        "key_rotation",
        Some("key-rotation"),
        "time, or `0` for never",
        "30d",
        "Sets the interval after which another key signs",
    ),
    row(
        "key_announcement",
        Some("key-announcement"),
        "time",
        "1h",
        "Sets how long a new signing key is published before it signs. Other servers cache the public keys for 5 minutes",
    ),
    row(
        "profile",
        Some("profile"),
        "`rfc` or `tutorial`",
        "rfc; `tutorial` with `demo`",
        "Sets the form of answers and tokens: that of the RFCs, or that of the FastAPI tutorial",
    ),
    row(
        "password_grant",
        Some("password-grant"),
        "`true` or `false`",
        "false; true with `demo`",
        "Enables the password grant. RFC 9700, section 2.4 advises against it, so it is off",
    ),
    row(
        "password_min_length",
        None,
        "number",
        "8",
        "Sets how many characters a new password has at least: of `user add`, `user set-password` and the account page. At most 1024",
    ),
    row(
        "access_token_lifetime",
        Some("access-token-lifetime"),
        "time",
        "10m",
        "Sets how long an access token is valid: what a thief of a token has",
    ),
    row(
        "token_lifetime",
        Some("token-lifetime"),
        "time",
        "30m with the `tutorial` profile",
        "Sets how long a token by the password grant is valid in the `tutorial` profile. Elsewhere it is the old name of \
         `access_token_lifetime`",
    ),
    row(
        "refresh_retry",
        Some("refresh-retry"),
        "time of whole seconds",
        "10s",
        "Sets how long the direct predecessor of a refresh token receives the same successor again. `0s` ends the access at the first \
         repetition",
    ),
    row(
        "token_cache_bytes",
        Some("token-cache-bytes"),
        "bytes",
        "8388608",
        "Sets the memory for verified tokens. 0 verifies every token again",
    ),
    row(
        "user_cache_age",
        Some("user-cache-age"),
        "time of whole seconds",
        "5s",
        "Sets how long a user is cached. `0s` reads the user for every request",
    ),
    row(
        "revocation_age",
        Some("revocation-age"),
        "time",
        "5s",
        "Sets the maximum delay until a revocation by another process takes effect",
    ),
    row(
        "news_grace",
        Some("news-grace"),
        "time",
        "5s",
        "Sets how long beyond `revocation_age` tokens are accepted while the database does not answer. Then `/readyz` is 503, and \
         `news_stale` decides",
    ),
    row(
        "news_stale",
        Some("news-stale"),
        "`deny`, `allow-known` or `allow`",
        "deny",
        "Sets what happens after `news_grace`, when recent revocations are not known. `deny` refuses requests with a token (503). \
         `allow-known` accepts tokens that were issued before, until `news_stale_limit`. `allow` accepts all",
    ),
    row(
        "news_stale_limit",
        Some("news-stale-limit"),
        "time",
        "5m",
        "Sets how long after the last read of revocations `allow-known` accepts tokens. With `allow-known` it must be above \
         `revocation_age` and `news_grace` together",
    ),
    row(
        "rehash",
        Some("rehash"),
        "`true` or `false`",
        "true",
        "Replaces an outdated password hash at the next login",
    ),
    row(
        "login_throttle",
        Some("login-throttle"),
        "`true` or `false`",
        "true; false with `demo`",
        "Delays attempts after repeated wrong passwords or client secrets, by account and by address (429)",
    ),
    row(
        "trusted_proxies",
        Some("trusted-proxy"),
        "addresses and networks",
        "none",
        "Lists proxies whose `X-Forwarded-For` names the client, for limits on guessing and the audit log, such as `10.0.0.0/8`. The flag may be repeated",
    ),
    row(
        "audit",
        Some("audit"),
        "`standard` or `strict`",
        "standard",
        "Sets which events have an entry of their own in the audit log. `standard` counts logins, tokens and introspection by minute; \
         `strict` writes each event of a known user or client",
    ),
    row(
        "audit_retention",
        Some("audit-retention"),
        "days from 1 to 3650, such as `400d`",
        "400d",
        "Sets how long entries of the audit log are kept. A running server deletes older ones",
    ),
    row(
        "hashing_slots",
        Some("hashing-slots"),
        "number",
        "the number of cores",
        "Sets how many passwords are hashed at a time",
    ),
    row(
        "hashing_queue",
        Some("hashing-queue"),
        "number",
        "64",
        "Sets how many logins may wait for a hashing slot. Further ones are answered with 503",
    ),
    row(
        "header_timeout",
        Some("header-timeout"),
        "time",
        "10s",
        "Sets the time for the head of a request",
    ),
    row(
        "body_timeout",
        Some("body-timeout"),
        "time",
        "30s",
        "Sets the time for the body of a request that does not move. Each 512 bytes add a second",
    ),
    row(
        "idle_timeout",
        Some("idle-timeout"),
        "time",
        "1m",
        "Sets how long a connection may wait for its next request, and a response for its peer to read on",
    ),
    row(
        "body_limit",
        Some("body-limit"),
        "bytes",
        "65536",
        "Sets the largest body of a request",
    ),
    row(
        "max_connections",
        Some("max-connections"),
        "number",
        "4096",
        "Sets the number of open connections. When it is reached, an idle connection is closed for each new one",
    ),
    row(
        "drain_deadline",
        Some("drain-deadline"),
        "time",
        "10s",
        "Sets how long requests under way may take to end after a signal to stop",
    ),
    row(
        "shadow_policy",
        Some("shadow-policy"),
        "path of a file",
        "none",
        "Names a proposed policy. It decides nothing; metrics and log report its decisions",
    ),
    row(
        "log_format",
        Some("log-format"),
        "`human` or `json`",
        "human",
        "Sets the form of log lines",
    ),
    row(
        "log_level",
        Some("log-level"),
        "a level, or directives such as `info,scopegate_http=debug`",
        "info for `serve`; warn for other commands",
        "Sets what is logged",
    ),
];

impl SettingRow {
    /// The row of a flag.
    pub(crate) fn of_flag(flag: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|row| row.flag == Some(flag))
    }

    /// The flag of a key, without `--`.
    pub(crate) fn flag_of(key: &str) -> Option<&'static str> {
        SETTINGS.iter().find(|row| row.key == key).and_then(|row| row.flag)
    }

    /// Whether the file holds tables under this key.
    pub(crate) fn is_table(key: &str) -> bool {
        SETTINGS.iter().any(|row| row.key == key && row.value == TABLES)
    }

    /// Whether the setting is a secret. `config check` does not show its value.
    pub(crate) fn is_secret(key: &str) -> bool {
        ["secret_key", "key_encryption_key"].contains(&key)
    }

    /// The environment variable of the setting.
    pub(crate) fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_uppercase())
    }

    /// The help text of the flag.
    pub(crate) fn help(&self) -> String {
        format!(
            "{} [default: {}] [env: {}]",
            self.effect.replace('`', ""),
            self.default.replace('`', ""),
            self.variable()
        )
    }
}

/// All variables with their effect and its reason, for the manual page.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    let rows = SETTINGS.iter().filter(|row| row.value != TABLES);
    rows.map(|row| (row.variable(), format!("{}. {}", row.effect, reason::reason(row.key))))
}

/// All settings that are tables of the file, with their effect and its reason, for the manual page.
pub(crate) fn tables() -> impl Iterator<Item = (&'static str, String)> {
    let rows = SETTINGS.iter().filter(|row| row.value == TABLES);
    rows.map(|row| (row.key, format!("{}. {}", row.effect, reason::reason(row.key))))
}

/// Writes all settings as a table of Markdown.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the test of docs/configuration.md writes the page")
)]
pub(crate) fn markdown() -> String {
    let mut text =
        String::from("| key | flag | variable | value | default | effect | reason |\n|---|---|---|---|---|---|---|\n");
    for row in SETTINGS {
        let flag = row.flag.map_or_else(|| "none".to_owned(), |flag| format!("`--{flag}`"));
        let variable = if row.value == TABLES {
            "none".to_owned()
        } else {
            format!("`{}`", row.variable())
        };
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {flag} | {variable} | {} | {} | {} | {} |",
            row.key,
            row.value,
            row.default,
            row.effect,
            reason::reason(row.key)
        );
    }
    text
}

#[cfg(test)]
mod tests;
