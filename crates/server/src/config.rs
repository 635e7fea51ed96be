//! The configuration: each setting once, with the value that takes precedence.
//!
//! A flag takes precedence over a variable (`SCOPEGATE_LOG_LEVEL` for `--log-level`), a variable
//! over the file (`log_level`), the file over the default. [`table`] describes each setting.

mod fault;
mod flags;
mod issuers;
mod layers;
mod secret;
mod setting;
mod source;
mod table;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scopegate_domain::{Audience, Issuer, Lifetime, Secret};
use scopegate_http::BearerTokens;
use scopegate_portal::TrustedProxies;
use scopegate_token::KeySchedule;

use crate::profile::Profile;

pub(crate) use self::fault::ConfigError;
pub(crate) use self::flags::{CommonSettings, ServeSettings};
pub(crate) use self::issuers::{IssuerSettings, Tokens, read_roots};
use self::layers::Layers;
pub(crate) use self::layers::Shown;
pub(crate) use self::secret::{ConfiguredKek, read_key_encryption_key};
use self::secret::{take_hs256_secret, take_key_encryption_key};
use self::setting::Rotation;
pub(crate) use self::setting::{CacheAge, CorsOrigins, LogFilter, LogFormat};
pub(crate) use self::source::Source;
use self::source::VARIABLE_PREFIX;
pub(crate) use self::table::{SettingRow, variables};

/// Longest password, in bytes. Users type shorter ones, and hashing this length is cheap.
pub(crate) const MAX_PASSWORD: usize = 1_024;

/// All settings, after the checks.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) demo: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: Option<SocketAddr>,
    pub(crate) database: String,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) audience: Option<Audience>,
    pub(crate) issuers: Vec<IssuerSettings>,
    pub(crate) cors_origins: CorsOrigins,
    pub(crate) secret_key: Option<Secret<String>>,
    pub(crate) key_encryption_key: Option<ConfiguredKek>,
    pub(crate) key_schedule: KeySchedule,
    pub(crate) profile: Profile,
    pub(crate) password_grant: bool,
    pub(crate) password_min_length: NonZeroUsize,
    pub(crate) token_lifetime: Duration,
    pub(crate) token_cache_bytes: usize,
    pub(crate) user_cache_age: CacheAge,
    pub(crate) revocation_age: Duration,
    pub(crate) rehash: bool,
    pub(crate) guessing: Guessing,
    pub(crate) hashing_slots: NonZeroUsize,
    pub(crate) hashing_queue: NonZeroUsize,
    pub(crate) limits: Limits,
    pub(crate) shadow_policy: Option<PathBuf>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: LogFilter,
    /// All settings above in order, for `config check`.
    pub(crate) shown: Vec<Shown>,
}

/// The limits of what one client can use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long the head of a request may take to arrive.
    pub(crate) header_timeout: Duration,
    /// How long the body of a request may take to arrive.
    pub(crate) body_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub(crate) idle_timeout: Duration,
    /// Largest body, in bytes.
    pub(crate) body_limit: NonZeroUsize,
    /// Most connections at a time.
    pub(crate) max_connections: NonZeroUsize,
    /// How long requests in progress may take after a signal to stop.
    pub(crate) drain_deadline: Duration,
}

/// The limits on guessing passwords and client secrets.
#[derive(Clone, Debug)]
pub(crate) struct Guessing {
    pub(crate) is_throttled: bool,
    /// Proxies whose `X-Forwarded-For` names the client.
    pub(crate) trusted_proxies: TrustedProxies,
}

impl Settings {
    /// Reads the settings of this process.
    pub(crate) fn load(
        file: Option<&Path>,
        common: &CommonSettings,
        serve: Option<&ServeSettings>,
    ) -> Result<Self, ConfigError> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLE_PREFIX)) else {
                continue;
            };
            let Some(value) = value.to_str() else {
                let place = format!("variable `{name}`");
                return Err(ConfigError::Value {
                    place,
                    expected: "text in UTF-8",
                    found: None,
                });
            };
            variables.push((name.to_owned(), value.to_owned()));
        }
        let mut flags: Vec<&dyn layers::Flags> = vec![common];
        flags.extend(serve.map(|serve| -> &dyn layers::Flags { serve }));
        // The output of a command reports its work on the database. Only warnings belong in its
        // log.
        let log_level = if serve.is_some() {
            LogFilter::INFO
        } else {
            LogFilter::WARN
        };
        Self::from_layers(Layers::read(&flags, variables, file)?, log_level)
    }

    fn from_layers(mut layers: Layers, log_level: LogFilter) -> Result<Self, ConfigError> {
        let demo = layers.take("demo", false)?;
        let database = if demo { "sqlite::memory:" } else { "sqlite:scopegate.db" };
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Ok(Self {
            demo,
            listen: layers.take("listen", SocketAddr::from(([127, 0, 0, 1], 8000)))?,
            admin_listen: layers.take_optional("admin_listen")?,
            database: layers.take("database", database.to_owned())?,
            issuer: layers.take_optional("issuer")?,
            audience: layers.take_optional("audience")?,
            issuers: issuers::take(&mut layers)?,
            cors_origins: layers.take("cors_origins", CorsOrigins::default())?,
            secret_key: take_hs256_secret(&mut layers)?,
            key_encryption_key: take_key_encryption_key(&mut layers)?,
            key_schedule: take_schedule(&mut layers)?,
            profile: layers.take("profile", if demo { Profile::Tutorial } else { Profile::Rfc })?,
            password_grant: layers.take("password_grant", demo)?,
            password_min_length: take_password_min_length(&mut layers)?,
            token_lifetime: layers.take("token_lifetime", Duration::from_mins(30))?,
            token_cache_bytes: layers.take("token_cache_bytes", BearerTokens::CACHE_BYTES)?,
            user_cache_age: layers.take("user_cache_age", CacheAge::seconds(5))?,
            revocation_age: layers.take("revocation_age", Duration::from_secs(5))?,
            rehash: layers.take("rehash", true)?,
            guessing: Guessing {
                is_throttled: layers.take("login_throttle", !demo)?,
                trusted_proxies: layers.take("trusted_proxies", TrustedProxies::default())?,
            },
            hashing_slots: layers.take("hashing_slots", cores)?,
            hashing_queue: layers.take("hashing_queue", NonZeroUsize::MIN.saturating_add(63))?,
            limits: Limits::take(&mut layers)?,
            shadow_policy: layers.take_optional("shadow_policy")?,
            log_format: layers.take("log_format", LogFormat::Human)?,
            log_level: layers.take("log_level", log_level)?,
            shown: layers.finish()?,
        })
    }

    /// The place of a setting.
    pub(crate) fn place_of(&self, key: &str) -> String {
        let shown = self.shown.iter().find(|shown| shown.key == key);
        shown.map_or_else(|| format!("`{key}`"), |shown| shown.source.line(key))
    }

    /// The issuer for a listener at this address: the configured one, or on a loopback address the
    /// listener's own.
    pub(crate) fn issuer_at(&self, address: SocketAddr) -> Result<Issuer, ConfigError> {
        let missing = || ConfigError::IssuerMissing {
            listen: address.to_string(),
        };
        match &self.issuer {
            Some(issuer) if is_plain_elsewhere(issuer) => Err(ConfigError::IssuerPlain {
                place: self.place_of("issuer"),
                issuer: issuer.as_str().to_owned(),
            }),
            Some(issuer) => Ok(issuer.clone()),
            None if address.ip().is_loopback() => Issuer::parse(&format!("http://{address}")).map_err(|_| missing()),
            None => Err(missing()),
        }
    }
}

/// Whether an issuer is `http` at a host other than this one
/// ([RFC 8414, section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2) requires `https`).
fn is_plain_elsewhere(issuer: &Issuer) -> bool {
    let Some(rest) = issuer.as_str().strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    !is_loopback && !host.eq_ignore_ascii_case("localhost")
}

impl Limits {
    fn take(layers: &mut Layers) -> Result<Self, ConfigError> {
        const BODY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(64 * 1024 - 1);
        const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4096 - 1);
        Ok(Self {
            header_timeout: layers.take("header_timeout", Duration::from_secs(10))?,
            body_timeout: layers.take("body_timeout", Duration::from_secs(30))?,
            idle_timeout: layers.take("idle_timeout", Duration::from_mins(1))?,
            body_limit: layers.take("body_limit", BODY)?,
            max_connections: layers.take("max_connections", CONNECTIONS)?,
            drain_deadline: layers.take("drain_deadline", Duration::from_secs(10))?,
        })
    }
}

/// The minimum length of a password. It cannot exceed the maximum length.
fn take_password_min_length(layers: &mut Layers) -> Result<NonZeroUsize, ConfigError> {
    const KEY: &str = "password_min_length";
    let least = layers.take(KEY, NonZeroUsize::MIN.saturating_add(7))?;
    if least.get() > MAX_PASSWORD {
        return Err(ConfigError::Value {
            place: layers.place_of(KEY),
            expected: "a number up to 1024, as a password has at most 1024 bytes",
            found: Some(least.to_string()),
        });
    }
    Ok(least)
}

fn take_schedule(layers: &mut Layers) -> Result<KeySchedule, ConfigError> {
    const MONTH: Duration = Duration::from_hours(30 * 24);
    let seconds = |time: Duration| Lifetime::from_seconds(u32::try_from(time.as_secs()).unwrap_or(u32::MAX));
    let Rotation(every) = layers.take("key_rotation", Rotation(Some(MONTH)))?;
    let announcement = layers.take("key_announcement", Duration::from_hours(1))?;
    Ok(KeySchedule::new(seconds(announcement), every.map(seconds)))
}

#[cfg(test)]
mod tests;
