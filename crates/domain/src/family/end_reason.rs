//! The reasons for the end of a token family.

use std::fmt;
use std::str::FromStr;

macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $word:literal;)*) => {
        /// The reason why a token family ended. The words are stored, so none changes its meaning.
        ///
        /// ```
        /// use scopegate_domain::EndReason;
        ///
        /// assert_eq!(EndReason::Reused.as_str(), "reused");
        /// assert_eq!("reused".parse(), Ok(EndReason::Reused));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "code that shows reasons must handle a new one")]
        pub enum EndReason {
            $($(#[$doc])* $reason,)*
        }

        impl EndReason {
            /// All reasons, in the order of their words.
            pub const ALL: &[Self] = &[$(Self::$reason,)*];

            /// Returns the stored word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$reason => $word,)*
                }
            }
        }
    };
}

reasons! {
    /// The maximum age was reached.
    Age = "age";
    /// The client was removed, or all its tokens were revoked.
    ClientRemoved = "client-removed";
    /// The code of the family was presented again, with all its bindings.
    CodeReplayed = "code-replayed";
    /// No refresh within the idle lifetime.
    Idle = "idle";
    /// The user and the client have more families than allowed, and this one was the oldest.
    Limit = "limit";
    /// The request that began the family was refused, so no client has its tokens.
    Refused = "refused";
    /// The database was restored from a backup.
    Restored = "restored";
    /// A refresh token was used that had a successor.
    Reused = "reused";
    /// The client revoked the refresh token: [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009).
    Revoked = "revoked";
    /// The server secrets were replaced and their tokens revoked.
    SecretsRevoked = "secrets-revoked";
    /// The session ended: by a logout, by the user, or by its age.
    SessionEnded = "session-ended";
    /// The password or the scope of the user changed, or all tokens of the user were revoked.
    UserChanged = "user-changed";
    /// The user was disabled or removed.
    UserDisabled = "user-disabled";
    /// The user withdrew the consent.
    Withdrawn = "withdrawn";
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EndReason {
    type Err = UnknownEndReason;

    fn from_str(text: &str) -> Result<Self, UnknownEndReason> {
        let reason = Self::ALL.iter().copied().find(|reason| reason.as_str() == text);
        reason.ok_or(UnknownEndReason)
    }
}

/// No reason has this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason for the end of a token family")]
#[expect(clippy::exhaustive_structs, reason = "a word can be unknown only in this way")]
pub struct UnknownEndReason;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        assert!(EndReason::ALL.is_sorted_by(|one, next| one.as_str() < next.as_str()));
        for reason in EndReason::ALL {
            assert_eq!(reason.to_string().parse(), Ok(*reason));
        }
        assert_eq!("Reused".parse::<EndReason>(), Err(UnknownEndReason));
    }
}
