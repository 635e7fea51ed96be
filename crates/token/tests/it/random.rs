//! Random sources of tests.

use scopegate_token::{RandomError, RandomSource};

/// Random bytes that are all this one, so that a test can compute a value.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) u8);

impl RandomSource for Fixed {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(self.0);
        Ok(())
    }
}

/// No random bytes.
#[derive(Debug)]
pub(crate) struct Dry;

impl RandomSource for Dry {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError)
    }
}
