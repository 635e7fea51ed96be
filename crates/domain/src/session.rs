//! The session of a user in a browser.

use crate::{Lifetime, LoginContext, SessionId, Timestamp, UserId};

/// A session: one login of a user in one browser. Each login has a new id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct LoginSession {
    /// The user who logged in.
    pub user_id: UserId,
    /// The login, with the id of this session. The session began at its time.
    pub login: LoginContext,
    /// The time of the last use, exact to five minutes.
    pub seen_at: Timestamp,
    /// The time from which the session is over, also if it is used.
    pub ends_at: Timestamp,
    /// The maximum time without a use.
    pub idle: Lifetime,
    /// The start of the header `user-agent`: see [`LoginSession::user_agent_of`].
    pub user_agent: String,
}

impl LoginSession {
    /// The maximum length of a stored user agent, in bytes.
    pub const MAX_USER_AGENT: usize = 80;

    /// Returns what a session stores of the header `user-agent`: its printable ASCII characters, at
    /// most [`LoginSession::MAX_USER_AGENT`].
    #[must_use]
    pub fn user_agent_of(header: &str) -> String {
        let printable = header.chars().filter(|character| matches!(character, ' '..='~'));
        printable.take(Self::MAX_USER_AGENT).collect()
    }

    /// Returns the id.
    #[must_use]
    pub const fn id(&self) -> &SessionId {
        &self.login.session
    }

    /// Whether the session is neither over nor idle for too long. The store checks the status of
    /// the user in addition.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        now < self.ends_at && now < self.seen_at + self.idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Acr, AuthenticationMethod, Day};

    #[test]
    fn session_ends_by_age_and_idleness() {
        let at = Timestamp::from_unix;
        let login = LoginContext {
            session: SessionId::new(Day::from_number(0), [0; 32]),
            at: at(0),
            acr: Acr::parse("1").unwrap(),
            amr: vec![AuthenticationMethod::Password],
        };
        let session = LoginSession {
            user_id: UserId::parse("u1").unwrap(),
            login,
            seen_at: at(50),
            ends_at: at(100),
            idle: Lifetime::from_seconds(30),
            user_agent: String::new(),
        };
        assert!(session.is_active(at(79)) && !session.is_active(at(80)));
        let used = LoginSession {
            seen_at: at(90),
            ..session
        };
        assert!(used.is_active(at(99)) && !used.is_active(at(100)));
    }

    #[test]
    fn user_agent_is_cut_and_printable() {
        assert_eq!(LoginSession::user_agent_of("a\r\nb\u{202e}c\u{e9}"), "abc");
        assert_eq!(LoginSession::user_agent_of(&"x".repeat(500)).len(), 80);
    }
}
