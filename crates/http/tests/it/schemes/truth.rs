//! The truth about credentials, and the expected answer to a request with them: a table and a few
//! lines on sets.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::Profile;

use crate::common::{ME, token};

/// The schemes, each with the place of its credential and the scheme name of its challenge.
pub(super) const SCHEMES: [(&str, CredentialPlace, &str); 7] = [
    ("oauth", CredentialPlace::Bearer, "Bearer"),
    ("oidc", CredentialPlace::Bearer, "Bearer"),
    ("basic", CredentialPlace::Basic, "Basic"),
    ("digest", CredentialPlace::Digest, "Digest"),
    ("key", CredentialPlace::Key, "APIKey"),
    ("app", CredentialPlace::App, "APIKey"),
    ("session", CredentialPlace::Session, "APIKey"),
];

/// The place of a credential; the first three are the `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CredentialPlace {
    Bearer,
    Basic,
    Digest,
    Key,
    App,
    Session,
}

/// The true verdict about a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    For(&'static str),
    Nobody,
    No,
    Down,
}

/// Headers; the query is called `?`.
type RequestParts = Vec<(&'static str, Vec<u8>)>;

/// Alternatives, each a list of schemes that are required together.
pub(super) type Ways = BTreeSet<BTreeSet<usize>>;

/// Something that a request presents, with what is true of it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) place: CredentialPlace,
    pub(super) sent: RequestParts,
    /// The schemes that do not say no to it.
    truth: Vec<(&'static str, Says)>,
    /// How it is refused unread.
    unreadable: Option<u16>,
}

impl CredentialPlace {
    pub(super) fn is_authorization(self) -> bool {
        self <= Self::Digest
    }

    /// Everything that it may hold, by what is true of it. The first is nothing.
    pub(super) fn items(self, profile: Profile) -> Vec<Option<Item>> {
        let good = match self {
            Self::Bearer => self
                .texts("oidc", "authorization", "Bearer ")
                .chain(self.tokens())
                .collect(),
            Self::Basic => self.users(),
            Self::Digest => self.texts("digest", "authorization", "Digest ").collect(),
            Self::Key => self.texts("key", "x-key", "").collect(),
            Self::App => self.texts("app", "?", "app=").collect(),
            Self::Session => self.texts("session", "cookie", "session=").collect::<Vec<_>>(),
        };
        let unreadable = self.unreadable(profile).into_iter().map(|(sent, status)| Item {
            unreadable: Some(status),
            ..self.item(sent, &[])
        });
        let all = good.into_iter().chain(unreadable).map(Some);
        [None].into_iter().chain(all).collect()
    }

    fn unreadable(self, profile: Profile) -> Vec<(RequestParts, u16)> {
        let mut all: Vec<(RequestParts, u16)> = match self {
            Self::Bearer => vec![(vec![("authorization", b"Bearer \xff".to_vec())], 401)],
            Self::Basic => vec![(vec![("authorization", b"Basic !".to_vec())], 401)],
            Self::Digest => vec![(vec![("authorization", b"Digest \xff".to_vec())], 401)],
            Self::Key => vec![(vec![("x-key", b"alice".to_vec()), ("x-key", b"alice".to_vec())], 400)],
            Self::App => vec![(vec![("?", b"app=alice&app=alice".to_vec())], 400)],
            Self::Session => {
                let again = b"a=1; session=alice".to_vec();
                vec![(vec![("cookie", b"session=alice".to_vec()), ("cookie", again)], 400)]
            }
        };
        let empty = match self {
            Self::Key => Some(("x-key", Vec::new())),
            Self::App => Some(("?", b"app=".to_vec())),
            Self::Session => Some(("cookie", b"session=".to_vec())),
            Self::Bearer | Self::Basic | Self::Digest => None,
        };
        // An empty key is none in the tutorial's profile.
        all.extend(
            empty
                .filter(|_| profile == Profile::Rfc)
                .map(|empty| (vec![empty], 401)),
        );
        all
    }

    fn item(self, sent: RequestParts, truth: &[(&'static str, Says)]) -> Item {
        Item {
            place: self,
            sent,
            truth: truth.to_vec(),
            unreadable: None,
        }
    }

    fn texts(self, scheme: &'static str, name: &'static str, prefix: &'static str) -> impl Iterator<Item = Item> {
        let send = move |text| vec![(name, format!("{prefix}{text}").into_bytes())];
        TEXTS
            .into_iter()
            .map(move |(text, says)| self.item(send(text), &[(scheme, says)]))
    }

    fn users(self) -> Vec<Item> {
        let pair = |name| base64_simd::STANDARD.encode_to_string(format!("{name}:x"));
        let send = |name| vec![("authorization", format!("Basic {}", pair(name)).into_bytes())];
        TEXTS
            .map(|(name, says)| self.item(send(name), &[("basic", says)]))
            .into()
    }

    fn tokens(self) -> [Item; 3] {
        let bearer = |subject| {
            vec![(
                "authorization",
                format!("Bearer {}", token(subject, &[ME])).into_bytes(),
            )]
        };
        let (alice, bob, carol) = (Says::For("alice"), Says::For("bob"), Says::For("carol"));
        [
            self.item(bearer("alice"), &[("oauth", alice), ("oidc", alice)]),
            self.item(bearer("bob"), &[("oauth", bob)]),
            self.item(bearer("carol"), &[("oauth", carol), ("oidc", Says::Down)]),
        ]
    }
}

/// What the application's verifier says of a text.
const TEXTS: [(&str, Says); 5] = [
    ("alice", Says::For("alice")),
    ("bob", Says::For("bob")),
    ("nobody", Says::Nobody),
    ("no", Says::No),
    ("down", Says::Down),
];

/// The expected result of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The gate cannot be built: no request could meet the requirement.
    NoGate,
    /// Authorized, for one of these subjects.
    In(BTreeSet<Option<&'static str>>),
    /// Authorized as anonymous.
    Anonymous,
    /// One of these statuses, with challenges of exactly these schemes, if there are any.
    Refused(BTreeSet<u16>, Option<BTreeSet<&'static str>>),
}

/// The verdicts of the verifiers of the required schemes about a request.
#[derive(Default)]
struct Received {
    accepted: BTreeMap<usize, Option<&'static str>>,
    is_doubtful: bool,
    looked_at: usize,
    /// Status and words of each refusal.
    bad: Vec<(u16, BTreeSet<&'static str>)>,
}

impl Received {
    fn receive(&mut self, item: &Item, asked: &BTreeSet<usize>) {
        let is_here = |number: &usize| SCHEMES[*number].1 == item.place;
        let here: BTreeSet<usize> = asked.iter().copied().filter(is_here).collect();
        if here.is_empty() {
            return;
        }
        self.looked_at += 1;
        let (before, mut is_down) = (self.accepted.len(), false);
        for number in &here {
            let says = item.truth.iter().find(|(name, _)| *name == SCHEMES[*number].0);
            match says.map_or(Says::No, |(_, says)| *says) {
                Says::For(name) => drop(self.accepted.insert(*number, Some(name))),
                Says::Nobody => drop(self.accepted.insert(*number, None)),
                Says::Down => is_down = true,
                Says::No => {}
            }
        }
        self.is_doubtful |= is_down;
        if let Some(status) = item.unreadable {
            self.bad.push((status, words(&here)));
        } else if self.accepted.len() == before {
            self.bad.push(if is_down {
                (503, BTreeSet::new())
            } else {
                (401, words(&here))
            });
        }
    }

    /// Returns the subjects for which an alternative authorizes. All its credentials with a subject
    /// must have the same one. If none has a subject, any other credential of the request provides
    /// it.
    fn accepts(&self, way: &BTreeSet<usize>) -> Vec<Option<&'static str>> {
        if !way.iter().all(|number| self.accepted.contains_key(number)) {
            return Vec::new();
        }
        let speaks = |number: &usize| SCHEMES[*number].0 != "app";
        let speaking = way.iter().filter(|number| speaks(number));
        let subjects: Vec<_> = speaking.map(|number| self.accepted[number]).collect();
        let others = self.accepted.iter().filter(|(number, _)| speaks(number));
        if subjects.is_empty() && others.clone().count() > 0 {
            return others.map(|(_, subject)| *subject).collect();
        }
        let first = subjects.first().copied().unwrap_or_default();
        let agree = subjects.len() < 2 || (first.is_some() && subjects.iter().all(|subject| *subject == first));
        agree.then_some(first).into_iter().collect()
    }
}

fn words(numbers: &BTreeSet<usize>) -> BTreeSet<&'static str> {
    numbers.iter().map(|number| SCHEMES[*number].2).collect()
}

/// Returns the truth. An alternative that contains another one has no effect, and nothing is
/// checked for it.
pub(super) fn expected(ways: &Ways, is_optional: bool, presented: &[Item]) -> Expected {
    let contains_none = |way: &&BTreeSet<usize>| !ways.iter().any(|other| other != *way && other.is_subset(way));
    let ways: Vec<_> = ways.iter().filter(contains_none).collect();
    let in_one_header = |way: &&BTreeSet<usize>| {
        let places = way.iter().map(|number| SCHEMES[*number].1);
        places
            .filter(|place| place.is_authorization())
            .collect::<BTreeSet<_>>()
            .len()
            < 2
    };
    if !ways.iter().any(in_one_header) {
        return Expected::NoGate;
    }
    let asked: BTreeSet<usize> = ways.iter().flat_map(|way| way.iter().copied()).collect();
    let mut heard = Received::default();
    for item in presented {
        heard.receive(item, &asked);
    }
    if let [(status, words)] = heard.bad.as_slice() {
        return Expected::Refused([*status].into(), Some(words.clone()));
    }
    if !heard.bad.is_empty() {
        return Expected::Refused(heard.bad.into_iter().map(|(status, _)| status).collect(), None);
    }
    let subjects: BTreeSet<_> = ways.iter().flat_map(|way| heard.accepts(way)).collect();
    match heard.looked_at {
        _ if !subjects.is_empty() => Expected::In(subjects),
        0 if is_optional => Expected::Anonymous,
        0 => Expected::Refused([401].into(), Some(words(&asked))),
        _ => Expected::Refused([if heard.is_doubtful { 503 } else { 401 }].into(), None),
    }
}
