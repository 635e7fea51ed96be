//! The forms of the account page, by name.

/// A form that needs a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    EndSession,
    EndOthers,
    Withdraw,
    Password,
}

impl Form {
    /// Returns the name for its token.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::EndSession => "end-session",
            Self::EndOthers => "end-others",
            Self::Withdraw => "withdraw",
            Self::Password => "password",
        }
    }
}
