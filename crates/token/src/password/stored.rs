//! Parses stored password hashes, also those of other programs.

use std::time::Duration;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc;
use argon2::{ARGON2ID_IDENT, Params, Version};
use scopegate_domain::PasswordHash;

use super::cost::{BCRYPT_MAX, HashCost, argon2id};

/// The maximum memory that a stored hash may require, in KiB: 256 MiB.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The maximum CPU time that a stored hash may require: bcrypt of cost 16 takes 4.7 s.
const MAX_COST: Duration = Duration::from_secs(5);

/// The algorithm and the cost of a hash. They determine the duration of a verification.
#[derive(Clone, Debug)]
pub(super) enum Scheme {
    Argon2id(Params),
    Bcrypt { cost: u32 },
}

impl Scheme {
    /// Measured on one core: argon2id 463 ns for each KiB and pass, bcrypt 71 us for each of its
    /// 2^cost rounds.
    pub(super) fn cost(&self) -> HashCost {
        let nanoseconds = match self {
            Self::Argon2id(params) => u64::from(params.m_cost())
                .saturating_mul(u64::from(params.t_cost()))
                .saturating_mul(463),
            Self::Bcrypt { cost } => 1u64.checked_shl(*cost).unwrap_or(u64::MAX).saturating_mul(71_000),
        };
        HashCost(Duration::from_nanos(nanoseconds))
    }

    /// SECURITY: a hash that came from elsewhere must not take the machine
    /// (`expensive_stored_hash_is_refused`).
    pub(super) fn is_too_costly(&self) -> bool {
        let memory = match self {
            Self::Argon2id(params) => params.m_cost(),
            Self::Bcrypt { .. } => 0,
        };
        memory > MAX_MEMORY_KIB || self.cost().as_duration() > MAX_COST
    }
}

/// A stored hash that can be verified against.
pub(super) enum Stored<'h> {
    Argon2id {
        hash: Box<phc::PasswordHash>,
        params: Params,
    },
    Bcrypt {
        hash: &'h str,
        cost: u32,
    },
}

impl<'h> Stored<'h> {
    /// Returns `None` if the hash is of another scheme, malformed or too costly: no password
    /// matches it.
    pub(super) fn parse(hash: &'h PasswordHash) -> Option<Self> {
        let text = hash.expose();
        let stored = if text.starts_with("$argon2id$") {
            Self::argon2id(text)
        } else {
            Self::bcrypt(text)
        }?;
        (!stored.scheme().is_too_costly()).then_some(stored)
    }

    fn argon2id(text: &str) -> Option<Self> {
        let hash = phc::PasswordHash::new(text).ok()?;
        let is_complete = hash.algorithm == ARGON2ID_IDENT
            && hash.version == Some(Version::V0x13.into())
            && hash.salt.is_some()
            && hash.hash.is_some();
        let params = Params::try_from(&hash).ok()?;
        is_complete.then(|| Self::Argon2id {
            hash: Box::new(hash),
            params,
        })
    }

    fn bcrypt(text: &'h str) -> Option<Self> {
        let is_known = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
        let cost = text.parse::<bcrypt::HashParts>().ok()?.get_cost();
        (is_known && (4..=31).contains(&cost)).then_some(Self::Bcrypt { hash: text, cost })
    }

    pub(super) fn scheme(&self) -> Scheme {
        match self {
            Self::Argon2id { params, .. } => Scheme::Argon2id(params.clone()),
            Self::Bcrypt { cost, .. } => Scheme::Bcrypt { cost: *cost },
        }
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        match self {
            Self::Argon2id { hash, params } => argon2id(params).verify_password(password, hash.as_ref()).is_ok(),
            Self::Bcrypt { hash, .. } => {
                let seen = password.get(..BCRYPT_MAX).unwrap_or(password);
                let is_whole = seen.len() == password.len() && !seen.contains(&0);
                // The work is done for a password that cannot match, too.
                bcrypt::verify(seen, hash).unwrap_or(false) && is_whole
            }
        }
    }
}
