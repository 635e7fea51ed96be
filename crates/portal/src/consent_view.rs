//! The values of the consent page, from a request and the descriptions of the APIs.

use std::collections::HashSet;

use scopegate_analysis::{OperationGroups, summarize_scope};
use scopegate_domain::{Audience, Scope, ScopeToken};
use scopegate_grant::{ConsentOffer, ConsentStep};
use scopegate_policy::ResolvedOperation;

use crate::api_descriptions::ApiDescription;
use crate::page::{
    AccessEnd, ConsentPage, ConsentResource, ConsentScope, ImpliedScope, OfflineAccess, OperationLine, OperationLines,
    PlainText, Requester, ScopeField,
};
use crate::portal_site::PortalSite;
use crate::redirect_target::RedirectTarget;

/// Writes consent pages with the current descriptions.
pub(crate) struct ConsentView<'v> {
    site: &'v PortalSite,
    apis: &'v [ApiDescription],
}

impl<'v> ConsentView<'v> {
    pub(crate) const fn new(site: &'v PortalSite, apis: &'v [ApiDescription]) -> Self {
        Self { site, apis }
    }

    pub(crate) fn page(&self, step: &'v ConsentStep) -> ConsentPage<'v> {
        let offer = &step.offer;
        let offline = &ScopeToken::OFFLINE_ACCESS;
        ConsentPage {
            site: self.site.page_site(),
            requester: Requester {
                name: PlainText::from(step.client.name()),
                target: RedirectTarget::of(&step.redirect_uri),
            },
            flow: &step.flow,
            username: PlainText::from(step.user.username().as_str()),
            resources: self.resources(&step.audiences, offer),
            offline: offer.scope.contains(offline).then(|| OfflineAccess {
                is_granted: offer.granted_before.contains(offline),
                field: field(offer, offline),
            }),
            access_end: match step.refresh {
                None => AccessEnd::AccessToken(step.access_lifetime.as_seconds()),
                Some(policy) if policy.ends_with_session => AccessEnd::Session,
                Some(_) => AccessEnd::Withdrawal,
            },
        }
    }

    /// Returns the resources of a scope. Each scope token has its field once, so that the form is
    /// complete and repeats none.
    // SECURITY: tested by `each_offered_scope_has_one_field` below.
    pub(crate) fn resources(&self, audiences: &'v [Audience], offer: &'v ConsentOffer) -> Vec<ConsentResource<'v>> {
        let mut written: HashSet<&ScopeToken> = HashSet::new();
        let named: Vec<Option<&Audience>> = match audiences {
            [] => vec![None],
            audiences => audiences.iter().map(Some).collect(),
        };
        let mut resources = Vec::new();
        for audience in &named {
            let described = self.apis.iter().find(|api| api.is_for(*audience));
            if let Some(api) = described {
                resources.extend(described_resource(api, offer, &mut written));
            }
        }
        let is_left = |token: &&ScopeToken| **token != ScopeToken::OFFLINE_ACCESS && !written.contains(*token);
        let left: Vec<&ScopeToken> = offer.scope.iter().filter(is_left).collect();
        if !left.is_empty() {
            resources.push(self.undescribed(named.first().copied().flatten(), &left, offer));
        }
        resources
    }

    /// Returns the scopes that no description explains, under the first API.
    fn undescribed(
        &self,
        audience: Option<&'v Audience>,
        left: &[&'v ScopeToken],
        offer: &ConsentOffer,
    ) -> ConsentResource<'v> {
        let scope = |token: &&'v ScopeToken| ConsentScope {
            token,
            description: PlainText::default(),
            operations: OperationLines::default(),
            implies: Vec::new(),
            is_granted: offer.granted_before.contains(token),
            field: field(offer, token),
        };
        let name = audience.map_or_else(|| self.site.name(), Audience::as_str);
        ConsentResource {
            title: PlainText::from(name),
            audience: PlainText::default(),
            scopes: left.iter().map(scope).collect(),
            any_token: OperationLines::default(),
            together: OperationLines::default(),
        }
    }
}

/// Returns an API with the scopes of the offer that it declares; `None` if it declares none.
fn described_resource<'v>(
    api: &'v ApiDescription,
    offer: &'v ConsentOffer,
    written: &mut HashSet<&'v ScopeToken>,
) -> Option<ConsentResource<'v>> {
    let declared: Scope = offer
        .scope
        .iter()
        .filter(|token| **token != ScopeToken::OFFLINE_ACCESS && api.meaning(token).is_some())
        .cloned()
        .collect();
    if declared.is_empty() {
        return None;
    }
    let requested: Vec<&ScopeToken> = offer.scope.iter().filter(|token| declared.contains(token)).collect();
    let summary = summarize_scope(api.table(), &declared);
    let roots: Vec<&ScopeToken> = requested
        .iter()
        .filter(|token| folded_under(api, offer, &requested, token).is_none())
        .copied()
        .collect();
    let scopes = roots.iter().map(|token| {
        let groups = summary.scopes().iter().find(|(other, _)| other == *token);
        let own_field = if written.insert(token) {
            field(offer, token)
        } else {
            ScopeField::None
        };
        let weaker = api.implied(token).iter();
        let implies = weaker.filter_map(|other| implied_scope(api, offer, &requested, token, other, written));
        ConsentScope {
            token,
            description: description(api, token),
            operations: groups.map(|(_, groups)| lines(api, groups)).unwrap_or_default(),
            implies: implies.collect(),
            is_granted: offer.granted_before.contains(token),
            field: own_field,
        }
    });
    Some(ConsentResource {
        title: PlainText::from(api.title()),
        audience: api.shown_audience().map(PlainText::from).unwrap_or_default(),
        scopes: scopes.collect(),
        any_token: lines(api, summary.any_token()),
        together: lines(api, summary.together()),
    })
}

/// Returns the requested scope under which a scope is listed, because the user grants it with that
/// one. A scope that the user can refuse on its own is listed on its own.
fn folded_under<'v>(
    api: &ApiDescription,
    offer: &ConsentOffer,
    requested: &[&'v ScopeToken],
    token: &ScopeToken,
) -> Option<&'v ScopeToken> {
    let can_fold = |other: &&'v ScopeToken| {
        let is_free = offer.optional.contains(token) && offer.optional.contains(other);
        !is_free && api.implied(other).contains(token)
    };
    // The implications have no cycle, so one of them is listed on its own.
    let mut parents = requested.iter().copied().filter(can_fold);
    parents.find(|parent| folded_under(api, offer, requested, parent).is_none())
}

/// Returns an implied scope as it is listed under `parent`. `None` if it is listed elsewhere.
fn implied_scope<'v>(
    api: &'v ApiDescription,
    offer: &'v ConsentOffer,
    requested: &[&'v ScopeToken],
    parent: &ScopeToken,
    token: &'v ScopeToken,
    written: &mut HashSet<&'v ScopeToken>,
) -> Option<ImpliedScope<'v>> {
    let is_requested = match requested.iter().copied().find(|other| *other == token) {
        None => false,
        Some(_) if folded_under(api, offer, requested, token) != Some(parent) => return None,
        Some(requested) => written.insert(requested),
    };
    Some(ImpliedScope {
        token,
        description: description(api, token),
        is_requested,
    })
}

/// Returns the field of an offered scope.
fn field(offer: &ConsentOffer, token: &ScopeToken) -> ScopeField {
    if offer.optional.contains(token) {
        ScopeField::Optional {
            is_ticked: !offer.refused_before.contains(token),
        }
    } else {
        ScopeField::Required
    }
}

fn description<'v>(api: &'v ApiDescription, token: &ScopeToken) -> PlainText<'v> {
    let meaning = api.meaning(token);
    meaning
        .map(|meaning| PlainText::from(meaning.description.as_str()))
        .unwrap_or_default()
}

fn lines<'v>(api: &'v ApiDescription, groups: &OperationGroups<'v>) -> OperationLines<'v> {
    let of = |operations: &[&'v ResolvedOperation]| -> Vec<OperationLine<'v>> {
        let line = |operation: &&'v ResolvedOperation| OperationLine {
            method: operation.method().as_str(),
            summary: PlainText::from(api.summary_of(operation)),
        };
        operations.iter().map(line).collect()
    };
    OperationLines {
        reads: of(groups.reads()),
        changes: of(groups.changes()),
        deletes: of(groups.deletes()),
    }
}

#[cfg(test)]
mod tests;
