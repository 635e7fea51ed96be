//! The events of the audit log, and their outcomes.

use std::fmt;
use std::str::FromStr;

/// The outcome of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a request succeeds or is refused")]
pub enum AuditOutcome {
    /// Nothing changed, and no right was granted.
    Refused,
    /// It happened.
    Succeeded,
}

impl AuditOutcome {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Succeeded => "succeeded",
        }
    }
}

/// No event has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown event")]
#[expect(clippy::exhaustive_structs, reason = "a name can be unknown only in this way")]
pub struct UnknownAuditEvent;

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $number:literal, $name:literal, $outcome:ident;)*) => {
        /// The events of the audit log. Numbers are stored, so none changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "code that shows events must handle a new one")]
        pub enum AuditEvent {
            $($(#[$doc])* $event,)*
        }

        impl AuditEvent {
            /// All events, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$event,)*];

            /// Returns the stored number.
            #[must_use]
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$event => $number,)*
                }
            }

            /// Returns the name, such as `token.issued`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$event => $name,)*
                }
            }

            /// Returns the outcome of the event, unless an entry states another one.
            #[must_use]
            pub const fn usual_outcome(self) -> AuditOutcome {
                match self {
                    $(Self::$event => AuditOutcome::$outcome,)*
                }
            }
        }
    };
}

events! {
    /// A client got an access token.
    TokenIssued = 1, "token.issued", Succeeded;
    /// A client authenticated and got no token.
    TokenRefused = 2, "token.refused", Refused;
    /// A token was revoked by its id. Refused: the token belongs to another client.
    TokenRevoked = 3, "token.revoked", Succeeded;
    /// A client asked whether a token is active.
    TokenIntrospected = 4, "token.introspected", Succeeded;
    /// A client was added.
    ClientAdded = 10, "client.added", Succeeded;
    /// A setting of a client changed.
    ClientChanged = 11, "client.changed", Succeeded;
    /// A client was removed.
    ClientRemoved = 12, "client.removed", Succeeded;
    /// A client got a secret.
    ClientSecretAdded = 13, "client.secret-added", Succeeded;
    /// A secret of a client was removed.
    ClientSecretRemoved = 14, "client.secret-removed", Succeeded;
    /// All tokens of a client were revoked.
    ClientRevoked = 15, "client.revoked", Succeeded;
    /// A known client sent a wrong secret, or none.
    ClientAuthenticationFailed = 16, "client.authentication-failed", Refused;
    /// A user was added.
    UserAdded = 20, "user.added", Succeeded;
    /// A name or an address of a user changed.
    UserChanged = 21, "user.changed", Succeeded;
    /// A user was removed.
    UserRemoved = 22, "user.removed", Succeeded;
    /// A user was disabled.
    UserDisabled = 23, "user.disabled", Succeeded;
    /// A user was enabled.
    UserEnabled = 24, "user.enabled", Succeeded;
    /// An operator set or removed the password of a user.
    UserPasswordChanged = 25, "user.password-changed", Succeeded;
    /// The scope that a user may have changed.
    UserScopeChanged = 26, "user.scope-changed", Succeeded;
    /// All tokens of a user were revoked.
    UserRevoked = 27, "user.revoked", Succeeded;
    /// A signing key was made, by a command or by the server when it was due.
    KeyRotated = 30, "key.rotated", Succeeded;
    /// A signing key was imported.
    KeyImported = 31, "key.imported", Succeeded;
    /// The signing keys were encrypted again.
    KeyRewrapped = 32, "key.rewrapped", Succeeded;
    /// A signing key was removed, and its tokens are refused.
    KeyRemoved = 33, "key.removed", Succeeded;
    /// A user logged in with a password.
    LoginSucceeded = 40, "login.succeeded", Succeeded;
    /// The password of a known user was wrong, or the user is disabled.
    LoginFailed = 41, "login.failed", Refused;
    /// A login of a known user was refused, because too many had failed.
    LoginThrottled = 42, "login.throttled", Refused;
    /// A session of a user in a browser ended: by a logout, by the user or by a later login.
    SessionEnded = 43, "session.ended", Succeeded;
    /// A user changed the own password.
    PasswordChanged = 44, "password.changed", Succeeded;
    /// The tables of the database were migrated.
    AdminMigrated = 50, "admin.migrated", Succeeded;
    /// A backup was made.
    AdminBackedUp = 51, "admin.backed-up", Succeeded;
    /// The database was restored from a backup.
    AdminRestored = 52, "admin.restored", Succeeded;
    /// A user granted scope to a client for the first time.
    ConsentGranted = 60, "consent.granted", Succeeded;
    /// A user granted more scope to a client.
    ConsentWidened = 61, "consent.widened", Succeeded;
    /// A user withdrew all scope from a client.
    ConsentWithdrawn = 62, "consent.withdrawn", Succeeded;
    /// A client got an authorization code.
    CodeIssued = 70, "code.issued", Succeeded;
    /// A client redeemed a code.
    CodeRedeemed = 71, "code.redeemed", Succeeded;
    /// A redeemed code was presented again, and its tokens were revoked.
    CodeReplayed = 72, "code.replayed", Refused;
    /// A client got no code, or its code was refused.
    CodeRefused = 73, "code.refused", Refused;
    /// A token family began.
    FamilyBegun = 80, "family.begun", Succeeded;
    /// A refresh token with a successor was used again, and its family ended.
    FamilyReused = 81, "family.reused", Refused;
    /// A client sent a refresh token again within the window for retries.
    FamilyRetried = 82, "family.retried", Succeeded;
    /// A token family ended by a request.
    FamilyEnded = 83, "family.ended", Succeeded;
}

impl AuditEvent {
    /// Returns the event with this stored number; `None` for an unknown one.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.number() == number)
    }
}

impl fmt::Display for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuditEvent {
    type Err = UnknownAuditEvent;

    fn from_str(text: &str) -> Result<Self, UnknownAuditEvent> {
        let event = Self::ALL.iter().copied().find(|event| event.as_str() == text);
        event.ok_or(UnknownAuditEvent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique() {
        assert!(AuditEvent::ALL.is_sorted_by(|one, next| one.number() < next.number()));
        for event in AuditEvent::ALL {
            assert_eq!(AuditEvent::from_number(event.number()), Some(*event));
            assert_eq!(event.as_str().parse(), Ok(*event));
            let (noun, verb) = event.as_str().split_once('.').unwrap();
            let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(is_word(noun) && is_word(verb), "{event}");
        }
        assert_eq!(AuditEvent::from_number(0), None);
        assert_eq!("token.stolen".parse::<AuditEvent>(), Err(UnknownAuditEvent));
    }
}
