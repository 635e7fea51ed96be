//! What can be wrong with a configuration, in one sentence.

use std::fmt;
use std::path::{Path, PathBuf};

use scopegate_openapi::import::locate_in_toml;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nowhere: the value that is built in.
    Default,
    /// In the configuration file.
    File(PathBuf),
    /// On the command line.
    Flag,
    /// In a variable of the environment.
    Variable,
}

impl Source {
    /// The place of a key, with its line in a file. The file is read again.
    pub(crate) fn line(&self, key: &str) -> String {
        let place = self.place(key);
        match self {
            Self::File(path) => format!("{place}{}", line_in(path, &format!("/{key}"))),
            _ => place,
        }
    }

    /// The place that a key has here: `--log-level`, `SCOPEGATE_LOG_LEVEL`, or the key with the file.
    pub(crate) fn place(&self, key: &str) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File(path) => format!("key `{key}` in file `{}`", path.display()),
            Self::Flag => format!("flag `--{}`", key.replace('_', "-")),
            Self::Variable => format!("variable `{}{}`", super::VARIABLE_PREFIX, key.to_uppercase()),
        }
    }
}

/// The end of a place in a file: `, line 3`. Empty if the file does not contain the value.
pub(crate) fn line_in(file: &Path, pointer: &str) -> String {
    let Ok(text) = std::fs::read_to_string(file) else {
        return String::new();
    };
    let located = locate_in_toml(&text, pointer);
    if located.pointer.is_empty() {
        return String::new();
    }
    format!(", line {}", located.position.line)
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// Two ways to say one secret.
    #[error("`{key}` and `{file}` are both given ({places}): remove one of them")]
    BothSecrets {
        /// The one.
        key: &'static str,
        /// The other.
        file: &'static str,
        /// Where they were written.
        places: String,
    },
    /// The issuer cannot be guessed.
    #[error("`issuer` is missing: on a listener that is not on the loopback address (`{listen}`) it has no default")]
    IssuerMissing {
        /// Where the server is to listen.
        listen: String,
    },
    /// An issuer without TLS that is not on this machine.
    #[error("{place}: it is `{issuer}`; use an `https://` address; `http://` is allowed on a loopback address only")]
    IssuerPlain {
        /// Where it was written.
        place: String,
        /// The issuer.
        issuer: String,
    },
    /// A key that cannot protect anything.
    #[error("{place} is too short: a key needs at least {least} bytes, this one has {length}")]
    SecretTooShort {
        /// Where it was written.
        place: String,
        /// The shortest key, in bytes.
        least: usize,
        /// What there is, in bytes.
        length: usize,
    },
    /// A table that is not as it has to be.
    #[error("{place}: {reason}")]
    Table {
        /// Where it was written.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No setting of that name.
    #[error("unknown {place}{}", Nearest(.nearest))]
    UnknownKey {
        /// Where it was written.
        place: String,
        /// How the nearest known key is written there.
        nearest: Option<String>,
    },
    /// A file that cannot be read.
    #[error("file `{}` cannot be read: {reason}{}", .path.display(), NamedBy(.named_by))]
    Unreadable {
        /// Where it is named.
        named_by: Option<String>,
        /// Which file.
        path: PathBuf,
        /// What the system or the parser said.
        reason: String,
    },
    /// A value that is none of those allowed.
    #[error("bad value for {place}: expected {expected}{}", Found(.found))]
    Value {
        /// Where it was written.
        place: String,
        /// What it has to be.
        expected: &'static str,
        /// What it is, unless it is a secret.
        found: Option<String>,
    },
}

impl ConfigError {
    /// Adds the place that names a file which cannot be read.
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
