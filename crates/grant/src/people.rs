//! The settings of the grants that users allow, and what these grants share.

use std::sync::Arc;

use scopegate_domain::{
    ApplicationKind, AuditEntry, AuditEvent, Client, Issuer, Lifetime, Revocation, Scope, ScopeToken, Timestamp,
};
use scopegate_login::RequestOrigin;
use scopegate_store::{ChangeTime, Store};
use scopegate_token::{RandomError, Sealer};

use crate::RefreshPolicy;
use crate::context::GrantContext;
use crate::secrets::{SecretRings, ServerSecrets};

/// The settings of the code grant and of refresh tokens.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) issuer: Issuer,
    pub(crate) secrets: Arc<ServerSecrets>,
    /// The time in which the direct predecessor of a refresh token is a retry.
    pub(crate) refresh_retry: Lifetime,
}

/// The time for which the direct predecessor of a refresh token receives the same successor, by
/// default: 10 s.
pub(crate) const REFRESH_RETRY: Lifetime = Lifetime::from_seconds(10);

impl People {
    pub(crate) fn rings(&self) -> Arc<SecretRings> {
        self.secrets.current()
    }

    /// Returns what seals flows.
    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(self.rings().flow.clone(), self.issuer.clone())
    }
}

/// The margin between the clocks of nodes.
const MARGIN: Lifetime = Lifetime::from_minutes(5);

impl GrantContext {
    /// Returns the time of a change that may revoke tokens.
    pub(crate) fn change_time(&self, now: Timestamp) -> ChangeTime {
        let longest = Revocation::KEPT.max(self.lifetime).max(self.password_lifetime);
        ChangeTime {
            now,
            tokens_end_at: now + longest + MARGIN,
        }
    }

    /// Returns an entry of the audit log for a change; none if nothing is recorded.
    pub(crate) fn entry(
        &self,
        event: AuditEvent,
        origin: &RequestOrigin,
        about: impl FnOnce(AuditEntry) -> AuditEntry,
    ) -> Result<Option<AuditEntry>, RandomError> {
        Ok(self.audit.entry(event, origin)?.map(about))
    }

    /// Returns the store for one change with these entries.
    pub(crate) fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store> {
        if entries.is_empty() {
            Arc::clone(&self.store)
        } else {
            self.store.audited(entries)
        }
    }

    /// Applies the revocations of a change in this process. If they cannot be read, the next regular
    /// read applies them.
    pub(crate) async fn apply_revocations(&self) {
        let Some(watch) = &self.revocations else { return };
        if let Err(cause) = watch.refresh().await {
            let cause: &dyn std::error::Error = &cause;
            tracing::warn!(cause, "cannot read revocations; they take effect here later");
        }
    }
}

impl RefreshPolicy {
    /// Returns how long a client can refresh tokens of this scope.
    // SECURITY: a browser application keeps its tokens where scripts can read them, so they end with
    // the session. Tested by `browser_family_ends_with_the_session` in tests/it/refresh.rs.
    pub(crate) fn of(client: &Client, scope: &Scope) -> Self {
        let is_offline = scope.contains(&ScopeToken::OFFLINE_ACCESS);
        Self {
            lifetimes: client.refresh_lifetimes(),
            ends_with_session: client.application_kind() == ApplicationKind::Browser && !is_offline,
        }
    }
}
