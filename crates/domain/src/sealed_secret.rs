//! A stored server secret: encrypted, with its purpose and version.

use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

/// The purpose of a server secret. Each purpose has its own secrets.
///
/// ```
/// use scopegate_domain::SecretPurpose;
///
/// assert_eq!("mac".parse(), Ok(SecretPurpose::Mac));
/// assert_eq!(SecretPurpose::Mac.as_str(), "mac");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "code that makes secrets must handle a new purpose"
)]
pub enum SecretPurpose {
    /// Encrypts authorization requests that a page carries.
    Flow,
    /// Authenticates forms.
    Form,
    /// Authenticates the cookie of a browser in which a user has logged in.
    Known,
    /// Authenticates refresh tokens.
    Mac,
}

impl SecretPurpose {
    /// All purposes.
    pub const ALL: &[Self] = &[Self::Flow, Self::Form, Self::Known, Self::Mac];

    /// Returns the stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Form => "form",
            Self::Known => "known",
            Self::Mac => "mac",
        }
    }
}

impl fmt::Display for SecretPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SecretPurpose {
    type Err = UnknownSecretPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownSecretPurpose> {
        let named = Self::ALL.iter().copied().find(|purpose| purpose.as_str() == text);
        named.ok_or(UnknownSecretPurpose)
    }
}

/// The text names no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown purpose of a server secret")]
#[expect(clippy::exhaustive_structs, reason = "a name can be unknown only in this way")]
pub struct UnknownSecretPurpose;

/// A server secret as it is stored: encrypted, so that only the holder of the key-encryption key
/// can use it.
///
/// ```
/// use scopegate_domain::{SealedSecret, SecretPurpose, Timestamp};
///
/// let secret = SealedSecret {
///     purpose: SecretPurpose::Mac,
///     version: 1,
///     created_at: Timestamp::from_unix(1_000),
///     verifies_until: Some(Timestamp::from_unix(2_000)),
///     sealed: vec![1, 2, 3],
/// };
/// assert!(secret.is_live(Timestamp::from_unix(1_999)));
/// assert!(!secret.is_live(Timestamp::from_unix(2_000)));
/// assert!(!format!("{secret:?}").contains("[1, 2, 3]"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct SealedSecret {
    /// The purpose.
    pub purpose: SecretPurpose,
    /// The number of the secret among those of its purpose, counted from 1. The greatest one makes
    /// new values.
    pub version: u32,
    /// The time when it was made.
    pub created_at: Timestamp,
    /// The time until which its values are verified. It is set when the next version is made.
    pub verifies_until: Option<Timestamp>,
    /// The secret itself, encrypted.
    pub sealed: Vec<u8>,
}

impl SealedSecret {
    /// Whether values of this version are verified at this time.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.verifies_until.is_none_or(|until| now < until)
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecret")
            .field("purpose", &self.purpose)
            .field("version", &self.version)
            .field("created_at", &self.created_at)
            .field("verifies_until", &self.verifies_until)
            .finish_non_exhaustive()
    }
}
