//! Revocations of tokens that have not expired.

use crate::{ClientId, Lifetime, Timestamp, TokenId, UserId, Username};

/// The owner of the revoked tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "code that stores or checks revocations must handle a new kind"
)]
pub enum Revoked {
    /// The tokens of this client (`client_id`).
    Client(ClientId),
    /// This one: `jti`.
    Token(TokenId),
    /// The tokens of this user. Some tokens have the user's id in `sub`, others the name.
    User {
        /// The id.
        id: UserId,
        /// The name.
        username: Username,
    },
}

/// Tokens that are refused though they are genuine and have not expired: those of one owner, issued
/// until some second.
///
/// A token without a time of issue may be one of them, so it is refused.
///
/// ```
/// use scopegate_domain::{ClientId, Lifetime, Revocation, Revoked, Timestamp};
///
/// let now = Timestamp::from_unix(1_700_000_000);
/// let revocation = Revocation::until(Revoked::Client(ClientId::parse("demo-app")?), now);
/// assert!(revocation.covers(Some(now)) && revocation.covers(None));
/// assert!(!revocation.covers(Some(now + Lifetime::from_seconds(1))));
/// # Ok::<(), scopegate_domain::InvalidIdentifier>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revocation {
    whose: Revoked,
    issued_until: Timestamp,
    forget_at: Timestamp,
}

impl Revocation {
    /// The maximum difference between the clocks of two nodes: 60 s. `iat` may be in the future by
    /// as much.
    pub const SKEW: Lifetime = Lifetime::from_seconds(60);

    /// The lifetime of a revocation if the expiry of its last token is unknown: a year and a day.
    /// This server issues no token that is valid for more than a year.
    pub const KEPT: Lifetime = Lifetime::from_seconds(366 * 24 * 60 * 60);

    /// Revokes all tokens of an owner that were issued until this second, inclusive. For a single
    /// token the time of issue does not matter. The revocation is kept until all of these tokens
    /// have expired.
    #[must_use]
    pub fn until(whose: Revoked, now: Timestamp) -> Self {
        let issued_until = match whose {
            // A token is the same one with any time of issue.
            Revoked::Token(_) => Timestamp::MAX,
            Revoked::Client(_) | Revoked::User { .. } => now,
        };
        Self::from_stored(whose, issued_until, now + Self::KEPT)
    }

    /// The same, to be forgotten at another moment: when the last of the tokens is known to have
    /// expired.
    #[must_use]
    pub const fn forgotten_at(mut self, forget_at: Timestamp) -> Self {
        self.forget_at = forget_at;
        self
    }

    /// A revocation as it was kept.
    #[must_use]
    pub const fn from_stored(whose: Revoked, issued_until: Timestamp, forget_at: Timestamp) -> Self {
        Self {
            whose,
            issued_until,
            forget_at,
        }
    }

    /// The owner of the tokens.
    #[must_use]
    pub const fn whose(&self) -> &Revoked {
        &self.whose
    }

    /// The last second in which they were issued.
    #[must_use]
    pub const fn issued_until(&self) -> Timestamp {
        self.issued_until
    }

    /// Returns the time after which all its tokens have expired, so that it can be removed.
    #[must_use]
    pub const fn forget_at(&self) -> Timestamp {
        self.forget_at
    }

    /// Whether a token with this time of issue, if it has one, is one of them.
    #[must_use]
    pub fn covers(&self, issued_at: Option<Timestamp>) -> bool {
        issued_at.is_none_or(|issued_at| issued_at <= self.issued_until)
    }
}
