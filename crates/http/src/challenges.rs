//! Which challenges a denial is answered with: one for each scheme, with all that one more round needs.

use scopegate_domain::{ErrorCode, HttpScheme, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Alternative, Binding, Denial, InvalidTokenCause, OperationTable, Shortfall};

use crate::{Challenge, Profile};

/// What the challenges of one denial have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenges<'a> {
    pub(crate) profile: Profile,
    pub(crate) realm: &'a str,
    pub(crate) table: &'a OperationTable,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) sentence: &'a str,
}

impl Challenges<'_> {
    /// The challenges of a denial; none where no credential would help.
    pub(crate) fn of(&self, denial: &Denial) -> Vec<Challenge> {
        match (denial, self.profile) {
            (Denial::Forbidden { .. }, _) => Vec::new(),
            (Denial::Unauthenticated { schemes, shortfall, .. }, _) => {
                let mut challenges: Vec<Challenge> = Vec::new();
                for declared in schemes.iter().filter_map(|name| self.table.catalog().find(name)) {
                    let challenge = self.of_scheme(declared.scheme(), scope_of(declared.name(), shortfall));
                    if !challenges.contains(&challenge) {
                        challenges.push(challenge);
                    }
                }
                challenges
            }
            (_, Profile::Tutorial) => vec![with_scope(Challenge::new("Bearer"), denial.scope())],
            (_, Profile::Rfc) => vec![self.with_error(denial)],
        }
    }

    /// The challenge of a scheme to somebody who presented nothing of it: without an error
    /// ([RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)), in the tutorial's profile without a scope.
    fn of_scheme(&self, scheme: &SecurityScheme, scope: &[ScopeToken]) -> Challenge {
        let name = match scheme {
            SecurityScheme::ApiKey { .. } => return Challenge::new("APIKey"),
            SecurityScheme::Http(HttpScheme::Basic) => "Basic",
            SecurityScheme::Http(HttpScheme::Digest) => "Digest",
            SecurityScheme::Http(HttpScheme::Bearer { .. })
            | SecurityScheme::OAuth2(_)
            | SecurityScheme::OpenIdConnect { .. } => "Bearer",
        };
        match (self.profile, name) {
            (Profile::Tutorial, _) => Challenge::new(name),
            (Profile::Rfc, "Bearer") => with_scope(bearer(self.realm), scope),
            (Profile::Rfc, _) => Challenge::new(name).with("realm", self.realm),
        }
    }

    fn with_error(&self, denial: &Denial) -> Challenge {
        let mut challenge = match denial {
            Denial::InvalidToken {
                cause: InvalidTokenCause::Binding(Binding::Dpop),
                ..
            } => Challenge::new("DPoP").with("realm", self.realm).with("algs", "ES256"),
            _ => bearer(self.realm),
        };
        if let Some(code) = self.code {
            challenge = challenge
                .with("error", code.as_str())
                .with("error_description", self.sentence);
        }
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
}

/// What to ask of one scheme: the scope of the nearest way in, or of the first way in by that scheme.
fn scope_of<'s>(scheme: &SchemeName, shortfall: &'s Shortfall) -> &'s [ScopeToken] {
    let nearest = shortfall.scope_of(scheme);
    if !nearest.is_empty() {
        return nearest;
    }
    let mut ways = shortfall
        .operation()
        .alternatives()
        .iter()
        .flat_map(Alternative::schemes);
    ways.find(|(name, _)| name == scheme).map_or(&[], |(_, scope)| scope)
}

/// A challenge for a bearer token.
pub(crate) fn bearer(realm: &str) -> Challenge {
    Challenge::new("Bearer").with("realm", realm)
}

fn with_scope(challenge: Challenge, scope: &[ScopeToken]) -> Challenge {
    if scope.is_empty() {
        return challenge;
    }
    let words: Vec<_> = scope.iter().map(ScopeToken::as_str).collect();
    challenge.with("scope", &words.join(" "))
}
