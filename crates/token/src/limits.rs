//! The limits of a token, which its rules and its errors name.

/// The maximum length of a header, in bytes.
pub(crate) const MAX_HEADER: usize = 1024;

/// The maximum length of a token, in bytes.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// The maximum length of a payload, in bytes.
pub(crate) const MAX_PAYLOAD: usize = scopegate_domain::Claims::MAX_LEN;
