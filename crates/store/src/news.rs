//! Storage of the changes that other processes must learn of.

use std::borrow::Cow;
use std::fmt;
use std::future::ready;

use scopegate_domain::{
    Client, ClientId, NewsLane, NewsPosition, PasswordHash, Revocation, Revoked, Scope, Timestamp, User, UserId,
};

use crate::{BoxFuture, StoreError};

/// A log of revocations and of changes of users and clients.
///
/// Code that verifies tokens has the revocations in memory. It reads them all once, and then only
/// the new ones: [`NewsReader`](crate::NewsReader) does that. An entry never changes; two
/// revocations of the same subject both hold.
///
/// # Lanes and places
///
/// The log has [`NewsLane::COUNT`] lanes, and a subject determines the lane of its entries. Places
/// in a lane are dense. They become visible in their order, so a reader that continues after the
/// last place misses none.
///
/// A database with concurrent transactions breaks this with a sequence. It draws a number at the
/// insert, but the number is visible at the commit, and a later number may be committed first. Such
/// a database takes the place from a row of the lane, as the last act of the transaction. The lock
/// of the row is held until the commit. A transaction that is undone gives its place back. The
/// suite tests this: `no_reader_misses_an_entry`.
///
/// A change of a user or client and its entry are one write: [`Users`](crate::Users) and
/// [`Clients`](crate::Clients) write an entry with each change of a record that exists.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid entry.
///
/// ```
/// use scopegate_domain::{ClientId, NewsLane, NewsPosition, Revocation, Revoked, Timestamp};
/// use scopegate_store::{MemoryStore, News, NewsItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let now = Timestamp::from_unix(1_700_000_000);
/// let revocation = Revocation::until(Revoked::Client(ClientId::parse("demo-app")?), now);
/// store.revoke(&revocation).await?;
///
/// let begin = NewsPosition::new(NewsLane::of("demo-app"), 0);
/// let entries = store.news_after(begin, 100).await?;
/// assert_eq!(entries.len(), 1);
/// assert_eq!(entries[0].item, NewsItem::Revoked(revocation));
/// assert_eq!(store.heads().await?.last("demo-app"), entries[0].position);
/// # Ok(())
/// # }
/// ```
pub trait News: fmt::Debug + Send + Sync {
    /// Keeps a revocation. All calls that begin after this one completed return it. Codes and
    /// families of a user or client whose tokens are all revoked end with it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends a right of a user or client and keeps a revocation, both or neither. Returns `false`,
    /// and keeps nothing, if there is no such user or client, or if the client has changed.
    ///
    /// It is one step, because a program may end between two. Tokens would then become valid again
    /// when the user is enabled, or when another user gets the name.
    ///
    /// Sessions, codes and families end with the right: see
    /// [`DisableAndRevoke::ends_sessions_of`] and [`DisableAndRevoke::ends_grants`].
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed; [`Conflict`](crate::StoreErrorKind::Conflict) if
    /// another user has the new name.
    fn withdraw<'a>(
        &'a self,
        withdrawal: DisableAndRevoke<'a>,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Returns the first and the last place of each lane.
    ///
    /// An issued token contains the last position of its user and of its client, read before both
    /// are read. An entry with a later position covers the token, regardless of the clocks of the
    /// nodes.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn heads(&self) -> BoxFuture<'_, Result<NewsHeads, StoreError>>;

    /// Returns the entries of a lane after a place, in their order, at most `limit` of them.
    /// Entries that were forgotten are not among them.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn news_after(&self, position: NewsPosition, limit: u16) -> BoxFuture<'_, Result<Vec<NewsEntry>, StoreError>>;

    /// Returns revocations of a version without this log after a number, each with its number, at
    /// most `limit` of them. An older program may still write them. Default: none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn old_revocations(&self, after: i64, limit: u16) -> BoxFuture<'_, Result<Vec<(i64, Revocation)>, StoreError>> {
        let _ = (after, limit);
        Box::pin(ready(Ok(Vec::new())))
    }

    /// Forgets the entries that cover no unexpired token, and returns their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn forget_news(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// The change that is made together with a revocation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "each backend must implement a new change")]
pub enum DisableAndRevoke<'a> {
    /// Disables the user.
    DisableUser(&'a UserId),
    /// Removes the client.
    RemoveClient(&'a ClientId),
    /// Removes the user.
    RemoveUser(&'a UserId),
    /// Sets or removes the password of the user.
    SetPasswordHash(&'a UserId, Option<&'a PasswordHash>),
    /// Sets name, email address and full name of the user with the id of this value.
    SetProfile(&'a User),
    /// Sets the ceiling of the user.
    SetUserScope(&'a UserId, &'a Scope),
    /// Replaces all settings of the client, as [`Clients::update`](crate::Clients::update) does.
    UpdateClient {
        /// The client as it must be stored.
        old: &'a Client,
        /// Its new settings.
        new: &'a Client,
    },
}

impl DisableAndRevoke<'_> {
    /// Whether codes and families end together with the revoked tokens. They do not if only the
    /// settings of a client or the profile of a user change: the next refresh has the new ones.
    #[must_use]
    pub const fn ends_grants(&self) -> bool {
        !matches!(self, Self::SetProfile(_) | Self::UpdateClient { .. })
    }

    /// Returns the user whose sessions end with the change.
    #[must_use]
    pub const fn ends_sessions_of(&self) -> Option<&UserId> {
        match self {
            Self::DisableUser(id) | Self::RemoveUser(id) | Self::SetPasswordHash(id, _) | Self::SetUserScope(id, _) => {
                Some(id)
            }
            Self::RemoveClient(_) | Self::SetProfile(_) | Self::UpdateClient { .. } => None,
        }
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend makes entries")]
pub struct NewsEntry {
    /// Its position.
    pub position: NewsPosition,
    /// Its content.
    pub item: NewsItem,
}

/// The content of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "code that caches must handle a new kind")]
pub enum NewsItem {
    /// The client has changed, or was removed.
    ClientChanged(ClientId),
    /// An entry of a kind that a later version writes.
    Other(NewsKind),
    /// Tokens are refused. The user or client may have changed as well.
    Revoked(Revocation),
    /// The user has changed, or was removed.
    UserChanged(UserId),
}

impl NewsItem {
    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> NewsKind {
        match self {
            Self::ClientChanged(_) => NewsKind::ClientChanged,
            Self::Other(kind) => *kind,
            Self::Revoked(revocation) => match revocation.whose() {
                Revoked::Client(_) => NewsKind::Client,
                Revoked::Consent { .. } => NewsKind::Consent,
                Revoked::Family(_) => NewsKind::Family,
                Revoked::Token(_) => NewsKind::Token,
                Revoked::User { .. } => NewsKind::User,
            },
            Self::UserChanged(_) => NewsKind::UserChanged,
        }
    }

    /// Returns the id of the user, client, family or token, which determines the lane. A consent is
    /// in the lane of its user.
    #[must_use]
    pub fn subject(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::ClientChanged(id) => id.as_str(),
            Self::Other(_) => "",
            Self::Revoked(revocation) => match revocation.whose() {
                Revoked::Client(id) => id.as_str(),
                Revoked::Family(id) => return Cow::Owned(id.to_string()),
                Revoked::Token(id) => id.as_str(),
                Revoked::Consent { id, .. } | Revoked::User { id, .. } => id.as_str(),
            },
            Self::UserChanged(id) => id.as_str(),
        })
    }

    /// Returns the time after which the entry may be forgotten. A change covers no token, so that
    /// is any time: a reader that missed it drops all that it has cached.
    #[must_use]
    pub const fn ends_at(&self) -> Timestamp {
        match self {
            Self::Revoked(revocation) => revocation.forget_at(),
            Self::ClientChanged(_) | Self::Other(_) | Self::UserChanged(_) => Timestamp::from_unix(0),
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal,)*) => {
        /// The kind of an entry. Numbers are stored, so none changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "each backend must know a new kind")]
        pub enum NewsKind {
            $($(#[$doc])* $kind,)*
        }

        impl NewsKind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Returns the stored number.
            #[must_use]
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$kind => $number,)*
                }
            }
        }
    };
}

kinds! {
    /// Tokens of a user are revoked.
    User = 1,
    /// Tokens of a client are revoked.
    Client = 2,
    /// A token is revoked.
    Token = 3,
    /// The tokens of a family are revoked.
    Family = 4,
    /// The tokens of a user at one client are revoked.
    Consent = 5,
    /// A user has changed.
    UserChanged = 6,
    /// A client has changed.
    ClientChanged = 7,
    /// The signing keys have changed. A later version writes it.
    Keys = 8,
    /// The policy has changed. A later version writes it.
    Policy = 9,
}

impl NewsKind {
    /// Returns the kind with this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.number() == number)
    }
}

/// The kept places of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend makes them")]
pub struct NewsHead {
    /// The place after the last one that was forgotten; 1 if none was. Some before it may be kept.
    pub first: i64,
    /// The last place that was taken; 0 if none was.
    pub last: i64,
}

impl NewsHead {
    /// A lane without entries.
    pub const EMPTY: Self = Self { first: 1, last: 0 };
}

/// The kept places of all lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewsHeads([NewsHead; 16]);

impl NewsHeads {
    /// Creates it by the head of each lane. A lane that is missing is empty.
    #[must_use]
    pub fn new(heads: impl IntoIterator<Item = (NewsLane, NewsHead)>) -> Self {
        let mut all = [NewsHead::EMPTY; 16];
        for (lane, head) in heads {
            if let Some(place) = all.get_mut(usize::from(lane.number())) {
                *place = head;
            }
        }
        Self(all)
    }

    /// Returns the head of a lane.
    #[must_use]
    pub fn of(&self, lane: NewsLane) -> NewsHead {
        self.0
            .get(usize::from(lane.number()))
            .copied()
            .unwrap_or(NewsHead::EMPTY)
    }

    /// Returns the last position in the lane of a user, client or token.
    #[must_use]
    pub fn last(&self, subject: &str) -> NewsPosition {
        let lane = NewsLane::of(subject);
        NewsPosition::new(lane, self.of(lane).last)
    }
}
