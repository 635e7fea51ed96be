//! The rules of the lint, with their names and severities.

use std::fmt;
use std::str::FromStr;

/// The severity of a finding. Ordered: [`Severity::Info`] is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the three levels that build systems know")]
pub enum Severity {
    /// The document declares it on purpose, or it is a matter of style.
    Info,
    /// The policy is probably not what the owner intends.
    Warning,
    /// The document contradicts itself, or a standard forbids it.
    Error,
}

impl Severity {
    /// All severities, the lowest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// Returns the name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Declares all rules in one table, so that no list of rules is incomplete.
macro_rules! rules {
    ($($variant:ident, $name:literal, $severity:ident, $description:literal;)*) => {
        /// A rule of the lint. Reports and exceptions use its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "reports and documents describe each rule")]
        pub enum LintRule {
            $(#[doc = $description] $variant,)*
        }

        impl LintRule {
            /// All rules, by name.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Returns the name in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the severity of the rule's findings. A single finding may have a lower one.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)*
                }
            }

            /// Returns the mistake that the rule finds, in one sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }
        }
    };
}

rules! {
    CheckNeverRuns, "check-never-runs", Warning, "No request's answer depends on a declared check.";
    ContradictoryGuards, "contradictory-guards", Error, "An operation requires conditions of which a token meets one only.";
    ImplicitFlow, "implicit-flow", Warning, "A scheme in use offers the implicit flow (RFC 9700, section 2.1.2).";
    InsecureUrl, "insecure-url", Error, "A server or a scheme has a URL without TLS, outside loopback.";
    KeyInQuery, "key-in-query", Warning, "An API key is part of the URL, so logs and histories contain it.";
    KeyOpensWithoutScope, "key-opens-without-scope", Warning, "A credential without scopes opens what another alternative guards with scopes.";
    NoSecurity, "no-security", Warning, "No operation of the document requires a credential.";
    OptionalAuthentication, "optional-authentication", Warning, "A request without a credential is authorized, too.";
    OrWrittenAsAnd, "or-written-as-and", Warning, "Scopes of which one includes the other are required together.";
    PublicAmongProtected, "public-among-protected", Warning, "A public operation has protected operations on the same resource.";
    ReadNeedsWrite, "read-needs-write", Warning, "A method that reads needs a scope for writing.";
    RedundantAlternative, "redundant-alternative", Warning, "An alternative requires more than another one, so it decides nothing.";
    RepeatedAlternative, "repeated-alternative", Info, "The same alternative is listed twice.";
    ScopeOnSchemeWithoutScopes, "scope-on-scheme-without-scopes", Warning, "Scopes are listed for a scheme that has none. Only readers of documents find it.";
    SeveralScopesTogether, "several-scopes-together", Info, "Several unrelated scopes are required together.";
    TokenWithoutScope, "token-without-scope", Warning, "Any token suffices, although its scheme declares scopes.";
    UncheckedResource, "unchecked-resource", Warning, "An operation does not check a resource that another operation on it checks.";
    UndeclaredScope, "undeclared-scope", Error, "A scope is required that its scheme does not declare. Only readers of documents find it.";
    UndefinedScheme, "undefined-scheme", Error, "A scheme is required that the document does not declare. Only readers of documents find it.";
    UnprotectedOperation, "unprotected-operation", Warning, "Any client may call the operation without a credential.";
    UnreachableOperation, "unreachable-operation", Error, "No client can be granted what the operation requires.";
    UnusedScheme, "unused-scheme", Warning, "No operation requires a declared scheme.";
    UnusedScope, "unused-scope", Warning, "No operation requires a declared scope.";
    WriteGuardedByRead, "write-guarded-by-read", Warning, "A method that changes something needs only a scope for reading.";
}

impl fmt::Display for LintRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LintRule {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        let known = Self::ALL.into_iter().find(|rule| rule.as_str() == text);
        known.ok_or(UnknownRule)
    }
}

/// The text names no rule of the lint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rule of the lint")]
#[non_exhaustive]
pub struct UnknownRule;
