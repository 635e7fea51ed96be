//! What changes of the store have in common: their time, their entries and their revocations.

use std::sync::Arc;

use scopegate_domain::{AuditEntry, AuditEvent, Revocation, Timestamp};
use scopegate_login::RequestOrigin;
use scopegate_store::{ChangeTime, Store};
use scopegate_token::RandomError;

use crate::context::GrantContext;
use crate::last_expiry::MARGIN;

impl GrantContext {
    /// Returns the time of a change that may revoke tokens.
    pub(crate) fn change_time(&self, now: Timestamp) -> ChangeTime {
        let longest = Revocation::KEPT.max(self.lifetime).max(self.password_lifetime);
        ChangeTime {
            now,
            tokens_end_at: now + longest + MARGIN,
        }
    }

    /// Returns the entry of the audit log for a change; none if nothing is recorded.
    pub(crate) fn entries(
        &self,
        event: AuditEvent,
        origin: &RequestOrigin,
        about: impl FnOnce(AuditEntry) -> AuditEntry,
    ) -> Result<Vec<AuditEntry>, RandomError> {
        let entry = self.audit.entry(event, origin)?;
        Ok(entry.map(about).into_iter().collect())
    }

    /// Returns the store for one change with these entries.
    pub(crate) fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store> {
        if entries.is_empty() {
            Arc::clone(&self.store)
        } else {
            self.store.audited(entries)
        }
    }

    /// Applies the revocations of a change in this process. If they cannot be read, the next
    /// regular read applies them.
    pub(crate) async fn apply_revocations(&self) {
        let Some(watch) = &self.revocations else { return };
        if let Err(cause) = watch.refresh().await {
            let cause: &dyn std::error::Error = &cause;
            tracing::warn!(cause, "cannot read revocations; they take effect here later");
        }
    }
}
