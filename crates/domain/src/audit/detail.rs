//! The detail of an entry: one typed value.

use std::fmt;
use std::str::FromStr;

use crate::{CodeId, EndReason, ErrorCode, FamilyId, GrantType, KeyId, SecretDigest, SessionId};

/// The detail of an event. None contains a value that a client chose.
///
/// `Display` and `FromStr` use the stored form: the [kind](Self::kind), a colon and the
/// [value](Self::value).
///
/// ```
/// use scopegate_domain::{AuditDetail, GrantType};
///
/// let detail = AuditDetail::Grant(GrantType::ClientCredentials);
/// assert_eq!(detail.to_string(), "grant:client_credentials");
/// assert_eq!("grant:client_credentials".parse(), Ok(detail));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "code that shows details must handle a new one")]
pub enum AuditDetail {
    /// The reason why a login failed.
    Cause(LoginFailure),
    /// The first 4 bytes of a SHA-256 digest of a token id, a client secret, a code or a session,
    /// or of the random id of a token family.
    Digest([u8; 4]),
    /// The reason why a token family ended.
    Ended(EndReason),
    /// The error that the client received.
    Error(ErrorCode),
    /// The grant type of an issued token.
    Grant(GrantType),
    /// The id of a signing key.
    Key(KeyId),
    /// Whether the tokens that had been issued remain valid after a change.
    TokensKept(bool),
    /// The version of the tables of the database.
    Version(i64),
}

/// The text is not a stored detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text is not a detail of an audit entry")]
#[expect(clippy::exhaustive_structs, reason = "a text can be invalid only in this way")]
pub struct InvalidAuditDetail;

/// The reason why the login of a known user failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "code that logs in users must handle a new reason"
)]
pub enum LoginFailure {
    /// The user was changed while the password was checked.
    ChangedMeanwhile,
    /// The password is right, and the user is disabled.
    DisabledUser,
    /// The password is wrong.
    WrongPassword,
}

impl LoginFailure {
    const ALL: [Self; 3] = [Self::ChangedMeanwhile, Self::DisabledUser, Self::WrongPassword];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChangedMeanwhile => "changed-meanwhile",
            Self::DisabledUser => "disabled-user",
            Self::WrongPassword => "wrong-password",
        }
    }
}

impl AuditDetail {
    /// Returns the detail that identifies a secret, without revealing it.
    #[must_use]
    pub const fn of_secret(digest: &SecretDigest) -> Self {
        Self::of_digest(digest.as_bytes())
    }

    /// Returns the detail that identifies a code, without revealing it.
    #[must_use]
    pub const fn of_code(id: &CodeId) -> Self {
        Self::of_digest(id.digest())
    }

    /// Returns the detail that identifies a session, without revealing its cookie.
    #[must_use]
    pub const fn of_session(id: &SessionId) -> Self {
        Self::of_digest(id.digest())
    }

    /// Returns the detail that identifies a token family.
    #[must_use]
    pub const fn of_family(id: &FamilyId) -> Self {
        let [first, second, third, fourth, ..] = *id.as_bytes();
        Self::Digest([first, second, third, fourth])
    }

    const fn of_digest(digest: &[u8; 32]) -> Self {
        let [first, second, third, fourth, ..] = *digest;
        Self::Digest([first, second, third, fourth])
    }

    /// Returns the kind: the name of the value.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Cause(_) => "cause",
            Self::Digest(_) => "digest",
            Self::Ended(_) => "ended",
            Self::Error(_) => "error",
            Self::Grant(_) => "grant",
            Self::Key(_) => "key",
            Self::TokensKept(_) => "tokens",
            Self::Version(_) => "version",
        }
    }

    /// Returns the value as text.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Cause(cause) => cause.as_str().to_owned(),
            Self::Digest(bytes) => format!("{:08x}", u32::from_be_bytes(*bytes)),
            Self::Ended(reason) => reason.as_str().to_owned(),
            Self::Error(code) => code.as_str().to_owned(),
            Self::Grant(grant) => grant.as_str().to_owned(),
            Self::Key(id) => id.as_str().to_owned(),
            Self::TokensKept(true) => "kept".to_owned(),
            Self::TokensKept(false) => "revoked".to_owned(),
            Self::Version(version) => version.to_string(),
        }
    }
}

impl fmt::Display for AuditDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.value())
    }
}

impl FromStr for AuditDetail {
    type Err = InvalidAuditDetail;

    fn from_str(text: &str) -> Result<Self, InvalidAuditDetail> {
        let (kind, value) = text.split_once(':').ok_or(InvalidAuditDetail)?;
        let detail = match kind {
            "cause" => LoginFailure::ALL
                .into_iter()
                .find(|cause| cause.as_str() == value)
                .map(Self::Cause),
            "digest" => digest(value).map(Self::Digest),
            "ended" => value.parse().ok().map(Self::Ended),
            "error" => ErrorCode::find(value).map(Self::Error),
            "grant" => value.parse().ok().map(Self::Grant),
            "key" => KeyId::parse(value).ok().map(Self::Key),
            "tokens" => match value {
                "kept" => Some(Self::TokensKept(true)),
                "revoked" => Some(Self::TokensKept(false)),
                _ => None,
            },
            "version" => value.parse().ok().map(Self::Version),
            _ => None,
        };
        detail
            .filter(|detail| detail.value() == value)
            .ok_or(InvalidAuditDetail)
    }
}

fn digest(text: &str) -> Option<[u8; 4]> {
    u32::from_str_radix(text, 16).ok().map(u32::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_detail_survives_its_stored_form() {
        let key = KeyId::parse("a:key").unwrap();
        let details = [
            AuditDetail::Cause(LoginFailure::DisabledUser),
            AuditDetail::of_secret(&SecretDigest::from_bytes([0x0A; 32])),
            AuditDetail::Ended(EndReason::CodeReplayed),
            AuditDetail::of_family(&FamilyId::from_bytes([9; 16])),
            AuditDetail::Error(ErrorCode::InvalidScope),
            AuditDetail::Error(ErrorCode::InvalidTarget),
            AuditDetail::Grant(GrantType::Password),
            AuditDetail::Key(key),
            AuditDetail::TokensKept(true),
            AuditDetail::TokensKept(false),
            AuditDetail::Version(10),
        ];
        for detail in details {
            assert_eq!(detail.to_string().parse(), Ok(detail));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "digest",
            "digest:",
            "digest:0a0a0a0",
            "digest:0A0A0A0A",
            "digest:+a0a0a0a",
            "grant:implicit",
            "error:teapot",
            "ended:bored",
            "tokens:gone",
            "key:",
            "version:010",
            "password:hunter2",
        ] {
            assert_eq!(text.parse::<AuditDetail>(), Err(InvalidAuditDetail), "{text}");
        }
    }
}
