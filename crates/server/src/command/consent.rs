//! `scopegate consent ..`

use scopegate_domain::{AuditDetail, AuditEvent, ClientId, Clock as _, EndReason, SystemClock, Timestamp, User};
use scopegate_store::{ConsentSummary, Store};
use serde_json::{Value, json};

use super::audited;
use super::client::lookup::find_or_named;
use super::context::{self, PAGE, moment, with_settings};
use super::people::{Listed, change_time, visit_users};
use super::user::found::find;
use crate::arguments::{CommonFlags, ConsentCommand, RowLimit};
use crate::compose::Access;
use crate::output::{Each, ExitNegative, Format, counted, print, print_with, table};

/// The number of families that are counted. A user and client have fewer live ones.
const FAMILIES: u16 = 1_000;

pub(super) fn run(common: &CommonFlags, command: &ConsentCommand) -> anyhow::Result<()> {
    let (settings, format) = (context::settings(common)?, common.format);
    match command {
        ConsentCommand::List { user, client, limit } => with_settings(&settings, Access::Read, async |store| {
            let filter = Filter {
                user: user.as_deref(),
                client: client.as_deref(),
            };
            list(&*store, format, filter, *limit).await
        }),
        ConsentCommand::Withdraw { user, client } => with_settings(&settings, Access::Change, async |store| {
            withdraw(&*store, format, user, client).await
        }),
    }
}

/// The consents of a list.
#[derive(Clone, Copy)]
struct Filter<'a> {
    user: Option<&'a str>,
    client: Option<&'a str>,
}

/// A consent, and the user who gave it.
pub(super) struct Row {
    user: User,
    summary: ConsentSummary,
}

async fn list(store: &dyn Store, format: Format, filter: Filter<'_>, limit: RowLimit) -> anyhow::Result<()> {
    let client = match filter.client {
        Some(client) => Some(find_or_named(store.clients(), client).await?.id().clone()),
        None => None,
    };
    let found = read(store, filter.user, client.as_ref(), limit).await?;
    let human = || {
        let heads = [
            "USER",
            "CLIENT",
            "SCOPE",
            "SINCE",
            "LAST USE",
            "REFRESH TOKENS",
            "LAST END",
        ];
        table(&heads, &found.rows.iter().map(cells).collect::<Vec<_>>())
    };
    let json = json!({ "consents": serde_json::to_value(Each(&found.rows, describe))?, "more": found.has_more });
    print_with(format, human, &json)?;
    found.note("consents");
    Ok(())
}

/// Reads the consents of one user or of all, of one client or of all, up to the limit.
pub(super) async fn read(
    store: &dyn Store,
    user: Option<&str>,
    client: Option<&ClientId>,
    limit: RowLimit,
) -> anyhow::Result<Listed<Row>> {
    let mut found = Listed::new(limit)?;
    visit_users(store.users(), user, async |user| {
        add_consents(store, &user, client, &mut found).await
    })
    .await?;
    Ok(found)
}

/// Adds the consents of a user. Returns whether there is a place for another one.
async fn add_consents(
    store: &dyn Store,
    user: &User,
    client: Option<&ClientId>,
    found: &mut Listed<Row>,
) -> anyhow::Result<bool> {
    let (consents, now) = (store.consents(), SystemClock.now());
    if let Some(client) = client
        && consents.find(user.id(), client).await?.is_none()
    {
        return Ok(true);
    }
    let mut after: Option<ClientId> = None;
    loop {
        let page = consents.of_user(user.id(), after.as_ref(), now, PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        after = page.last().map(|summary| summary.consent.client_id.clone());
        for summary in page {
            let is_wanted = client.is_none_or(|client| summary.consent.client_id == *client);
            let user = user.clone();
            if is_wanted && !found.add(Row { user, summary }) {
                return Ok(false);
            }
        }
        if is_last {
            return Ok(true);
        }
    }
}

fn cells(row: &Row) -> Vec<String> {
    let Row { user, summary } = row;
    vec![
        user.username().to_string(),
        summary.consent.client_id.to_string(),
        summary.consent.scope.to_string(),
        moment(summary.consent.granted_at),
        summary.last_used.map(moment).unwrap_or_default(),
        summary.live_families.to_string(),
        summary.last_end.map(|reason| reason.to_string()).unwrap_or_default(),
    ]
}

fn describe(row: &Row) -> Value {
    let Row { user, summary } = row;
    let consent = &summary.consent;
    json!({
        "user_id": user.id(), "username": user.username(), "client_id": consent.client_id,
        "scope": consent.scope.to_string(), "refused_scope": consent.refused_scope.to_string(),
        "granted_at": consent.granted_at, "changed_at": consent.changed_at, "last_used": summary.last_used,
        "live_families": summary.live_families, "last_end": summary.last_end.map(EndReason::as_str),
    })
}

async fn withdraw(store: &dyn Store, format: Format, user: &str, client: &str) -> anyhow::Result<()> {
    let user = find(store.users(), user).await?;
    let client = find_or_named(store.clients(), client).await?.id().clone();
    let time = change_time(store).await?;
    let families = live_families(store, &user, &client, time.now).await?;
    let entry = audited::entry(AuditEvent::ConsentWithdrawn)?;
    let entry = entry.of_user(user.id().clone()).of_client(client.clone());
    let entry = entry.with_detail(AuditDetail::Ended(EndReason::Withdrawn));
    let store = store.audited(&[entry]);
    if !store.consents().withdraw(&user, &client, time).await? {
        return Err(ExitNegative(format!(
            "user `{}` has granted nothing to client `{client}`",
            user.username()
        ))
        .into());
    }
    let human = format!(
        "withdrew what `{}` granted to `{client}`, and ended {}; running servers refuse its access tokens within their \
         `revocation_age` (default: 5 s)",
        user.username(),
        counted(families, "refresh token")
    );
    let json = json!({
        "withdrawn": true, "user_id": user.id(), "username": user.username(), "client_id": client,
        "ended_families": families,
    });
    print(format, &human, &json)
}

/// Counts the families that can be refreshed.
async fn live_families(store: &dyn Store, user: &User, client: &ClientId, now: Timestamp) -> anyhow::Result<usize> {
    let found = store.families().of_client(user.id(), client, now, FAMILIES).await?;
    Ok(found.iter().filter(|found| found.end.is_none()).count())
}
