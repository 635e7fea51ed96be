//! The errors of a configuration, in one sentence each.

use std::fmt;
use std::path::PathBuf;

/// The reason why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// Two settings give the same secret.
    #[error("`{key}` and `{file}` are both given ({places}): remove one of them")]
    BothSecrets {
        /// The first key.
        key: &'static str,
        /// The second key.
        file: &'static str,
        /// The places in the configuration.
        places: String,
    },
    /// The issuer has no default.
    #[error("`issuer` is missing: on a listener that is not on the loopback address (`{listen}`) it has no default")]
    IssuerMissing {
        /// The address of the listener.
        listen: String,
    },
    /// An issuer without TLS that is not on this machine.
    #[error("{place}: it is `{issuer}`; use an `https://` address; `http://` is allowed on a loopback address only")]
    IssuerPlain {
        /// The place in the configuration.
        place: String,
        /// The issuer.
        issuer: String,
    },
    /// A key that is too short.
    #[error("{place} is too short: a key needs at least {least} bytes, this one has {length}")]
    SecretTooShort {
        /// The place in the configuration.
        place: String,
        /// The minimum length of a key, in bytes.
        least: usize,
        /// The length of this key, in bytes.
        length: usize,
    },
    /// An invalid table.
    #[error("{place}: {reason}")]
    Table {
        /// The place in the configuration.
        place: String,
        /// The reason why it is invalid.
        reason: String,
    },
    /// A key that is not a setting.
    #[error("unknown {place}{}", Nearest(.nearest))]
    UnknownKey {
        /// The place in the configuration.
        place: String,
        /// The spelling of the nearest known key in this source.
        nearest: Option<String>,
    },
    /// A file that cannot be read.
    #[error("file `{}` cannot be read: {reason}{}", .path.display(), NamedBy(.named_by))]
    Unreadable {
        /// The setting that names it.
        named_by: Option<String>,
        /// The path of the file.
        path: PathBuf,
        /// The error of the system or the parser.
        reason: String,
    },
    /// An invalid value.
    #[error("bad value for {place}: expected {expected}{}", Found(.found))]
    Value {
        /// The place in the configuration.
        place: String,
        /// The expected value.
        expected: &'static str,
        /// The value, unless it is a secret.
        found: Option<String>,
    },
}

impl ConfigError {
    /// Adds the place that names an unreadable file.
    pub(crate) fn named_by(mut self, place: String) -> Self {
        if let Self::Unreadable { named_by, .. } = &mut self {
            *named_by = Some(place);
        }
        self
    }
}

struct NamedBy<'a>(&'a Option<String>);

impl fmt::Display for NamedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

struct Nearest<'a>(&'a Option<String>);

impl fmt::Display for Nearest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .as_ref()
            .map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
    }
}

struct Found<'a>(&'a Option<String>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |found| write!(f, ", found `{found}`"))
    }
}
