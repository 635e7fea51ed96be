//! What is logged: one line an event to standard error, as text or as JSON.
//!
//! Spans and events come from below; nothing there records a token, a password or a secret. Here only their form and
//! their level are chosen.

mod fields;

use std::error::Error;
use std::io::{self, Stderr};

use tracing_subscriber::fmt::format::{DefaultFields, Format};
use tracing_subscriber::fmt::{FormatEvent, FormatFields, SubscriberBuilder};
use tracing_subscriber::{EnvFilter, Registry};

use self::fields::PlainFields;
use crate::config::{LogFilter, LogFormat};
use crate::output::allows_colours;

/// Where lines go.
type Writer = fn() -> Stderr;

/// Starts logging. Called once; a second call changes nothing.
pub(crate) fn start(format: LogFormat, filter: &LogFilter) {
    let subscriber: SubscriberBuilder<DefaultFields, Format, _, Writer> = tracing_subscriber::fmt()
        // A line that cannot be written, for the disk is full, is lost: to complain of it in the same place is a panic.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let started = match format {
        LogFormat::Human => {
            let subscriber = subscriber.with_ansi(allows_colours(&io::stderr()));
            init(subscriber.fmt_fields(PlainFields::default()), filter)
        }
        LogFormat::Json => init(subscriber.json().flatten_event(true), filter),
    };
    drop(started);
    // SECURITY: where it happened, and not what was said, which may hold anything.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic: a fault in this program");
    }));
}

/// Logs what the filter lets through. A level alone looks at no span; directives take a lock of all threads whenever one is begun,
/// entered, left or ended, also where none of them names a span.
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
    // `LogFilter` holds only what `EnvFilter` could read.
    let filter = EnvFilter::try_new(filter.as_str()).unwrap_or_else(|_| EnvFilter::new("info"));
    subscriber.with_env_filter(filter).try_init()
}
