//! Conversion from rows to values of the domain, and back to the text in a column.

use std::error::Error;
use std::str::FromStr;

use scopegate_domain::{
    Account, AuditEntry, AuditEvent, AuditId, AuditOutcome, Client, ClientId, KeyId, Lifetime, NewsLane, NewsPosition,
    PasswordHash, RedirectUri, RegisteredSecret, Revocation, Revoked, Scope, ScopeToken, SecretDigest, StoredKey,
    Timestamp, User, UserId, UserStatus, Username,
};
use scopegate_store::{NewsEntry, NewsHead, NewsItem, NewsKind, PasswordScheme, StoreError};

use crate::statement::RowView;

/// A column contains a value that the domain rejects.
#[derive(Debug, thiserror::Error)]
#[error("column `{column}` holds no such value")]
struct Refused {
    column: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

pub(crate) fn refused(column: &'static str) -> StoreError {
    StoreError::corrupt(Refused { column, source: None })
}

/// Reads the columns `id`, `username`, `email`, `full_name`, `status`, `scope`.
pub(crate) fn user(row: &dyn RowView) -> Result<User, StoreError> {
    let id: UserId = parsed("id", row.text(0)?)?;
    let username = Username::from_stored(row.text(1)?).map_err(|fault| corrupt("username", fault))?;
    let mut user = User::new(id, username)
        .with_status(status(row.text(4)?)?)
        .with_scope(scope("scope", row.text(5)?)?);
    if let Some(email) = row.optional_text(2)? {
        user = user.with_email(email);
    }
    if let Some(full_name) = row.optional_text(3)? {
        user = user.with_full_name(full_name);
    }
    Ok(user)
}

/// Reads the columns of [`user`], then `password_hash`.
pub(crate) fn account(row: &dyn RowView) -> Result<Account, StoreError> {
    Ok(Account {
        user: user(row)?,
        password_hash: row.optional_text(6)?.map(PasswordHash::from_stored),
    })
}

/// Reads the column `password_scheme`.
pub(crate) fn password_scheme(row: &dyn RowView) -> Result<PasswordScheme, StoreError> {
    PasswordScheme::parse(row.text(0)?).ok_or_else(|| refused("password_scheme"))
}

/// Reads the columns `id`, `name`, `auth_method`, `redirect_uris`, `grant_types`, `scope`,
/// `may_introspect`, `resources`, `optional_scope`, `default_scope`, `first_party`,
/// `post_logout_redirect_uris`, `refresh_idle`, `refresh_age`, then those of a secret, which may be
/// missing: `digest`, `created_at`, `ends_at`.
pub(crate) fn client(row: &dyn RowView) -> Result<(Client, Option<RegisteredSecret>), StoreError> {
    let id: ClientId = parsed("id", row.text(0)?)?;
    let client = Client::public(id, row.text(1)?)
        .with_auth_method(parsed("auth_method", row.text(2)?)?)
        .with_redirect_uris(uris("redirect_uris", row.text(3)?)?)
        .with_grant_types(words("grant_types", row.text(4)?, str::parse).collect::<Result<Vec<_>, _>>()?)
        .with_scope(scope("scope", row.text(5)?)?)
        .with_introspection(flag("may_introspect", row.int(6)?)?)
        .with_resources(lines("resources", row.text(7)?)?)
        .with_optional_scope(scope("optional_scope", row.text(8)?)?)
        .with_default_scope(scope("default_scope", row.text(9)?)?)
        .with_first_party(flag("first_party", row.int(10)?)?)
        .with_post_logout_redirect_uris(uris("post_logout_redirect_uris", row.text(11)?)?)
        .with_refresh_idle(lifetime("refresh_idle", row.optional_int(12)?)?)
        .with_refresh_age(lifetime("refresh_age", row.optional_int(13)?)?);
    let Some(bytes) = row.optional_bytes(14)? else {
        return Ok((client, None));
    };
    let mut secret = RegisteredSecret::new(digest(bytes)?);
    if let Some(time) = row.optional_int(15)? {
        secret = secret.with_created_at(Timestamp::from_unix(time));
    }
    if let Some(time) = row.optional_int(16)? {
        secret = secret.with_ends_at(Timestamp::from_unix(time));
    }
    Ok((client, Some(secret)))
}

fn uris(column: &'static str, text: &str) -> Result<Vec<RedirectUri>, StoreError> {
    words(column, text, RedirectUri::parse).collect()
}

fn lifetime(column: &'static str, seconds: Option<i64>) -> Result<Option<Lifetime>, StoreError> {
    let lifetime = |seconds: i64| {
        let seconds = seconds.try_into().map_err(|_| refused(column))?;
        Ok(Lifetime::from_seconds(seconds))
    };
    seconds.map(lifetime).transpose()
}

/// Reads the columns `lane`, `first`, `place`.
pub(crate) fn news_head(row: &dyn RowView) -> Result<(NewsLane, NewsHead), StoreError> {
    let head = NewsHead {
        first: row.int(1)?,
        last: row.int(2)?,
    };
    Ok((lane(row)?, head))
}

fn lane(row: &dyn RowView) -> Result<NewsLane, StoreError> {
    NewsLane::from_number(row.int(0)?).ok_or_else(|| refused("lane"))
}

/// Reads the columns `lane`, `place`, `kind`, `subject`, `second`, `issued_until`, `ends_at`.
pub(crate) fn news_entry(row: &dyn RowView) -> Result<NewsEntry, StoreError> {
    let (subject, second) = (row.text(3)?, row.optional_text(4)?);
    let kind = NewsKind::from_number(row.int(2)?).ok_or_else(|| refused("kind"))?;
    let revoked = |whose| -> Result<NewsItem, StoreError> {
        let revocation = Revocation::from_stored(whose, time(row, 5)?, time(row, 6)?);
        Ok(NewsItem::Revoked(revocation))
    };
    let item = match (kind, second) {
        (NewsKind::Client, None) => revoked(Revoked::Client(parsed("subject", subject)?))?,
        (NewsKind::Consent, Some(second)) => revoked(revoked_consent(subject, second)?)?,
        (NewsKind::Family, None) => revoked(Revoked::Family(parsed("subject", subject)?))?,
        (NewsKind::Token, None) => revoked(Revoked::Token(parsed("subject", subject)?))?,
        (NewsKind::User, Some(name)) => revoked(revoked_user("subject", subject, "second", name)?)?,
        (NewsKind::ClientChanged, None) => NewsItem::ClientChanged(parsed("subject", subject)?),
        (NewsKind::UserChanged, None) => NewsItem::UserChanged(parsed("subject", subject)?),
        (NewsKind::Keys | NewsKind::Policy, _) => NewsItem::Other(kind),
        _ => return Err(refused("second")),
    };
    Ok(NewsEntry {
        position: NewsPosition::new(lane(row)?, row.int(1)?),
        item,
    })
}

/// Reads the columns `place`, `kind`, `id`, `username`, `issued_until`, `forget_at`.
pub(crate) fn old_revocation(row: &dyn RowView) -> Result<(i64, Revocation), StoreError> {
    let id = row.text(2)?;
    let whose = match (row.text(1)?, row.optional_text(3)?) {
        ("client", None) => Revoked::Client(parsed("id", id)?),
        ("token", None) => Revoked::Token(parsed("id", id)?),
        ("user", Some(name)) => revoked_user("id", id, "username", name)?,
        _ => return Err(refused("kind")),
    };
    let revocation = Revocation::from_stored(whose, time(row, 4)?, time(row, 5)?);
    Ok((row.int(0)?, revocation))
}

fn revoked_user(
    id_column: &'static str,
    id: &str,
    name_column: &'static str,
    name: &str,
) -> Result<Revoked, StoreError> {
    Ok(Revoked::User {
        id: parsed(id_column, id)?,
        username: Username::from_stored(name).map_err(|fault| corrupt(name_column, fault))?,
    })
}

/// `second` is the id of the client, and the name of the user on the next line.
fn revoked_consent(id: &str, second: &str) -> Result<Revoked, StoreError> {
    let (client_id, username) = second.split_once('\n').ok_or_else(|| refused("second"))?;
    Ok(Revoked::Consent {
        id: parsed("subject", id)?,
        username: Username::from_stored(username).map_err(|fault| corrupt("second", fault))?,
        client_id: parsed("second", client_id)?,
    })
}

pub(crate) fn time(row: &dyn RowView, column: usize) -> Result<Timestamp, StoreError> {
    row.int(column).map(Timestamp::from_unix)
}

/// Reads the columns `id`, `event`, `is_refused`, `user_id`, `client_id`, `request_id`, `address`,
/// `count`, `detail`.
pub(crate) fn audit_entry(row: &dyn RowView) -> Result<AuditEntry, StoreError> {
    let id = row.bytes(0)?.try_into().map_err(|_| refused("id"))?;
    let event = AuditEvent::from_number(row.int(1)?).ok_or_else(|| refused("event"))?;
    let outcome = if flag("is_refused", row.int(2)?)? {
        AuditOutcome::Refused
    } else {
        AuditOutcome::Succeeded
    };
    let mut entry = AuditEntry::new(AuditId::from_bytes(id), event)
        .with_outcome(outcome)
        .in_request(optional("request_id", row.optional_text(5)?)?)
        .from_address(optional("address", row.optional_text(6)?)?)
        .with_count(number(row, 7, "count")?);
    if let Some(user) = optional("user_id", row.optional_text(3)?)? {
        entry = entry.of_user(user);
    }
    if let Some(client) = optional("client_id", row.optional_text(4)?)? {
        entry = entry.of_client(client);
    }
    if let Some(detail) = optional("detail", row.optional_text(8)?)? {
        entry = entry.with_detail(detail);
    }
    Ok(entry)
}

fn optional<T: FromStr<Err: Error + Send + Sync + 'static>>(
    column: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, StoreError> {
    text.map(|text| parsed(column, text)).transpose()
}

/// Reads the columns `epoch`, `id`, `algorithm`, `published_at`, `used_from`, `token_lifetime`,
/// `is_unnamed`, `sealed`.
pub(crate) fn stored_key(row: &dyn RowView) -> Result<StoredKey, StoreError> {
    let id: KeyId = parsed("id", row.text(1)?)?;
    Ok(StoredKey {
        id,
        algorithm: row.text(2)?.to_owned(),
        epoch: number(row, 0, "epoch")?,
        published_at: time(row, 3)?,
        used_from: time(row, 4)?,
        token_lifetime: Lifetime::from_seconds(number(row, 5, "token_lifetime")?),
        accepts_missing_kid: flag("is_unnamed", row.int(6)?)?,
        sealed: row.bytes(7)?.to_vec(),
    })
}

pub(crate) fn number(row: &dyn RowView, column: usize, name: &'static str) -> Result<u32, StoreError> {
    row.int(column)?.try_into().map_err(|_| refused(name))
}

pub(crate) fn flag(name: &'static str, value: i64) -> Result<bool, StoreError> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(refused(name)),
    }
}

pub(crate) fn parsed<T: FromStr<Err: Error + Send + Sync + 'static>>(
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    text.parse().map_err(|fault: T::Err| corrupt(column, fault))
}

pub(crate) fn corrupt(column: &'static str, fault: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::corrupt(Refused {
        column,
        source: Some(fault.into()),
    })
}

/// Returns the words between single spaces; none if the text is empty.
pub(crate) fn words<T, E: Error + Send + Sync + 'static>(
    column: &'static str,
    text: &str,
    parse: fn(&str) -> Result<T, E>,
) -> impl Iterator<Item = Result<T, StoreError>> {
    let words = (!text.is_empty()).then(|| text.split(' ')).into_iter().flatten();
    words.map(move |word| {
        parse(word).map_err(|fault| {
            StoreError::corrupt(Refused {
                column,
                source: Some(fault.into()),
            })
        })
    })
}

/// The function does not call [`Scope::parse`], which has limits for text from outside. A stored
/// scope had passed them, or was exempt.
pub(crate) fn scope(column: &'static str, text: &str) -> Result<Scope, StoreError> {
    words(column, text, ScopeToken::parse).collect()
}

/// Returns the values on the lines of a text; none if it is empty.
pub(crate) fn lines<T: FromStr<Err: Error + Send + Sync + 'static>>(
    column: &'static str,
    text: &str,
) -> Result<Vec<T>, StoreError> {
    let lines = (!text.is_empty()).then(|| text.split('\n')).into_iter().flatten();
    lines.map(|line| parsed(column, line)).collect()
}

pub(crate) fn digest(bytes: &[u8]) -> Result<SecretDigest, StoreError> {
    bytes
        .try_into()
        .map(SecretDigest::from_bytes)
        .map_err(|_| refused("digest"))
}

fn status(text: &str) -> Result<UserStatus, StoreError> {
    match text {
        "active" => Ok(UserStatus::Active),
        "disabled" => Ok(UserStatus::Disabled),
        _ => Err(refused("status")),
    }
}

/// Returns the text that [`status`] reads.
pub(crate) const fn status_text(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Active => "active",
        UserStatus::Disabled => "disabled",
    }
}

/// Returns the text that [`words`] reads.
pub(crate) fn joined<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    joined_by(' ', words)
}

/// Returns the text that [`lines`] reads. No identifier contains a line end.
pub(crate) fn joined_lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    joined_by('\n', lines)
}

fn joined_by<T: AsRef<str>>(separator: char, parts: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push(separator);
        }
        text.push_str(part.as_ref());
    }
    text
}
