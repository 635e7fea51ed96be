//! The configuration: each setting once, with the value that takes precedence.
//!
//! A flag takes precedence over a variable (`SCOPEGATE_LOG_LEVEL` for `--log-level`), a variable
//! over the file (`log_level`), the file over the default. [`table`] describes each setting.

mod fault;
mod flags;
mod issuers;
mod layers;
mod resources;
mod secret;
mod setting;
mod source;
mod table;
mod table_fault;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scopegate_domain::{Audience, Issuer, Secret};
use scopegate_grant::AuditMode;
use scopegate_http::credential::BearerTokens;
use scopegate_portal::TrustedProxies;
use scopegate_token::KeySchedule;
use serde::{Deserialize, Serialize};

use crate::profile::Profile;

pub(crate) use self::fault::{ConfigError, nearest};
pub(crate) use self::flags::{CommonSettings, ServeSettings};
use self::issuers::Written;
pub(crate) use self::issuers::{IssuerSettings, Tokens, read_roots};
use self::layers::Layers;
pub(crate) use self::layers::Shown;
pub(crate) use self::resources::ResourceSettings;
pub(crate) use self::secret::{ConfiguredKek, read_key_encryption_key};
use self::secret::{configured_kek, hs256_secret};
use self::setting::Setting as _;
use self::setting::{CacheAge, CorsOrigins, RetryWindow, Rotation};
pub(crate) use self::setting::{Days, LogFilter, LogFormat, NewsStale, read_time, to_lifetime};
pub(crate) use self::source::Source;
use self::table::VARIABLE_PREFIX;
pub(crate) use self::table::{SETTINGS, SettingRow, tables, variables};

/// Longest password, in bytes. Users type shorter ones, and hashing this length is cheap.
pub(crate) const MAX_PASSWORD: usize = 1_024;

/// The value of each setting. `config check` shows them in this order; [`table`] describes them.
#[derive(Debug, Deserialize, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(crate) struct Values {
    #[serde(with = "setting")]
    pub(crate) demo: bool,
    #[serde(with = "setting")]
    pub(crate) listen: SocketAddr,
    #[serde(default, with = "setting")]
    pub(crate) admin_listen: Option<SocketAddr>,
    #[serde(with = "setting")]
    pub(crate) database: String,
    #[serde(default, with = "setting")]
    pub(crate) issuer: Option<Issuer>,
    #[serde(default, with = "setting")]
    pub(crate) audience: Option<Audience>,
    #[serde(default, serialize_with = "resources::show")]
    resources: Vec<resources::Written>,
    #[serde(default, serialize_with = "issuers::show")]
    issuers: Vec<Written>,
    #[serde(default, with = "setting")]
    pub(crate) cors_origins: CorsOrigins,
    #[serde(default, with = "setting")]
    secret_key: Option<Secret<String>>,
    #[serde(default, with = "setting")]
    secret_key_file: Option<PathBuf>,
    #[serde(default, with = "setting")]
    key_encryption_key: Option<Secret<String>>,
    #[serde(default, with = "setting")]
    key_encryption_key_file: Option<PathBuf>,
    #[serde(with = "setting")]
    key_rotation: Rotation,
    #[serde(with = "setting")]
    key_announcement: Duration,
    #[serde(with = "setting")]
    pub(crate) profile: Profile,
    #[serde(with = "setting")]
    pub(crate) password_grant: bool,
    #[serde(with = "setting")]
    pub(crate) password_min_length: NonZeroUsize,
    #[serde(with = "setting")]
    access_token_lifetime: Duration,
    /// Of the password grant in the tutorial profile. Else the old name of `access_token_lifetime`.
    #[serde(default, with = "setting")]
    token_lifetime: Option<Duration>,
    /// How long the predecessor of a refresh token is a retry.
    #[serde(with = "setting")]
    pub(crate) refresh_retry: RetryWindow,
    #[serde(with = "setting")]
    pub(crate) token_cache_bytes: usize,
    #[serde(with = "setting")]
    pub(crate) user_cache_age: CacheAge,
    #[serde(with = "setting")]
    pub(crate) revocation_age: Duration,
    /// How long beyond `revocation_age` all tokens are accepted.
    #[serde(with = "setting")]
    pub(crate) news_grace: Duration,
    /// What happens to tokens later.
    #[serde(with = "setting")]
    pub(crate) news_stale: NewsStale,
    /// How long known tokens are accepted.
    #[serde(with = "setting")]
    pub(crate) news_stale_limit: Duration,
    #[serde(with = "setting")]
    pub(crate) rehash: bool,
    #[serde(with = "setting")]
    pub(crate) login_throttle: bool,
    /// Proxies whose `X-Forwarded-For` names the client.
    #[serde(default, with = "setting")]
    pub(crate) trusted_proxies: TrustedProxies,
    /// Which security events have an entry of their own.
    #[serde(with = "setting")]
    pub(crate) audit: AuditMode,
    /// How long entries of the audit log are kept.
    #[serde(with = "setting")]
    pub(crate) audit_retention: Days,
    #[serde(with = "setting")]
    pub(crate) hashing_slots: NonZeroUsize,
    #[serde(with = "setting")]
    pub(crate) hashing_queue: NonZeroUsize,
    /// How long the head of a request may take to arrive.
    #[serde(with = "setting")]
    pub(crate) header_timeout: Duration,
    /// How long the body of a request may take to arrive.
    #[serde(with = "setting")]
    pub(crate) body_timeout: Duration,
    /// How long a connection may wait for its next request.
    #[serde(with = "setting")]
    pub(crate) idle_timeout: Duration,
    /// Largest body, in bytes.
    #[serde(with = "setting")]
    pub(crate) body_limit: NonZeroUsize,
    /// Most connections at a time.
    #[serde(with = "setting")]
    pub(crate) max_connections: NonZeroUsize,
    /// How long requests in progress may take after a signal to stop.
    #[serde(with = "setting")]
    pub(crate) drain_deadline: Duration,
    #[serde(default, with = "setting")]
    pub(crate) shadow_policy: Option<PathBuf>,
    #[serde(with = "setting")]
    pub(crate) log_format: LogFormat,
    #[serde(with = "setting")]
    pub(crate) log_level: LogFilter,
}

/// All settings, after the checks.
#[derive(Debug)]
pub(crate) struct Settings {
    values: Values,
    pub(crate) resources: Vec<ResourceSettings>,
    pub(crate) issuers: Vec<IssuerSettings>,
    pub(crate) secret_key: Option<Secret<String>>,
    pub(crate) key_encryption_key: Option<ConfiguredKek>,
    pub(crate) key_schedule: KeySchedule,
    /// All values above in order, for `config check`.
    pub(crate) shown: Vec<Shown>,
}

impl Deref for Settings {
    type Target = Values;

    fn deref(&self) -> &Values {
        &self.values
    }
}

impl Settings {
    /// Reads the settings of this process.
    pub(crate) fn load(
        file: Option<&Path>,
        common: &CommonSettings,
        serve: Option<&ServeSettings>,
        log_level: &str,
    ) -> Result<Self, ConfigError> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLE_PREFIX)) else {
                continue;
            };
            let Some(value) = value.to_str() else {
                return Err(ConfigError::value(format!("variable `{name}`"), "text in UTF-8", None));
            };
            variables.push((name.to_owned(), value.to_owned()));
        }
        let mut flags: Vec<&dyn layers::Flags> = vec![common];
        flags.extend(serve.map(|serve| -> &dyn layers::Flags { serve }));
        Self::from_layers(Layers::read(&flags, variables, file)?, log_level)
    }

    /// Returns the values that are in effect if nothing is set.
    pub(crate) fn defaults() -> Result<Vec<Shown>, ConfigError> {
        let layers = Layers::read(&[], [], None)?;
        Ok(Self::from_layers(layers, LogFilter::INFO)?.shown)
    }

    fn from_layers(mut layers: Layers, log_level: &str) -> Result<Self, ConfigError> {
        set_defaults(&mut layers, log_level);
        let mut values: Values = layers.extract()?;
        for (key, path) in [
            ("secret_key_file", &mut values.secret_key_file),
            ("key_encryption_key_file", &mut values.key_encryption_key_file),
            ("shadow_policy", &mut values.shadow_policy),
        ] {
            *path = path.take().map(|path| layers.source(key).resolve(&path));
        }
        let settings = Self {
            resources: resources::read(&layers, &values.resources)?,
            issuers: issuers::read(&mut layers, &mut values.issuers)?,
            secret_key: hs256_secret(&layers, values.secret_key.clone(), values.secret_key_file.as_deref())?,
            key_encryption_key: configured_kek(
                &layers,
                values.key_encryption_key.clone(),
                values.key_encryption_key_file.as_deref(),
            )?,
            key_schedule: key_schedule(&values),
            shown: layers.show(&values),
            values,
        };
        settings.refuse_two_lifetimes()?;
        settings.refuse_limit_without_effect()?;
        let least = settings.password_min_length.get();
        if least > MAX_PASSWORD {
            let expected = "a number up to 1024, as a password has at most 1024 bytes";
            let (place, found) = (settings.place_of("password_min_length"), least.to_string());
            return Err(ConfigError::value(place, expected, Some(found)));
        }
        layers.finish()?;
        Ok(settings)
    }

    /// The old name of a setting and the new one cannot both be given.
    fn refuse_two_lifetimes(&self) -> Result<(), ConfigError> {
        let is_given = |key: &str| self.source_of(key).is_some_and(|source| *source != Source::Default);
        if self.profile == Profile::Rfc && is_given("token_lifetime") && is_given("access_token_lifetime") {
            let places = ["access_token_lifetime", "token_lifetime"].map(|key| self.place_of(key));
            return Err(ConfigError::BothLifetimes {
                places: places.join(", "),
            });
        }
        Ok(())
    }

    /// `allow-known` accepts known tokens after the grace, until the limit. There must be a time
    /// between the two.
    fn refuse_limit_without_effect(&self) -> Result<(), ConfigError> {
        let late = self.revocation_age.saturating_add(self.news_grace);
        if self.news_stale != NewsStale::AllowKnown || self.news_stale_limit > late {
            return Ok(());
        }
        let shown = |time: Duration| time.show().as_str().unwrap_or_default().to_owned();
        let expected = format!(
            "a time above `revocation_age` and `news_grace` together ({}), because `allow-known` has an effect only between \
             that time and this limit",
            shown(late)
        );
        let found = shown(self.news_stale_limit);
        Err(ConfigError::value(
            self.place_of("news_stale_limit"),
            &expected,
            Some(found),
        ))
    }

    /// Whether the server offers the password grant. A profile with one client has only this grant.
    pub(crate) fn offers_password_grant(&self) -> bool {
        self.password_grant || self.profile.only_client().is_some()
    }

    fn source_of(&self, key: &str) -> Option<&Source> {
        let shown = self.shown.iter().find(|shown| shown.key == key);
        shown.map(|shown| &shown.source)
    }

    /// The lifetime of access tokens.
    pub(crate) fn access_token_lifetime(&self) -> Duration {
        match self.token_lifetime {
            Some(old_name) if self.profile == Profile::Rfc => old_name,
            _ => self.access_token_lifetime,
        }
    }

    /// The lifetime of access tokens by the password grant.
    pub(crate) fn password_lifetime(&self) -> Duration {
        self.token_lifetime.unwrap_or(self.access_token_lifetime)
    }

    /// The place of a setting.
    pub(crate) fn place_of(&self, key: &str) -> String {
        let shown = self.shown.iter().find(|shown| shown.key == key);
        shown.map_or_else(
            || format!("`{key}`"),
            |shown| match shown.source {
                Source::Default => format!("the default of `{key}`"),
                _ => shown.source.line(key),
            },
        )
    }

    /// The issuer without its last slash, if it has a path. A proxy removes this path.
    pub(crate) fn url_behind_path(&self) -> Option<&str> {
        let url = self.issuer.as_ref()?.as_str().trim_end_matches('/');
        let (_, rest) = url.split_once("://")?;
        rest.contains('/').then_some(url)
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

/// Sets the defaults of settings, in the form of a file.
fn set_defaults(layers: &mut Layers, log_level: &str) {
    let is_demo = layers.text("demo").is_some_and(|demo| demo == "true");
    let either = |demo, other| if is_demo { demo } else { other };
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    for (key, default) in [
        ("demo", "false"),
        ("listen", "127.0.0.1:8000"),
        ("database", either("sqlite::memory:", "sqlite:scopegate.db")),
        ("key_rotation", "30d"),
        ("key_announcement", "1h"),
        ("profile", either("tutorial", "rfc")),
        ("password_grant", either("true", "false")),
        ("password_min_length", "8"),
        ("access_token_lifetime", "10m"),
        ("refresh_retry", "10s"),
        ("token_cache_bytes", BearerTokens::CACHE_BYTES.to_string().as_str()),
        ("user_cache_age", "5s"),
        ("revocation_age", "5s"),
        ("news_grace", "5s"),
        ("news_stale", "deny"),
        ("news_stale_limit", "5m"),
        ("rehash", "true"),
        ("login_throttle", either("false", "true")),
        ("audit", "standard"),
        ("audit_retention", "400d"),
        ("hashing_slots", cores.to_string().as_str()),
        ("hashing_queue", "64"),
        ("header_timeout", "10s"),
        ("body_timeout", "30s"),
        ("idle_timeout", "1m"),
        ("body_limit", "65536"),
        ("max_connections", "4096"),
        ("drain_deadline", "10s"),
        ("log_format", "human"),
        ("log_level", log_level),
    ] {
        layers.set_default(key, default);
    }
    if layers
        .text("profile")
        .is_some_and(|profile| profile == Profile::Tutorial.name())
    {
        layers.set_default("token_lifetime", "30m");
    }
}

fn key_schedule(values: &Values) -> KeySchedule {
    KeySchedule::new(
        to_lifetime(values.key_announcement),
        values.key_rotation.0.map(to_lifetime),
    )
}

#[cfg(test)]
pub(crate) mod tests;
