//! The shared parts of commands: settings, the store, the runtime, confirmations and times.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp as Moment;
use scopegate_domain::{Clock as _, LoginSession, Scope, SystemClock, Timestamp, UserId};
use scopegate_store::{Store, StoreError, StoreErrorKind};
use scopegate_token::{RandomSource, SystemRandomSource};

use crate::arguments::{CommonFlags, Confirmation};
use crate::compose::{Access, Database};
use crate::config::Settings;
use crate::output::{ExitNegative, one_line, print_note, quoted};
use crate::telemetry;

/// The number of users or clients that are read at a time.
pub(super) const PAGE: u16 = 1_000;

/// The maximum number of sessions of a user that are read. The server keeps fewer.
const MAX_SESSIONS: u16 = 1_000;

/// The database that ends with the process.
const MEMORY: &str = "sqlite::memory:";

/// Reads the settings that a command on the database needs, and starts logging.
pub(super) fn settings(common: &CommonFlags) -> anyhow::Result<Settings> {
    let settings = common.load(None)?;
    telemetry::start(settings.log_format, &settings.log_level);
    Ok(settings)
}

/// Opens the store for one command.
pub(super) fn with_settings(
    settings: &Settings,
    access: Access,
    work: impl AsyncFnOnce(Arc<dyn Store>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    block_on(async {
        let database = Database::open(settings, access).await?;
        if database.is_new() && settings.database != MEMORY {
            print_note(&format!("created the database `{}`", settings.database));
        }
        let done = work(database.store()).await;
        close(database, done).await
    })
}

/// Closes the database also after an error, so that no log is left.
pub(super) async fn close<T>(database: Database, done: anyhow::Result<T>) -> anyhow::Result<T> {
    let closed = database.close().await;
    let done = done?;
    closed?;
    Ok(done)
}

pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the runtime cannot be started")?.block_on(work)
}

/// Returns the active sessions of a user.
pub(super) async fn sessions_of(store: &dyn Store, user: &UserId) -> anyhow::Result<Vec<LoginSession>> {
    Ok(store.sessions().of_user(user, SystemClock.now(), MAX_SESSIONS).await?)
}

/// A new id of 128 random bits.
pub(super) fn random_id() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    SystemRandomSource.fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

pub(super) fn parse_scope(text: &str) -> anyhow::Result<Scope> {
    Scope::parse(text).with_context(|| format!("bad scope `{}`", quoted(text)))
}

/// Asks on a terminal whether to continue. In a script the command itself is the confirmation.
pub(super) fn confirm(confirmation: &Confirmation, question: &str) -> anyhow::Result<()> {
    if confirmation.yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    let mut answer = String::new();
    write!(io::stderr(), "{} [y/N] ", one_line(question))?;
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(ExitNegative("nothing was removed".to_owned()).into())
    }
}

/// A time for people, in UTC.
pub(super) fn moment(time: Timestamp) -> String {
    Moment::from_second(time.as_unix()).map_or_else(|_| time.to_string(), |moment| moment.to_string())
}

/// Returns the first hexadecimal digits of these bytes.
pub(super) fn hexadecimal(bytes: &[u8], count: usize) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .take(count)
        .collect()
}

/// Turns a name that exists already into the answer "no", not into an error.
pub(super) fn refuse_taken(added: Result<(), StoreError>, taken: String) -> anyhow::Result<()> {
    match added {
        Err(error) if error.kind() == StoreErrorKind::Conflict => Err(ExitNegative(taken).into()),
        added => Ok(added?),
    }
}
