//! The log: one line for each event on standard error, as text or as JSON.
//!
//! Spans and events come from the lower crates. They record no token, password or secret. Only the
//! format and the level are chosen here.

mod fields;

use std::error::Error;
use std::io::{self, Stderr};

use tracing_subscriber::fmt::format::{DefaultFields, Format};
use tracing_subscriber::fmt::{FormatEvent, FormatFields, SubscriberBuilder};
use tracing_subscriber::{EnvFilter, Registry};

use self::fields::PlainFields;
use crate::config::{LogFilter, LogFormat};
use crate::output::allows_colors;

/// The output of log lines.
type Writer = fn() -> Stderr;

/// Starts logging. Called once; a second call changes nothing.
pub(crate) fn start(format: LogFormat, filter: &LogFilter) {
    let subscriber: SubscriberBuilder<DefaultFields, Format, _, Writer> = tracing_subscriber::fmt()
        // A line that cannot be written, for example to a full disk, is lost. Reporting that on
        // standard error would panic.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let started = match format {
        LogFormat::Human => {
            let subscriber = subscriber.with_ansi(allows_colors(&io::stderr()));
            init(subscriber.fmt_fields(PlainFields::default()), filter)
        }
        LogFormat::Json => init(subscriber.json().flatten_event(true), filter),
    };
    drop(started);
    // SECURITY: logs the place of a panic but not its message, which may contain a secret.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic: a fault in this program");
    }));
}

/// Logs the events that pass the filter.
///
/// A level alone inspects no span. Directives take a lock of all threads whenever a span begins, is
/// entered, is left or ends. They do so even if none of them names a span.
fn init<N, E>(
    subscriber: SubscriberBuilder<N, E, impl Sized, Writer>,
    filter: &LogFilter,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    N: for<'writer> FormatFields<'writer> + Send + Sync + 'static,
    E: FormatEvent<Registry, N> + Send + Sync + 'static,
{
    if let Some(level) = filter.level() {
        return subscriber.with_max_level(level).try_init();
    }
    // `LogFilter` contains only what `EnvFilter` can read.
    let filter = EnvFilter::try_new(filter.as_str()).unwrap_or_else(|_| EnvFilter::new("info"));
    subscriber.with_env_filter(filter).try_init()
}
