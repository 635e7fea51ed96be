//! Selects the challenges of a denial: one for each scheme, with all that one more round needs.

use scopegate_domain::{DeclaredScheme, ErrorCode, ScopeToken};
use scopegate_policy::{Alternative, Binding, Denial, InvalidTokenCause, OperationTable, SchemeId, UnmetRequirement};

use crate::Challenge;
use crate::credentials::place::Family;
use crate::dialect::{AuthenticationScheme, ChallengeContext, Dialect};

/// What the challenges of one denial have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenges<'a> {
    pub(crate) dialect: &'a Dialect,
    pub(crate) realm: &'a Realm,
    pub(crate) table: &'a OperationTable,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) sentence: &'a str,
}

/// What challenges call the protected area.
#[derive(Clone, Debug)]
pub(crate) struct Realm {
    pub(crate) name: String,
    /// Whether the name is the title, because the application sets no other.
    pub(crate) is_default: bool,
    /// The URL of the metadata of the protected resource.
    pub(crate) resource_metadata: Option<String>,
}

impl Realm {
    /// Creates a realm. Its name is the title, unless the application sets one.
    pub(crate) fn new(name: Option<String>, title: String, resource_metadata: Option<String>) -> Self {
        Self {
            is_default: name.is_none(),
            name: name.unwrap_or(title),
            resource_metadata,
        }
    }
}

impl Challenges<'_> {
    /// Returns the challenges of a denial when the credentials of these schemes are valid. Returns
    /// none if no credential would help.
    pub(crate) fn of(&self, denial: &Denial, accepted: &[SchemeId]) -> Vec<Challenge> {
        let has_bearer = self.have(accepted, Family::Bearer);
        match denial {
            Denial::Forbidden { .. } => Vec::new(),
            Denial::Unauthenticated {
                schemes,
                unmet_requirement,
                ..
            } => {
                let missing: Vec<_> = schemes
                    .iter()
                    .filter_map(|name| self.table.catalog().find(name))
                    .collect();
                // A client with a valid bearer token needs the rest, unless only another token
                // would help.
                let beside =
                    |declared: &&DeclaredScheme| !has_bearer || Family::of(declared.scheme()) != Family::Bearer;
                let rest: Vec<_> = missing.iter().copied().filter(beside).collect();
                let asked = if rest.is_empty() { missing } else { rest };
                each(
                    asked
                        .into_iter()
                        .map(|declared| self.for_nothing(declared, unmet_requirement)),
                )
            }
            _ if !accepted.is_empty() && !has_bearer => self.for_bad(accepted, denial),
            _ => vec![self.for_denied(denial)],
        }
    }

    /// Returns the challenges for a credential that is not valid for any of these schemes.
    pub(crate) fn for_bad(&self, schemes: &[SchemeId], denial: &Denial) -> Vec<Challenge> {
        let bad = |declared: &DeclaredScheme| {
            let scope = scope_of(declared, denial.unmet_requirement());
            match Family::of(declared.scheme()) {
                Family::Bearer => self.write(ChallengeContext {
                    error: self.error(),
                    scope,
                    ..self.context(AuthenticationScheme::Bearer)
                }),
                _ => self.for_nothing(declared, denial.unmet_requirement()),
            }
        };
        each(self.declared(schemes).map(bad))
    }

    /// Returns the challenges for a request with more than one credential of these schemes.
    pub(crate) fn for_ambiguous(&self, schemes: &[SchemeId]) -> Vec<Challenge> {
        let ambiguous = |declared: &DeclaredScheme| match Family::of(declared.scheme()) {
            Family::Bearer => self.write(ChallengeContext {
                error: self.error(),
                ..self.context(AuthenticationScheme::Bearer)
            }),
            family => self.write(self.context(family.authentication_scheme())),
        };
        each(self.declared(schemes).map(ambiguous))
    }

    /// Whether one of the schemes is of this family.
    pub(crate) fn have(&self, schemes: &[SchemeId], family: Family) -> bool {
        self.declared(schemes)
            .any(|declared| Family::of(declared.scheme()) == family)
    }

    fn declared(&self, schemes: &[SchemeId]) -> impl Iterator<Item = &DeclaredScheme> {
        let catalog = self.table.catalog().schemes();
        schemes.iter().filter_map(|id| catalog.get(id.index()))
    }

    /// Returns the challenge of a scheme without a credential in the request. It has no error ([RFC
    /// 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    fn for_nothing(&self, declared: &DeclaredScheme, unmet_requirement: &UnmetRequirement) -> Challenge {
        let scheme = Family::of(declared.scheme()).authentication_scheme();
        self.write(ChallengeContext {
            scope: scope_of(declared, unmet_requirement),
            ..self.context(scheme)
        })
    }

    /// Returns the challenge for a token that is valid and does not suffice, or is not for us.
    fn for_denied(&self, denial: &Denial) -> Challenge {
        let scheme = match denial {
            Denial::InvalidToken {
                cause: InvalidTokenCause::Binding(Binding::Dpop),
                ..
            } => AuthenticationScheme::Dpop,
            _ => AuthenticationScheme::Bearer,
        };
        let (acr_values, max_age): (&[_], _) = match denial {
            Denial::StepUp {
                acr_values, max_age, ..
            } => (acr_values, *max_age),
            _ => (&[], None),
        };
        self.write(ChallengeContext {
            error: self.error(),
            acr_values,
            max_age,
            scope: denial.scope(),
            ..self.context(scheme)
        })
    }

    /// Returns the facts of a challenge without an error and without a scope.
    fn context(&self, scheme: AuthenticationScheme) -> ChallengeContext<'_> {
        ChallengeContext {
            scheme,
            realm: &self.realm.name,
            is_default_realm: self.realm.is_default,
            error: None,
            acr_values: &[],
            max_age: None,
            scope: &[],
            resource_metadata: self.realm.resource_metadata.as_deref(),
        }
    }

    fn error(&self) -> Option<(ErrorCode, &str)> {
        self.code.map(|code| (code, self.sentence))
    }

    fn write(&self, context: ChallengeContext<'_>) -> Challenge {
        (self.dialect.challenge)(&context)
    }
}

/// Each challenge once.
fn each(challenges: impl Iterator<Item = Challenge>) -> Vec<Challenge> {
    challenges.fold(Vec::new(), |mut all, challenge| {
        if !all.contains(&challenge) {
            all.push(challenge);
        }
        all
    })
}

/// Returns the scope to request for one scheme: that of the nearest alternative, or of the first
/// one with that scheme.
fn scope_of<'s>(declared: &DeclaredScheme, unmet_requirement: &'s UnmetRequirement) -> &'s [ScopeToken] {
    let nearest = unmet_requirement.scope_of(declared.name());
    if !nearest.is_empty() {
        return nearest;
    }
    let mut ways = unmet_requirement
        .operation()
        .alternatives()
        .iter()
        .flat_map(Alternative::schemes);
    ways.find(|(name, _)| name == declared.name())
        .map_or(&[], |(_, scope)| scope)
}
