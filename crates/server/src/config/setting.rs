//! The types of settings: how serde reads them from text, and how `config check` shows them.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use figment::value::Value as Given;
use jiff::SignedDuration;
use scopegate_domain::{Audience, Issuer, Lifetime, Secret};
use scopegate_grant::AuditMode;
use scopegate_http::cors::Cors;
use scopegate_portal::TrustedProxies;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize as _, Serializer};
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::profile::Profile;

/// A value that can be written as text: in a flag, a variable or a file.
pub(super) trait Setting: Sized {
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
}

/// Reads a setting. The error is an invalid value with its text, or a message without it.
pub(super) fn deserialize<'de, T: Setting, D: Deserializer<'de>>(source: D) -> Result<T, D::Error> {
    let text = match <Given as Deserialize>::deserialize(source)? {
        Given::Array(_, items) if T::LIST => {
            let texts: Option<Vec<String>> = items.iter().map(plain).collect();
            texts.map(|texts| texts.join(","))
        }
        given => plain(&given),
    };
    let setting = text.as_deref().and_then(T::read);
    setting.ok_or_else(|| match text {
        Some(text) if !T::SECRET => D::Error::invalid_value(Unexpected::Str(&text), &T::EXPECTED),
        _ => D::Error::custom(T::EXPECTED),
    })
}

/// Writes a setting as `config check` shows it.
pub(super) fn serialize<T: Setting, S: Serializer>(setting: &T, target: S) -> Result<S::Ok, S::Error> {
    setting.show().serialize(target)
}

/// The text of a value, unless it is a list or a table.
pub(super) fn plain(given: &Given) -> Option<String> {
    match given {
        Given::String(_, text) => Some(text.clone()),
        Given::Bool(_, flag) => Some(flag.to_string()),
        Given::Num(_, number) => number.to_i128().map(|whole| whole.to_string()),
        _ => None,
    }
}

/// The text, unless it is empty.
fn filled<'t, T: From<&'t str>>(text: &'t str) -> Option<T> {
    (!text.is_empty()).then(|| T::from(text))
}

impl<T: Setting> Setting for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const SECRET: bool = T::SECRET;
    const LIST: bool = T::LIST;

    fn read(text: &str) -> Option<Self> {
        T::read(text).map(Some)
    }

    fn show(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::show)
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

/// What happens to tokens when the log of changes is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewsStale {
    /// All are accepted.
    Allow,
    /// Those that were issued before are accepted for a time.
    AllowKnown,
    /// None is accepted.
    Deny,
}

/// The filter of the log: a level, or directives for parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// Events of normal operation.
    pub(crate) const INFO: &'static str = "info";
    /// Warnings and errors only.
    pub(crate) const WARN: &'static str = "warn";

    /// The directives.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The level, if the filter is only a level.
    pub(crate) fn level(&self) -> Option<LevelFilter> {
        self.0.trim().parse().ok()
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

/// The interval of a rotation; `None` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rotation(pub(crate) Option<Duration>);

/// A number of whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days(pub(crate) u16);

/// The maximum age of a cached entry; zero turns the cache off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CacheAge(Lifetime);

impl CacheAge {
    /// The age.
    pub(crate) const fn lifetime(self) -> Lifetime {
        self.0
    }
}

/// The time in which a client may send the predecessor of its refresh token again; zero turns it
/// off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryWindow(Lifetime);

impl RetryWindow {
    /// The window.
    pub(crate) const fn lifetime(self) -> Lifetime {
        self.0
    }
}

/// Returns a time in whole seconds, rounded down.
pub(crate) fn to_lifetime(time: Duration) -> Lifetime {
    Lifetime::from_seconds(u32::try_from(time.as_secs()).unwrap_or(u32::MAX))
}

/// Reads a whole number of decimal digits. It has no sign; zeros at its begin mean nothing.
fn read_number<T: FromStr>(text: &str) -> Option<T> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Reads a time of days (`30d`), or of smaller units (`1h 30m`). Only zero needs no unit. Its
/// numbers are as [`read_number`] reads them.
pub(crate) fn read_time(text: &str) -> Option<Duration> {
    if read_number(text) == Some(0) {
        return Some(Duration::ZERO);
    }
    if let Some(days) = text.strip_suffix('d').and_then(read_number::<u32>) {
        return Some(Duration::from_hours(24 * u64::from(days)));
    }
    // The parser also reads signs, and `ago`. Both have no meaning here, and zero may have them.
    let is_unsigned = text.starts_with(|first: char| first.is_ascii_digit()) && !text.contains(['+', '-']);
    if !is_unsigned || text.contains("ago") {
        return None;
    }
    Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
}

/// Reads a time of whole seconds, of which there are at most this number.
fn read_seconds(text: &str, most: u32) -> Option<Lifetime> {
    let time = read_time(text)?;
    let seconds = u32::try_from(time.as_secs()).ok()?;
    (time.subsec_nanos() == 0 && seconds <= most).then(|| Lifetime::from_seconds(seconds))
}

fn shown_seconds(time: Lifetime) -> String {
    format!("{:#}", SignedDuration::from_secs(time.as_seconds().into()))
}

/// Reads a time of at most a year; zero is a time, too.
fn within_a_year(text: &str) -> Option<Duration> {
    read_time(text).filter(|time| *time <= Duration::from_hours(365 * 24))
}

/// Implements [`Setting`] for each type: the expected text, how it is read and how it is shown.
macro_rules! settings {
    ($($type:ty $(, $constant:ident)?: $expected:literal, |$text:ident| $read:expr, |$value:ident| $show:expr;)*) => {$(
        impl Setting for $type {
            const EXPECTED: &'static str = $expected;
            $(const $constant: bool = true;)?

            fn read($text: &str) -> Option<Self> {
                $read
            }

            fn show(&self) -> Value {
                let $value = self;
                json!($show)
            }
        }
    )*};
}

settings! {
    bool: "`true` or `false`", |text| text.parse().ok(), |flag| flag;
    usize: "a whole number", |text| read_number(text), |number| number;
    NonZeroUsize: "a whole number above 0", |text| read_number(text), |number| number.get();
    String: "a text that is not empty", |text| filled(text), |text| text;
    Secret<String>, SECRET: "a text that is not empty", |text| filled(text).map(Self::new), |_secret| "(hidden)";
    PathBuf: "the path of a file", |text| filled(text), |path| path.display().to_string();
    Profile: "`tutorial` or `rfc`", |text| Self::named(text), |profile| profile.name();
    Audience: "1 to 512 characters of printable ASCII", |text| Self::parse(text).ok(), |audience| audience.as_str();
    SocketAddr: "an address with a port, such as `127.0.0.1:8000` or `[::1]:8000`",
        |text| text.parse().ok(), |address| address.to_string();
    TrustedProxies, LIST: "addresses and networks, such as `10.0.0.0/8,2001:db8::1`",
        |text| text.parse().ok(), |proxies| proxies.to_string();
    Issuer: "an `https://` or `http://` address without query and fragment", |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let is_sound = !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' ', '"', '\\', '@']);
        is_sound.then(|| Self::parse(text).ok())?
    }, |issuer| issuer.as_str();
    Duration: "a time above zero and at most a year, such as `500ms`, `30s` or `1h 30m`",
        |text| within_a_year(text).filter(|time| !time.is_zero()),
        |time| SignedDuration::try_from(*time).ok().map(|time| format!("{time:#}"));
    AuditMode: "`standard` or `strict`", |text| match text {
        "standard" => Some(Self::Standard),
        "strict" => Some(Self::Strict),
        _ => None,
    }, |mode| if *mode == Self::Standard { "standard" } else { "strict" };
    NewsStale: "`deny`, `allow-known` or `allow`", |text| match text {
        "allow" => Some(Self::Allow),
        "allow-known" => Some(Self::AllowKnown),
        "deny" => Some(Self::Deny),
        _ => None,
    }, |stale| match stale {
        Self::Allow => "allow",
        Self::AllowKnown => "allow-known",
        Self::Deny => "deny",
    };
    Days: "a number of days from 1 to 3650, such as `400d`", |text| {
        let days = read_number(text.strip_suffix('d')?)?;
        (1..=3_650).contains(&days).then_some(Self(days))
    }, |days| format!("{}d", days.0);
    LogFormat: "`human` or `json`", |text| match text {
        "human" => Some(Self::Human),
        "json" => Some(Self::Json),
        _ => None,
    }, |format| if *format == Self::Human { "human" } else { "json" };
    LogFilter:
        "`error`, `warn`, `info`, `debug`, `trace` or `off`, alone or for a part as in `info,scopegate_http=debug`",
    |text| {
        // `tracing` reads a single word as the name of a part, so `inof` would silence the log.
        let is_level = |word: &str| ["error", "warn", "info", "debug", "trace", "off"].contains(&word.trim());
        let is_sound = text.split(',').all(|directive| directive.contains('=') || is_level(directive));
        (is_sound && EnvFilter::try_new(text).is_ok()).then(|| Self(text.to_owned()))
    }, |filter| filter.0;
    CorsOrigins, LIST: "origins as browsers send them, such as `https://app.example,http://localhost:3000` \
                        (lower case, nothing behind the port), or `*` for all", |text| {
        let origins = text.split(',').map(|origin| origin.trim().to_owned());
        let written: Vec<String> = origins.filter(|origin| !origin.is_empty()).collect();
        let cors = match &*written {
            [] => None,
            [any] if any == "*" => Some(Cors::any()),
            origins => Some(Cors::origins(origins).ok()?),
        };
        Some(Self { written, cors })
    }, |origins| origins.written;
    Rotation: "a time of at most a year, such as `30d` or `12h`, or `0` for never", |text| {
        let time = within_a_year(text)?;
        Some(Self((!time.is_zero()).then_some(time)))
    }, |rotation| rotation.0.map_or(json!("0"), |time| time.show());
    CacheAge: "a time of whole seconds, at most a day, such as `5s` or `1m`, or `0s` for off", |text| {
        read_seconds(text, 24 * 60 * 60).map(Self)
    }, |age| shown_seconds(age.0);
    RetryWindow: "a time of whole seconds, at most a minute, such as `10s`, or `0s` for off", |text| {
        read_seconds(text, 60).map(Self)
    }, |window| shown_seconds(window.0);
}

#[cfg(test)]
mod tests;
