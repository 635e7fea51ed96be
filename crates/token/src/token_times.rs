//! The times of a token.

use scopegate_domain::{Claims, Timestamp};

/// Between which moments a token is valid, as it says itself: what is looked at again when it is seen again.
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
