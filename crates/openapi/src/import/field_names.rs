//! Names and texts that readers of several formats share.

/// The name that makes an object a reference.
pub(super) const REFERENCE: &str = "$ref";

/// What may be done about a method that is not known.
pub(super) const METHODS: &str = "known are those that IANA registers";

/// The field that names the type of a scheme where the document cannot have it.
pub(crate) const TYPE: &str = "x-scopegate-type";
