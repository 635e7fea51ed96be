//! Where randomness comes from.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};

/// A source of randomness, handed in so that tests can choose it.
///
/// ```
/// use scopegate_token::{Entropy, SystemEntropy};
///
/// let mut bytes = [0; 16];
/// SystemEntropy.fill(&mut bytes)?;
/// # Ok::<(), scopegate_token::EntropyError>(())
/// ```
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills the buffer with unpredictable bytes.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] if the source has no randomness; the buffer must not be used then.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

/// The randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "there is nothing to add to a source that has no state"
)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        SystemRandom::new().fill(buffer).map_err(|_| EntropyError)
    }
}

/// The source of randomness is dry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness is available")]
#[expect(
    clippy::exhaustive_structs,
    reason = "a custom source of randomness must be able to return it"
)]
pub struct EntropyError;
