//! `scopegate client add-secret` and `remove-secret`: one secret replaces another without a pause.

use anyhow::{Context, bail, ensure};
use scopegate_domain::{AuditEvent, Client, ClientId, Clock as _, Lifetime, RegisteredSecret, SystemClock};
use scopegate_store::{AddSecretOutcome, Clients, Store};
use scopegate_token::{ClientSecret, SystemRandomSource};

use super::super::audited;
use super::lookup::find;
use super::printed::{digits, show};
use crate::config::read_time;
use crate::output::{ExitNegative, Format, command_line, print_note, quoted};

/// The number of hexadecimal digits of a whole digest.
const DIGITS: usize = 64;

pub(super) async fn add(store: &dyn Store, format: Format, id: &str, ends: Option<&str>) -> anyhow::Result<()> {
    let clients = store.clients();
    let ends = ends.map(lifetime).transpose()?;
    let (client, secret) = (find(clients, id).await?, ClientSecret::generate(&SystemRandomSource)?);
    let now = SystemClock.now();
    let mut registered = RegisteredSecret::new(secret.digest()).with_created_at(now);
    if let Some(lifetime) = ends {
        registered = registered.with_ends_at(now + lifetime);
    }
    let audited = audited::of_secret(store, AuditEvent::ClientSecretAdded, client.id(), registered.digest())?;
    match audited.clients().add_secret(client.id(), registered).await? {
        AddSecretOutcome::Added => show(format, &read(clients, client.id()).await?, Some(&secret)),
        AddSecretOutcome::Full => Err(ExitNegative(format!(
            "client `{id}` has {} secrets, the maximum; remove one with `{}`",
            Client::MAX_SECRETS,
            command_line("client remove-secret", id, "DIGEST")
        ))
        .into()),
        AddSecretOutcome::Unknown => Err(ExitNegative(format!(
            "client `{id}` is public, so it has no secret; `{}` gives it one",
            command_line("client set", id, "--confidential")
        ))
        .into()),
    }
}

pub(super) async fn remove(store: &dyn Store, format: Format, id: &str, digest: &str) -> anyhow::Result<()> {
    let is_hexadecimal = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(
        is_hexadecimal && !digest.is_empty() && digest.len() <= DIGITS,
        "bad digest `{}`: give the first hexadecimal digits, as `scopegate client show` prints them",
        quoted(digest)
    );
    let clients = store.clients();
    let client = find(clients, id).await?;
    let prefix = digest.to_ascii_lowercase();
    let fits = |secret: &&RegisteredSecret| digits(secret, DIGITS).starts_with(&prefix);
    let found: Vec<_> = client.secrets().iter().filter(fits).collect();
    let secret = match found.as_slice() {
        [secret] => *secret,
        [] => return Err(absent(id, digest)),
        _ => bail!("both secrets of client `{id}` have digests that begin with `{digest}`; give more digits"),
    };
    let audited = audited::of_secret(store, AuditEvent::ClientSecretRemoved, client.id(), secret.digest())?;
    if !audited.clients().remove_secret(client.id(), secret.digest()).await? {
        return Err(absent(id, digest));
    }
    let left = read(clients, client.id()).await?;
    if left.secrets().is_empty() {
        print_note(&format!(
            "client `{id}` has no secret left, so it cannot authenticate; `{}` adds one",
            command_line("client add-secret", id, "")
        ));
    }
    show(format, &left, None)
}

fn absent(id: &str, digest: &str) -> anyhow::Error {
    let text = format!("client `{id}` has no secret with a digest that begins with `{digest}`");
    ExitNegative(text).into()
}

/// Reads the client again, with the change.
async fn read(clients: &dyn Clients, id: &ClientId) -> anyhow::Result<Client> {
    let client = clients.find(id).await?;
    client.with_context(|| format!("client `{id}` was removed by another process"))
}

fn lifetime(text: &str) -> anyhow::Result<Lifetime> {
    let seconds = read_time(text).and_then(|time| u32::try_from(time.as_secs()).ok());
    let seconds = seconds
        .filter(|seconds| *seconds > 0)
        .with_context(|| format!("bad duration `{}`: give a time such as `90d` or `12h`", quoted(text)))?;
    Ok(Lifetime::from_seconds(seconds))
}
