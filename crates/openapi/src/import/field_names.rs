//! Names and texts that readers of several formats share.

/// The name that makes an object a reference.
pub(super) const REFERENCE: &str = "$ref";

/// The remedy for an unknown method.
pub(super) const METHODS: &str = "known are those that IANA registers";
