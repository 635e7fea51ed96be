//! The limits of a request.

/// The maximum number of resources that one request names.
pub const MAX_RESOURCES: usize = 8;

/// The maximum length of the names and values of an authorization request, in bytes: 8 KiB.
pub const MAX_AUTHORIZE_LEN: usize = 8 * 1024;

/// The maximum length of `state`, in bytes.
pub(crate) const MAX_STATE_LEN: usize = 512;

/// The maximum length of `nonce`, in bytes.
pub(crate) const MAX_NONCE_LEN: usize = 512;
