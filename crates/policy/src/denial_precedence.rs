//! The order in which a denial names several missing things.

/// The order of checks if several things are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each order is a promise to clients")]
pub enum DenialPrecedence {
    /// The order of the RFCs: credential, binding and subject, then facts that no token can
    /// provide, then step-up, then scopes.
    #[default]
    Rfc,
    /// Facts that no token can provide come last, so a disabled user without the scope receives the
    /// refusal about the scope.
    ScopesFirst,
}
