//! Cost and parameters of hashes.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};

/// The maximum length of a password that bcrypt reads, in bytes.
pub(super) const BCRYPT_MAX: usize = 72;

/// The cost of one verification of a password: an estimate of CPU time, useful for a comparison of
/// hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashCost(pub(super) Duration);

impl HashCost {
    /// CPU time on a server core of 2024.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }
}

pub(super) fn argon2id(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}
