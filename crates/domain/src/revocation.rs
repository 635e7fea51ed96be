//! What was taken back before its time.

use crate::{ClientId, Lifetime, Timestamp, TokenId, UserId, Username};

/// Whose tokens are taken back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever keeps or checks revocations must look at a new kind"
)]
pub enum Revoked {
    /// Those of this client: `client_id`.
    Client(ClientId),
    /// This one: `jti`.
    Token(TokenId),
    /// Those in this user's name. Some tokens say the user's id in `sub`, others the name.
    User {
        /// The id.
        id: UserId,
        /// The name.
        username: Username,
    },
}

/// Tokens that are refused though they are genuine and have not expired: those of somebody, issued until some second.
///
/// A token that does not say when it was issued may be one of them, so it is refused.
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
    /// How far the clocks of two nodes may differ: 60 s, as far as `iat` may be in the future.
    pub const SKEW: Lifetime = Lifetime::from_seconds(60);

    /// How long one is kept where it is not known when the last of its tokens expires: a year and a day. No server of ours issues
    /// tokens that live longer than a year.
    pub const KEPT: Lifetime = Lifetime::from_seconds(366 * 24 * 60 * 60);

    /// All tokens of somebody that were issued until this second, itself included; of one token, whenever it was issued. It is kept
    /// until none of them can live any more.
    #[must_use]
    pub fn until(whose: Revoked, now: Timestamp) -> Self {
        let issued_until = match whose {
            // A token is the same one whatever it says of its age.
            Revoked::Token(_) => Timestamp::MAX,
            Revoked::Client(_) | Revoked::User { .. } => now,
        };
        Self::from_stored(whose, issued_until, now + Self::KEPT)
    }

    /// The same, to be forgotten at another moment: when the last of the tokens is known to have expired.
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

    /// Whose tokens.
    #[must_use]
    pub const fn whose(&self) -> &Revoked {
        &self.whose
    }

    /// The last second in which they were issued.
    #[must_use]
    pub const fn issued_until(&self) -> Timestamp {
        self.issued_until
    }

    /// From when on none of them lives.
    #[must_use]
    pub const fn forget_at(&self) -> Timestamp {
        self.forget_at
    }

    /// Whether a token that was issued then, as far as it says so, is one of them.
    #[must_use]
    pub fn covers(&self, issued_at: Option<Timestamp>) -> bool {
        issued_at.is_none_or(|issued_at| issued_at <= self.issued_until)
    }
}
