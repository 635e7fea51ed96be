//! `scopegate session ..`

use anyhow::{bail, ensure};
use scopegate_domain::{AuditDetail, AuditEvent, LoginSession, SessionId, User};
use scopegate_store::{EndSessions, EndedSession, Store};
use serde_json::{Value, json};

use super::audited;
use super::context::{self, hexadecimal, moment, sessions_of, with_settings};
use super::people::{Listed, change_time, visit_users};
use super::user::found::find;
use crate::arguments::{CommonFlags, EndedSessions, RowLimit, SessionCommand};
use crate::compose::Access;
use crate::output::{Each, ExitNegative, Format, counted, print, print_with, quoted, table};

/// The number of hexadecimal digits of an id that are printed.
const SHOWN_DIGITS: usize = 16;

/// The number of digits that identify a session in the audit log.
const LEAST_DIGITS: usize = 8;

/// The number of digits of a whole id.
const DIGITS: usize = 64;

pub(super) fn run(common: &CommonFlags, command: &SessionCommand) -> anyhow::Result<()> {
    let (settings, format) = (context::settings(common)?, common.format);
    match command {
        SessionCommand::List { user, limit } => with_settings(&settings, Access::Read, async |store| {
            list(&*store, format, user.as_deref(), *limit).await
        }),
        SessionCommand::End(which) => with_settings(&settings, Access::Change, async |store| {
            end(&*store, format, which).await
        }),
    }
}

/// A session, and the user who has it.
pub(super) struct Row {
    user: User,
    session: LoginSession,
}

async fn list(store: &dyn Store, format: Format, user: Option<&str>, limit: RowLimit) -> anyhow::Result<()> {
    let found = read(store, user, limit).await?;
    let human = || {
        let heads = ["ID", "USER", "BEGAN", "LAST USE", "ENDS", "USER AGENT"];
        table(&heads, &found.rows.iter().map(cells).collect::<Vec<_>>())
    };
    let json = json!({ "sessions": serde_json::to_value(Each(&found.rows, describe))?, "more": found.has_more });
    print_with(format, human, &json)?;
    found.note("sessions");
    Ok(())
}

/// Reads the sessions of one user or of all, up to the limit.
pub(super) async fn read(store: &dyn Store, user: Option<&str>, limit: RowLimit) -> anyhow::Result<Listed<Row>> {
    let mut found = Listed::new(limit)?;
    visit(store, user, |user, session| {
        let user = user.clone();
        found.add(Row { user, session })
    })
    .await?;
    Ok(found)
}

/// Reads the sessions of one user or of all, until `take` returns false.
async fn visit(
    store: &dyn Store,
    name: Option<&str>,
    mut take: impl FnMut(&User, LoginSession) -> bool,
) -> anyhow::Result<()> {
    visit_users(store.users(), name, async |user| {
        let sessions = sessions_of(store, user.id()).await?;
        Ok(sessions.into_iter().all(|session| take(&user, session)))
    })
    .await
}

fn cells(row: &Row) -> Vec<String> {
    let Row { user, session } = row;
    vec![
        digits(session.id(), SHOWN_DIGITS),
        user.username().to_string(),
        moment(session.login.at),
        moment(session.seen_at),
        moment(session.ends_at),
        session.user_agent.clone(),
    ]
}

fn describe(row: &Row) -> Value {
    let Row { user, session } = row;
    let amr: Vec<&str> = session.login.amr.iter().map(|method| method.as_str()).collect();
    json!({
        "id": digits(session.id(), SHOWN_DIGITS), "user_id": user.id(), "username": user.username(),
        "began_at": session.login.at, "seen_at": session.seen_at, "ends_at": session.ends_at,
        "idle": session.idle.as_seconds(), "acr": session.login.acr.as_str(), "amr": amr,
        "user_agent": session.user_agent,
    })
}

/// Returns the first hexadecimal digits of an id.
fn digits(id: &SessionId, count: usize) -> String {
    hexadecimal(id.digest(), count)
}

async fn end(store: &dyn Store, format: Format, which: &EndedSessions) -> anyhow::Result<()> {
    let text = which.id.as_deref().unwrap_or_default();
    let (user, one) = if let Some(name) = &which.user {
        (find(store.users(), name).await?, None)
    } else {
        let (user, id) = find_session(store, text).await?;
        (user, Some(id))
    };
    let detail = one.as_ref().map(AuditDetail::of_session);
    let audited = audited::of_user(store, AuditEvent::SessionEnded, user.id(), detail)?;
    let sessions = one.as_ref().map_or(EndSessions::AllOf(user.id()), EndSessions::One);
    let ended = audited.sessions().end(sessions, change_time(store).await?).await?;
    if ended.is_empty() {
        return Err(match &which.user {
            Some(name) => ExitNegative(format!("user `{}` has no session", quoted(name))).into(),
            None => absent(text),
        });
    }
    print_ended(format, &user, &ended)
}

/// Finds the active session whose id begins with these digits.
async fn find_session(store: &dyn Store, text: &str) -> anyhow::Result<(User, SessionId)> {
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(
        is_hexadecimal && (LEAST_DIGITS..=DIGITS).contains(&text.len()),
        "bad id `{}`: give at least {LEAST_DIGITS} hexadecimal digits, as `scopegate session list` prints them",
        quoted(text)
    );
    let prefix = text.to_ascii_lowercase();
    let mut found = Vec::new();
    visit(store, None, |user, session| {
        if digits(session.id(), DIGITS).starts_with(&prefix) {
            found.push((user.clone(), *session.id()));
        }
        found.len() < 2
    })
    .await?;
    let first = found.pop();
    match first {
        Some(first) if found.is_empty() => Ok(first),
        Some(_) => bail!("several sessions have ids that begin with `{text}`; give more digits"),
        None => Err(absent(text)),
    }
}

fn absent(text: &str) -> anyhow::Error {
    ExitNegative(format!("there is no active session `{text}`")).into()
}

fn print_ended(format: Format, user: &User, ended: &[EndedSession]) -> anyhow::Result<()> {
    let families: usize = ended.iter().map(|session| session.families.len()).sum();
    let human = format!(
        "ended {} of `{}`, and {} with it; running servers refuse their access tokens within their `revocation_age` \
         (default: 5 s)",
        counted(ended.len(), "session"),
        user.username(),
        counted(families, "refresh token")
    );
    let sessions: Vec<_> = ended.iter().map(|one| digits(&one.id, SHOWN_DIGITS)).collect();
    let json = json!({
        "ended": sessions, "user_id": user.id(), "username": user.username(), "ended_families": families,
    });
    print(format, &human, &json)
}
