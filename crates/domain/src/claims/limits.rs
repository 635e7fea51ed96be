//! Limits of claims.

/// The most bytes of a payload.
pub(super) const MAX_LEN: usize = 8 * 1024;
