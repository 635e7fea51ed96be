//! `scopegate user ..`

pub(super) mod found;
mod profile;
mod shown;

use anyhow::Context;
use scopegate_domain::{Account, AuditDetail, AuditEvent, PasswordHash, Scope, User, UserId, UserStatus};
use scopegate_store::{DisableAndRevoke, Store, Users};
use serde_json::json;

use self::found::{expect, find, parse_name, taken, there, whose};
use self::shown::{describe, show, show_with, status};
use super::audited;
use super::context::{self, confirm, moment, random_id, refuse_taken, with_settings};
use super::names::declared_scope;
use super::password;
use super::people::visit_users;
use super::revoked::{Tokens, revoke, withdraw};
use crate::arguments::{CommonFlags, NewUser, TokenChoice, UserCommand};
use crate::compose::Access;
use crate::config::Settings;
use crate::output::{Format, command_line, print, print_note, quoted, table};

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
    let id = new.id.map_or_else(random_id, Ok)?;
    let id = UserId::parse(&id).with_context(|| format!("bad id `{}`", quoted(&id)))?;
    let user = User::new(id, parse_name(&new.name)?).with_scope(declared_scope(settings, &new.scope)?);
    let user = profile::of_new(user, new.email, new.full_name)?;
    let password_hash = if new.no_password {
        None
    } else {
        Some(password::new_hash(&new.password, settings.password_min_length)?)
    };
    Ok(Account { user, password_hash })
}

async fn add(store: &dyn Store, format: Format, account: Account) -> anyhow::Result<()> {
    let user = account.user.clone();
    let audited = audited::of_user(store, AuditEvent::UserAdded, user.id(), None)?;
    let added = audited.users().add(account).await;
    refuse_taken(added, taken(store.users(), &user).await?)?;
    // The tokens of another issuer have the scopes of that issuer.
    if user.scope().is_empty() && !is_of_other_issuer(user.id()) {
        print_note(&format!(
            "user `{}` has no scope, so its tokens open nothing that needs one; `{}` sets it",
            user.username(),
            command_line("user set-scope", user.username().as_str(), "SCOPES")
        ));
    }
    show(format, &user)
}

/// Whether an id is that of a subject of another issuer: its URL, `#` and `sub`.
fn is_of_other_issuer(id: &UserId) -> bool {
    let issuer = id.as_str().split_once('#').map_or("", |(issuer, _)| issuer);
    issuer.starts_with("https://") || issuer.starts_with("http://")
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
            let audited = audited::of_user(store, AuditEvent::UserEnabled, user.id(), None)?;
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
        UserCommand::Set(changes) => profile::set(store, format, changes).await,
        UserCommand::SetPassword { name, password, tokens } => {
            let user = find(users, &name).await?;
            let hash = password::new_hash(&password, settings.password_min_length)?;
            set_password(store, format, &user, &hash, tokens).await
        }
        UserCommand::SetScope { name, scope, tokens } => {
            let scope = declared_scope(settings, &scope)?;
            set_scope(store, format, &name, scope, tokens).await
        }
        UserCommand::Show { name } => show(format, &find(users, &name).await?),
    }
}

async fn set_password(
    store: &dyn Store,
    format: Format,
    user: &User,
    hash: &PasswordHash,
    tokens: TokenChoice,
) -> anyhow::Result<()> {
    let name = user.username().as_str();
    let tokens = if tokens.keep_tokens {
        let kept = Some(AuditDetail::TokensKept(true));
        let audited = audited::of_user(store, AuditEvent::UserPasswordChanged, user.id(), kept)?;
        expect(audited.users().set_password_hash(user.id(), Some(hash)).await?, name)?;
        Tokens::KeptOnRequest
    } else {
        let set = DisableAndRevoke::SetPasswordHash(user.id(), Some(hash));
        there(withdraw(store, set, whose(user)).await?, name)?
    };
    show_with(format, user, tokens)
}

async fn set_scope(
    store: &dyn Store,
    format: Format,
    name: &str,
    scope: Scope,
    tokens: TokenChoice,
) -> anyhow::Result<()> {
    let user = find(store.users(), name).await?;
    let is_larger = *user.scope() <= scope;
    let tokens = if is_larger || tokens.keep_tokens {
        let detail = (!is_larger).then_some(AuditDetail::TokensKept(true));
        let audited = audited::of_user(store, AuditEvent::UserScopeChanged, user.id(), detail)?;
        expect(audited.users().set_scope(user.id(), &scope).await?, name)?;
        if is_larger { Tokens::Kept } else { Tokens::KeptOnRequest }
    } else {
        let set = DisableAndRevoke::SetUserScope(user.id(), &scope);
        there(withdraw(store, set, whose(&user)).await?, name)?
    };
    show_with(format, &user.with_scope(scope), tokens)
}

async fn list(users: &dyn Users, format: Format) -> anyhow::Result<()> {
    let mut all: Vec<User> = Vec::new();
    visit_users(users, None, async |user| {
        all.push(user);
        Ok(true)
    })
    .await?;
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
