//! What a denial names first.

/// What is checked first where several things are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each order is a promise to clients")]
pub enum ClassOrder {
    /// Credential, binding and subject, then what no token can bring, then step-up, then scopes.
    #[default]
    Rfc,
    /// As the tutorial does: what no token can bring comes last, so a disabled user without the
    /// scope hears of the scope.
    ScopesFirst,
}
