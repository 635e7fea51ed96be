//! Hashes passwords with argon2id, and verifies them against argon2id and bcrypt.

mod cost;
mod stored;

use std::hint::black_box;

use argon2::Params;
use argon2::password_hash::PasswordHasher as _;
use scopegate_domain::{PasswordHash, Secret};

pub use self::cost::HashCost;
use self::cost::argon2id;
use self::stored::{Scheme, Stored};
use crate::{RandomError, RandomSource};

const SALT_LEN: usize = 16;

/// The algorithm and the cost of new password hashes.
///
/// The default is the minimum that OWASP recommends for argon2id: 19,456 KiB, two passes, one lane;
/// about 18 ms of CPU.
///
/// ```
/// use scopegate_token::PasswordPolicy;
///
/// let policy = PasswordPolicy::default().without_rehash();
/// assert!(PasswordPolicy::argon2id(1, 2, 1).is_err());
/// # let _ = policy;
/// ```
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    params: Params,
    rehash: bool,
}

impl PasswordPolicy {
    /// Constructs a policy with a memory in KiB, a number of passes and a number of lanes.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy`] if argon2 rejects the parameters, or if a hash with them would be refused
    /// as too costly.
    pub fn argon2id(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidPolicy> {
        let params = Params::new(memory_kib, passes, lanes, None).map_err(|_| InvalidPolicy)?;
        if Scheme::Argon2id(params.clone()).is_too_costly() {
            return Err(InvalidPolicy);
        }
        Ok(Self { params, rehash: true })
    }

    /// Keeps hashes that are weaker than the policy unchanged.
    #[must_use]
    pub const fn without_rehash(mut self) -> Self {
        self.rehash = false;
        self
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            params: Params::DEFAULT,
            rehash: true,
        }
    }
}

/// The parameters are unknown to argon2, or cost too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameters of argon2id are out of range")]
#[non_exhaustive]
pub struct InvalidPolicy;

/// Hashes and verifies passwords. Each call takes tens to hundreds of milliseconds of CPU: never
/// call it on a thread that serves requests.
///
/// The time of a failed login must not show whether the user exists, or how old the hash is. So if
/// there is no hash to compare with, the hasher still does the work of its policy. If a store has
/// hashes of other schemes, the code that knows the store must pad the response time.
/// [`PasswordHasher::cost`] returns the cost of a hash.
///
/// ```
/// use scopegate_domain::Secret;
/// use scopegate_token::{PasswordHasher, PasswordPolicy, PasswordVerdict, SystemRandomSource};
///
/// let hasher = PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1)?);
/// let password = Secret::new(String::from("secret"));
/// let hash = hasher.hash(&password, &SystemRandomSource)?;
/// assert_eq!(hasher.verify(&password, Some(&hash)), PasswordVerdict::Match { rehash: false });
/// assert_eq!(hasher.verify(&password, None), PasswordVerdict::Mismatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PasswordHasher {
    policy: PasswordPolicy,
}

impl PasswordHasher {
    /// Creates a hasher that hashes by this policy.
    #[must_use]
    pub const fn new(policy: PasswordPolicy) -> Self {
        Self { policy }
    }

    /// Hashes a new password.
    ///
    /// # Errors
    ///
    /// [`HashError`] if no random bytes for a salt or not enough memory is available.
    pub fn hash(&self, password: &Secret<String>, entropy: &dyn RandomSource) -> Result<PasswordHash, HashError> {
        let mut salt = [0; SALT_LEN];
        entropy.fill(&mut salt)?;
        argon2id(&self.policy.params)
            .hash_password_with_salt(password.expose().as_bytes(), &salt)
            .map(|hash| PasswordHash::from_stored(hash.to_string()))
            .map_err(|_| HashError::Memory)
    }

    /// Whether the password is the one that was hashed. Without a usable hash, the hasher still
    /// does the work of the policy.
    ///
    /// bcrypt reads 72 bytes and stops at a NUL. A longer password, or one with a NUL, matches no
    /// bcrypt hash.
    pub fn verify(&self, password: &Secret<String>, hash: Option<&PasswordHash>) -> PasswordVerdict {
        let bytes = password.expose().as_bytes();
        let Some(stored) = hash.and_then(Stored::parse) else {
            self.work_in_vain(bytes);
            return PasswordVerdict::Mismatch;
        };
        let scheme = stored.scheme();
        if stored.matches(bytes) {
            let is_weaker = matches!(scheme, Scheme::Bcrypt { .. }) || scheme.cost() < self.own_scheme().cost();
            PasswordVerdict::Match {
                rehash: self.policy.rehash && is_weaker,
            }
        } else {
            PasswordVerdict::Mismatch
        }
    }

    /// Returns the cost of a verification against this hash. Without a usable hash, returns the
    /// cost of the policy.
    #[must_use]
    pub fn cost(&self, hash: Option<&PasswordHash>) -> HashCost {
        let scheme = hash.and_then(Stored::parse).map(|stored| stored.scheme());
        scheme.unwrap_or_else(|| self.own_scheme()).cost()
    }

    fn work_in_vain(&self, password: &[u8]) {
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let _ = argon2id(&self.policy.params).hash_password_into(password, &[0; SALT_LEN], &mut output);
        black_box(output);
    }

    fn own_scheme(&self) -> Scheme {
        Scheme::Argon2id(self.policy.params.clone())
    }
}

/// Whether a password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller would treat an unknown verdict as another one"
)]
pub enum PasswordVerdict {
    /// The password matches the hash.
    Match {
        /// Whether the hash is weaker than the policy. Then make a new one while the password is
        /// available.
        rehash: bool,
    },
    /// The password does not match, or there was no hash to compare it with.
    Mismatch,
}

/// The reasons why a password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// No random bytes for a salt are available.
    #[error(transparent)]
    RandomSource(#[from] RandomError),
    /// Not enough memory for the hash is available.
    #[error("no memory to hash a password in")]
    Memory,
}
