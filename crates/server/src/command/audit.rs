//! `scopegate audit`

mod filter;
mod lines;

use std::collections::BTreeSet;
use std::time::Duration;

use scopegate_domain::{AuditEntry, AuditId, Clock as _, SystemClock};
use scopegate_listener::Signals;
use scopegate_store::{Audit, AuditQuery, Store};
use tokio::time::{MissedTickBehavior, interval};

use super::context::{self, PAGE, with_settings};
use crate::arguments::{AuditArguments, CommonFlags};
use crate::compose::Access;
use crate::output::Format;

/// The interval at which new entries are read.
const POLL: Duration = Duration::from_secs(1);

/// The age up to which entries are read again, in microseconds: a change gets its time before its
/// transaction is committed.
const READ_AGAIN: u64 = 5_000_000;

pub(super) fn run(common: &CommonFlags, arguments: &AuditArguments) -> anyhow::Result<()> {
    // A database that is only read does not see the changes of a server that starts later.
    let access = if arguments.follow { Access::Change } else { Access::Read };
    with_settings(&context::settings(common)?, access, async |store| {
        show(&*store, common.format, arguments).await
    })
}

async fn show(store: &dyn Store, format: Format, arguments: &AuditArguments) -> anyhow::Result<()> {
    let query = filter::query(store, arguments, SystemClock.now()).await?;
    let begin = SystemClock.now_in_microseconds();
    // Read before the entries that are shown, so that no entry between the two is lost.
    let older = if arguments.follow {
        ids_since(store.audit(), &query, begin.saturating_sub(READ_AGAIN)).await?
    } else {
        BTreeSet::new()
    };
    let entries = newest(store.audit(), &query, arguments.limit).await?;
    if !lines::print(format, &entries)? || !arguments.follow {
        return Ok(());
    }
    let shown = entries.iter().map(AuditEntry::id).chain(older).collect();
    let mut signals = Signals::install()?;
    tokio::select! {
        _ = signals.next() => Ok(()),
        followed = follow(store.audit(), format, &query, begin, shown) => followed,
    }
}

/// Returns the ids of the entries since a time, in microseconds since 1970.
async fn ids_since(audit: &dyn Audit, query: &AuditQuery, time: u64) -> anyhow::Result<BTreeSet<AuditId>> {
    let after = AuditId::new(time, [0; 8]).max(query.after);
    let mut query = AuditQuery { after, ..query.clone() };
    let mut ids = BTreeSet::new();
    loop {
        let page = audit.entries(&query, PAGE).await?;
        ids.extend(page.iter().map(AuditEntry::id));
        match page.last() {
            Some(last) if page.len() == usize::from(PAGE) => query.after = last.id(),
            _ => return Ok(ids),
        }
    }
}

/// Returns the newest entries, the oldest of them first.
async fn newest(audit: &dyn Audit, query: &AuditQuery, limit: u32) -> anyhow::Result<Vec<AuditEntry>> {
    let mut query = AuditQuery {
        is_newest_first: true,
        ..query.clone()
    };
    let mut entries: Vec<AuditEntry> = Vec::new();
    loop {
        let left = usize::try_from(limit)?.saturating_sub(entries.len());
        let asked = u16::try_from(left).unwrap_or(PAGE).min(PAGE);
        let page = audit.entries(&query, asked).await?;
        let is_last = page.len() < usize::from(PAGE);
        if let Some(last) = page.last() {
            query.before = last.id();
        }
        entries.extend(page);
        if is_last {
            entries.reverse();
            return Ok(entries);
        }
    }
}

/// Shows new entries until the reader of the output has ended.
async fn follow(
    audit: &dyn Audit,
    format: Format,
    query: &AuditQuery,
    begin: u64,
    mut shown: BTreeSet<AuditId>,
) -> anyhow::Result<()> {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut newest = AuditId::new(begin, [0; 8]);
    loop {
        ticks.tick().await;
        if lines::has_lost_reader() {
            return Ok(());
        }
        let after = AuditId::new(newest.microseconds().saturating_sub(READ_AGAIN), [0; 8]).max(query.after);
        let mut query = AuditQuery { after, ..query.clone() };
        loop {
            let page = audit.entries(&query, PAGE).await?;
            if let Some(last) = page.last() {
                query.after = last.id();
                newest = newest.max(last.id());
            }
            let is_last = page.len() < usize::from(PAGE);
            let new: Vec<_> = page.into_iter().filter(|entry| shown.insert(entry.id())).collect();
            if !lines::print(format, &new)? {
                return Ok(());
            }
            if is_last {
                break;
            }
        }
        shown.retain(|id| *id >= after);
    }
}
