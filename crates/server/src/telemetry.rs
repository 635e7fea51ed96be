//! What is logged: one line an event to standard error, as text or as JSON.
//!
//! Spans and events come from below; nothing there records a token, a password or a secret. Here only their form and
//! their level are chosen.

mod fields;

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{DefaultFields, Format};

use self::fields::PlainFields;
use crate::config::{LogFilter, LogFormat};

/// Starts logging. Called once; a second call changes nothing.
pub(crate) fn start(format: LogFormat, filter: &LogFilter) {
    // `LogFilter` holds only what `EnvFilter` could read.
    let filter = EnvFilter::try_new(filter.as_str()).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber: SubscriberBuilder<DefaultFields, Format, _, _> = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written, for the disk is full, is lost: to complain of it in the same place is a panic.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let started = match format {
        LogFormat::Human => subscriber
            .with_ansi(io::stderr().is_terminal())
            .fmt_fields(PlainFields::default())
            .try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    drop(started);
    // SECURITY: where it happened, and not what was said, which may hold anything.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic: a fault in this program");
    }));
}
