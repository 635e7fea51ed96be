//! Selects the challenges of a denial: one for each scheme, with all that one more round needs.

use scopegate_domain::{DeclaredScheme, ErrorCode, ScopeToken};
use scopegate_policy::{Alternative, Binding, Denial, InvalidTokenCause, OperationTable, SchemeId, UnmetRequirement};

use crate::credentials::place::Family;
use crate::{Challenge, Profile};

/// What the challenges of one denial have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenges<'a> {
    pub(crate) profile: Profile,
    pub(crate) realm: &'a Realm,
    pub(crate) table: &'a OperationTable,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) sentence: &'a str,
}

/// What challenges call the protected area.
#[derive(Clone, Debug)]
pub(crate) struct Realm {
    pub(crate) name: String,
    /// Whether the application chose the name: FastAPI names no other.
    pub(crate) is_chosen: bool,
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
            _ if self.profile == Profile::Tutorial => vec![with_scope(Challenge::new("Bearer"), denial.scope())],
            _ => vec![self.with_error(denial)],
        }
    }

    /// Returns the challenges for a credential that is not valid for any of these schemes.
    pub(crate) fn for_bad(&self, schemes: &[SchemeId], denial: &Denial) -> Vec<Challenge> {
        let bad = |declared: &DeclaredScheme| {
            let scope = scope_of(declared, denial.unmet_requirement());
            match (Family::of(declared.scheme()), self.profile) {
                (Family::Bearer, Profile::Rfc) => with_scope(self.with_code(bearer(&self.realm.name)), scope),
                (Family::Bearer, Profile::Tutorial) => with_scope(Challenge::new("Bearer"), scope),
                _ => self.for_nothing(declared, denial.unmet_requirement()),
            }
        };
        each(self.declared(schemes).map(bad))
    }

    /// Returns the challenges for a request with more than one credential of these schemes.
    pub(crate) fn for_ambiguous(&self, schemes: &[SchemeId]) -> Vec<Challenge> {
        let ambiguous = |declared: &DeclaredScheme| match Family::of(declared.scheme()) {
            Family::Bearer => self.with_code(bearer(&self.realm.name)),
            family => self.without_code(family),
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
    /// 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)), and in the
    /// tutorial's profile no scope.
    fn for_nothing(&self, declared: &DeclaredScheme, unmet_requirement: &UnmetRequirement) -> Challenge {
        let family = Family::of(declared.scheme());
        let challenge = self.without_code(family);
        if family == Family::Bearer && self.profile == Profile::Rfc {
            return with_scope(challenge, scope_of(declared, unmet_requirement));
        }
        challenge
    }

    fn without_code(&self, family: Family) -> Challenge {
        let realm = &self.realm.name;
        match (family, self.profile) {
            (Family::ApiKey, _) => Challenge::new("APIKey"),
            (Family::Basic, Profile::Rfc) => {
                // RFC 7617, section 2.1: so that a browser sends what is not ASCII in UTF-8.
                Challenge::new("Basic").with("realm", realm).with("charset", "UTF-8")
            }
            (Family::Basic, Profile::Tutorial) if self.realm.is_chosen => Challenge::new("Basic").with("realm", realm),
            (Family::Basic, Profile::Tutorial) => Challenge::new("Basic"),
            (Family::Bearer, Profile::Rfc) => bearer(realm),
            (Family::Bearer, Profile::Tutorial) => Challenge::new("Bearer"),
            (Family::Digest, Profile::Rfc) => Challenge::new("Digest").with("realm", realm),
            (Family::Digest, Profile::Tutorial) => Challenge::new("Digest"),
        }
    }

    fn with_error(&self, denial: &Denial) -> Challenge {
        let mut challenge = self.with_code(match denial {
            Denial::InvalidToken {
                cause: InvalidTokenCause::Binding(Binding::Dpop),
                ..
            } => Challenge::new("DPoP")
                .with("realm", &self.realm.name)
                .with("algs", "ES256"),
            _ => bearer(&self.realm.name),
        });
        if let Denial::StepUp {
            acr_values, max_age, ..
        } = denial
        {
            if !acr_values.is_empty() {
                challenge = challenge.with("acr_values", &acr_values.join(" "));
            }
            if let Some(age) = max_age {
                challenge = challenge.with("max_age", &age.as_seconds().to_string());
            }
        }
        with_scope(challenge, denial.scope())
    }

    fn with_code(&self, challenge: Challenge) -> Challenge {
        let Some(code) = self.code else { return challenge };
        challenge
            .with("error", code.as_str())
            .with("error_description", self.sentence)
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

/// A challenge for a bearer token.
fn bearer(realm: &str) -> Challenge {
    Challenge::new("Bearer").with("realm", realm)
}

fn with_scope(challenge: Challenge, scope: &[ScopeToken]) -> Challenge {
    if scope.is_empty() {
        return challenge;
    }
    let words: Vec<_> = scope.iter().map(ScopeToken::as_str).collect();
    challenge.with("scope", &words.join(" "))
}
