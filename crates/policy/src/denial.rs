//! The reasons for a denial, and the scopes and credentials that would satisfy the requirement.

use std::sync::Arc;

use scopegate_domain::{Lifetime, SchemeName, ScopeToken};

use crate::nearest::is_contradictory;
use crate::{Binding, DenialPrecedence, Fact, FactId, FactSet, ResolvedOperation, UnmetRequirement};

/// The reason of a denial. The enum is exhaustive, because each refusal needs its own response.
///
/// The denial names the first missing thing by [`DenialPrecedence`]. The [`UnmetRequirement`]
/// contains the rest.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme, Timestamp};
/// use scopegate_policy::{Denial, Guard, Operation, OperationTable, PresentedCredentials, authorize};
///
/// const READ: ScopeToken = ScopeToken::from_static("reports:read");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_client_credentials("token"))
///     .scope(READ, "Read reports.")
///     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/reports").guard(Guard::requires([READ])))
///     .build()?;
/// let anonymous = PresentedCredentials::new(Timestamp::from_unix(0));
/// let denial = authorize(&table.operations()[0], &anonymous).unwrap_err();
/// assert!(matches!(denial, Denial::Unauthenticated { has_credential: false, .. }));
/// assert_eq!(denial.scope(), [READ]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a new refusal must break the table of replies")]
pub enum Denial {
    /// A requirement is not met that no token can meet.
    #[error("forbidden: {reason}")]
    Forbidden {
        /// The restriction.
        reason: Forbidden,
        /// Everything that is missing.
        unmet_requirement: Box<UnmetRequirement>,
    },
    /// The token is valid and lacks scopes ([RFC 6750, section
    /// 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    #[error("scope is missing: {}", words(missing))]
    InsufficientScope {
        /// The missing scopes, dependants first. A challenge names all scopes instead:
        /// [`UnmetRequirement::scope`].
        missing: Vec<ScopeToken>,
        /// Everything that is missing.
        unmet_requirement: Box<UnmetRequirement>,
    },
    /// The credential is invalid, or not valid for this operation (RFC 6750, section 3.1).
    #[error("credential is invalid: {cause}")]
    InvalidToken {
        /// The fault of the credential.
        cause: InvalidTokenCause,
        /// Everything that is missing.
        unmet_requirement: Box<UnmetRequirement>,
    },
    /// The user must authenticate again, or more strongly ([RFC 9470, section
    /// 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    #[error("authentication is too old or too weak")]
    StepUp {
        /// The required authentication contexts. If only the age is missing, this is the context of
        /// the token, because a new login can have another.
        acr_values: Vec<Arc<str>>,
        /// The maximum time since the login, even if the login is recent enough.
        max_age: Option<Lifetime>,
        /// Everything that is missing.
        unmet_requirement: Box<UnmetRequirement>,
    },
    /// A credential is missing.
    #[error("no credential for {}", words(schemes))]
    Unauthenticated {
        /// The schemes of the challenge: the missing ones. Without any credential, all schemes that
        /// suffice.
        schemes: Vec<SchemeName>,
        /// Whether another credential was accepted.
        has_credential: bool,
        /// Everything that is missing.
        unmet_requirement: Box<UnmetRequirement>,
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
    /// The operation denies every caller.
    #[error("nobody may")]
    Deny,
    /// The user is not active.
    #[error("user is not active")]
    Inactive,
    /// The token identifies another kind of subject.
    #[error("token has another kind of subject")]
    Subject,
}

/// The fault of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each has its answer in the one table of replies")]
pub enum InvalidTokenCause {
    /// The audience of the token is another resource server.
    #[error("not meant for here")]
    Audience,
    /// The token is bound to a sender, and the sender did not prove the binding.
    #[error("sender not proved ({})", .0.as_str())]
    Binding(Binding),
    /// The credential was refused before any decision.
    #[error("refused")]
    Credential,
    /// The credential identifies an unknown user.
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
    /// Returns everything that is missing, for challenges and explanations.
    #[must_use]
    pub const fn unmet_requirement(&self) -> &UnmetRequirement {
        match self {
            Self::Forbidden { unmet_requirement, .. }
            | Self::InsufficientScope { unmet_requirement, .. }
            | Self::InvalidToken { unmet_requirement, .. }
            | Self::StepUp { unmet_requirement, .. }
            | Self::Unauthenticated { unmet_requirement, .. } => unmet_requirement,
        }
    }

    /// Returns the scope of the challenge: that of the whole chosen alternative.
    #[must_use]
    pub fn scope(&self) -> &[ScopeToken] {
        self.unmet_requirement().scope()
    }

    /// Returns the denial of a request with these facts.
    pub(crate) fn new(operation: &ResolvedOperation, closed: &FactSet) -> Self {
        let unmet_requirement = Box::new(UnmetRequirement::new(operation, closed));
        let sets = operation.requirement().alternatives();
        let Some(whole) = unmet_requirement.chosen().and_then(|chosen| sets.get(chosen)) else {
            return Self::Forbidden {
                reason: Forbidden::Deny,
                unmet_requirement,
            };
        };
        let missing = Missing {
            operation,
            whole,
            facts: unmet_requirement.missing_facts(),
            scope: unmet_requirement.scope(),
        };
        let has_credential = closed.contains(FactId::AUTHENTICATED);
        match missing.class() {
            Some(Class::Scheme(_)) if !has_credential => Self::Unauthenticated {
                schemes: operation.schemes(),
                has_credential,
                unmet_requirement,
            },
            Some(Class::Scheme(schemes)) => Self::Unauthenticated {
                schemes,
                has_credential,
                unmet_requirement,
            },
            Some(Class::Token(cause)) => Self::InvalidToken {
                cause,
                unmet_requirement,
            },
            Some(Class::Forbidden(reason)) => Self::Forbidden {
                reason,
                unmet_requirement,
            },
            Some(Class::StepUp(acr_values, max_age)) => Self::StepUp {
                acr_values,
                max_age,
                unmet_requirement,
            },
            Some(Class::Scope(missing)) => Self::InsufficientScope {
                missing,
                unmet_requirement,
            },
            None => Self::Forbidden {
                reason: Forbidden::Deny,
                unmet_requirement,
            },
        }
    }
}

impl ResolvedOperation {
    /// Returns the refusal of an invalid credential, regardless of the cause.
    #[must_use]
    pub fn invalid_credential(&self) -> Denial {
        let unmet_requirement = UnmetRequirement::new(self, &FactSet::EMPTY);
        Denial::InvalidToken {
            cause: InvalidTokenCause::Credential,
            unmet_requirement: Box::new(unmet_requirement),
        }
    }
}

/// The class of a missing fact.
enum Class {
    Forbidden(Forbidden),
    Scheme(Vec<SchemeName>),
    Scope(Vec<ScopeToken>),
    StepUp(Vec<Arc<str>>, Option<Lifetime>),
    Token(InvalidTokenCause),
}

/// The missing facts of the chosen alternative, divided by class.
struct Missing<'a> {
    operation: &'a ResolvedOperation,
    /// The whole alternative.
    whole: &'a FactSet,
    facts: &'a FactSet,
    /// The scopes of the whole alternative, dependants first.
    scope: &'a [ScopeToken],
}

impl Missing<'_> {
    /// Returns the first class in the precedence of the operation that misses something.
    fn class(&self) -> Option<Class> {
        let class = self.scheme().or_else(|| self.token()).or_else(|| self.contradiction());
        match self.operation.order() {
            DenialPrecedence::Rfc => class
                .or_else(|| self.forbidden())
                .or_else(|| self.step_up())
                .or_else(|| self.scope()),
            DenialPrecedence::ScopesFirst => class
                .or_else(|| self.step_up())
                .or_else(|| self.scope())
                .or_else(|| self.forbidden()),
        }
    }

    fn scheme(&self) -> Option<Class> {
        let names = self.operation.fact_table().facts_of(self.facts);
        let schemes: Vec<SchemeName> = names.filter_map(Fact::scheme_name).cloned().collect();
        let is_class = !schemes.is_empty() || self.facts.contains(FactId::AUTHENTICATED);
        is_class.then_some(Class::Scheme(schemes))
    }

    fn token(&self) -> Option<Class> {
        let cause = |fact: &Fact| match fact {
            Fact::Audience(_) => Some(InvalidTokenCause::Audience),
            Fact::Bound(binding) => Some(InvalidTokenCause::Binding(*binding)),
            Fact::User => Some(InvalidTokenCause::UnknownSubject),
            _ => None,
        };
        self.first(cause).map(Class::Token)
    }

    fn forbidden(&self) -> Option<Class> {
        let reason = |fact: &Fact| match fact {
            Fact::Active => Some(Forbidden::Inactive),
            Fact::Check { name, .. } => Some(Forbidden::Check { name: Arc::clone(name) }),
            Fact::Subject(_) => Some(Forbidden::Subject),
            _ => None,
        };
        self.first(reason).map(Class::Forbidden)
    }

    /// A token has only one authentication context, so a requirement of two is never met.
    fn contradiction(&self) -> Option<Class> {
        is_contradictory(self.operation.fact_table(), self.whole).then_some(Class::Forbidden(Forbidden::Deny))
    }

    /// A new login replaces all authentication claims, so the challenge lists the full requirement.
    fn step_up(&self) -> Option<Class> {
        let missing = self.levels(self.facts);
        if missing.is_empty() && self.age(self.facts).is_none() {
            return None;
        }
        let acr_values = if missing.is_empty() {
            self.levels(self.whole)
        } else {
            missing
        };
        Some(Class::StepUp(acr_values, self.age(self.whole)))
    }

    fn levels(&self, set: &FactSet) -> Vec<Arc<str>> {
        let levels = self.operation.fact_table().facts_of(set);
        levels
            .filter_map(|fact| {
                if let Fact::Acr(value) = fact {
                    Some(Arc::clone(value))
                } else {
                    None
                }
            })
            .collect()
    }

    fn age(&self, set: &FactSet) -> Option<Lifetime> {
        let ages = self.operation.fact_table().facts_of(set);
        ages.filter_map(|fact| {
            if let Fact::AgeAtMost(age) = fact {
                Some(*age)
            } else {
                None
            }
        })
        .min()
    }

    fn scope(&self) -> Option<Class> {
        let generators = self.operation.fact_table().generators(self.facts);
        let fact_table = self.operation.fact_table();
        let missing: Vec<&ScopeToken> = fact_table.facts_of(&generators).filter_map(Fact::scope_token).collect();
        let ordered: Vec<ScopeToken> = self
            .scope
            .iter()
            .filter(|token| missing.contains(token))
            .cloned()
            .collect();
        (!ordered.is_empty()).then_some(Class::Scope(ordered))
    }

    fn first<T>(&self, wanted: impl Fn(&Fact) -> Option<T>) -> Option<T> {
        self.operation.fact_table().facts_of(self.facts).find_map(wanted)
    }
}
