//! `scopegate user ..`

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use anyhow::Context;
use scopegate_domain::{Account, AuditEvent, Revoked, Scope, User, UserId, UserStatus, Username};
use scopegate_store::{DisableAndRevoke, Store, Users};
use serde_json::{Value, json};

use super::audited;
use super::context::{self, PAGE, confirm, moment, random_id, refuse_taken, with_settings};
use super::names::declared_scope;
use super::password;
use super::revoked::{Tokens, revoke, withdraw};
use crate::arguments::{CommonFlags, NewUser, PasswordSource, UserCommand};
use crate::compose::Access;
use crate::config::Settings;
use crate::output::{ExitNegative, Format, one_line, print, print_note, table};

pub(super) fn run(common: &CommonFlags, command: UserCommand) -> anyhow::Result<()> {
    let (settings, format) = (context::settings(common)?, common.format);
    let access = match command {
        UserCommand::Add(new) => {
            // A database is created only for a valid user.
            let account = account(new, &settings)?;
            return with_settings(&settings, Access::Add, async |store| {
                add(&*store, format, account).await
            });
        }
        UserCommand::List | UserCommand::Show { .. } => Access::Read,
        _ => Access::Change,
    };
    with_settings(&settings, access, async |store| {
        run_on(&*store, format, command, &settings).await
    })
}

/// Reads and checks a new user, the password included.
fn account(new: NewUser, settings: &Settings) -> anyhow::Result<Account> {
    let mut user = User::new(UserId::parse(&random_id()?)?, parse_name(&new.name)?)
        .with_scope(declared_scope(settings, &new.scope)?);
    user = new.email.into_iter().fold(user, User::with_email);
    user = new.full_name.into_iter().fold(user, User::with_full_name);
    Ok(Account {
        user,
        password_hash: Some(password::new_hash(&new.password, settings.password_min_length)?),
    })
}

async fn add(store: &dyn Store, format: Format, account: Account) -> anyhow::Result<()> {
    let user = account.user.clone();
    let taken = format!("there is a user `{}` already", user.username());
    let audited = audited::of_user(store, AuditEvent::UserAdded, user.id())?;
    refuse_taken(audited.users().add(account).await, taken)?;
    if user.scope().is_empty() {
        print_note(&format!(
            "user `{0}` has no scope, so its tokens open nothing that needs one; `scopegate user set-scope {0} SCOPES` sets it",
            user.username()
        ));
    }
    show(format, &user)
}

async fn run_on(store: &dyn Store, format: Format, command: UserCommand, settings: &Settings) -> anyhow::Result<()> {
    let users = store.users();
    match command {
        UserCommand::Add(new) => add(store, format, account(new, settings)?).await,
        UserCommand::Disable { name } => {
            let user = find(users, &name).await?;
            let disable = DisableAndRevoke::DisableUser(user.id());
            let tokens = there(withdraw(store, disable, whose(&user)).await?, &name)?;
            show_with(format, &user.with_status(UserStatus::Disabled), tokens)
        }
        UserCommand::Enable { name } => {
            let user = find(users, &name).await?;
            let audited = audited::of_user(store, AuditEvent::UserEnabled, user.id())?;
            let is_enabled = audited.users().set_status(user.id(), UserStatus::Active).await?;
            expect(is_enabled, &name)?;
            show(format, &user.with_status(UserStatus::Active))?;
            print_note("tokens that were issued before the user was disabled stay revoked");
            Ok(())
        }
        UserCommand::List => list(users, format).await,
        UserCommand::Remove { name, confirmation } => {
            let user = find(users, &name).await?;
            confirm(&confirmation, &format!("Remove user `{name}` permanently?"))?;
            let remove = DisableAndRevoke::RemoveUser(user.id());
            let tokens = there(withdraw(store, remove, whose(&user)).await?, &name)?;
            tokens.print(format, &format!("removed `{name}`"), json!({ "removed": name }), &name)
        }
        UserCommand::Revoke { name } => {
            let user = find(users, &name).await?;
            let until = revoke(store, whose(&user)).await?;
            let human = format!(
                "revoked the tokens issued to `{name}` until {}; running servers refuse them within their `revocation_age` \
                 (default: 5 s)",
                moment(until)
            );
            print(format, &human, &json!({ "revoked": name, "issued_until": until }))
        }
        UserCommand::SetPassword { name, password } => {
            let least = settings.password_min_length;
            set_password(store, format, &name, &password, least).await
        }
        UserCommand::SetScope { name, scope } => {
            let scope = declared_scope(settings, &scope)?;
            set_scope(store, format, &name, scope).await
        }
        UserCommand::Show { name } => show(format, &find(users, &name).await?),
    }
}

async fn set_password(
    store: &dyn Store,
    format: Format,
    name: &str,
    password: &PasswordSource,
    least: NonZeroUsize,
) -> anyhow::Result<()> {
    let user = find(store.users(), name).await?;
    let hash = password::new_hash(password, least)?;
    let set = DisableAndRevoke::SetPasswordHash(user.id(), Some(&hash));
    let tokens = there(withdraw(store, set, whose(&user)).await?, name)?;
    show_with(format, &user, tokens)
}

async fn set_scope(store: &dyn Store, format: Format, name: &str, scope: Scope) -> anyhow::Result<()> {
    let user = find(store.users(), name).await?;
    let tokens = if *user.scope() <= scope {
        let audited = audited::of_user(store, AuditEvent::UserScopeChanged, user.id())?;
        expect(audited.users().set_scope(user.id(), &scope).await?, name)?;
        Tokens::Kept
    } else {
        let set = DisableAndRevoke::SetUserScope(user.id(), &scope);
        there(withdraw(store, set, whose(&user)).await?, name)?
    };
    show_with(format, &user.with_scope(scope), tokens)
}

fn whose(user: &User) -> Revoked {
    Revoked::User {
        id: user.id().clone(),
        username: user.username().clone(),
    }
}

async fn list(users: &dyn Users, format: Format) -> anyhow::Result<()> {
    let mut all: Vec<User> = Vec::new();
    loop {
        let page = users.list(all.last().map(User::username), PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        all.extend(page);
        if is_last {
            break;
        }
    }
    let row = |user: &User| {
        let name = user.full_name().unwrap_or_default();
        [user.username().as_str(), status(user), &user.scope().to_string(), name]
            .map(str::to_owned)
            .to_vec()
    };
    let human = table(
        &["NAME", "STATUS", "SCOPE", "FULL NAME"],
        &all.iter().map(row).collect::<Vec<_>>(),
    );
    print(
        format,
        &human,
        &json!({ "users": all.iter().map(describe).collect::<Vec<_>>() }),
    )
}

fn show(format: Format, user: &User) -> anyhow::Result<()> {
    print(format, &lines(user)?, &describe(user))
}

/// The same as [`show`], with the effect on the user's tokens.
fn show_with(format: Format, user: &User, tokens: Tokens) -> anyhow::Result<()> {
    tokens.print(format, &lines(user)?, describe(user), user.username().as_str())
}

fn lines(user: &User) -> anyhow::Result<String> {
    let mut human = String::new();
    for (label, value) in [
        ("name", user.username().as_str()),
        ("id", user.id().as_str()),
        ("status", status(user)),
        ("scope", &user.scope().to_string()),
        ("email", user.email().unwrap_or("-")),
        ("full name", user.full_name().unwrap_or("-")),
    ] {
        writeln!(human, "{label:<10} {}", one_line(value))?;
    }
    Ok(human)
}

fn describe(user: &User) -> Value {
    json!({
        "id": user.id(), "username": user.username(), "status": user.status(), "scope": user.scope().to_string(),
        "email": user.email(), "full_name": user.full_name(),
    })
}

const fn status(user: &User) -> &'static str {
    match user.status() {
        UserStatus::Active => "active",
        UserStatus::Disabled => "disabled",
    }
}

/// Reads the name of a possible user. It also takes a name that only an earlier version accepted.
fn name_to_find(name: &str) -> anyhow::Result<Username> {
    Username::to_find(name).with_context(|| format!("bad name `{}`", name.escape_default()))
}

fn parse_name(name: &str) -> anyhow::Result<Username> {
    Username::parse(name).with_context(|| format!("bad name `{}`", name.escape_default()))
}

async fn find(users: &dyn Users, name: &str) -> anyhow::Result<User> {
    let user = users.find(&name_to_find(name)?).await?;
    user.ok_or_else(|| ExitNegative(format!("there is no user `{name}`")).into())
}

/// The effect on the tokens of a user; an error if the user does not exist.
fn there(tokens: Option<Tokens>, name: &str) -> anyhow::Result<Tokens> {
    tokens.ok_or_else(|| ExitNegative(format!("there is no user `{name}`")).into())
}

/// Fails if another process has removed the user since it was read.
fn expect(was_there: bool, name: &str) -> anyhow::Result<()> {
    if was_there {
        Ok(())
    } else {
        Err(ExitNegative(format!("there is no user `{name}`")).into())
    }
}
