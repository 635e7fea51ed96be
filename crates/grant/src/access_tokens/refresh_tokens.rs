//! Introspection and revocation of refresh tokens.

use std::sync::Arc;

use scopegate_domain::{
    Audience, AuditDetail, AuditEntry, AuditEvent, AuditOutcome, Client, EndReason, Family, Issuer,
};
use scopegate_login::RequestOrigin;
use scopegate_store::{FamilyKey, FoundFamily, StoreError};
use scopegate_token::{RefreshToken, SubjectClaim};

use super::{AccessTokens, ActiveToken, Found, IntrospectedToken};
use crate::GrantError;
use crate::context::GrantContext;

/// Reads a refresh token. `None`: the text is not one of this server.
pub(super) fn parse(context: &GrantContext, text: &str) -> Option<RefreshToken> {
    let people = context.people.as_deref()?;
    RefreshToken::parse(text, &people.rings().mac).ok()
}

const fn key(token: &RefreshToken) -> FamilyKey {
    FamilyKey {
        ends_on: token.ends_on(),
        id: token.family(),
    }
}

impl AccessTokens {
    /// Returns the family of a token, also if it has ended.
    // SECURITY: the MAC alone names no family, because its id is public: the secret is compared, too.
    // Tested by `foreign_token_changes_nothing` in tests/it/refresh.rs.
    async fn family(&self, token: &RefreshToken) -> Result<Option<FoundFamily>, StoreError> {
        let context = self.parts.server.context();
        let found = context.store.families().find(key(token), context.clock.now()).await?;
        Ok(found.filter(|found| found.family.secret_digest == token.secret_digest()))
    }

    /// Returns the token, if the client can refresh with it.
    pub(super) async fn active_refresh(
        &self,
        client: &Client,
        token: &RefreshToken,
    ) -> Result<Option<IntrospectedToken>, StoreError> {
        let found = self.family(token).await?;
        let is_valid = |found: &FoundFamily| {
            let family = &found.family;
            let is_own = family.authorization.client_id == *client.id();
            is_own && found.end.is_none() && token.generation() >= family.generation
        };
        let Some(FoundFamily { family, .. }) = found.filter(is_valid) else {
            return Ok(None);
        };
        let user = self.parts.users.find_by_id(&family.authorization.user_id).await?;
        let user = user.filter(scopegate_domain::User::is_active);
        Ok(user.map(|user| {
            let subject = match self.parts.server.subject() {
                SubjectClaim::UserId => user.id().as_str(),
                SubjectClaim::Username => user.username().as_str(),
            };
            let issuer = self.parts.server.token_rules().issuer().map(Issuer::as_str);
            IntrospectedToken {
                token: Found::Refresh(ActiveToken::of_family(&family, subject, issuer)),
                user: Some(Arc::new(user)),
            }
        }))
    }

    /// Ends the family of a token, with its access tokens. Nothing happens if another client has it.
    pub(super) async fn revoke_refresh(
        &self,
        client: &Client,
        token: &RefreshToken,
        origin: &RequestOrigin,
    ) -> Result<(), GrantError> {
        let Some(FoundFamily { family, .. }) = self.family(token).await? else {
            return Ok(());
        };
        let context = self.parts.server.context();
        let about = |entry: AuditEntry| entry.of_client(client.id().clone());
        if family.authorization.client_id != *client.id() {
            let about = |entry| about(entry).with_outcome(AuditOutcome::Refused);
            context.audit.record(AuditEvent::TokenRevoked, origin, about);
            return Ok(());
        }
        let of_family = |entry| {
            let entry = about(entry).of_user(family.authorization.user_id.clone());
            entry.with_detail(AuditDetail::Ended(EndReason::Revoked))
        };
        let entry = context.entry(AuditEvent::FamilyEnded, origin, of_family)?;
        let entries: Vec<_> = entry.into_iter().collect();
        let time = context.change_time(context.clock.now());
        let store = context.audited(&entries);
        let has_ended = store.families().end(key(token), client.id(), EndReason::Revoked, time);
        if has_ended.await? {
            // The gate of this process refuses the access tokens at once.
            self.parts.revocations.refresh().await?;
        }
        Ok(())
    }
}

impl ActiveToken {
    /// What is known about a refresh token of a family.
    fn of_family(family: &Family, subject: &str, issuer: Option<&str>) -> Self {
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
