//! The settings of a client, from the options of a command.

use anyhow::{Context, bail, ensure};
use scopegate_domain::{
    Audience, Client, ClientAuthMethod, ClientId, ClientKind, Clock as _, RedirectUri, RegisteredSecret, SystemClock,
};
use scopegate_token::{ClientSecret, SystemRandomSource};

use super::people::duration;
use crate::arguments::{ClientChanges, NewClient};
use crate::command::context::random_id;
use crate::command::names::{configured_resource, declared_scope, known_grants};
use crate::config::Settings;
use crate::output::quoted;

/// A URI after a logout, in an error.
const LOGOUT_URI: &str = "post-logout redirect URI";

/// Checks a new client and creates its secret.
pub(super) fn new_client(new: NewClient, settings: &Settings) -> anyhow::Result<(Client, Option<ClientSecret>)> {
    let id = parse_id(&new.id.map_or_else(random_id, Ok)?)?;
    check_name(&new.name)?;
    let client = Client::public(id, new.name)
        .with_auth_method(method(new.auth_method.as_deref(), new.confidential)?)
        .with_redirect_uris(parse_all::<RedirectUri>("redirect URI", &new.redirect_uri)?)
        .with_grant_types(known_grants(&new.grant)?)
        .with_resources(resources(settings, &new.resource)?)
        .with_scope(declared_scope(settings, &new.scope)?)
        .with_optional_scope(declared_scope(settings, &new.optional_scope)?)
        .with_default_scope(declared_scope(settings, &new.default_scope)?)
        .with_introspection(new.introspect)
        .with_post_logout_redirect_uris(parse_all::<RedirectUri>(
            LOGOUT_URI,
            &new.people.post_logout_redirect_uri,
        )?)
        .with_first_party(new.people.first_party)
        .with_refresh_idle(duration(
            "--refresh-idle",
            &new.people.refresh_idle.unwrap_or_default(),
        )?)
        .with_refresh_age(duration("--refresh-age", &new.people.refresh_age.unwrap_or_default())?);
    client.check()?;
    with_own_secret(client)
}

/// Returns the client with the changes, and the secret of one that becomes confidential.
pub(super) fn changed(
    old: &Client,
    changes: &ClientChanges,
    settings: &Settings,
) -> anyhow::Result<(Client, Option<ClientSecret>)> {
    let mut new = old.clone();
    if let Some(name) = &changes.name {
        check_name(name)?;
        new = new.with_name(name.as_str());
    }
    if let Some(uris) = &changes.redirect_uri {
        new = new.with_redirect_uris(parse_all::<RedirectUri>("redirect URI", filled(uris))?);
    }
    if let Some(grants) = &changes.grant {
        new = new.with_grant_types(known_grants(filled(grants))?);
    }
    if let Some(named) = &changes.resource {
        new = new.with_resources(resources(settings, filled(named))?);
    }
    if let Some(scope) = &changes.scope {
        new = new.with_scope(declared_scope(settings, scope)?);
    }
    if let Some(scope) = &changes.optional_scope {
        new = new.with_optional_scope(declared_scope(settings, scope)?);
    }
    if let Some(scope) = &changes.default_scope {
        new = new.with_default_scope(declared_scope(settings, scope)?);
    }
    let change = &changes.introspection;
    if change.introspect || change.no_introspect {
        new = new.with_introspection(change.introspect);
    }
    with_kind(changed_for_people(new, changes)?, old, changes)
}

/// Changes the settings of a client that logs in users.
fn changed_for_people(client: Client, changes: &ClientChanges) -> anyhow::Result<Client> {
    let mut new = client;
    if let Some(uris) = &changes.post_logout_redirect_uri {
        new = new.with_post_logout_redirect_uris(parse_all::<RedirectUri>(LOGOUT_URI, filled(uris))?);
    }
    if changes.owner.first_party || changes.owner.no_first_party {
        new = new.with_first_party(changes.owner.first_party);
    }
    if let Some(text) = &changes.refresh_idle {
        new = new.with_refresh_idle(duration("--refresh-idle", text)?);
    }
    if let Some(text) = &changes.refresh_age {
        new = new.with_refresh_age(duration("--refresh-age", text)?);
    }
    Ok(new)
}

/// Reads audiences. Each is a configured resource.
fn resources(settings: &Settings, texts: &[String]) -> anyhow::Result<Vec<Audience>> {
    texts.iter().map(|text| configured_resource(settings, text)).collect()
}

/// Changes the kind and the method of authentication.
fn with_kind(client: Client, old: &Client, changes: &ClientChanges) -> anyhow::Result<(Client, Option<ClientSecret>)> {
    let is_public = old.kind() == ClientKind::Public;
    if changes.public {
        let public = client.with_auth_method(ClientAuthMethod::None).with_secrets([]);
        public.check_change(old)?;
        return Ok((public, None));
    }
    if is_public && changes.auth_method.is_some() && !changes.confidential {
        bail!(
            "client `{}` is public, so it does not authenticate; add `--confidential`",
            old.id()
        );
    }
    if is_public && !changes.confidential {
        client.check_change(old)?;
        return Ok((client, None));
    }
    let client = match &changes.auth_method {
        None if !is_public => client,
        named => client.with_auth_method(method(named.as_deref(), true)?),
    };
    client.check_change(old)?;
    if is_public {
        with_own_secret(client)
    } else {
        Ok((client, None))
    }
}

/// Returns the client as a confidential one, which a public one becomes.
pub(super) fn confidential(client: &Client) -> Client {
    match client.kind() {
        ClientKind::Confidential => client.clone(),
        ClientKind::Public => client.clone().with_auth_method(ClientAuthMethod::SecretBasic),
    }
}

/// Gives a confidential client a new secret in place of its old ones.
pub(super) fn with_own_secret(client: Client) -> anyhow::Result<(Client, Option<ClientSecret>)> {
    if client.kind() == ClientKind::Public {
        return Ok((client, None));
    }
    let secret = ClientSecret::generate(&SystemRandomSource)?;
    let registered = RegisteredSecret::new(secret.digest()).with_created_at(SystemClock.now());
    Ok((client.with_secrets([registered]), Some(secret)))
}

/// Returns whether the change ends a right that issued tokens of the client may contain.
pub(super) fn takes_away(old: &Client, new: &Client) -> bool {
    let has = |resource: &Audience| new.resources().contains(resource);
    let is_smaller = !old.scope().iter().all(|token| new.scope().contains(token))
        || !old.grant_types().iter().all(|grant| new.may_use(*grant))
        || !old.resources().iter().all(has);
    is_smaller || old.kind() != new.kind()
}

fn method(named: Option<&str>, is_confidential: bool) -> anyhow::Result<ClientAuthMethod> {
    match named {
        None if is_confidential => Ok(ClientAuthMethod::SecretBasic),
        None => Ok(ClientAuthMethod::None),
        Some(name) => Ok(name.parse()?),
    }
}

fn check_name(name: &str) -> anyhow::Result<()> {
    ensure!(!name.trim().is_empty(), "the name of the client is empty");
    Ok(())
}

/// Returns no value for the one empty text that removes all.
fn filled(texts: &[String]) -> &[String] {
    match texts {
        [only] if only.is_empty() => &[],
        texts => texts,
    }
}

pub(super) fn parse_id(id: &str) -> anyhow::Result<ClientId> {
    ClientId::parse(id).with_context(|| format!("bad id `{}`", quoted(id)))
}

fn parse_all<T>(what: &str, texts: &[String]) -> anyhow::Result<Vec<T>>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let parse = |text: &String| text.parse().with_context(|| format!("bad {what} `{}`", quoted(text)));
    texts.iter().map(parse).collect()
}
