//! The types of settings, and how they are read and shown.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use scopegate_domain::{Audience, Issuer, Lifetime, Secret};
use scopegate_http::cors::Cors;
use scopegate_portal::TrustedProxies;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::profile::Profile;

/// A value that can be written as text: in a flag, a variable or a file.
pub(crate) trait Setting: Sized {
    /// The expected text, for the error about another one.
    const EXPECTED: &'static str;
    /// Whether errors must not repeat the text.
    const SECRET: bool = false;
    /// Whether it may also be a list of texts. It is read as one text, separated by commas.
    const LIST: bool = false;

    /// Reads the text; `None` if it is invalid.
    fn read(text: &str) -> Option<Self>;

    /// The value as `config check` shows it.
    fn show(&self) -> Value;

    /// The value in a file of this folder: a path is relative to the folder.
    #[must_use]
    fn in_folder(self, _folder: &Path) -> Self {
        self
    }
}

impl Setting for Profile {
    const EXPECTED: &'static str = "`tutorial` or `rfc`";

    fn read(text: &str) -> Option<Self> {
        Self::named(text)
    }

    fn show(&self) -> Value {
        json!(self.name())
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text for people.
    Human,
    /// One JSON object for each line.
    Json,
}

impl Setting for LogFormat {
    const EXPECTED: &'static str = "`human` or `json`";

    fn read(text: &str) -> Option<Self> {
        match text {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn show(&self) -> Value {
        match self {
            Self::Human => json!("human"),
            Self::Json => json!("json"),
        }
    }
}

/// The filter of the log: a level, or directives for parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(Cow<'static, str>);

impl LogFilter {
    /// Events of normal operation.
    pub(crate) const INFO: Self = Self(Cow::Borrowed("info"));
    /// Warnings and errors only.
    pub(crate) const WARN: Self = Self(Cow::Borrowed("warn"));

    /// The directives.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The level, if the filter is only a level.
    pub(crate) fn level(&self) -> Option<LevelFilter> {
        self.0.trim().parse().ok()
    }
}

impl Setting for LogFilter {
    const EXPECTED: &'static str =
        "`error`, `warn`, `info`, `debug`, `trace` or `off`, alone or for a part as in `info,scopegate_http=debug`";

    fn read(text: &str) -> Option<Self> {
        // `tracing` reads a single word as the name of a part, so `inof` would silence the log.
        let is_level = |word: &str| ["error", "warn", "info", "debug", "trace", "off"].contains(&word.trim());
        let is_sound = text
            .split(',')
            .all(|directive| directive.contains('=') || is_level(directive));
        (is_sound && EnvFilter::try_new(text).is_ok()).then(|| Self(Cow::Owned(text.to_owned())))
    }

    fn show(&self) -> Value {
        json!(self.0)
    }
}

impl Setting for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> Value {
        json!(self)
    }
}

impl Setting for NonZeroUsize {
    const EXPECTED: &'static str = "a whole number above 0";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> Value {
        json!(self.get())
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str = "an address with a port, such as `127.0.0.1:8000` or `[::1]:8000`";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> Value {
        json!(self.to_string())
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "the path of a file";

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }

    fn show(&self) -> Value {
        json!(self.display().to_string())
    }

    fn in_folder(self, folder: &Path) -> Self {
        folder.join(self)
    }
}

impl Setting for String {
    const EXPECTED: &'static str = "a text that is not empty";

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn show(&self) -> Value {
        json!(self)
    }
}

impl Setting for Secret<String> {
    const EXPECTED: &'static str = "a text that is not empty";
    const SECRET: bool = true;

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::new(text.to_owned()))
    }

    fn show(&self) -> Value {
        json!("(hidden)")
    }
}

impl Setting for Issuer {
    const EXPECTED: &'static str = "an `https://` or `http://` address without query and fragment";

    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let is_sound = !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' ', '"', '\\', '@']);
        is_sound.then(|| Self::parse(text).ok())?
    }

    fn show(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for Audience {
    const EXPECTED: &'static str = "1 to 512 characters of printable ASCII";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }

    fn show(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for TrustedProxies {
    const EXPECTED: &'static str = "addresses and networks, such as `10.0.0.0/8,2001:db8::1`";
    const LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> Value {
        json!(self.to_string())
    }
}

/// The origins whose scripts may read answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct CorsOrigins {
    written: Vec<String>,
    cors: Option<Cors>,
}

impl CorsOrigins {
    /// Returns the CORS rules; `None` if no origin is allowed.
    pub(crate) const fn cors(&self) -> Option<&Cors> {
        self.cors.as_ref()
    }
}

impl Setting for CorsOrigins {
    const EXPECTED: &'static str = "origins as browsers send them, such as `https://app.example,http://localhost:3000` \
                                    (lower case, nothing behind the port), or `*` for all";
    const LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        let written: Vec<String> = text
            .split(',')
            .map(|origin| origin.trim().to_owned())
            .filter(|origin| !origin.is_empty())
            .collect();
        let cors = match &*written {
            [] => None,
            [any] if any == "*" => Some(Cors::any()),
            origins => Some(Cors::origins(origins).ok()?),
        };
        Some(Self { written, cors })
    }

    fn show(&self) -> Value {
        json!(self.written)
    }
}

impl Setting for Duration {
    const EXPECTED: &'static str = "a time above zero and at most a year, such as `500ms`, `30s` or `1h 30m`";

    fn read(text: &str) -> Option<Self> {
        let time: SignedDuration = text.parse().ok()?;
        let time = Self::try_from(time).ok()?;
        (!time.is_zero() && time <= Self::from_hours(365 * 24)).then_some(time)
    }

    fn show(&self) -> Value {
        SignedDuration::try_from(*self).map_or(Value::Null, |time| json!(format!("{time:#}")))
    }
}

/// The interval of a rotation; `None` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rotation(pub(crate) Option<Duration>);

impl Setting for Rotation {
    const EXPECTED: &'static str = "a time of at most a year, such as `30d` or `12h`, or `0` for never";

    fn read(text: &str) -> Option<Self> {
        if text == "0" {
            return Some(Self(None));
        }
        let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok());
        let time = match days {
            Some(days) => Some(Duration::from_hours(24 * u64::from(days))).filter(|_| (1..=365).contains(&days)),
            None => Duration::read(text),
        };
        time.map(|time| Self(Some(time)))
    }

    fn show(&self) -> Value {
        self.0.map_or(json!("0"), |time| time.show())
    }
}

impl Setting for usize {
    const EXPECTED: &'static str = "a whole number";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> Value {
        json!(self)
    }
}

/// The maximum age of a cached entry; `None` turns the cache off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CacheAge(Lifetime);

impl CacheAge {
    /// An age of this number of seconds.
    pub(crate) const fn seconds(seconds: u32) -> Self {
        Self(Lifetime::from_seconds(seconds))
    }

    /// The age.
    pub(crate) const fn lifetime(self) -> Lifetime {
        self.0
    }
}

impl Setting for CacheAge {
    const EXPECTED: &'static str = "a time of whole seconds, at most a day, such as `5s` or `1m`, or `0s` for off";

    fn read(text: &str) -> Option<Self> {
        let time: SignedDuration = text.parse().ok()?;
        let seconds = u32::try_from(time.as_secs()).ok()?;
        (time.subsec_nanos() == 0 && seconds <= 24 * 60 * 60).then(|| Self::seconds(seconds))
    }

    fn show(&self) -> Value {
        let time = SignedDuration::from_secs(self.0.as_seconds().into());
        json!(format!("{time:#}"))
    }
}

#[cfg(test)]
mod tests;
