//! `scopegate client ..`

use std::fmt::Write as _;

use anyhow::{Context, ensure};
use scopegate_domain::{Client, ClientId, ClientKind, GrantType, RedirectUri, Revoked};
use scopegate_store::{Clients, DisableAndRevoke, Store};
use scopegate_token::{ClientSecret, SystemRandomSource};
use serde_json::{Value, json};

use super::context::{PAGE, confirm, moment, random_id, refuse_taken, with_store};
use super::names::{known_grants, known_scope};
use super::revoked::{Tokens, revoke, withdraw};
use crate::arguments::{ClientCommand, CommonFlags, NewClient};
use crate::compose::Access;
use crate::output::{ExitNegative, Format, one_line, print, print_note, table};

pub(super) fn run(common: &CommonFlags, command: ClientCommand) -> anyhow::Result<()> {
    let format = common.format;
    match command {
        ClientCommand::Add(new) => {
            // A database is created only for a valid client.
            let (client, secret) = client(new)?;
            with_store(common, Access::Add, async |store| {
                add(store.clients(), format, client, secret).await
            })
        }
        ClientCommand::List | ClientCommand::Show { .. } => with_store(common, Access::Read, async |store| {
            run_on(&*store, format, command).await
        }),
        _ => with_store(common, Access::Change, async |store| {
            run_on(&*store, format, command).await
        }),
    }
}

async fn run_on(store: &dyn Store, format: Format, command: ClientCommand) -> anyhow::Result<()> {
    let clients = store.clients();
    match command {
        ClientCommand::Add(new) => {
            let (client, secret) = client(new)?;
            add(clients, format, client, secret).await
        }
        ClientCommand::List => list(clients, format).await,
        ClientCommand::Remove { id, confirmation } => {
            let parsed = find(clients, &id).await?.id().clone();
            confirm(&confirmation, &format!("Remove client `{id}` permanently?"))?;
            let (remove, whose) = (DisableAndRevoke::RemoveClient(&parsed), Revoked::Client(parsed.clone()));
            let tokens = there(withdraw(store, remove, whose).await?, &id)?;
            tokens.print(format, &format!("removed `{id}`"), json!({ "removed": id }), &id)
        }
        ClientCommand::Revoke { id } => {
            let client = find(clients, &id).await?;
            let until = revoke(store, Revoked::Client(client.id().clone())).await?;
            let human = format!(
                "revoked the tokens issued to `{id}` until {}; running servers refuse them within their `revocation_age` \
                 (default: 5 s)",
                moment(until)
            );
            print(format, &human, &json!({ "revoked": id, "issued_until": until }))
        }
        ClientCommand::SetScope { id, scope } => {
            let (client, scope) = (find(clients, &id).await?, known_scope(&scope)?);
            let new = client.clone().with_scope(scope);
            let tokens = if client.scope() <= new.scope() {
                expect(clients.update(&client, &new).await?, &id)?;
                Tokens::Kept
            } else {
                let set = DisableAndRevoke::UpdateClient {
                    old: &client,
                    new: &new,
                };
                there(withdraw(store, set, Revoked::Client(client.id().clone())).await?, &id)?
            };
            show_with(format, &new, None, tokens)
        }
        ClientCommand::SetSecret { id } => {
            let (client, secret) = (find(clients, &id).await?, ClientSecret::generate(&SystemRandomSource)?);
            let new = client.clone().with_secret(secret.digest());
            let set = DisableAndRevoke::UpdateClient {
                old: &client,
                new: &new,
            };
            let tokens = there(withdraw(store, set, Revoked::Client(client.id().clone())).await?, &id)?;
            show_with(format, &new, Some(&secret), tokens)
        }
        ClientCommand::Show { id } => show(format, &find(clients, &id).await?, None),
    }
}

/// Checks a new client and creates its secret.
fn client(new: NewClient) -> anyhow::Result<(Client, Option<ClientSecret>)> {
    ensure!(!new.name.trim().is_empty(), "the name of the client is empty");
    let grant_types = known_grants(&new.grant)?;
    let acts_for_itself = grant_types.contains(&GrantType::ClientCredentials);
    for (is_given, option) in [
        (acts_for_itself, "--grant client_credentials"),
        (new.introspect, "--introspect"),
    ] {
        // Nothing proves which program sends the id of a public client.
        ensure!(
            new.confidential || !is_given,
            "`{option}` needs a client that authenticates; add it with `--confidential` in place of `--public`"
        );
    }
    let id = parse_id(&new.id.map_or_else(random_id, Ok)?)?;
    let secret = if new.confidential {
        Some(ClientSecret::generate(&SystemRandomSource)?)
    } else {
        None
    };
    let client = match &secret {
        Some(secret) => Client::confidential(id, new.name, secret.digest()),
        None => Client::public(id, new.name),
    };
    let client = client
        .with_redirect_uris(parse_all::<RedirectUri>("redirect URI", &new.redirect_uri)?)
        .with_grant_types(grant_types)
        .with_scope(known_scope(&new.scope)?)
        .with_introspection(new.introspect);
    Ok((client, secret))
}

async fn add(
    clients: &dyn Clients,
    format: Format,
    client: Client,
    secret: Option<ClientSecret>,
) -> anyhow::Result<()> {
    let taken = format!("there is a client `{}` already", client.id());
    refuse_taken(clients.add(client.clone()).await, taken)?;
    let id = client.id();
    if !client.redirect_uris().is_empty() {
        print_note("`--redirect-uri` is stored and has no effect: this version has no authorization endpoint");
    }
    let requests_tokens = !client.grant_types().is_empty();
    if !requests_tokens && !client.may_introspect() {
        print_note(&format!(
            "client `{id}` has no grant, so it gets no tokens; remove it, and add it with `--grant`"
        ));
    } else if requests_tokens && client.scope().is_empty() {
        print_note(&format!(
            "client `{id}` has no scope, so its tokens open nothing that needs one; `scopegate client set-scope {id} SCOPES` \
             sets it"
        ));
    }
    show(format, &client, secret.as_ref())
}

fn parse_all<T>(what: &str, texts: &[String]) -> anyhow::Result<Vec<T>>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let parse = |text: &String| {
        text.parse()
            .with_context(|| format!("bad {what} `{}`", text.escape_default()))
    };
    texts.iter().map(parse).collect()
}

async fn list(clients: &dyn Clients, format: Format) -> anyhow::Result<()> {
    let mut all: Vec<Client> = Vec::new();
    loop {
        let page = clients.list(all.last().map(Client::id), PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        all.extend(page);
        if is_last {
            break;
        }
    }
    let row = |client: &Client| {
        [
            client.id().as_str(),
            kind(client),
            &client.scope().to_string(),
            client.name(),
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let human = table(
        &["ID", "KIND", "SCOPE", "NAME"],
        &all.iter().map(row).collect::<Vec<_>>(),
    );
    print(
        format,
        &human,
        &json!({ "clients": all.iter().map(describe).collect::<Vec<_>>() }),
    )
}

/// Shows a client. The secret is shown only at its creation, because it is not stored.
fn show(format: Format, client: &Client, secret: Option<&ClientSecret>) -> anyhow::Result<()> {
    let (human, json) = written(client, secret)?;
    print(format, &human, &json)
}

/// The same as [`show`], with the effect on the client's tokens.
fn show_with(format: Format, client: &Client, secret: Option<&ClientSecret>, tokens: Tokens) -> anyhow::Result<()> {
    let (human, json) = written(client, secret)?;
    tokens.print(format, &human, json, client.id().as_str())
}

fn written(client: &Client, secret: Option<&ClientSecret>) -> anyhow::Result<(String, Value)> {
    let (grants, uris) = (grants(client).join(" "), uris(client).join(" "));
    let mut human = String::new();
    for (label, value) in [
        ("id", client.id().as_str()),
        ("name", client.name()),
        ("kind", kind(client)),
        ("grants", &grants),
        ("scope", &client.scope().to_string()),
        ("redirects", &uris),
        ("introspect", if client.may_introspect() { "yes" } else { "no" }),
    ] {
        writeln!(human, "{label:<10} {}", one_line(value))?;
    }
    let mut json = describe(client);
    if let Some(secret) = secret {
        writeln!(
            human,
            "{:<10} {}\nThe secret is shown this once: keep it now.",
            "secret",
            secret.expose()
        )?;
        json.as_object_mut()
            .map(|members| members.insert("client_secret".to_owned(), json!(secret.expose())));
    }
    Ok((human, json))
}

fn describe(client: &Client) -> Value {
    json!({
        "client_id": client.id(), "name": client.name(), "kind": kind(client), "grant_types": grants(client),
        "scope": client.scope().to_string(), "redirect_uris": uris(client), "introspect": client.may_introspect(),
    })
}

fn grants(client: &Client) -> Vec<&'static str> {
    client.grant_types().iter().map(|grant| grant.as_str()).collect()
}

fn uris(client: &Client) -> Vec<&str> {
    client.redirect_uris().iter().map(RedirectUri::as_str).collect()
}

const fn kind(client: &Client) -> &'static str {
    match client.kind() {
        ClientKind::Confidential => "confidential",
        ClientKind::Public => "public",
    }
}

fn parse_id(id: &str) -> anyhow::Result<ClientId> {
    ClientId::parse(id).with_context(|| format!("bad id `{}`", id.escape_default()))
}

async fn find(clients: &dyn Clients, id: &str) -> anyhow::Result<Client> {
    let client = clients.find(&parse_id(id)?).await?;
    client.ok_or_else(|| ExitNegative(format!("there is no client `{id}`")).into())
}

/// The effect on the tokens of a client; an error if the client does not exist.
fn there(tokens: Option<Tokens>, id: &str) -> anyhow::Result<Tokens> {
    tokens.ok_or_else(|| ExitNegative(format!("there is no client `{id}`")).into())
}

/// Fails if another process has removed the client since it was read.
fn expect(was_there: bool, id: &str) -> anyhow::Result<()> {
    if was_there {
        Ok(())
    } else {
        Err(ExitNegative(format!("there is no client `{id}`")).into())
    }
}
