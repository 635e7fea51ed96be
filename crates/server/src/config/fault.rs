//! The errors of a configuration, in one sentence each.

use std::path::{Path, PathBuf};

use crate::output::quoted;

/// The reason why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A setting has two names, and both are given.
    #[error(
        "`token_lifetime` is the old name of `access_token_lifetime`, and both are given ({places}): remove `token_lifetime`"
    )]
    BothLifetimes {
        /// The places in the configuration.
        places: String,
    },
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
    #[error("unknown {place}{}", part("; did you mean `", .nearest.as_ref(), "`?"))]
    UnknownKey {
        /// The place in the configuration.
        place: String,
        /// The spelling of the nearest known key in this source.
        nearest: Option<String>,
    },
    /// A file that cannot be read.
    #[error("file `{}` cannot be read: {reason}{}", .path.display(), part(" (", .named_by.as_ref(), ")"))]
    Unreadable {
        /// The setting that names it.
        named_by: Option<String>,
        /// The path of the file.
        path: PathBuf,
        /// The error of the system or the parser.
        reason: String,
    },
    /// An invalid value.
    #[error("bad value for {place}: expected {expected}{}", part(", found `", .found.as_ref(), "`"))]
    Value {
        /// The place in the configuration.
        place: String,
        /// The expected value.
        expected: String,
        /// The value, unless it is a secret.
        found: Option<String>,
    },
}

impl ConfigError {
    /// An invalid value. `found` is `None` if it is a secret or has no text; a long one is
    /// shortened.
    pub(crate) fn value(place: String, expected: &str, found: Option<String>) -> Self {
        Self::Value {
            place,
            expected: expected.to_owned(),
            found: found.map(|found| quoted(&found)),
        }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &Path, reason: &impl ToString) -> Self {
        Self::Unreadable {
            named_by: None,
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// Adds the place that names an unreadable file.
    pub(crate) fn named_by(mut self, place: String) -> Self {
        if let Self::Unreadable { named_by, .. } = &mut self {
            *named_by = Some(place);
        }
        self
    }
}

/// The part of a message that depends on an optional text.
fn part(before: &str, text: Option<&String>, after: &str) -> String {
    text.map_or_else(String::new, |text| format!("{before}{text}{after}"))
}

/// The known key that is most similar, unless none is.
pub(crate) fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    // The comparison takes the product of both lengths.
    let longest = known.iter().map(|known| known.len()).max()?;
    if key.len() > longest.saturating_mul(2) {
        return None;
    }
    let distance = |known: &&str| strsim::damerau_levenshtein(known, key);
    let nearest = known.iter().copied().min_by_key(distance);
    nearest.filter(|nearest| distance(nearest) <= nearest.len() / 3 + 1)
}
