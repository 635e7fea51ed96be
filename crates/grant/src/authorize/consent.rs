//! What a user grants to a client: pure functions over scopes.

use std::collections::HashSet;

use scopegate_domain::{Audience, Client, Consent, RedirectUriKind, Scope, ScopeToken};
use scopegate_policy::restrict_scope;

use super::prompt::Prompt;
use crate::InvalidScopeCause;
use crate::targets::RequestTargets;

/// Whether a target or this server declares a scope.
pub(crate) fn declares(targets: &RequestTargets<'_>, token: &ScopeToken) -> bool {
    *token == ScopeToken::OFFLINE_ACCESS || targets.declare(token)
}

/// Whether a target declares one of the scopes. `offline_access` alone opens no API.
// SECURITY: tested by `offline_access_alone_is_nothing` in tests/it/authorize_request.rs.
pub(crate) fn opens_api(targets: &RequestTargets<'_>, scope: &Scope) -> bool {
    scope.iter().any(|token| targets.declare(token))
}

/// Whether a part of what was offered has no scope of an API.
fn is_nothing(part: &Scope) -> bool {
    part.iter().all(|token| *token == ScopeToken::OFFLINE_ACCESS)
}

/// The scope that a request can be granted, with the resources that declare a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grantable {
    pub(crate) scope: Scope,
    /// Empty for the one API of a server without resources.
    pub(crate) audiences: Vec<Audience>,
}

/// Returns the requested scope that is declared, and that client and user may have.
///
/// # Errors
///
/// [`InvalidScopeCause::NothingLeft`] if nothing is left, or nothing for an API.
// SECURITY: tested by `granted_scope_is_within_each_ceiling` below.
pub(crate) fn grantable(
    requested: &Scope,
    targets: &RequestTargets<'_>,
    client_ceiling: &Scope,
    user_ceiling: &Scope,
) -> Result<Grantable, InvalidScopeCause> {
    let declared = requested.iter().filter(|token| declares(targets, token));
    let declared = declared.cloned().collect();
    let scope = restrict_scope(&declared, client_ceiling, user_ceiling).into_granted();
    if !opens_api(targets, &scope) {
        return Err(InvalidScopeCause::NothingLeft);
    }
    let audiences = targets.audiences(&scope)?;
    Ok(Grantable { scope, audiences })
}

/// The reason why the consent page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a page states each reason")]
pub enum ConsentReason {
    /// Any program of the device can act as the client, so its user decides each time.
    Impersonable,
    /// The user has not consented to all of the scope yet.
    New,
    /// The client requests the page: `prompt=consent`.
    Requested,
}

/// What the consent page offers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the page shows each field")]
pub struct ConsentOffer {
    /// The scope that the client receives if the user refuses none of it.
    pub scope: Scope,
    /// The part of it that the user granted before.
    pub granted_before: Scope,
    /// The part of it that the user can refuse.
    pub optional: Scope,
    /// The part of `optional` that the user refused before.
    pub refused_before: Scope,
    /// The reason for the page.
    pub reason: ConsentReason,
}

/// The decision of a user: the granted scope, and the optional scope that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentDecision {
    pub(crate) granted: Scope,
    pub(crate) refused: Scope,
}

/// What a request needs before a code is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConsentNeed {
    /// Nothing: the user decided before, or the client belongs to the operator.
    Decided(ConsentDecision),
    /// The user decides now.
    Page(ConsentOffer),
}

/// Returns whether the user must decide. `redirect` is the kind of the URI that the answer goes to.
// SECURITY: a client that any program can impersonate is never trusted by its id (RFC 8252, section
// 8.6). Its registered URIs may include `https`, so the URI of the request counts. Tested by
// `impersonable_client_always_shows_the_page` below.
pub(crate) fn consent_need(
    scope: &Scope,
    client: &Client,
    redirect: RedirectUriKind,
    prompt: Prompt,
    stored: Option<&Consent>,
) -> ConsentNeed {
    let offer = ConsentOffer::new(scope, client, stored);
    let page = |reason| {
        ConsentNeed::Page(ConsentOffer {
            reason,
            ..offer.clone()
        })
    };
    if redirect.is_impersonable() || client.is_impersonable() {
        return page(ConsentReason::Impersonable);
    }
    if prompt.consent {
        return page(ConsentReason::Requested);
    }
    if client.is_first_party() {
        return ConsentNeed::Decided(ConsentDecision {
            granted: scope.clone(),
            refused: Scope::EMPTY,
        });
    }
    let is_decided = |token: &ScopeToken| offer.granted_before.contains(token) || offer.refused_before.contains(token);
    if scope.iter().all(is_decided) && !is_nothing(&offer.granted_before) {
        return ConsentNeed::Decided(ConsentDecision {
            granted: offer.granted_before,
            refused: offer.refused_before,
        });
    }
    page(ConsentReason::New)
}

impl ConsentOffer {
    pub(super) fn new(scope: &Scope, client: &Client, stored: Option<&Consent>) -> Self {
        let optional = scope.intersection(client.optional_scope());
        let of_stored = |part: &dyn Fn(&Consent) -> &Scope, within: &Scope| {
            stored.map_or(Scope::EMPTY, |consent| within.intersection(part(consent)))
        };
        Self {
            granted_before: of_stored(&|consent| &consent.scope, scope),
            refused_before: of_stored(&|consent| &consent.refused_scope, &optional),
            scope: scope.clone(),
            optional,
            reason: ConsentReason::New,
        }
    }

    /// Returns the part that the user can only grant or refuse as a whole.
    #[must_use]
    pub fn required(&self) -> Scope {
        let required = self.scope.iter().filter(|token| !self.optional.contains(token));
        required.cloned().collect()
    }

    /// Reads the values of `scope` of the form.
    // SECURITY: a form is refused as a whole, and never corrected. Tested by
    // `form_cannot_widen_the_offer` below.
    pub(crate) fn decide<'f>(
        &self,
        ticked: impl IntoIterator<Item = &'f str>,
    ) -> Result<ConsentDecision, InvalidConsentForm> {
        let mut seen = HashSet::new();
        for text in ticked {
            let token = ScopeToken::parse(text).ok();
            let token = token.filter(|token| self.scope.contains(token));
            if !seen.insert(token.ok_or(InvalidConsentForm::NotOffered)?) {
                return Err(InvalidConsentForm::Repeated);
            }
        }
        let (granted, refused): (Vec<_>, Vec<_>) = self.scope.iter().cloned().partition(|token| seen.contains(token));
        let (granted, refused): (Scope, Scope) = (granted.into_iter().collect(), refused.into_iter().collect());
        if is_nothing(&granted) || !refused.iter().all(|token| self.optional.contains(token)) {
            return Err(InvalidConsentForm::Required);
        }
        Ok(ConsentDecision { granted, refused })
    }
}

/// The reason why a consent form is refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a form is refused for one of these")]
pub enum InvalidConsentForm {
    /// The offer has changed since the page was shown.
    #[error("the offered scope has changed since the page was shown")]
    Changed,
    /// The form ticks a scope that the page does not offer.
    #[error("the form ticks a scope that was not offered")]
    NotOffered,
    /// The form ticks a scope twice.
    #[error("the form ticks a scope twice")]
    Repeated,
    /// The form does not tick a required scope, or none at all.
    #[error("the form does not tick a required scope")]
    Required,
}

#[cfg(test)]
mod tests;
