//! Sources of randomness.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};

/// A source of randomness. It is an argument, so that tests can choose it.
///
/// ```
/// use scopegate_token::{RandomSource, SystemRandomSource};
///
/// let mut bytes = [0; 16];
/// SystemRandomSource.fill(&mut bytes)?;
/// # Ok::<(), scopegate_token::RandomError>(())
/// ```
pub trait RandomSource: fmt::Debug + Send + Sync {
    /// Fills the buffer with unpredictable bytes.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if the source has no random bytes; the buffer must not be used then.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError>;
}

/// The randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "there is nothing to add to a source that has no state"
)]
pub struct SystemRandomSource;

impl RandomSource for SystemRandomSource {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        SystemRandom::new().fill(buffer).map_err(|_| RandomError)
    }
}

/// The source of randomness is dry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness is available")]
#[expect(
    clippy::exhaustive_structs,
    reason = "a custom source of randomness must be able to return it"
)]
pub struct RandomError;
