//! Finds the client that a command names.

use anyhow::bail;
use scopegate_domain::{Client, ClientId};
use scopegate_store::Clients;

use super::settings::parse_id;
use crate::command::context::PAGE;
use crate::output::{ExitNegative, quoted};

/// Returns the clients that fit. It reads all of them, in pages.
pub(crate) async fn select(clients: &dyn Clients, fits: impl Fn(&Client) -> bool) -> anyhow::Result<Vec<Client>> {
    let (mut selected, mut last) = (Vec::new(), None);
    loop {
        let page = clients.list(last.as_ref(), PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        last = page.last().map(|client| client.id().clone());
        selected.extend(page.into_iter().filter(&fits));
        if is_last {
            return Ok(selected);
        }
    }
}

pub(crate) async fn find(clients: &dyn Clients, id: &str) -> anyhow::Result<Client> {
    let client = clients.find(&parse_id(id)?).await?;
    client.ok_or_else(|| absent(id))
}

/// Finds a client by its id, or by a name that no other client has.
pub(crate) async fn find_or_named(clients: &dyn Clients, text: &str) -> anyhow::Result<Client> {
    if let Ok(id) = ClientId::parse(text)
        && let Some(client) = clients.find(&id).await?
    {
        return Ok(client);
    }
    let mut named = select(clients, |client| client.name() == text).await?;
    let ids: Vec<_> = named.iter().map(|client| format!("`{}`", client.id())).collect();
    match named.pop() {
        Some(client) if named.is_empty() => Ok(client),
        Some(_) => bail!(
            "{} clients have the name `{}`; give one of their ids: {}",
            ids.len(),
            quoted(text),
            ids.join(", ")
        ),
        None => Err(absent(text)),
    }
}

pub(crate) fn absent(id: &str) -> anyhow::Error {
    ExitNegative(format!("there is no client `{}`", quoted(id))).into()
}
