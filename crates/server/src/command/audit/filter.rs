//! The filters of `scopegate audit`.

use anyhow::{Context, bail};
use jiff::Timestamp as Moment;
use scopegate_domain::{AuditId, ClientId, Timestamp, UserId, Username};
use scopegate_store::{AuditQuery, Clients, Store, Users};

use super::super::client::lookup::select;
use crate::arguments::AuditArguments;
use crate::config::read_time;
use crate::output::{print_note, quoted};

/// The number of microseconds in a second.
const SECOND: i64 = 1_000_000;

pub(super) async fn query(store: &dyn Store, arguments: &AuditArguments, now: Timestamp) -> anyhow::Result<AuditQuery> {
    let mut query = AuditQuery::default();
    if let Some(user) = &arguments.user {
        query.user = Some(user_id(store.users(), user).await?);
    }
    if let Some(client) = &arguments.client {
        query.client = Some(client_id(store.clients(), client).await?);
    }
    query.event = arguments.event.as_deref().map(str::parse).transpose()?;
    if let Some(text) = &arguments.since {
        query.after = since(text, now).with_context(|| {
            format!(
                "bad time `{}`: expected an age such as `7d`, `12h` or `30m`, or a time such as `2026-01-31T12:00:00Z`",
                quoted(text)
            )
        })?;
    }
    Ok(query)
}

/// Finds a user by id or name. Another text is the id of a removed user.
async fn user_id(users: &dyn Users, text: &str) -> anyhow::Result<UserId> {
    let id = UserId::parse(text);
    if let Ok(id) = &id
        && users.find_by_id(id).await?.is_some()
    {
        return Ok(id.clone());
    }
    if let Ok(name) = Username::to_find(text)
        && let Some(user) = users.find(&name).await?
    {
        return Ok(user.id().clone());
    }
    let id = id.with_context(|| format!("bad user `{}`", quoted(text)))?;
    note_absent("user", text);
    Ok(id)
}

/// Finds a client by id or name. Another text is the id of a removed client.
async fn client_id(clients: &dyn Clients, text: &str) -> anyhow::Result<ClientId> {
    let id = ClientId::parse(text);
    if let Ok(id) = &id
        && clients.find(id).await?.is_some()
    {
        return Ok(id.clone());
    }
    match &*select(clients, |client| client.name() == text).await? {
        [] => {
            let id = id.with_context(|| format!("bad client `{}`", quoted(text)))?;
            note_absent("client", text);
            Ok(id)
        }
        [client] => Ok(client.id().clone()),
        [first, second, ..] => bail!(
            "several clients have the name `{}`: give an id, such as `{}` or `{}`",
            quoted(text),
            first.id(),
            second.id()
        ),
    }
}

/// Notes a name that no user or client has now. It may be the id of one that was removed.
fn note_absent(what: &str, text: &str) {
    print_note(&format!(
        "there is no {what} `{}`; the entries of a removed {what} are found by its id",
        quoted(text)
    ));
}

/// Returns an id before all entries since a time. An age is written as the time of a setting is.
fn since(text: &str, now: Timestamp) -> Option<AuditId> {
    let microseconds = match read_time(text) {
        Some(age) => {
            let now = now.as_unix().checked_mul(SECOND)?;
            now.checked_sub(i64::try_from(age.as_micros()).ok()?)?
        }
        None => text.parse::<Moment>().ok()?.as_microsecond(),
    };
    // An id of this time may have any random bytes.
    let first = u64::try_from(microseconds).ok()?.checked_sub(1)?;
    Some(AuditId::new(first, [u8::MAX; 8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_times_are_read() {
        let now = Timestamp::from_unix(10 * 86_400);
        for (text, seconds) in [
            ("3d", 7 * 86_400),
            ("12h", 9 * 86_400 + 43_200),
            ("1h 30m", 10 * 86_400 - 5_400),
            ("003d", 7 * 86_400),
            ("0", 10 * 86_400),
            ("0s", 10 * 86_400),
            ("1970-01-02T00:00:00Z", 86_400),
            ("1970-01-02T01:00:00+01:00", 86_400),
        ] {
            let after = since(text, now).unwrap();
            let first = AuditId::first_at(Timestamp::from_unix(seconds));
            assert!(
                after < first && after.microseconds() + 1 == first.microseconds(),
                "{text}"
            );
        }
        for text in [
            "",
            "yesterday",
            "-3d",
            "-1h",
            "-0s",
            "+1h",
            "1h ago",
            "PT1H",
            "3",
            "1969-01-01T00:00:00Z",
            "11d",
            "99999d",
        ] {
            assert_eq!(since(text, now), None, "{text}");
        }
    }
}
