//! The lines that `scopegate audit` prints: one for each entry.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::{Context, bail};
use jiff::Timestamp as Moment;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use scopegate_domain::{AuditEntry, AuditId};
use serde_json::{Map, Value, json};

use crate::output::{Format, one_line};

/// Prints entries. Returns whether the output still has a reader.
pub(super) fn print(format: Format, entries: &[AuditEntry]) -> anyhow::Result<bool> {
    let line = match format {
        Format::Human => human,
        Format::Json => |entry: &AuditEntry| json(entry).to_string(),
        Format::Markdown | Format::Sarif | Format::Github => bail!("`audit` has the formats `human` and `json`"),
    };
    let mut text = String::new();
    for entry in entries {
        writeln!(text, "{}", line(entry))?;
    }
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => {
            written.context("standard output cannot be written")?;
            Ok(true)
        }
    }
}

/// Whether the reader of standard output has ended: it has closed the pipe or the terminal.
pub(super) fn has_lost_reader() -> bool {
    let stdout = io::stdout();
    // An error of the output is reported without being requested.
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let is_ready = poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0);
    is_ready
        && polled
            .iter()
            .any(|output| output.revents().intersects(PollFlags::ERR | PollFlags::HUP))
}

/// The time of an entry in UTC, with microseconds.
fn moment(id: AuditId) -> String {
    let microseconds = i64::try_from(id.microseconds()).unwrap_or(i64::MAX);
    Moment::from_microsecond(microseconds).map_or_else(|_| microseconds.to_string(), |moment| format!("{moment:.6}"))
}

fn human(entry: &AuditEntry) -> String {
    let mut line = format!("{}  {} {}", moment(entry.id()), entry.event(), entry.outcome().as_str());
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str("  ");
            line.push_str(name);
            line.push('=');
            line.push_str(&one_line(&value));
        }
    };
    add("user", entry.user().map(ToString::to_string));
    add("client", entry.client().map(ToString::to_string));
    if let Some(detail) = entry.detail() {
        add(detail.kind(), Some(detail.value()));
    }
    add("address", entry.address().map(|address| address.to_string()));
    add("request", entry.request().map(ToString::to_string));
    add("count", (entry.count() != 1).then(|| entry.count().to_string()));
    line
}

fn json(entry: &AuditEntry) -> Value {
    let detail = entry.detail().map(|detail| {
        let member = (detail.kind().to_owned(), json!(detail.value()));
        Map::from_iter([member])
    });
    json!({
        "id": entry.id().to_string(), "time": moment(entry.id()), "event": entry.event().as_str(),
        "outcome": entry.outcome().as_str(), "user_id": entry.user(), "client_id": entry.client(),
        "request_id": entry.request(), "address": entry.address().map(|address| address.to_string()),
        "count": entry.count(), "detail": detail,
    })
}
