//! Revoked tokens, in memory.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use scopegate_domain::{Claims, ClientId, FamilyId, NewsPosition, Revocation, Revoked, Timestamp, TokenId};

use crate::PlacedTokenId;

/// The set of revoked tokens. Every request checks it, also for cached tokens.
///
/// Higher crates fill it: from a store when the program starts, with the program's own revocations,
/// and with those that other processes wrote meanwhile. An added revocation is effective for every
/// check that begins after [`RevokedSet::add`] has returned.
///
/// ```
/// use scopegate_domain::{Claims, ClientId, Revocation, Revoked, ScopeLayout, Timestamp};
/// use scopegate_token::{RevokedSet, SubjectClaim};
///
/// let set = RevokedSet::new(SubjectClaim::UserId);
/// let claims = Claims::parse(br#"{"sub":"u1","client_id":"demo-app","iat":1000,"exp":2000}"#, ScopeLayout::Text)?;
/// assert!(!set.has(&claims));
///
/// let client = Revoked::Client(ClientId::parse("demo-app")?);
/// set.add([Revocation::until(client, Timestamp::from_unix(1_000))]);
/// assert!(set.has(&claims));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RevokedSet {
    subjects: SubjectClaim,
    /// The number of additions; 0 if nothing was added.
    version: AtomicU64,
    /// The client that owns the tokens without a client claim.
    unnamed_client: Option<ClientId>,
    /// The time of issue of the last accepted token: see [`AcceptedTokens`].
    accepted_until: AtomicI64,
    entries: RwLock<Entries>,
}

/// Which tokens are accepted while a [`RevokedSet`] may lack recent revocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a token is known, or it is not")]
pub enum AcceptedTokens {
    /// All that are not in the set.
    All,
    /// Of those, the ones that were issued at this time or earlier. A token without `iat` is not
    /// accepted.
    IssuedUntil(Timestamp),
    /// None.
    None,
}

impl AcceptedTokens {
    const ALL: i64 = i64::MAX;
    const NONE: i64 = i64::MIN;

    const fn until(self) -> i64 {
        match self {
            Self::All => Self::ALL,
            Self::IssuedUntil(time) => time.as_unix(),
            Self::None => Self::NONE,
        }
    }
}

/// The last time of issue that a set accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IssueLimit(i64);

impl IssueLimit {
    /// Whether all tokens are accepted.
    pub(crate) const fn is_none(self) -> bool {
        self.0 == AcceptedTokens::ALL
    }

    /// Whether a token of this time of issue is accepted.
    pub(crate) fn accepts(self, issued_at: Option<Timestamp>) -> bool {
        // SECURITY: a token without a time of issue may be a new one. Tested by
        // `outdated_set_accepts_known_tokens_only`.
        self.is_none() || (self.0 != AcceptedTokens::NONE && issued_at.is_some_and(|time| time.as_unix() <= self.0))
    }
}

/// The meaning of `sub` for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a user has an id and a name")]
pub enum SubjectClaim {
    /// `sub` is the id, as in RFC 9068.
    UserId,
    /// `sub` is the name.
    Username,
}

#[derive(Default)]
struct Entries {
    clients: HashMap<String, Entry>,
    /// The clients of a user whose tokens of that user are revoked, by the subject of the tokens.
    consents: HashMap<String, HashMap<String, Entry>>,
    families: HashMap<FamilyId, Entry>,
    subjects: HashMap<String, Entry>,
    tokens: HashMap<String, Entry>,
}

/// All revocations of one subject.
#[derive(Clone, Copy)]
struct Entry {
    issued_until: Timestamp,
    forget_at: Timestamp,
    /// The last position in the log, of the revocations with a known position in its lane.
    place: Option<NewsPosition>,
    /// The latest time of the other revocations.
    unplaced_until: Option<Timestamp>,
}

impl RevokedSet {
    /// Creates an empty set, for tokens whose `sub` is of this kind.
    #[must_use]
    pub fn new(subjects: SubjectClaim) -> Self {
        Self {
            subjects,
            version: AtomicU64::new(0),
            unnamed_client: None,
            accepted_until: AtomicI64::new(AcceptedTokens::ALL),
            entries: RwLock::default(),
        }
    }

    /// Sets the client of tokens without `client_id`. Default: none.
    ///
    /// For a server with one client, whose tokens do not name it.
    #[must_use]
    pub fn with_unnamed_client(mut self, client: ClientId) -> Self {
        self.unnamed_client = Some(client);
        self
    }

    /// Sets which tokens are accepted. Default: [`AcceptedTokens::All`]. The owner of the set
    /// changes it while it cannot read the revocations of other processes.
    ///
    /// A token that is not accepted is refused with [`RevocationsOutdated`]: nothing is wrong with
    /// the token.
    pub fn accept(&self, accepted: AcceptedTokens) {
        self.accepted_until.store(accepted.until(), Ordering::Release);
    }

    /// Checks that the set lacks no revocation that its owner should know.
    ///
    /// # Errors
    ///
    /// [`RevocationsOutdated`] while [`RevokedSet::accept`] excludes tokens.
    pub fn check(&self) -> Result<(), RevocationsOutdated> {
        if self.issue_limit().is_none() {
            Ok(())
        } else {
            Err(RevocationsOutdated)
        }
    }

    /// Returns which tokens are accepted.
    #[must_use]
    pub fn accepted(&self) -> AcceptedTokens {
        match self.issue_limit() {
            IssueLimit(AcceptedTokens::ALL) => AcceptedTokens::All,
            IssueLimit(AcceptedTokens::NONE) => AcceptedTokens::None,
            IssueLimit(time) => AcceptedTokens::IssuedUntil(Timestamp::from_unix(time)),
        }
    }

    // SECURITY: read before the entries are searched: a check that sees the end of an outage also
    // sees the revocations of its time, which were added before.
    pub(crate) fn issue_limit(&self) -> IssueLimit {
        IssueLimit(self.accepted_until.load(Ordering::Acquire))
    }

    /// Revokes tokens. A token is covered by the time at which it was issued.
    pub fn add(&self, revocations: impl IntoIterator<Item = Revocation>) {
        self.add_all(revocations.into_iter().map(|revocation| (None, revocation)));
    }

    /// Adds revocations, each with its position in the log of the store.
    ///
    /// The id of a token may contain a position in the same lane
    /// ([`PlacedTokenId`](crate::PlacedTokenId)). Then the revocation covers the token if its
    /// position is earlier, regardless of the clocks of nodes. It also covers a token that was
    /// issued more than [`Revocation::SKEW`] before the end of the revocation, because a store that
    /// was restored from a copy assigns its positions again.
    pub fn add_placed(&self, revocations: impl IntoIterator<Item = (NewsPosition, Revocation)>) {
        self.add_all(
            revocations
                .into_iter()
                .map(|(place, revocation)| (Some(place), revocation)),
        );
    }

    fn add_all(&self, revocations: impl Iterator<Item = (Option<NewsPosition>, Revocation)>) {
        let mut revocations = revocations.peekable();
        if revocations.peek().is_none() {
            return;
        }
        let mut entries = self.write();
        for (place, revocation) in revocations {
            entries.add(place, &revocation, self.subjects);
        }
        // SECURITY: after the entries, and before their lock is free, so that a reader of the old
        // version asked before. Tested by `added_revocation_is_active`.
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Removes the revocations whose tokens have all expired by now.
    pub fn forget(&self, now: Timestamp) {
        if self.version() != 0 {
            self.write().forget(now);
        }
    }

    /// Returns the number of revocations.
    #[must_use]
    pub fn len(&self) -> usize {
        let entries = self.read();
        let consents: usize = entries.consents.values().map(HashMap::len).sum();
        entries.clients.len() + consents + entries.families.len() + entries.subjects.len() + entries.tokens.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the token with these claims was revoked.
    #[must_use]
    pub fn has(&self, claims: &Claims<'_>) -> bool {
        self.version() != 0 && self.covers(&RevokedNames::of(claims))
    }

    /// Returns the client that a token was issued to; that of
    /// [`RevokedSet::with_unnamed_client`] if the token names none.
    #[must_use]
    pub fn client_of<'a>(&'a self, claims: &'a Claims<'_>) -> Option<&'a str> {
        self.owner(claims.client_id())
    }

    fn owner<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        named.or_else(|| self.unnamed_client.as_ref().map(ClientId::as_str))
    }

    /// Returns the number of additions. A token that was not in the set at one version is not in it
    /// while the version is the same.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn covers(&self, names: &RevokedNames<'_>) -> bool {
        let entries = self.read();
        let issued_at = names.issued_at;
        let find = |among: &HashMap<String, Entry>, name: Option<&str>| name.and_then(|name| among.get(name)).copied();
        if find(&entries.tokens, names.token).is_some_and(|entry| entry.covers(issued_at)) {
            return true;
        }
        if entries.family(names.token).is_some_and(|entry| entry.covers(issued_at)) {
            return true;
        }
        let owner = self.owner(names.client);
        let (user, client) = (find(&entries.subjects, names.subject), find(&entries.clients, owner));
        let consent = entries.consent(names.subject, owner);
        if user.is_none() && client.is_none() && consent.is_none() {
            return false;
        }
        let (of_user, of_client) = match names.token.and_then(PlacedTokenId::positions_of) {
            Some([of_user, of_client]) => (Some(of_user), Some(of_client)),
            None => (None, None),
        };
        user.is_some_and(|entry| entry.covers_by_subject(issued_at, of_user))
            || consent.is_some_and(|entry| entry.covers_by_subject(issued_at, of_user))
            || client.is_some_and(|entry| entry.covers_by_subject(issued_at, of_client))
    }

    // No code panics between two changes that belong together.
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Two revocations of the same subject both apply: a token is revoked if either covers it.
    fn add(&mut self, place: Option<NewsPosition>, revocation: &Revocation, subjects: SubjectClaim) {
        let (among, name) = match (revocation.whose(), subjects) {
            (Revoked::Client(id), _) => (&mut self.clients, id.as_str()),
            (
                Revoked::Consent {
                    id,
                    username,
                    client_id,
                },
                _,
            ) => {
                let subject = match subjects {
                    SubjectClaim::UserId => id.as_str(),
                    SubjectClaim::Username => username.as_str(),
                };
                (self.consents.entry(subject.to_owned()).or_default(), client_id.as_str())
            }
            (Revoked::Family(id), _) => return add(&mut self.families, id, Entry::new(place, revocation)),
            (Revoked::Token(id), _) => (&mut self.tokens, id.as_str()),
            (Revoked::User { id, .. }, SubjectClaim::UserId) => (&mut self.subjects, id.as_str()),
            (Revoked::User { username, .. }, SubjectClaim::Username) => (&mut self.subjects, username.as_str()),
        };
        add(among, name, Entry::new(place, revocation));
    }

    /// Returns the revocations of the family of a token. The id of the token is parsed only while
    /// a family is revoked.
    fn family(&self, token: Option<&str>) -> Option<Entry> {
        let token = token.filter(|_| !self.families.is_empty())?;
        self.families.get(&TokenId::family_of(token)?).copied()
    }

    /// Returns the revocations of the tokens of a user at one client.
    fn consent(&self, subject: Option<&str>, client: Option<&str>) -> Option<Entry> {
        let (subject, client) = subject.zip(client).filter(|_| !self.consents.is_empty())?;
        self.consents.get(subject)?.get(client).copied()
    }

    fn forget(&mut self, now: Timestamp) {
        for among in [&mut self.clients, &mut self.subjects, &mut self.tokens] {
            forget(among, now);
        }
        forget(&mut self.families, now);
        for clients in self.consents.values_mut() {
            forget(clients, now);
        }
        self.consents.retain(|_, clients| !clients.is_empty());
        shrink(&mut self.consents);
    }
}

fn add<K: Eq + Hash + Borrow<Q>, Q: Eq + Hash + ToOwned<Owned = K> + ?Sized>(
    among: &mut HashMap<K, Entry>,
    name: &Q,
    new: Entry,
) {
    match among.get_mut(name) {
        Some(known) => known.add(new),
        None => {
            among.insert(name.to_owned(), new);
        }
    }
}

fn forget<K: Eq + Hash>(among: &mut HashMap<K, Entry>, now: Timestamp) {
    among.retain(|_, entry| entry.forget_at > now);
    shrink(among);
}

/// Releases the memory after a burst.
fn shrink<K: Eq + Hash, V>(among: &mut HashMap<K, V>) {
    if among.capacity() > 2 * among.len() + 64 {
        among.shrink_to_fit();
    }
}

impl Entry {
    const fn new(place: Option<NewsPosition>, revocation: &Revocation) -> Self {
        Self {
            issued_until: revocation.issued_until(),
            forget_at: revocation.forget_at(),
            place,
            unplaced_until: match place {
                Some(_) => None,
                None => Some(revocation.issued_until()),
            },
        }
    }

    fn add(&mut self, other: Self) {
        self.unplaced_until = self.unplaced_until.max(other.unplaced_until);
        self.place = match (self.place, other.place) {
            (Some(known), Some(new)) => match known.is_before(new) {
                Some(true) => Some(new),
                Some(false) => Some(known),
                // Another user has got the name. Time decides about the tokens of the previous one.
                None => {
                    self.unplaced_until = self.unplaced_until.max(Some(self.issued_until));
                    Some(new)
                }
            },
            (known, new) => new.or(known),
        };
        self.issued_until = self.issued_until.max(other.issued_until);
        self.forget_at = self.forget_at.max(other.forget_at);
    }

    /// Compares by time only. A token without `iat` may be covered, so it counts as covered.
    fn covers(self, issued_at: Option<Timestamp>) -> bool {
        issued_at.is_none_or(|issued_at| issued_at <= self.issued_until)
    }

    /// Compares by the position in the token, or by time if the token contains none of the same
    /// lane.
    // SECURITY: clocks of nodes differ, places do not. A token of a node whose clock is ahead is
    // covered, and one that was issued afterwards by a node whose clock is behind is not. Tested by
    // `a_place_decides_within_the_skew_of_clocks`.
    fn covers_by_subject(self, issued_at: Option<Timestamp>, carried: Option<NewsPosition>) -> bool {
        let (Some(issued_at), Some(carried)) = (issued_at, carried) else {
            return self.covers(issued_at);
        };
        let is_before = match self.place.map(|place| carried.is_before(place)) {
            Some(Some(is_before)) => is_before,
            Some(None) => return self.covers(Some(issued_at)),
            None => false,
        };
        is_before
            || self.unplaced_until.is_some_and(|until| issued_at <= until)
            || issued_at + Revocation::SKEW < self.issued_until
    }
}

/// The properties of a token by which it can be revoked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RevokedNames<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
}

impl<'a> RevokedNames<'a> {
    pub(crate) fn of(claims: &'a Claims<'_>) -> Self {
        Self {
            client: claims.client_id(),
            issued_at: claims.issued_at(),
            subject: claims.subject(),
            token: claims.token_id(),
        }
    }
}

impl fmt::Debug for RevokedSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevokedSet")
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

/// The token was revoked before it expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("token was revoked")]
#[non_exhaustive]
pub struct TokenRevoked;

/// The token may have been revoked, because recent revocations are not known. A retry may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recent revocations are not known")]
#[non_exhaustive]
pub struct RevocationsOutdated;

#[cfg(test)]
mod tests;
