//! The refresh token grant: [RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).

use std::sync::{Arc, Mutex, PoisonError};

use scopegate_domain::{
    Audience, AuditDetail, AuditEntry, AuditEvent, Authorization, Client, Family, PresentedRefresh, Scope, User,
};
use scopegate_store::{FamilyCondition, FamilyKey, FoundFamily, RotateOutcome, Rotation, StoreError};
use scopegate_token::RefreshToken;

use crate::authorize::grantable;
use crate::context::GrantContext;
use crate::granted::{Granted, Request};
use crate::people::People;
use crate::request::RefreshRequest;
use crate::scope_request::Narrowed;
use crate::targets::{Current, RESOURCE, RequestTargets};
use crate::{GrantError, InvalidScopeCause, Params};

/// Rotates a refresh token, and returns the grant that user and client may have now. `None`: a
/// cached client may not have all of the authorization. The current one may, so nothing changes.
///
/// The MAC is verified first, so a forged token costs no query. Every refusal of the token is one
/// error. A request for what the client may not have is refused within the rotation: nothing
/// changes, and the client presents the token again.
// SECURITY: the store compares each binding in the statement of the rotation. Tested by
// `foreign_token_changes_nothing` and `reuse_ends_the_family` in tests/it/refresh.rs.
pub(crate) async fn grant(
    context: &GrantContext,
    people: &People,
    request: &Request<'_>,
    presented: &RefreshRequest<'_>,
    params: &Params,
) -> Result<Option<Granted>, GrantError> {
    let token = genuine_token(context, presented.token.expose()).ok_or(GrantError::InvalidRefreshToken)?;
    let restriction = Restriction::new(context, request.client, params, presented.scope.as_ref());
    let (condition, restricted) = condition_of(restriction, request.is_cached);
    let found = rotate(context, people, request, &token, &condition).await?;
    // Absent if the store refused the token before.
    let restricted = restricted.lock().unwrap_or_else(PoisonError::into_inner).take();
    if request.is_cached && found.is_none() && restricted.is_some() {
        return Ok(None);
    }
    let narrowed = restricted.ok_or(GrantError::InvalidRefreshToken)??;
    let narrowed = narrowed.ok_or(GrantError::InvalidRefreshToken)?;
    let (family, user) = found.ok_or(GrantError::InvalidRefreshToken)?;
    let next = token.successor().filter(|next| next.generation() == family.generation);
    let next = next.ok_or(GrantError::InvalidRefreshToken)?;
    let text = next.to_text(&people.rings().mac);
    let granted = Granted::of_family(request, user, narrowed, family.id, Some(text));
    Ok(Some(granted))
}

/// Returns a refresh token. `None`: the text is not one of this server.
pub(crate) fn genuine_token(context: &GrantContext, text: &str) -> Option<RefreshToken> {
    let people = context.people.as_deref()?;
    RefreshToken::parse(text, &people.rings().mac).ok()
}

/// The result of a restriction that ran within a rotation.
type Restricted = Arc<Mutex<Option<Result<Option<Narrowed>, GrantError>>>>;

/// Returns the condition that something of a family is left, and the place of its last result. A
/// cached client must be allowed the whole of the family.
// SECURITY: a refused refresh changes nothing, so its token is not reuse afterwards. Tested by
// `refresh_without_scope_changes_nothing` in tests/it/refresh.rs and
// `refused_refresh_does_not_use_the_token` in tests/it/code_resources.rs.
fn condition_of(restriction: Restriction, is_cached: bool) -> (FamilyCondition, Restricted) {
    let last = Restricted::default();
    let to = Arc::clone(&last);
    let condition = FamilyCondition::new(move |family, user| {
        let restricted = restriction.apply(user, &family.authorization);
        let is_left = matches!(restricted, Ok(Some(_)));
        let is_allowed = is_left && (!is_cached || restriction.allows_all(&family.authorization));
        *to.lock().unwrap_or_else(PoisonError::into_inner) = Some(restricted);
        is_allowed
    });
    (condition, last)
}

/// Returns the family after the rotation, with its user. `None`: the token is refused.
async fn rotate(
    context: &GrantContext,
    people: &People,
    request: &Request<'_>,
    token: &RefreshToken,
    condition: &FamilyCondition,
) -> Result<Option<(Family, User)>, GrantError> {
    let client = request.client.id();
    let about = |entry: AuditEntry| {
        let entry = entry.of_client(client.clone());
        entry.with_detail(AuditDetail::of_family(&token.family()))
    };
    let reused = context.entries(AuditEvent::FamilyReused, request.origin, about)?;
    let rotation = Rotation {
        family: token.family(),
        ends_on: token.ends_on(),
        presented: PresentedRefresh {
            generation: token.generation(),
            secret_digest: token.secret_digest(),
            client_id: client,
            key_thumbprint: None,
        },
        retry_window: people.refresh_retry,
        condition,
        time: context.change_time(request.requested_at),
        reuse_audit: &reused,
    };
    Ok(match context.store.families().rotate(&rotation).await? {
        RotateOutcome::Rotated(found) => Some(*found),
        RotateOutcome::Forwarded(found) => {
            tracing::warn!(%client, family = %token.family(), "refresh token is newer than its family; a rotation was lost");
            Some(*found)
        }
        RotateOutcome::Retry(found) => {
            let user = found.1.id().clone();
            let of_user = |entry: AuditEntry| entry.of_client(client.clone()).of_user(user);
            context.audit.record(AuditEvent::FamilyRetried, request.origin, of_user);
            Some(*found)
        }
        RotateOutcome::Reused => {
            tracing::warn!(%client, family = %token.family(), "refresh token used again; its family has ended");
            context.apply_revocations().await;
            None
        }
        RotateOutcome::Mismatch(binding) => {
            tracing::info!(%client, binding = binding.as_str(), "refresh token refused");
            None
        }
        RotateOutcome::NotAllowed => {
            tracing::info!(%client, family = %token.family(), "refresh refused by scope or resource; the token is unused");
            None
        }
        RotateOutcome::Ended(_) | RotateOutcome::Unknown | RotateOutcome::UserDisabled => None,
    })
}

pub(crate) const fn key_of(token: &RefreshToken) -> FamilyKey {
    FamilyKey {
        ends_on: token.ends_on(),
        id: token.family(),
    }
}

/// Returns the family of a token, also if it has ended.
// SECURITY: the MAC alone names no family, because its id is public: the secret is compared, too.
// Tested by `foreign_token_changes_nothing` in tests/it/refresh.rs.
pub(crate) async fn family_of(context: &GrantContext, token: &RefreshToken) -> Result<Option<FoundFamily>, StoreError> {
    let found = context
        .store
        .families()
        .find(key_of(token), context.clock.now())
        .await?;
    Ok(found.filter(|found| found.family.secret_digest == token.secret_digest()))
}

/// What a request may have of an authorization: the ceiling and the resources of its client, and
/// the requested scope and resources.
pub(crate) struct Restriction {
    current: Arc<Current>,
    own: Option<Audience>,
    ceiling: Scope,
    resources: Vec<Audience>,
    requested: Option<Scope>,
    /// The parameters that name resources.
    named: Params,
}

impl Restriction {
    pub(crate) fn new(context: &GrantContext, client: &Client, params: &Params, requested: Option<&Scope>) -> Self {
        Self {
            current: context.targets.current(),
            own: context.signer.rules().audience().cloned(),
            ceiling: client.scope().clone(),
            resources: client.resources().to_vec(),
            requested: requested.cloned(),
            named: params.texts(RESOURCE).map(|text| (RESOURCE, text)).collect(),
        }
    }

    /// Whether the client may have each scope and each resource of an authorization.
    fn allows_all(&self, of: &Authorization) -> bool {
        let has_resources = of.resources.iter().all(|audience| self.resources.contains(audience));
        has_resources && of.scope.iter().all(|token| self.ceiling.contains(token))
    }

    /// Restricts an authorization to what the user and the client may have now, and to the
    /// requested scope and resources. `None`: nothing of the authorization is left.
    // SECURITY: each token is within the authorization and both ceilings of the moment. Tested by
    // `lowered_ceiling_narrows_the_next_token` in tests/it/refresh.rs.
    pub(crate) fn apply(&self, user: &User, of: &Authorization) -> Result<Option<Narrowed>, GrantError> {
        let (current, own) = (&*self.current, self.own.as_ref());
        // The authorization is for resources that this server no longer has.
        if matches!(current, Current::OneApi { .. }) && !of.resources.is_empty() {
            return Ok(None);
        }
        let is_kept = |audience: &&Audience| self.resources.contains(audience);
        let allowed: Vec<Audience> = of.resources.iter().filter(is_kept).cloned().collect();
        let all = RequestTargets::parse(current, own, &allowed, &Params::default())?;
        let Ok(whole) = grantable(&of.scope, &all, &self.ceiling, user.scope()) else {
            return Ok(None);
        };
        let requested = self.requested.as_ref();
        if requested.is_some_and(|requested| !requested.iter().all(|token| of.scope.contains(token))) {
            return Err(InvalidScopeCause::Wider.into());
        }
        let scope = requested.map_or_else(|| whole.scope.clone(), |requested| requested.intersection(&whole.scope));
        let targets = RequestTargets::parse(current, own, &allowed, &self.named)?;
        let granted = grantable(&scope, &targets, &self.ceiling, user.scope())?;
        Ok(Some(Narrowed {
            granted: granted.scope.iter().cloned().collect(),
            scope: granted.scope,
            audiences: granted.audiences,
        }))
    }
}
