//! Revocations of tokens that have not expired.

use crate::{ClientId, FamilyId, Lifetime, Timestamp, TokenId, UserId, Username};

/// The owner of the revoked tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "code that stores or checks revocations must handle a new kind"
)]
pub enum Revoked {
    /// The tokens of this client (`client_id`).
    Client(ClientId),
    /// The tokens of this user at one client. Tokens without a client claim are not covered.
    Consent {
        /// The id of the user.
        id: UserId,
        /// The name of the user.
        username: Username,
        /// The client (`client_id`).
        client_id: ClientId,
    },
    /// The tokens of this family. It has ended, so the time of issue does not matter.
    Family(FamilyId),
    /// The token with this `jti`.
    Token(TokenId),
    /// The tokens of this user. Some tokens have the user's id in `sub`, others the name.
    User {
        /// The id.
        id: UserId,
        /// The name.
        username: Username,
    },
}

/// A revocation: it refuses genuine tokens of one owner that were issued until some second.
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
    /// token and for a family the time of issue does not matter. The revocation is kept until all
    /// of these tokens have expired.
    #[must_use]
    pub fn until(whose: Revoked, now: Timestamp) -> Self {
        let issued_until = match whose {
            // The `jti` identifies the token or its family, regardless of its time of issue.
            Revoked::Family(_) | Revoked::Token(_) => Timestamp::MAX,
            Revoked::Client(_) | Revoked::Consent { .. } | Revoked::User { .. } => now,
        };
        Self::from_stored(whose, issued_until, now + Self::KEPT)
    }

    /// Changes the time of removal to the known expiry of the last token.
    #[must_use]
    pub const fn forgotten_at(mut self, forget_at: Timestamp) -> Self {
        self.forget_at = forget_at;
        self
    }

    /// Creates a revocation from its stored parts.
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

    /// Returns the last second in which its tokens were issued.
    #[must_use]
    pub const fn issued_until(&self) -> Timestamp {
        self.issued_until
    }

    /// Returns the time after which all its tokens have expired, so that it can be removed.
    #[must_use]
    pub const fn forget_at(&self) -> Timestamp {
        self.forget_at
    }

    /// Whether it covers a token with this time of issue, or without one.
    #[must_use]
    pub fn covers(&self, issued_at: Option<Timestamp>) -> bool {
        issued_at.is_none_or(|issued_at| issued_at <= self.issued_until)
    }
}
