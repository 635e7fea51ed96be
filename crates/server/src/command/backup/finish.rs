//! `scopegate restore finish`

use anyhow::ensure;
use scopegate_domain::{Clock as _, EndReason, SystemClock};
use serde_json::json;

use crate::arguments::{CommonFlags, Confirmation};
use crate::command::context::{self, block_on, confirm};
use crate::command::revoked::revoke_clients;
use crate::compose::{self, Access, Database};
use crate::config::Settings;
use crate::output::{ExitNegative, counted, print};

/// The number of clients and keys whose tokens are refused.
#[derive(Default)]
struct Finished {
    clients: usize,
    keys: usize,
}

pub(super) fn run(
    common: &CommonFlags,
    settings: &Settings,
    keeps_families: bool,
    confirmation: &Confirmation,
) -> anyhow::Result<()> {
    let done = block_on(async {
        let database = Database::open(settings, Access::Change).await?;
        let done = finish(settings, &database, keeps_families, confirmation).await;
        context::close(database, done).await
    })?;
    let human = if keeps_families {
        format!(
            "replaced {}: every access token that was issued until now is refused, by running servers within their `revocation_age` \
             (default: 5 s); refresh tokens stay valid, except those that end with a session\n",
            counted(done.keys, "signing key")
        )
    } else {
        human(&done)
    };
    let mut json = json!({ "finished": true, "clients": done.clients, "signing_keys": done.keys });
    if let Some(members) = json.as_object_mut().filter(|_| keeps_families) {
        members.insert("families_kept".to_owned(), json!(true));
    }
    print(common.format, &human, &json)
}

fn human(done: &Finished) -> String {
    format!(
        "revoked the tokens of {}, and replaced {}: every access token that was issued until now is refused, by running servers within \
         their `revocation_age` (default: 5 s)\n",
        counted(done.clients, "client"),
        counted(done.keys, "signing key")
    )
}

/// Refuses all tokens that were issued until now, and ends sessions, codes and families. A token of
/// a client that the backup lacks is refused because its key is removed.
///
/// The state after the restore ends last, so a command that is ended half-way can be repeated.
async fn finish(
    settings: &Settings,
    database: &Database,
    keeps_families: bool,
    confirmation: &Confirmation,
) -> anyhow::Result<Finished> {
    if database.manifest().await?.is_none() {
        let message = "the database was not restored from a backup, or its restore is finished; nothing was changed";
        return Err(ExitNegative(message.to_owned()).into());
    }
    let store = database.store();
    let old = store.signing_keys().list().await?;
    // A revocation of a client ends its families, too. Without it only another key refuses a token.
    ensure!(
        !keeps_families || !old.is_empty(),
        "`--keep-families` needs signing keys in the database: tokens of a shared secret are refused with their families only; leave \
         the option out"
    );
    confirm(confirmation, "Refuse every access token that was issued until now?")?;
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
    if !keeps_families {
        let now = SystemClock.now();
        store.families().end_families(EndReason::Restored, now).await?;
        done.clients = revoke_clients(&*store, |_| true).await?;
    }
    if let Some(keys) = keys {
        for key in old {
            done.keys += usize::from(keys.remove(&key.id).await?.is_some());
        }
    }
    database.finish_restore().await?;
    Ok(done)
}
