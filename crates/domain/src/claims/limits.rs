//! Limits of claims.

/// The most bytes of a payload.
pub(super) const MAX_LEN: usize = 8 * 1024;

/// The most bytes of all kept values of one payload.
pub(super) const MAX_KEPT: usize = 4 * 1024;
