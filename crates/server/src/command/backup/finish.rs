//! `scopegate restore finish`

use scopegate_domain::{Client, Clock as _, EndReason, Revoked, SystemClock};
use scopegate_store::Store;
use serde_json::json;

use crate::arguments::{CommonFlags, Confirmation};
use crate::command::context::{self, PAGE, block_on, confirm};
use crate::command::revoked::revoke;
use crate::compose::{self, Access, Database};
use crate::config::Settings;
use crate::output::{ExitNegative, counted, print};

/// The number of clients and keys whose tokens are refused.
#[derive(Default)]
struct Finished {
    clients: usize,
    keys: usize,
}

pub(super) fn run(common: &CommonFlags, settings: &Settings, confirmation: &Confirmation) -> anyhow::Result<()> {
    let done = block_on(async {
        let database = Database::open(settings, Access::Change).await?;
        let done = finish(settings, &database, confirmation).await;
        context::close(database, done).await
    })?;
    let human = format!(
        "revoked the tokens of {}, and replaced {}: every access token that was issued until now is refused, by running servers within \
         their `revocation_age` (default: 5 s)\n",
        counted(done.clients, "client"),
        counted(done.keys, "signing key")
    );
    print(
        common.format,
        &human,
        &json!({ "finished": true, "clients": done.clients, "signing_keys": done.keys }),
    )
}

/// Refuses all tokens that were issued until now, and ends sessions, codes and families. A token of
/// a client that the backup lacks is refused because its key is removed.
///
/// The state after the restore ends last, so a command that is ended half-way can be repeated.
async fn finish(settings: &Settings, database: &Database, confirmation: &Confirmation) -> anyhow::Result<Finished> {
    if database.manifest().await?.is_none() {
        let message = "the database was not restored from a backup, or its restore is finished; nothing was changed";
        return Err(ExitNegative(message.to_owned()).into());
    }
    confirm(confirmation, "Refuse every access token that was issued until now?")?;
    let store = database.store();
    let old = store.signing_keys().list().await?;
    // Opened first, so that a missing key-encryption key changes nothing.
    let keys = if old.is_empty() {
        None
    } else {
        Some(compose::ring(settings, database).await?)
    };
    let mut done = Finished::default();
    // A redemption, a refresh or a logout after the backup is unknown.
    store.codes().remove_codes().await?;
    store.sessions().remove_sessions().await?;
    store
        .families()
        .end_families(EndReason::Restored, SystemClock.now())
        .await?;
    for client in clients(&*store).await? {
        revoke(&*store, Revoked::Client(client.id().clone())).await?;
        done.clients += 1;
    }
    if let Some(keys) = keys {
        for key in old {
            done.keys += usize::from(keys.remove(&key.id).await?.is_some());
        }
    }
    database.finish_restore().await?;
    Ok(done)
}

async fn clients(store: &dyn Store) -> anyhow::Result<Vec<Client>> {
    let mut all: Vec<Client> = Vec::new();
    loop {
        let page = store.clients().list(all.last().map(Client::id), PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}
