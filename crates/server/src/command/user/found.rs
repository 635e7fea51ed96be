//! Finds users by name, and reports those that do not exist or that have a name already.

use anyhow::Context;
use scopegate_domain::{Revoked, User, Username};
use scopegate_store::Users;

use crate::command::revoked::Tokens;
use crate::output::{ExitNegative, quoted};

/// Reads the name of a possible user. It also takes a name that only an earlier version accepted.
pub(super) fn name_to_find(name: &str) -> anyhow::Result<Username> {
    Username::to_find(name).with_context(|| format!("bad name `{}`", quoted(name)))
}

pub(super) fn parse_name(name: &str) -> anyhow::Result<Username> {
    Username::parse(name).with_context(|| format!("bad name `{}`", quoted(name)))
}

pub(crate) async fn find(users: &dyn Users, name: &str) -> anyhow::Result<User> {
    let account = users.find_account(&name_to_find(name)?).await?;
    let user = account.map(|account| account.user);
    user.ok_or_else(|| ExitNegative(format!("there is no user `{}`", quoted(name))).into())
}

/// The effect on the tokens of a user; an error if the user does not exist.
pub(super) fn there(tokens: Option<Tokens>, name: &str) -> anyhow::Result<Tokens> {
    tokens.ok_or_else(|| ExitNegative(format!("there is no user `{}`", quoted(name))).into())
}

/// Fails if another process has removed the user since it was read.
pub(super) fn expect(was_there: bool, name: &str) -> anyhow::Result<()> {
    if was_there {
        Ok(())
    } else {
        Err(ExitNegative(format!("there is no user `{}`", quoted(name))).into())
    }
}

/// Returns the message if the name or the id is taken.
pub(super) async fn taken(users: &dyn Users, user: &User) -> anyhow::Result<String> {
    let other = users.find_account(user.username()).await?;
    let other = other
        .map(|account| account.user)
        .filter(|other| other.id() != user.id());
    Ok(match other {
        Some(other) if other.username() != user.username() => format!(
            "there is a user `{}` already, and `{}` is the same name: case and width of letters make no difference",
            other.username(),
            user.username()
        ),
        Some(_) => format!("there is a user `{}` already", user.username()),
        None => format!("there is a user with the id `{}` already", user.id()),
    })
}

pub(super) fn whose(user: &User) -> Revoked {
    Revoked::User {
        id: user.id().clone(),
        username: user.username().clone(),
    }
}
