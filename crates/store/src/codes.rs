//! Storage of authorization codes.

use std::fmt;

use scopegate_domain::{
    AuditEntry, Authorization, AuthorizationCode, ClientId, CodeChallenge, CodeId, Consent, FamilyId, GrantBinding,
    KeyThumbprint, NewFamily, Timestamp, User,
};

use crate::{BoxFuture, ChangeTime, Standing, StoreError};

/// The authorization codes: [RFC 6749, section
/// 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1).
///
/// Each method is one decision: of several concurrent calls one succeeds. A code is redeemed at
/// most once. Its row is kept for [`AuthorizationCode::KEPT`] after its expiry, so that a replay is
/// detected.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer, and then the change is made or not made.
///
/// ```
/// use scopegate_domain::{ClientId, CodeChallenge, CodeId, Day, FamilyId, Lifetime, NewFamily, SecretDigest, Timestamp};
/// use scopegate_store::{ChangeTime, Codes, MemoryStore, RedeemOutcome, Redemption};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let now = Timestamp::from_unix(1_000);
/// let redemption = Redemption {
///     code: &CodeId::new(Day::of(now), [7; 32]),
///     client: &ClientId::parse("demo-web")?,
///     redirect_uri: Some("https://app.example/cb"),
///     challenge: &CodeChallenge::from_bytes([8; 32]),
///     key_thumbprint: None,
///     time: ChangeTime::at(now),
///     replay_audit: &[],
/// };
/// let family = NewFamily {
///     id: FamilyId::from_bytes([1; 16]),
///     secret_digest: SecretDigest::from_bytes([2; 32]),
///     ends_at: now + Lifetime::from_minutes(60),
///     idle: Lifetime::from_minutes(30),
///     ends_with_session: true,
/// };
/// assert_eq!(store.redeem(&redemption, &family).await?, RedeemOutcome::Unknown);
/// # Ok(())
/// # }
/// ```
pub trait Codes: fmt::Debug + Send + Sync {
    /// Stores a consent and a code, if the session of the code and its user are active. The consent
    /// is widened, never narrowed: [`Consent::widened`]. It records the use of the session.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the id of the code is
    /// taken. Nothing has changed then.
    fn allow<'a>(
        &'a self,
        consent: &'a Consent,
        code: &'a AuthorizationCode,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<AllowOutcome, StoreError>>;

    /// Redeems a code and begins its family, if each binding matches and code, user, client and
    /// consent are valid. If the user and the client then have more than
    /// [`Family::MAX_FOR_CLIENT`](scopegate_domain::Family::MAX_FOR_CLIENT) families that have not
    /// ended, the oldest end.
    ///
    /// A code that was redeemed before is replayed. If client, redirect URI and verifier match, the
    /// family of the first redemption ends and its tokens are revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the id of the family is
    /// taken. Nothing has changed then.
    fn redeem<'a>(
        &'a self,
        redemption: &'a Redemption<'a>,
        family: &'a NewFamily,
    ) -> BoxFuture<'a, Result<RedeemOutcome, StoreError>>;

    /// Removes all codes, and returns their number. It is for a database that was restored from a
    /// copy: a redemption after the copy is unknown. Other changes may be made in between, and a
    /// call that fails may have removed some.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_codes(&self) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// The outcome of [`Codes::allow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each caller must handle a new outcome")]
pub enum AllowOutcome {
    /// Consent and code are stored.
    Stored,
    /// The session has ended, is idle for too long, or belongs to another user. Nothing has
    /// changed.
    SessionEnded,
    /// The user is disabled or does not exist. Nothing has changed.
    UserDisabled,
}

/// What a client presents to redeem a code.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each backend must compare a new binding")]
pub struct Redemption<'a> {
    /// The id of the code.
    pub code: &'a CodeId,
    /// The client that authenticated.
    pub client: &'a ClientId,
    /// The redirect URI of the token request. It must be equal to that of the authorization
    /// request, or both are missing.
    pub redirect_uri: Option<&'a str>,
    /// The challenge of the presented verifier.
    pub challenge: &'a CodeChallenge,
    /// The key that the client proved to have.
    pub key_thumbprint: Option<&'a KeyThumbprint>,
    /// The time of the request.
    pub time: ChangeTime,
    /// The entries of the audit log that are written if a replay ends the family. Those of
    /// [`Store::audited`](crate::Store::audited) are written with a redemption.
    pub replay_audit: &'a [AuditEntry],
}

/// The outcome of [`Codes::redeem`]. Nothing has changed except as stated.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "each caller must handle a new outcome")]
pub enum RedeemOutcome {
    /// The code was redeemed and its family began.
    Redeemed(Box<(Authorization, User)>),
    /// The code was redeemed before, and this family began then. It has ended now, if it had not.
    Replayed(FamilyId),
    /// The code is bound to another value.
    Mismatch(GrantBinding),
    /// The code has expired.
    Expired,
    /// There is no such code.
    Unknown,
    /// The session has ended, and the family would end with it.
    SessionEnded,
    /// The user is disabled or does not exist.
    UserDisabled,
    /// The consent was withdrawn, the client was removed, or their tokens were revoked, since the
    /// code was issued.
    Withdrawn,
}

impl Redemption<'_> {
    /// Decides about a code by its row, for all backends. `redeemed` is the family of the first
    /// redemption. `None` means that the code is redeemed now.
    ///
    /// The bindings that a thief of the code lacks are compared first, so a replay without them
    /// ends no family.
    #[must_use]
    pub fn refusal(
        &self,
        code: &AuthorizationCode,
        redeemed: Option<FamilyId>,
        standing: Standing,
    ) -> Option<RedeemOutcome> {
        let bound = &code.authorization;
        let mismatch = |binding| Some(RedeemOutcome::Mismatch(binding));
        if bound.client_id != *self.client {
            return mismatch(GrantBinding::Client);
        }
        if code.redirect_uri.as_deref() != self.redirect_uri {
            return mismatch(GrantBinding::RedirectUri);
        }
        if code.challenge != *self.challenge {
            return mismatch(GrantBinding::Verifier);
        }
        if let Some(family) = redeemed {
            return Some(RedeemOutcome::Replayed(family));
        }
        if bound.key_thumbprint.as_ref() != self.key_thumbprint {
            return mismatch(GrantBinding::Key);
        }
        if self.time.now >= code.expires_at {
            return Some(RedeemOutcome::Expired);
        }
        match standing {
            Standing::Good => None,
            Standing::UserDisabled => Some(RedeemOutcome::UserDisabled),
            Standing::SessionEnded => Some(RedeemOutcome::SessionEnded),
            Standing::ClientRemoved | Standing::UserChanged | Standing::Withdrawn => Some(RedeemOutcome::Withdrawn),
        }
    }
}
