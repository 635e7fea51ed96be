//! The rules.

use std::fmt;

/// What is looked at. Each has a name of its own, by which reports and exceptions know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "reports and documents say something about each")]
pub enum LintRule {
    /// A check of which no request's answer depends.
    CheckNeverRuns,
    /// What can never hold together.
    ContradictoryGuards,
    /// Authentication is optional.
    OptionalAuthentication,
    /// A scope together with one that it implies, or with its own `.read`.
    OrWrittenAsAnd,
    /// An alternative that asks for more than another one.
    RedundantAlternative,
    /// The same alternative twice.
    RepeatedAlternative,
    /// Scopes, or roles, on a scheme that has no scopes. Only a reader of documents can find it.
    ScopeOnSchemeWithoutScopes,
    /// Several scopes that are needed together.
    SeveralScopesTogether,
    /// Any token will do, although its scheme has scopes.
    TokenWithoutScope,
    /// A scope that nobody declared. Only a reader of documents can find it.
    UndeclaredScope,
    /// A scheme that nobody declared. Only a reader of documents can find it.
    UndefinedScheme,
    /// Anybody may, without a credential.
    UnprotectedOperation,
    /// No client can be granted what is needed, or nobody may.
    UnreachableOperation,
    /// A scope that opens nothing.
    UnusedScope,
    /// A method that changes things, behind a scope for reading.
    WriteGuardedByRead,
}

impl LintRule {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::CheckNeverRuns,
        Self::ContradictoryGuards,
        Self::OptionalAuthentication,
        Self::OrWrittenAsAnd,
        Self::RedundantAlternative,
        Self::RepeatedAlternative,
        Self::ScopeOnSchemeWithoutScopes,
        Self::SeveralScopesTogether,
        Self::TokenWithoutScope,
        Self::UndeclaredScope,
        Self::UndefinedScheme,
        Self::UnprotectedOperation,
        Self::UnreachableOperation,
        Self::UnusedScope,
        Self::WriteGuardedByRead,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckNeverRuns => "check-never-runs",
            Self::ContradictoryGuards => "contradictory-guards",
            Self::OptionalAuthentication => "optional-authentication",
            Self::OrWrittenAsAnd => "or-written-as-and",
            Self::RedundantAlternative => "redundant-alternative",
            Self::RepeatedAlternative => "repeated-alternative",
            Self::ScopeOnSchemeWithoutScopes => "scope-on-scheme-without-scopes",
            Self::SeveralScopesTogether => "several-scopes-together",
            Self::TokenWithoutScope => "token-without-scope",
            Self::UndeclaredScope => "undeclared-scope",
            Self::UndefinedScheme => "undefined-scheme",
            Self::UnprotectedOperation => "unprotected-operation",
            Self::UnreachableOperation => "unreachable-operation",
            Self::UnusedScope => "unused-scope",
            Self::WriteGuardedByRead => "write-guarded-by-read",
        }
    }
}

impl fmt::Display for LintRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
