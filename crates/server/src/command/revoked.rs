//! The effect of a command on issued tokens, and its message.

use anyhow::Context;
use scopegate_domain::{Client, Clock as _, Revocation, Revoked, SystemClock, Timestamp};
use scopegate_grant::last_expiry;
use scopegate_store::{DisableAndRevoke, Store};
use serde_json::{Value, json};

use super::audited;
use super::client::lookup::select;
use super::context::{moment, sessions_of};
use crate::output::{Format, counted, print};

/// The effect on the tokens of a user or a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tokens {
    /// The tokens that were issued until then are revoked.
    Revoked {
        until: Timestamp,
        /// The number of sessions of the user that ended. `None`: the change ends none.
        sessions: Option<usize>,
        /// Whether codes and refresh tokens end, too.
        ends_grants: bool,
    },
    /// No right was removed, so the tokens remain valid.
    Kept,
    /// A right was removed, and the tokens remain valid as requested.
    KeptOnRequest,
}

impl Tokens {
    /// Prints data with the effect on the tokens.
    pub(super) fn print(self, format: Format, human: &str, mut json: Value, whose: &str) -> anyhow::Result<()> {
        let said = match self {
            Self::Revoked {
                until,
                sessions,
                ends_grants,
            } => {
                let revoked = format!(
                    "Tokens issued to `{whose}` until {} are revoked: running servers refuse them within their `revocation_age`.",
                    moment(until)
                );
                let grants = ends_grants.then(|| "Authorization codes and refresh tokens are refused.".to_owned());
                let sessions = sessions.map(|count| format!("{} of `{whose}` ended.", counted(count, "session")));
                let all = [Some(revoked), grants, sessions].into_iter().flatten();
                all.collect::<Vec<_>>().join(" ")
            }
            Self::Kept => format!("Tokens issued to `{whose}` stay valid: nothing was taken away."),
            Self::KeptOnRequest => {
                format!("Tokens issued to `{whose}` stay valid until they expire, because of `--keep-tokens`.")
            }
        };
        let tokens = match self {
            Self::Revoked {
                until,
                sessions: Some(sessions),
                ..
            } => json!({ "revoked": true, "issued_until": until, "ended_sessions": sessions }),
            Self::Revoked { until, .. } => json!({ "revoked": true, "issued_until": until }),
            Self::Kept | Self::KeptOnRequest => json!({ "revoked": false }),
        };
        if let Some(members) = json.as_object_mut() {
            members.insert("tokens".to_owned(), tokens);
        }
        print(format, &format!("{}\n{said}\n", human.trim_end_matches('\n')), &json)
    }
}

/// Revokes the tokens that were issued until now. Returns that time.
pub(super) async fn revoke(store: &dyn Store, whose: Revoked) -> anyhow::Result<Timestamp> {
    let revocation = until_now(store, whose).await?;
    let audited = audited::of_revocation(store, revocation.whose())?;
    let kept = audited.news().revoke(&revocation).await;
    kept.context("issued tokens are not revoked")?;
    Ok(revocation.issued_until().min(SystemClock.now()))
}

/// Revokes the tokens of the clients that fit. Returns the number of clients.
pub(super) async fn revoke_clients(store: &dyn Store, fits: impl Fn(&Client) -> bool) -> anyhow::Result<usize> {
    let clients = select(store.clients(), fits).await?;
    for client in &clients {
        revoke(store, Revoked::Client(client.id().clone())).await?;
    }
    Ok(clients.len())
}

/// Disables a user or client, or lowers its rights, and revokes its tokens, in one write. `None` if
/// it does not exist.
pub(super) async fn withdraw(
    store: &dyn Store,
    withdrawal: DisableAndRevoke<'_>,
    whose: Revoked,
) -> anyhow::Result<Option<Tokens>> {
    let revocations = store.news();
    let revocation = until_now(store, whose).await?;
    // Read before the change, which deletes them: a login meanwhile is not counted.
    let sessions = match withdrawal.ends_sessions_of() {
        Some(user) => Some(sessions_of(store, user).await?.len()),
        None => None,
    };
    let revoked = |until| Tokens::Revoked {
        until,
        sessions,
        ends_grants: withdrawal.ends_grants(),
    };
    let audited = audited::of_withdrawal(store, withdrawal)?;
    if !audited.news().withdraw(withdrawal, &revocation).await? {
        return Ok(None);
    }
    // A token may have been issued during this wait. A new one has the new rights.
    let now = SystemClock.now();
    if now > revocation.issued_until() {
        let until_now = until_now(store, revocation.whose().clone()).await?;
        let kept = revocations.revoke(&until_now).await;
        kept.context("tokens that were issued during the command are not revoked")?;
        return Ok(Some(revoked(until_now.issued_until())));
    }
    Ok(Some(revoked(revocation.issued_until())))
}

/// A revocation of all tokens that were issued until now. It is kept until the last of them
/// expires.
async fn until_now(store: &dyn Store, whose: Revoked) -> anyhow::Result<Revocation> {
    let now = SystemClock.now();
    let forget_at = last_expiry(store, now).await?;
    Ok(Revocation::until(whose, now).forgotten_at(forget_at))
}
