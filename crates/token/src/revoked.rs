//! Tokens that were taken back, in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use scopegate_domain::{Claims, Lifetime, Revocation, Revoked, Timestamp};

/// The tokens that are refused though they are genuine: asked at every request, also about tokens that were verified before.
///
/// It is filled from above: from a store when the program starts, by what the program itself takes back, and by what others
/// wrote meanwhile. What is added is in force for every question that begins after [`RevokedSet::add`] has answered.
///
/// ```
/// use scopegate_domain::{Claims, ClientId, Revocation, Revoked, ScopeLayout, Timestamp};
/// use scopegate_token::{RevokedSet, SubjectNames};
///
/// let set = RevokedSet::new(SubjectNames::UserIds);
/// let claims = Claims::parse(br#"{"sub":"u1","client_id":"demo-app","iat":1000,"exp":2000}"#, ScopeLayout::Text)?;
/// assert!(!set.has(&claims));
///
/// let client = Revoked::Client(ClientId::parse("demo-app")?);
/// set.add([Revocation::until(client, Timestamp::from_unix(1_000))]);
/// assert!(set.has(&claims));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RevokedSet {
    subjects: SubjectNames,
    /// How often something was added; nothing was where it is 0.
    version: AtomicU64,
    entries: RwLock<Entries>,
}

/// What `sub` says of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a user has an id and a name")]
pub enum SubjectNames {
    /// The id, as RFC 9068 has it.
    UserIds,
    /// The name, as the tutorial has it.
    Usernames,
}

#[derive(Default)]
struct Entries {
    /// How long tokens live at most that do not say when they were issued, where that is known.
    unsaid: Option<Lifetime>,
    clients: HashMap<String, Revocation>,
    subjects: HashMap<String, Revocation>,
    tokens: HashMap<String, Revocation>,
}

impl RevokedSet {
    /// A set without a revocation, for tokens whose `sub` is what is said here.
    #[must_use]
    pub fn new(subjects: SubjectNames) -> Self {
        Self {
            subjects,
            version: AtomicU64::new(0),
            entries: RwLock::default(),
        }
    }

    /// A token that does not say when it was issued lives so long at most, so it was not issued before `exp` less that. Without
    /// this such a token may always be one of those that were taken back.
    ///
    /// For the tutorial's tokens alone, whose one issuer knows how long it ever let them live. One that was given a shorter life
    /// is taken for older than it is: then it is refused, too.
    #[must_use]
    pub fn with_lifetime(self, longest: Lifetime) -> Self {
        self.set_lifetime(longest);
        self
    }

    /// The same of a set that is in use: in force for every question that begins afterwards.
    // SECURITY: the longest that any token may have, not the one that is set now, or a token that was given a longer life passes for
    // younger than it is (`a_token_with_a_longer_life_than_is_set_now_is_taken_back`).
    pub fn set_lifetime(&self, longest: Lifetime) {
        let mut entries = self.write();
        if entries.unsaid.replace(longest) != Some(longest) && self.version() != 0 {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Takes tokens back.
    pub fn add(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut revocations = revocations.into_iter().peekable();
        if revocations.peek().is_none() {
            return;
        }
        let mut entries = self.write();
        for revocation in revocations {
            entries.add(revocation, self.subjects);
        }
        // SECURITY: after the entries, and before their lock is free, so that who sees the old version asked before. Held by
        // `what_is_added_is_in_force`.
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Drops what covers tokens that have all expired by now.
    pub fn forget(&self, now: Timestamp) {
        if self.version() != 0 {
            self.write().forget(now);
        }
    }

    /// How many revocations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let entries = self.read();
        entries.clients.len() + entries.subjects.len() + entries.tokens.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the token with these claims was taken back.
    #[must_use]
    pub fn has(&self, claims: &Claims<'_>) -> bool {
        self.version() != 0 && self.covers(&Names::of(claims))
    }

    /// How often something was added. Who was found not to be in the set at one version is not in it while this is the same.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn covers(&self, names: &Names<'_>) -> bool {
        let entries = self.read();
        let issued_at = names.issued_at.or_else(|| {
            let lifetime = i64::from(entries.unsaid?.as_seconds());
            Some(Timestamp::from_unix(
                names.expires_at?.as_unix().saturating_sub(lifetime),
            ))
        });
        let covers = |among: &HashMap<String, Revocation>, name: Option<&str>| {
            let found = name.and_then(|name| among.get(name));
            found.is_some_and(|revocation| revocation.covers(issued_at))
        };
        covers(&entries.tokens, names.token)
            || covers(&entries.subjects, names.subject)
            || covers(&entries.clients, names.client)
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
    /// Of two revocations of one party both hold: what either covers is covered.
    fn add(&mut self, revocation: Revocation, subjects: SubjectNames) {
        let (among, name) = match (revocation.whose(), subjects) {
            (Revoked::Client(id), _) => (&mut self.clients, id.as_str()),
            (Revoked::Token(id), _) => (&mut self.tokens, id.as_str()),
            (Revoked::User { id, .. }, SubjectNames::UserIds) => (&mut self.subjects, id.as_str()),
            (Revoked::User { username, .. }, SubjectNames::Usernames) => (&mut self.subjects, username.as_str()),
        };
        let name = name.to_owned();
        let both = match among.get(&name) {
            Some(known) => Revocation::from_stored(
                revocation.whose().clone(),
                known.issued_until().max(revocation.issued_until()),
                known.forget_at().max(revocation.forget_at()),
            ),
            None => revocation,
        };
        among.insert(name, both);
    }

    fn forget(&mut self, now: Timestamp) {
        for among in [&mut self.clients, &mut self.subjects, &mut self.tokens] {
            among.retain(|_, revocation| revocation.forget_at() > now);
        }
    }
}

/// What of a token can be taken back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(claims: &'a Claims<'_>) -> Self {
        Self {
            client: claims.client_id(),
            expires_at: claims.expires_at(),
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

/// The token was taken back before it expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("token was revoked")]
#[non_exhaustive]
pub struct TokenRevoked;

#[cfg(test)]
mod tests {
    use scopegate_domain::{ClientId, ScopeLayout, TokenId, UserId, Username};

    use super::*;

    const THEN: Timestamp = Timestamp::from_unix(1_000);

    fn user() -> Revoked {
        Revoked::User {
            id: UserId::parse("u1").unwrap(),
            username: Username::parse("johndoe").unwrap(),
        }
    }

    fn has(set: &RevokedSet, payload: &str) -> bool {
        set.has(&Claims::parse(payload.as_bytes(), ScopeLayout::Text).unwrap())
    }

    #[test]
    fn what_is_added_is_in_force() {
        let set = RevokedSet::new(SubjectNames::UserIds);
        assert!(!has(&set, r#"{"sub":"u1"}"#) && set.is_empty() && set.version() == 0);
        set.add([]);
        assert_eq!(set.version(), 0, "nothing was added");
        set.add([Revocation::until(user(), THEN)]);
        assert!(has(&set, r#"{"sub":"u1"}"#) && set.version() == 1);
    }

    #[test]
    fn a_user_is_known_by_what_sub_says() {
        let (ids, names) = (
            RevokedSet::new(SubjectNames::UserIds),
            RevokedSet::new(SubjectNames::Usernames),
        );
        for set in [&ids, &names] {
            set.add([Revocation::until(user(), THEN)]);
        }
        assert!(has(&ids, r#"{"sub":"u1"}"#) && !has(&ids, r#"{"sub":"johndoe"}"#));
        assert!(has(&names, r#"{"sub":"johndoe"}"#) && !has(&names, r#"{"sub":"u1"}"#));
    }

    #[test]
    fn tokens_issued_until_then_or_at_nobody_knows_when_are_covered() {
        let set = RevokedSet::new(SubjectNames::UserIds);
        let client = Revoked::Client(ClientId::parse("c1").unwrap());
        set.add([Revocation::until(user(), THEN), Revocation::until(client, THEN)]);
        for who in [r#""sub":"u1""#, r#""client_id":"c1""#] {
            for (issued, expected) in [("", true), (r#","iat":1000"#, true), (r#","iat":1001"#, false)] {
                assert_eq!(has(&set, &format!("{{{who}{issued}}}")), expected, "{who}{issued}");
            }
        }
        assert!(!has(&set, r#"{"sub":"c1","client_id":"u1","jti":"u1","iat":1}"#));
    }

    #[test]
    fn a_known_lifetime_says_when_a_token_was_issued() {
        let set = RevokedSet::new(SubjectNames::UserIds).with_lifetime(Lifetime::from_seconds(500));
        set.add([Revocation::until(user(), THEN)]);
        for (claims, expected) in [
            (r#""exp":1500"#, true),
            (r#""exp":1501"#, false),
            (r#""exp":1501,"iat":1000"#, true),
            (r#""jti":"t1""#, true),
        ] {
            assert_eq!(has(&set, &format!(r#"{{"sub":"u1",{claims}}}"#)), expected, "{claims}");
        }
    }

    #[test]
    fn a_token_with_a_longer_life_than_is_set_now_is_taken_back() {
        let set = RevokedSet::new(SubjectNames::UserIds).with_lifetime(Lifetime::from_seconds(300));
        assert_eq!(set.version(), 0, "nothing was taken back");
        set.add([Revocation::until(user(), THEN)]);
        // Issued at 900, to live for 500 s.
        let old = r#"{"sub":"u1","exp":1400}"#;
        assert!(!has(&set, old), "for all that is known it was issued at 1100");
        let version = set.version();
        set.set_lifetime(Lifetime::from_seconds(500));
        assert!(
            has(&set, old) && set.version() > version,
            "what is remembered is looked for again"
        );
        let version = set.version();
        set.set_lifetime(Lifetime::from_seconds(500));
        assert_eq!(set.version(), version);
    }

    #[test]
    fn one_token_is_covered_whatever_it_says() {
        let set = RevokedSet::new(SubjectNames::UserIds);
        set.add([Revocation::until(Revoked::Token(TokenId::parse("t1").unwrap()), THEN)]);
        assert!(has(&set, r#"{"jti":"t1","iat":99999}"#) && has(&set, r#"{"jti":"t1"}"#));
        assert!(!has(&set, r#"{"jti":"t2"}"#) && !has(&set, r#"{"sub":"t1","client_id":"t1"}"#));
    }

    #[test]
    fn two_revocations_cover_what_either_covers() {
        let set = RevokedSet::new(SubjectNames::UserIds);
        let later = THEN + Lifetime::from_seconds(10);
        set.add([Revocation::until(user(), later).forgotten_at(later)]);
        set.add([Revocation::until(user(), THEN)]);
        assert!(has(&set, r#"{"sub":"u1","iat":1010}"#));
        set.forget(later);
        assert_eq!(set.len(), 1, "the other one is to be kept longer");
    }

    #[test]
    fn what_can_live_no_more_is_forgotten() {
        let set = RevokedSet::new(SubjectNames::UserIds);
        let end = THEN + Lifetime::from_seconds(5);
        set.add([
            Revocation::until(Revoked::Token(TokenId::parse("t1").unwrap()), THEN).forgotten_at(end),
            Revocation::until(user(), THEN),
        ]);
        set.forget(Timestamp::from_unix(1_004));
        assert_eq!(set.len(), 2);
        set.forget(end);
        assert_eq!(set.len(), 1);
        set.forget(THEN + Revocation::KEPT);
        assert!(set.is_empty());
    }
}
