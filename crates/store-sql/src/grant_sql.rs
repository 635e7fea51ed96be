//! The columns and conditions that several statements about sessions, consents, codes and families
//! share. Each is written once.
//!
//! A row is read by the numbers of its columns: `grant_row` reads them in this order.

/// The columns of `grant_row::authorization`. Codes and families have them.
macro_rules! authorization_columns {
    () => {
        "user_id, client_id, scope, resources, session_ends_on, session, auth_time, acr, amr, key_thumbprint"
    };
}

/// The columns of `grant_row::code`.
macro_rules! code_columns {
    () => {
        concat!(
            $crate::grant_sql::authorization_columns!(),
            ", nonce, ends_on, digest, redirect_uri, challenge, expires_at"
        )
    };
}

/// The columns of `grant_row::family`.
macro_rules! family_columns {
    () => {
        concat!(
            $crate::grant_sql::authorization_columns!(),
            ", ends_on, id, secret_digest, generation, rotated_at, began_at, ends_at, idle_seconds, \
             ends_with_session, ended_at, ended_why"
        )
    };
}

/// The columns of `row::user` for the `user_id` of a row.
macro_rules! user_columns {
    ($table:literal) => {
        concat!(
            $table,
            ".user_id, (SELECT username FROM users WHERE users.id = ",
            $table,
            ".user_id), (SELECT email FROM users WHERE users.id = ",
            $table,
            ".user_id), (SELECT full_name FROM users WHERE users.id = ",
            $table,
            ".user_id), (SELECT status FROM users WHERE users.id = ",
            $table,
            ".user_id), (SELECT scope FROM users WHERE users.id = ",
            $table,
            ".user_id)"
        )
    };
}

/// No tokens of the user of a row were revoked since its begin, if there is such a user.
macro_rules! has_valid_place {
    ($table:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM user_grants WHERE user_grants.user_id = ",
            $table,
            ".user_id AND user_grants.grants_from > ",
            $table,
            ".user_place)"
        )
    };
}

/// The user of a row is active, and no tokens of the user were revoked since its begin.
macro_rules! has_user {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users WHERE users.id = ",
            $table,
            ".user_id AND users.status = 'active') AND ",
            $crate::grant_sql::has_valid_place!($table)
        )
    };
}

/// No tokens of the user of a row were revoked since its begin.
macro_rules! has_same_user {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users WHERE users.id = ",
            $table,
            ".user_id) AND ",
            $crate::grant_sql::has_valid_place!($table)
        )
    };
}

/// The client of a row exists, and no tokens of the client were revoked since its begin.
macro_rules! has_client {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM clients WHERE clients.id = ",
            $table,
            ".client_id AND clients.grants_from <= ",
            $table,
            ".client_place)"
        )
    };
}

/// The session of a row is not over at `$now`.
macro_rules! has_session {
    ($table:literal, $now:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM sessions WHERE sessions.ends_on = ",
            $table,
            ".session_ends_on AND sessions.digest = ",
            $table,
            ".session AND sessions.ends_at > ",
            $now,
            ")"
        )
    };
}

/// The columns of `grant_row::session`.
macro_rules! session_columns {
    () => {
        "user_id, ends_on, digest, auth_time, acr, amr, seen_at, ends_at, idle_seconds, user_agent"
    };
}

/// The columns of `grant_row::consent`.
macro_rules! consent_columns {
    () => {
        "user_id, client_id, scope, refused_scope, granted_at, changed_at"
    };
}

/// The columns of `grant_row::sealed_secret`.
macro_rules! secret_columns {
    () => {
        "purpose, version, created_at, verifies_until, sealed"
    };
}

/// A session is active at `$now`.
macro_rules! is_active_session {
    ($now:literal) => {
        concat!("ends_at > ", $now, " AND seen_at + idle_seconds > ", $now)
    };
}

/// The age and the idle time of a family are not over at `$now`.
macro_rules! is_in_time {
    ($now:literal) => {
        concat!(
            "families.ends_at > ",
            $now,
            " AND families.rotated_at + families.idle_seconds > ",
            $now
        )
    };
}

/// A family can be refreshed at `$now`.
macro_rules! can_be_refreshed {
    ($now:literal) => {
        concat!(
            "families.ended_at IS NULL AND ",
            $crate::grant_sql::is_in_time!($now),
            " AND ",
            $crate::grant_sql::has_user!("families"),
            " AND ",
            $crate::grant_sql::has_client!("families"),
            " AND (families.ends_with_session = 0 OR ",
            $crate::grant_sql::has_session!("families", $now),
            ")"
        )
    };
}

pub(crate) use {
    authorization_columns, can_be_refreshed, code_columns, consent_columns, family_columns, has_client, has_same_user,
    has_session, has_user, has_valid_place, is_active_session, is_in_time, secret_columns, session_columns,
    user_columns,
};
