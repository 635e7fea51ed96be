//! The limits of a request.

/// The maximum number of resources that one request names.
pub const MAX_RESOURCES: usize = 8;
