//! The confirmed writes, and the possible content of the database.

use scopegate_domain::{Account, Client, PasswordHash, Secret, User, UserStatus};
use scopegate_token::{PasswordHasher, PasswordPolicy, PasswordVerdict};

use crate::revoked::Taken;

/// Repeatable pseudo-random numbers: splitmix64.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.below(count)).unwrap()].clone()
    }
}

/// How a password is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Password {
    /// As `argon2id`, made of this text.
    Argon2id(String),
    /// The same password as [`BCRYPT`](Self::BCRYPT), outdated: the next login hashes it again.
    Bcrypt,
}

impl Password {
    /// bcrypt of [`TEXT`](Self::TEXT), cost 4.
    pub(crate) const BCRYPT: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";
    pub(crate) const TEXT: &str = "secret";

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Argon2id(text) => text,
            Self::Bcrypt => Self::TEXT,
        }
    }
}

/// A client's secret, by its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Known([u8; 32]),
    /// Made by the program, which says what it is when it is done.
    New,
}

/// The content of the database under one name: a user, a client, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Absent,
    Client {
        scope: String,
        secret: Digest,
    },
    User {
        scope: String,
        is_active: bool,
        password: Password,
    },
}

/// A name and its last confirmed state.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) is_user: bool,
    pub(crate) state: State,
    /// What else may be there: a write was under way when it was ended.
    pub(crate) under_way: Option<(&'static str, State)>,
    /// The confirmed or found revocations of its tokens.
    pub(crate) taken_back: Vec<Taken>,
    /// The hash that was already compared with its password. Comparing costs more than all other
    /// work.
    compared: String,
}

impl Subject {
    pub(crate) fn new(name: String, is_user: bool) -> Self {
        Self {
            name,
            is_user,
            state: State::Absent,
            under_way: None,
            taken_back: Vec::new(),
            compared: String::new(),
        }
    }

    /// Compares what was found with what was answered; from now on it is what was found.
    ///
    /// # Panics
    ///
    /// Where a write that was answered is lost, or one is there by half.
    pub(crate) fn settle(&mut self, user: Option<&Account>, client: Option<&Client>) {
        let may_be = [Some(self.state.clone()), self.under_way.clone().map(|(_, state)| state)];
        let found = may_be
            .into_iter()
            .flatten()
            .find_map(|state| match (state, user, client) {
                (State::Absent, None, None) => Some(State::Absent),
                (state @ State::User { .. }, Some(account), None) => self.is_account(&state, account).then_some(state),
                (state @ State::Client { .. }, None, Some(client)) => as_client(&state, client),
                _ => None,
            });
        let user = user.map(|account| (&account.user, account.password_hash.as_ref().map(PasswordHash::expose)));
        self.state = found.unwrap_or_else(|| {
            panic!("answered: {self:?}\nfound: {user:?} {client:?}");
        });
        self.under_way = None;
    }

    fn is_account(&mut self, state: &State, account: &Account) -> bool {
        let State::User {
            scope,
            is_active,
            password,
        } = state
        else {
            return false;
        };
        let user: &User = &account.user;
        let Some(hash) = &account.password_hash else {
            return false;
        };
        let fits = match password {
            Password::Bcrypt => hash.expose() == Password::BCRYPT,
            Password::Argon2id(_) if hash.expose() == self.compared => true,
            Password::Argon2id(text) => {
                let hasher = PasswordHasher::new(PasswordPolicy::default());
                hasher.verify(&Secret::new(text.clone()), Some(hash)) == PasswordVerdict::Match { rehash: false }
            }
        };
        if fits {
            hash.expose().clone_into(&mut self.compared);
        }
        fits && user.scope().to_string() == *scope && (user.status() == UserStatus::Active) == *is_active
    }
}

/// The state with the digest that was found, if it is this client.
fn as_client(state: &State, client: &Client) -> Option<State> {
    let State::Client { scope, secret } = state else {
        return None;
    };
    let digest = *client.secret()?.as_bytes();
    let fits = *scope == client.scope().to_string() && [Digest::New, Digest::Known(digest)].contains(secret);
    fits.then(|| State::Client {
        scope: scope.clone(),
        secret: Digest::Known(digest),
    })
}
