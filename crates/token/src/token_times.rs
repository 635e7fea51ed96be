//! The times of a token.

use scopegate_domain::{Claims, Timestamp};

/// The times between which a token is valid, according to its own claims. They are checked again at
/// each later use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenTimes {
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
}

impl TokenTimes {
    pub(crate) const fn of(claims: &Claims<'_>) -> Self {
        Self {
            expires_at: claims.expires_at(),
            issued_at: claims.issued_at(),
            not_before: claims.not_before(),
        }
    }
}
