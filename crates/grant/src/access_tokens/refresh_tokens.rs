//! Introspection and revocation of refresh tokens.

use scopegate_domain::{Audience, AuditDetail, AuditEntry, AuditEvent, AuditOutcome, Client, EndReason, Family};
use scopegate_login::RequestOrigin;
use scopegate_store::{FoundFamily, StoreError};
use scopegate_token::RefreshToken;

use super::active_token::ActiveToken;
use crate::GrantError;
use crate::context::GrantContext;
use crate::refresh::{family_of, key_of};

/// Returns the family of a token, if the client can refresh with it.
pub(super) async fn active(
    context: &GrantContext,
    client: &Client,
    token: &RefreshToken,
) -> Result<Option<Family>, StoreError> {
    let is_valid = |found: &FoundFamily| {
        let family = &found.family;
        let is_own = family.authorization.client_id == *client.id();
        is_own && found.end.is_none() && token.generation() >= family.generation
    };
    let found = family_of(context, token).await?.filter(is_valid);
    Ok(found.map(|found| found.family))
}

/// Ends the family of a token, with its access tokens. Nothing happens if another client has it.
/// Returns whether it has ended now.
pub(super) async fn revoke(
    context: &GrantContext,
    client: &Client,
    token: &RefreshToken,
    origin: &RequestOrigin,
) -> Result<bool, GrantError> {
    let Some(FoundFamily { family, .. }) = family_of(context, token).await? else {
        return Ok(false);
    };
    let about = |entry: AuditEntry| entry.of_client(client.id().clone());
    if family.authorization.client_id != *client.id() {
        let about = |entry| about(entry).with_outcome(AuditOutcome::Refused);
        context.audit.record(AuditEvent::TokenRevoked, origin, about);
        return Ok(false);
    }
    let of_family = |entry| {
        let entry = about(entry).of_user(family.authorization.user_id.clone());
        entry.with_detail(AuditDetail::Ended(EndReason::Revoked))
    };
    let entries = context.entries(AuditEvent::FamilyEnded, origin, of_family)?;
    let time = context.change_time(context.clock.now());
    let store = context.audited(&entries);
    let has_ended = store
        .families()
        .end(key_of(token), client.id(), EndReason::Revoked, time);
    Ok(has_ended.await?)
}

impl ActiveToken {
    /// Returns the values of a refresh token of a family.
    pub(super) fn of_family(family: &Family, subject: &str, issuer: Option<&str>) -> Self {
        let of = &family.authorization;
        Self {
            scope: of.scope.to_string(),
            client_id: Some(of.client_id.as_str().to_owned()),
            subject: subject.to_owned(),
            audience: of.resources.iter().map(Audience::to_string).collect(),
            issuer: issuer.map(str::to_owned),
            token_id: None,
            issued_at: Some(family.rotated_at),
            expires_at: Some(family.ends_at.min(family.rotated_at + family.idle)),
        }
    }
}
