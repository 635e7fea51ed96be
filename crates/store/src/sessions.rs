//! Storage of the sessions of users in browsers.

use std::fmt;

use scopegate_domain::{FamilyId, Lifetime, LoginSession, SessionId, Timestamp, User, UserId};

use crate::{BoxFuture, ChangeTime, StoreError};

/// The sessions of users.
///
/// A session has one row until its age ends it. If it is idle for too long, it is found no longer,
/// but it ends no families: a refresh in the background is not a use of it.
///
/// A family with [`ends_with_session`](scopegate_domain::Family::ends_with_session) is refused when
/// its session has no row or is over. Ending a session ends these families, and revokes their
/// access tokens in the same transaction. It also removes the codes of the session that were not
/// redeemed.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid session.
///
/// ```
/// use scopegate_domain::{
///     Account, Acr, AuthenticationMethod, Day, Lifetime, LoginContext, LoginSession, SessionId, Timestamp, User, UserId,
///     Username,
/// };
/// use scopegate_store::{BeginOutcome, ChangeTime, EndSessions, MemoryStore, Sessions, Users};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let user = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// Users::add(&store, Account { user: user.clone(), password_hash: None }).await?;
///
/// let (now, end) = (Timestamp::from_unix(1_000), Timestamp::from_unix(90_000));
/// let login = LoginContext {
///     session: SessionId::new(Day::of(end), [7; 32]),
///     at: now,
///     acr: Acr::parse("1")?,
///     amr: vec![AuthenticationMethod::Password],
/// };
/// let session = LoginSession {
///     user_id: user.id().clone(),
///     login,
///     seen_at: now,
///     ends_at: end,
///     idle: Lifetime::from_minutes(720),
///     user_agent: String::new(),
/// };
/// let begun = store.begin(&session, None, 50, ChangeTime::at(now)).await?;
/// assert_eq!(begun, BeginOutcome::Begun(Vec::new()));
/// assert_eq!(Sessions::find(&store, session.id(), now).await?, Some((session.clone(), user)));
///
/// let ended = Sessions::end(&store, EndSessions::One(session.id()), ChangeTime::at(now)).await?;
/// assert_eq!(ended.len(), 1);
/// assert_eq!(Sessions::find(&store, session.id(), now).await?, None);
/// # Ok(())
/// # }
/// ```
pub trait Sessions: fmt::Debug + Send + Sync {
    /// Begins a session, if the user is active. `replaces` is the session of the same browser
    /// before the login.
    ///
    /// The new session takes over the codes and families of a replaced session of the same user, so
    /// that a second login in another tab ends no application. Families that do not end with the
    /// session keep the old id. A replaced session of another user ends. If the user then has more
    /// than `max` sessions, the oldest ones end; the result names them.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the id is taken. Nothing
    /// has changed then.
    fn begin<'a>(
        &'a self,
        session: &'a LoginSession,
        replaces: Option<&'a SessionId>,
        max: u16,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<BeginOutcome, StoreError>>;

    /// Returns the session with its user, if the session is neither over nor idle for too long and
    /// the user is active.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn find<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<(LoginSession, User)>, StoreError>>;

    /// Records a use of an active session, at most once in [`SEEN_EVERY`]. Returns whether it was
    /// recorded.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn touch<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Ends sessions. Returns those that were ended; none if there were none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    fn end<'a>(
        &'a self,
        which: EndSessions<'a>,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<Vec<EndedSession>, StoreError>>;

    /// Returns the sessions of a user that are neither over nor idle for too long, the latest login
    /// first, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<LoginSession>, StoreError>>;

    /// Removes all sessions of all users, and returns their number. It revokes no tokens: it is for
    /// a database that was restored from a copy. Other changes may be made in between, and a call
    /// that fails may have removed some.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_sessions(&self) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// The shortest time between two recorded uses of a session.
pub const SEEN_EVERY: Lifetime = Lifetime::from_minutes(5);

/// The sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each backend must implement a new choice")]
pub enum EndSessions<'a> {
    /// The session with this id.
    One(&'a SessionId),
    /// All sessions of this user.
    AllOf(&'a UserId),
    /// All sessions of this user except one.
    AllExcept(&'a UserId, &'a SessionId),
}

/// The outcome of [`Sessions::begin`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each caller must handle a new outcome")]
pub enum BeginOutcome {
    /// The session began. These sessions of the user ended, because they were too many.
    Begun(Vec<EndedSession>),
    /// The user is disabled or does not exist. Nothing has changed.
    UserDisabled,
}

/// A session that was ended, with what ended with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend makes them")]
pub struct EndedSession {
    /// The id.
    pub id: SessionId,
    /// The user.
    pub user_id: UserId,
    /// The families that ended with it, in the order of their ids.
    pub families: Vec<FamilyId>,
}
