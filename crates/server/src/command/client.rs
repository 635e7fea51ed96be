//! `scopegate client ..`

mod check;
pub(super) mod lookup;
mod people;
mod printed;
mod secrets;
mod settings;

use anyhow::bail;
use scopegate_domain::{AuditEvent, Client, ClientId, InvalidClient, Revoked};
use scopegate_store::{DisableAndRevoke, Store};
use scopegate_token::ClientSecret;
use serde_json::json;

use self::lookup::{absent, find, find_or_named, select};
use self::printed::{show, show_with};
use self::settings::{changed, new_client, takes_away, with_own_secret};
use super::audited;
use super::context::{self, confirm, moment, refuse_taken, with_settings};
use super::names::declared_scope;
use super::revoked::{Tokens, revoke, withdraw};
use crate::arguments::{ClientCommand, CommonFlags};
use crate::compose::Access;
use crate::config::Settings;
use crate::output::{ExitNegative, Format, command_line, print, print_note};

pub(super) fn run(common: &CommonFlags, command: ClientCommand) -> anyhow::Result<()> {
    let (settings, format) = (context::settings(common)?, common.format);
    match command {
        ClientCommand::Add(new) => {
            // A database is created only for a valid client.
            let (client, secret) = new_client(*new, &settings)?;
            with_settings(&settings, Access::Add, async |store| {
                add(&*store, format, client, secret).await
            })
        }
        ClientCommand::Check { .. } | ClientCommand::List | ClientCommand::Show { .. } => {
            with_settings(&settings, Access::Read, async |store| {
                run_on(&*store, format, command, &settings).await
            })
        }
        _ => with_settings(&settings, Access::Change, async |store| {
            run_on(&*store, format, command, &settings).await
        }),
    }
}

async fn run_on(store: &dyn Store, format: Format, command: ClientCommand, settings: &Settings) -> anyhow::Result<()> {
    let clients = store.clients();
    match command {
        ClientCommand::Add(new) => {
            let (client, secret) = new_client(*new, settings)?;
            add(store, format, client, secret).await
        }
        ClientCommand::AddSecret { id, ends } => secrets::add(store, format, &id, ends.as_deref()).await,
        ClientCommand::Check { id, url } => check::run(clients, format, settings, &id, &url).await,
        ClientCommand::List => printed::list(format, &select(clients, |_| true).await?),
        ClientCommand::Remove { id, confirmation } => {
            let parsed = find(clients, &id).await?.id().clone();
            confirm(&confirmation, &format!("Remove client `{id}` permanently?"))?;
            let (remove, whose) = (DisableAndRevoke::RemoveClient(&parsed), Revoked::Client(parsed.clone()));
            let tokens = withdraw(store, remove, whose).await?.ok_or_else(|| absent(&id))?;
            tokens.print(format, &format!("removed `{id}`"), json!({ "removed": id }), &id)
        }
        ClientCommand::RemoveSecret { id, digest } => secrets::remove(store, format, &id, &digest).await,
        ClientCommand::Revoke { id } => revoke_all(store, format, &id).await,
        ClientCommand::Set(changes) => {
            let old = find(clients, &changes.id).await?;
            let (new, secret) = changed(&old, &changes, settings)?;
            let tokens = replace(store, &old, &new, changes.keep_tokens).await?;
            people::notes(&new);
            show_with(format, &new, secret.as_ref(), tokens)
        }
        ClientCommand::SetScope { id, scope, keep_tokens } => {
            let old = find(clients, &id).await?;
            let new = old.clone().with_scope(declared_scope(settings, &scope)?);
            if let Err(fault @ (InvalidClient::DefaultScope(_) | InvalidClient::OptionalScope(_))) =
                new.check_change(&old)
            {
                bail!("{fault}: `{}` changes both", command_line("client set", &id, ""));
            }
            let tokens = replace(store, &old, &new, keep_tokens).await?;
            show_with(format, &new, None, tokens)
        }
        ClientCommand::SetSecret { id } => {
            let old = find(clients, &id).await?;
            let (new, secret) = with_own_secret(settings::confidential(&old))?;
            let tokens = withdraw_from(store, &old, &new).await?;
            show_with(format, &new, secret.as_ref(), tokens)
        }
        ClientCommand::Show { id } => show(format, &find_or_named(clients, &id).await?, None),
    }
}

/// Replaces a client. A change that takes something away revokes the issued tokens.
async fn replace(store: &dyn Store, old: &Client, new: &Client, keep_tokens: bool) -> anyhow::Result<Tokens> {
    if takes_away(old, new) && !keep_tokens {
        return withdraw_from(store, old, new).await;
    }
    let has_less = takes_away(old, new);
    if !audited::of_update(store, old, new, has_less)?
        .clients()
        .update(old, new)
        .await?
    {
        return Err(changed_meanwhile(old.id()));
    }
    Ok(if has_less { Tokens::KeptOnRequest } else { Tokens::Kept })
}

/// Replaces a client and revokes the tokens that were issued to it.
async fn withdraw_from(store: &dyn Store, old: &Client, new: &Client) -> anyhow::Result<Tokens> {
    let change = DisableAndRevoke::UpdateClient { old, new };
    let tokens = withdraw(store, change, Revoked::Client(old.id().clone())).await?;
    tokens.ok_or_else(|| changed_meanwhile(old.id()))
}

async fn revoke_all(store: &dyn Store, format: Format, id: &str) -> anyhow::Result<()> {
    let client = find(store.clients(), id).await?;
    let until = revoke(store, Revoked::Client(client.id().clone())).await?;
    let human = format!(
        "revoked the tokens issued to `{id}` until {}; running servers refuse them within their `revocation_age` \
         (default: 5 s)",
        moment(until)
    );
    print(format, &human, &json!({ "revoked": id, "issued_until": until }))
}

async fn add(store: &dyn Store, format: Format, client: Client, secret: Option<ClientSecret>) -> anyhow::Result<()> {
    let taken = format!("there is a client `{}` already", client.id());
    let audited = audited::of_client(store, AuditEvent::ClientAdded, client.id())?;
    refuse_taken(audited.clients().add(client.clone()).await, taken)?;
    let id = client.id();
    people::notes(&client);
    let requests_tokens = !client.grant_types().is_empty();
    if !requests_tokens && !client.may_introspect() {
        print_note(&format!(
            "client `{id}` has no grant, so it gets no tokens; `{}` sets one",
            command_line("client set", id.as_str(), "--grant GRANT")
        ));
    } else if requests_tokens && client.scope().is_empty() {
        print_note(&format!(
            "client `{id}` has no scope, so its tokens open nothing that needs one; `{}` sets it",
            command_line("client set-scope", id.as_str(), "SCOPES")
        ));
    }
    show(format, &client, secret.as_ref())
}

fn changed_meanwhile(id: &ClientId) -> anyhow::Error {
    ExitNegative(format!(
        "client `{id}` was changed by another process meanwhile; run the command again"
    ))
    .into()
}
