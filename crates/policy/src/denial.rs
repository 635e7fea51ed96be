//! Denials: why not, and what would help.

use std::sync::Arc;

use scopegate_domain::{Lifetime, SchemeName, ScopeToken};

use crate::nearest::is_contradictory;
use crate::{Atom, AtomId, AtomSet, Binding, ClassOrder, ResolvedOperation, Shortfall};

/// Why a request was refused. Exhaustive, because each refusal needs its own response.
///
/// Of all that is missing the denial names what comes first in the [`ClassOrder`]; the
/// [`Shortfall`] holds the rest.
#[derive(Clone, Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a new refusal must break the table of replies")]
pub enum Denial {
    /// A requirement is not met that no token can meet.
    #[error("forbidden: {reason}")]
    Forbidden {
        /// What.
        reason: Forbidden,
        /// All that is missing.
        shortfall: Box<Shortfall>,
    },
    /// The token is valid and lacks scopes ([RFC 6750, section
    /// 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    #[error("scope is missing: {}", words(missing))]
    InsufficientScope {
        /// The scopes that are missing, dependants first. A challenge names [`Shortfall::scope`]
        /// instead: all of them.
        missing: Vec<ScopeToken>,
        /// All that is missing.
        shortfall: Box<Shortfall>,
    },
    /// The credential is invalid, or not valid for this operation (RFC 6750, section 3.1).
    #[error("credential is no good: {cause}")]
    InvalidToken {
        /// The fault of the credential.
        cause: InvalidTokenCause,
        /// All that is missing.
        shortfall: Box<Shortfall>,
    },
    /// The user has to authenticate again, or more strongly ([RFC 9470, section
    /// 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    #[error("authentication is too old or too weak")]
    StepUp {
        /// The required authentication contexts. If only the age is missing, this is the context of
        /// the token, because a new login can have another.
        acr_values: Vec<Arc<str>>,
        /// The maximum time since the login, even if the login is recent enough.
        max_age: Option<Lifetime>,
        /// All that is missing.
        shortfall: Box<Shortfall>,
    },
    /// A credential is missing.
    #[error("no credential for {}", words(schemes))]
    Unauthenticated {
        /// The schemes of the challenge: those that are missing. Without any credential, all that
        /// suffice.
        schemes: Vec<SchemeName>,
        /// Whether another credential was accepted.
        has_credential: bool,
        /// All that is missing.
        shortfall: Box<Shortfall>,
    },
}

/// A requirement that no token can meet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each has its answer in the one table of replies")]
pub enum Forbidden {
    /// A check of the application refused.
    #[error("check `{name}` refused")]
    Check {
        /// The check.
        name: Arc<str>,
    },
    /// No caller may.
    #[error("nobody may")]
    Deny,
    /// The user is not active.
    #[error("user is not active")]
    Inactive,
    /// The token identifies another kind of subject.
    #[error("token speaks for another kind of subject")]
    Subject,
}

/// The fault of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each has its answer in the one table of replies")]
pub enum InvalidTokenCause {
    /// Its audience is another resource server.
    #[error("not meant for here")]
    Audience,
    /// It is bound to a sender, and the sender did not prove it.
    #[error("sender not proved ({})", .0.as_str())]
    Binding(Binding),
    /// It was refused before any decision.
    #[error("refused")]
    Credential,
    /// It identifies an unknown user.
    #[error("unknown subject")]
    UnknownSubject,
}

fn words<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(|item| format!("`{}`", item.to_string()))
        .collect::<Vec<_>>()
        .join(" ")
}

impl Denial {
    /// Everything that is missing, for challenges and explanations.
    #[must_use]
    pub const fn shortfall(&self) -> &Shortfall {
        match self {
            Self::Forbidden { shortfall, .. }
            | Self::InsufficientScope { shortfall, .. }
            | Self::InvalidToken { shortfall, .. }
            | Self::StepUp { shortfall, .. }
            | Self::Unauthenticated { shortfall, .. } => shortfall,
        }
    }

    /// The scope that a challenge names: that of the whole chosen alternative.
    #[must_use]
    pub fn scope(&self) -> &[ScopeToken] {
        self.shortfall().scope()
    }

    /// The denial of a request in whose world these atoms hold.
    pub(crate) fn new(operation: &ResolvedOperation, closed: &AtomSet) -> Self {
        let shortfall = Box::new(Shortfall::new(operation, closed));
        let sets = operation.requirement().alternatives();
        let Some(whole) = shortfall.chosen().and_then(|chosen| sets.get(chosen)) else {
            return Self::Forbidden {
                reason: Forbidden::Deny,
                shortfall,
            };
        };
        let missing = Missing {
            operation,
            whole,
            atoms: shortfall.missing_atoms(),
            scope: shortfall.scope(),
        };
        let class = missing
            .scheme()
            .or_else(|| missing.token())
            .or_else(|| missing.contradiction());
        let class = match operation.order() {
            ClassOrder::Rfc => class
                .or_else(|| missing.forbidden())
                .or_else(|| missing.step_up())
                .or_else(|| missing.scope()),
            ClassOrder::ScopesFirst => class
                .or_else(|| missing.step_up())
                .or_else(|| missing.scope())
                .or_else(|| missing.forbidden()),
        };
        let has_credential = closed.contains(AtomId::AUTHENTICATED);
        match class {
            Some(Class::Scheme(_)) if !has_credential => Self::Unauthenticated {
                schemes: operation.schemes(),
                has_credential,
                shortfall,
            },
            Some(Class::Scheme(schemes)) => Self::Unauthenticated {
                schemes,
                has_credential,
                shortfall,
            },
            Some(Class::Token(cause)) => Self::InvalidToken { cause, shortfall },
            Some(Class::Forbidden(reason)) => Self::Forbidden { reason, shortfall },
            Some(Class::StepUp(acr_values, max_age)) => Self::StepUp {
                acr_values,
                max_age,
                shortfall,
            },
            Some(Class::Scope(missing)) => Self::InsufficientScope { missing, shortfall },
            None => Self::Forbidden {
                reason: Forbidden::Deny,
                shortfall,
            },
        }
    }
}

impl ResolvedOperation {
    /// The refusal of an invalid credential, regardless of its fault.
    #[must_use]
    pub fn invalid_credential(&self) -> Denial {
        let shortfall = Shortfall::new(self, &AtomSet::EMPTY);
        Denial::InvalidToken {
            cause: InvalidTokenCause::Credential,
            shortfall: Box::new(shortfall),
        }
    }
}

/// The classes of what is missing.
enum Class {
    Forbidden(Forbidden),
    Scheme(Vec<SchemeName>),
    Scope(Vec<ScopeToken>),
    StepUp(Vec<Arc<str>>, Option<Lifetime>),
    Token(InvalidTokenCause),
}

/// What the chosen alternative lacks, asked class by class.
struct Missing<'a> {
    operation: &'a ResolvedOperation,
    /// The whole alternative.
    whole: &'a AtomSet,
    atoms: &'a AtomSet,
    /// The scopes of the whole alternative, dependants first.
    scope: &'a [ScopeToken],
}

impl Missing<'_> {
    fn scheme(&self) -> Option<Class> {
        let names = self.operation.universe().atoms_of(self.atoms);
        let schemes: Vec<SchemeName> = names.filter_map(Atom::scheme_name).cloned().collect();
        let is_class = !schemes.is_empty() || self.atoms.contains(AtomId::AUTHENTICATED);
        is_class.then_some(Class::Scheme(schemes))
    }

    fn token(&self) -> Option<Class> {
        let cause = |atom: &Atom| match atom {
            Atom::Audience(_) => Some(InvalidTokenCause::Audience),
            Atom::Bound(binding) => Some(InvalidTokenCause::Binding(*binding)),
            Atom::User => Some(InvalidTokenCause::UnknownSubject),
            _ => None,
        };
        self.first(cause).map(Class::Token)
    }

    fn forbidden(&self) -> Option<Class> {
        let reason = |atom: &Atom| match atom {
            Atom::Active => Some(Forbidden::Inactive),
            Atom::Check { name, .. } => Some(Forbidden::Check { name: Arc::clone(name) }),
            Atom::Subject(_) => Some(Forbidden::Subject),
            _ => None,
        };
        self.first(reason).map(Class::Forbidden)
    }

    /// No token has two authentication contexts, so a requirement of both is never met.
    fn contradiction(&self) -> Option<Class> {
        is_contradictory(self.operation.universe(), self.whole).then_some(Class::Forbidden(Forbidden::Deny))
    }

    /// A new login replaces all authentication claims, so the challenge lists the full requirement.
    fn step_up(&self) -> Option<Class> {
        let missing = self.levels(self.atoms);
        if missing.is_empty() && self.age(self.atoms).is_none() {
            return None;
        }
        let acr_values = if missing.is_empty() {
            self.levels(self.whole)
        } else {
            missing
        };
        Some(Class::StepUp(acr_values, self.age(self.whole)))
    }

    fn levels(&self, set: &AtomSet) -> Vec<Arc<str>> {
        let levels = self.operation.universe().atoms_of(set);
        levels
            .filter_map(|atom| {
                if let Atom::Acr(value) = atom {
                    Some(Arc::clone(value))
                } else {
                    None
                }
            })
            .collect()
    }

    fn age(&self, set: &AtomSet) -> Option<Lifetime> {
        let ages = self.operation.universe().atoms_of(set);
        ages.filter_map(|atom| {
            if let Atom::AgeAtMost(age) = atom {
                Some(*age)
            } else {
                None
            }
        })
        .min()
    }

    fn scope(&self) -> Option<Class> {
        let generators = self.operation.universe().generators(self.atoms);
        let universe = self.operation.universe();
        let missing: Vec<&ScopeToken> = universe.atoms_of(&generators).filter_map(Atom::scope_token).collect();
        let ordered: Vec<ScopeToken> = self
            .scope
            .iter()
            .filter(|token| missing.contains(token))
            .cloned()
            .collect();
        (!ordered.is_empty()).then_some(Class::Scope(ordered))
    }

    fn first<T>(&self, wanted: impl Fn(&Atom) -> Option<T>) -> Option<T> {
        self.operation.universe().atoms_of(self.atoms).find_map(wanted)
    }
}
