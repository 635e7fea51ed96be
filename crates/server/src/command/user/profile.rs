//! Name, email address and full name of a user.

use anyhow::ensure;
use scopegate_domain::{AuditEvent, User, visible};
use scopegate_store::{DisableAndRevoke, Store};

use super::found::{expect, find, parse_name, taken, there, whose};
use super::shown::{show, show_with};
use crate::arguments::UserChanges;
use crate::command::audited;
use crate::command::context::refuse_taken;
use crate::command::revoked::withdraw;
use crate::output::Format;

/// The maximum length of a name for people and of an email address, in bytes.
const MAX_LEN: usize = 200;

/// Adds email address and full name to a new user.
pub(super) fn of_new(user: User, email: Option<String>, full_name: Option<String>) -> anyhow::Result<User> {
    check("email address", email.as_deref())?;
    check("full name", full_name.as_deref())?;
    let user = email.into_iter().fold(user, User::with_email);
    Ok(full_name.into_iter().fold(user, User::with_full_name))
}

/// Fails if the text is too long, or contains a character that no person sees.
fn check(what: &str, text: Option<&str>) -> anyhow::Result<()> {
    let Some(text) = text else { return Ok(()) };
    ensure!(text.len() <= MAX_LEN, "{what} is longer than {MAX_LEN} bytes");
    let shown = visible(text);
    ensure!(
        shown == text,
        "{what} `{shown}` has a control, bidirectional or invisible character; write it without"
    );
    Ok(())
}

/// Changes a user. Another name revokes the tokens, because a token can name its user by name.
pub(super) async fn set(store: &dyn Store, format: Format, changes: UserChanges) -> anyhow::Result<()> {
    let users = store.users();
    let (name, old) = (&changes.name, find(users, &changes.name).await?);
    let new_name = match &changes.new_name {
        Some(name) => parse_name(name)?,
        None => old.username().clone(),
    };
    check("email address", changes.email.as_deref())?;
    check("full name", changes.full_name.as_deref())?;
    let or_old = |new: Option<String>, old: Option<&str>| match new {
        Some(text) => Some(text).filter(|text| !text.is_empty()),
        None => old.map(str::to_owned),
    };
    let new = User::new(old.id().clone(), new_name)
        .with_status(old.status())
        .with_scope(old.scope().clone());
    let email = or_old(changes.email, old.email());
    let new = email.into_iter().fold(new, User::with_email);
    let full_name = or_old(changes.full_name, old.full_name());
    let new = full_name.into_iter().fold(new, User::with_full_name);

    let message = taken(users, &new).await?;
    if new.username() == old.username() {
        let audited = audited::of_user(store, AuditEvent::UserChanged, new.id(), None)?;
        expect(audited.users().set_profile(&new).await?, name)?;
        return show(format, &new);
    }
    match withdraw(store, DisableAndRevoke::SetProfile(&new), whose(&old)).await {
        Ok(tokens) => show_with(format, &new, there(tokens, name)?),
        Err(error) => match error.downcast() {
            Ok(error) => refuse_taken(Err(error), message),
            Err(error) => Err(error),
        },
    }
}
