//! The families of the store in memory.

use std::cmp::Reverse;

use scopegate_domain::{AuditEntry, ClientId, EndReason, Family, Timestamp, UserId};

use super::{MemoryStore, Tables, answer};
use crate::audit_log::Change;
use crate::{
    BoxFuture, ChangeTime, Families, FamilyKey, FoundFamily, RotateDecision, RotateOutcome, Rotation, StoreError,
};

impl Change for RotateOutcome {
    fn is_made(&self) -> bool {
        matches!(self, Self::Rotated(_) | Self::Forwarded(_))
    }
}

impl Families for MemoryStore {
    fn rotate<'a>(&'a self, rotation: &'a Rotation<'a>) -> BoxFuture<'a, Result<RotateOutcome, StoreError>> {
        self.change(|tables| tables.rotate(rotation))
    }

    fn end<'a>(
        &'a self,
        key: FamilyKey,
        client: &'a ClientId,
        why: EndReason,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            let row = tables.grants.families.get(&key);
            let is_own = row.is_some_and(|row| row.family.authorization.client_id == *client);
            Ok(is_own && tables.end_family(key, why, time))
        })
    }

    fn find(&self, key: FamilyKey, now: Timestamp) -> BoxFuture<'_, Result<Option<FoundFamily>, StoreError>> {
        let tables = self.read();
        answer(tables.grants.families.get(&key).map(|row| tables.found(row, now)))
    }

    fn of_client<'a>(
        &'a self,
        user: &'a UserId,
        client: &'a ClientId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<FoundFamily>, StoreError>> {
        let mut families = self.read().families_of(user, client, now);
        families.sort_by_key(|found| Reverse((found.family.began_at, FamilyKey::of(&found.family))));
        families.truncate(limit.into());
        answer(families)
    }

    fn end_families(&self, why: EndReason, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.change(|tables| {
            let ended = tables.end_families_where(why, now, |_| true);
            Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
        })
    }
}

impl Tables {
    /// Ends one family and revokes its tokens. Returns `false` if it was ended before.
    pub(super) fn end_family(&mut self, key: FamilyKey, why: EndReason, time: ChangeTime) -> bool {
        let ended = self.end_families_where(why, time.now, |family: &Family| FamilyKey::of(family) == key);
        let is_ended = !ended.is_empty();
        self.revoke_families(ended, time);
        is_ended
    }

    /// Ends one family, if it was not ended before, and writes these entries.
    pub(super) fn end_audited(
        &mut self,
        key: FamilyKey,
        why: EndReason,
        time: ChangeTime,
        audit: &[AuditEntry],
    ) -> Result<(), StoreError> {
        let row = self.grants.families.get(&key);
        if row.is_some_and(|row| row.family.ended.is_none()) {
            self.audit.expect_new(audit)?;
            self.end_family(key, why, time);
            self.audit.add(audit);
        }
        Ok(())
    }

    fn rotate(&mut self, rotation: &Rotation<'_>) -> Result<RotateOutcome, StoreError> {
        let Some(row) = self.grants.families.get(&rotation.key()) else {
            return Ok(RotateOutcome::Unknown);
        };
        let decision = rotation.decide(&row.family, self.standing_of_family(row, rotation.time.now));
        let (to, is_forward) = match decision {
            RotateDecision::Move { to, is_forward } => (Some(to), is_forward),
            RotateDecision::Retry => (None, false),
            RotateDecision::EndReused => {
                self.end_audited(rotation.key(), EndReason::Reused, rotation.time, rotation.reuse_audit)?;
                return Ok(RotateOutcome::Reused);
            }
            RotateDecision::Refused(outcome) => return Ok(outcome),
        };
        let user = self.active_user(&row.family.authorization.user_id).cloned();
        if user
            .as_ref()
            .is_some_and(|user| !rotation.condition.holds(&row.family, user))
        {
            return Ok(RotateOutcome::NotAllowed);
        }
        let (Some(user), Some(row)) = (user, self.grants.families.get_mut(&rotation.key())) else {
            return Ok(RotateOutcome::UserDisabled);
        };
        if let Some(to) = to {
            row.family.rotate(to, rotation.time.now);
        }
        let found = Box::new((row.family.clone(), user));
        Ok(match (to, is_forward) {
            (None, _) => RotateOutcome::Retry(found),
            (Some(_), false) => RotateOutcome::Rotated(found),
            (Some(_), true) => RotateOutcome::Forwarded(found),
        })
    }
}
