//! Storage of the consents of users.

use std::fmt;

use scopegate_domain::{ClientId, Consent, EndReason, Timestamp, User, UserId};

use crate::{BoxFuture, ChangeTime, StoreError};

/// The consents of users: what each client may have.
///
/// [`Codes::allow`](crate::Codes::allow) stores and widens them. Those of a client that does not
/// exist are not found. Those of a removed user are removed with the user.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid consent.
///
/// ```
/// use scopegate_domain::{ClientId, Timestamp, User, UserId, Username};
/// use scopegate_store::{ChangeTime, Consents, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// let (client, now) = (ClientId::parse("demo-web")?, Timestamp::from_unix(1_000));
/// assert_eq!(Consents::find(&store, user.id(), &client).await?, None);
/// let is_withdrawn = Consents::withdraw(&store, &user, &client, ChangeTime::at(now)).await?;
/// assert!(!is_withdrawn, "there is none");
/// # Ok(())
/// # }
/// ```
pub trait Consents: fmt::Debug + Send + Sync {
    /// Returns the consent of a user for a client.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn find<'a>(&'a self, user: &'a UserId, client: &'a ClientId)
    -> BoxFuture<'a, Result<Option<Consent>, StoreError>>;

    /// Returns the consents of a user with the state of their families, in the order of the client
    /// ids after `after`, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        after: Option<&'a ClientId>,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<ConsentSummary>, StoreError>>;

    /// Withdraws the consent of a user for a client. Returns `false`, and changes nothing, if there
    /// is none.
    ///
    /// The families of this user and client end, and codes that were not redeemed are refused. The
    /// access tokens of the user at this client are revoked. All of it is one transaction. A later
    /// consent makes none of them valid again.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    fn withdraw<'a>(
        &'a self,
        user: &'a User,
        client: &'a ClientId,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// A consent with the state of the families of its user and client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend makes them")]
pub struct ConsentSummary {
    /// The consent.
    pub consent: Consent,
    /// The number of families that can be refreshed.
    pub live_families: u32,
    /// The last time at which a stored family began or was refreshed.
    pub last_used: Option<Timestamp>,
    /// The reason of the last end among the stored families. A family is stored for
    /// [`ENDED_KEPT`](crate::ENDED_KEPT) after its end.
    pub last_end: Option<EndReason>,
}
