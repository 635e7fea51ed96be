//! The decision about a request in one word: for metrics and spans.

use scopegate_policy::Denial;

use crate::refusal::Refusal;

/// The classes of decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecisionClass {
    Allow,
    Ambiguous,
    Forbidden,
    InsufficientScope,
    InvalidToken,
    StepUp,
    Unauthenticated,
    /// A store or a verifier did not answer.
    Unavailable,
}

impl DecisionClass {
    /// All classes.
    pub(crate) const ALL: [Self; 8] = [
        Self::Allow,
        Self::Ambiguous,
        Self::Forbidden,
        Self::InsufficientScope,
        Self::InvalidToken,
        Self::StepUp,
        Self::Unauthenticated,
        Self::Unavailable,
    ];

    /// Returns the class of a refusal. The match is exhaustive, so a new denial needs a class.
    pub(crate) const fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Ambiguous(_) => Self::Ambiguous,
            Refusal::Credential(_, _, denial) | Refusal::Denied(denial, _) => Self::of_denial(denial),
            Refusal::Store(_) => Self::Unavailable,
        }
    }

    /// Returns the class of the policy's decision.
    pub(crate) const fn of_denial(denial: &Denial) -> Self {
        match denial {
            Denial::Forbidden { .. } => Self::Forbidden,
            Denial::InsufficientScope { .. } => Self::InsufficientScope,
            Denial::InvalidToken { .. } => Self::InvalidToken,
            Denial::StepUp { .. } => Self::StepUp,
            Denial::Unauthenticated { .. } => Self::Unauthenticated,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ambiguous => "ambiguous",
            Self::Forbidden => "forbidden",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidToken => "invalid_token",
            Self::StepUp => "step_up",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
        }
    }
}
