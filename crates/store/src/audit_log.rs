//! The audit log of the store in memory.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_domain::{AuditEntry, AuditId};

use crate::{AddSecretOutcome, AuditQuery, AuditRetention, StoreError};

/// All entries, by their id.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditLog {
    entries: BTreeMap<AuditId, AuditEntry>,
    first_day: i64,
}

impl AuditLog {
    /// Fails if an id is taken.
    pub(crate) fn expect_new(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let mut ids = BTreeSet::new();
        let is_new = |entry: &AuditEntry| !self.entries.contains_key(&entry.id()) && ids.insert(entry.id());
        if entries.iter().all(is_new) {
            Ok(())
        } else {
            Err(StoreError::conflict())
        }
    }

    /// Adds entries with new ids.
    pub(crate) fn add(&mut self, entries: &[AuditEntry]) {
        self.entries
            .extend(entries.iter().map(|entry| (entry.id(), entry.clone())));
    }

    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn read(&self, query: &AuditQuery, limit: u16) -> Vec<AuditEntry> {
        let found = self.entries.values().filter(|entry| query.finds(entry));
        let limit = usize::from(limit);
        if query.is_newest_first {
            found.rev().take(limit).cloned().collect()
        } else {
            found.take(limit).cloned().collect()
        }
    }

    pub(crate) fn delete(&mut self, retention: AuditRetention, limit: u16) -> u64 {
        self.first_day = self.first_day.max(retention.first_day);
        let max = usize::try_from(retention.max_entries).unwrap_or(usize::MAX);
        let mut deleted = 0;
        while deleted < u64::from(limit) {
            let Some(oldest) = self.entries.first_entry() else {
                break;
            };
            let has_ended = oldest.key().day() < self.first_day;
            if !has_ended && self.entries.len() <= max {
                break;
            }
            self.entries.pop_first();
            deleted += 1;
        }
        deleted
    }
}

/// The result of a change.
pub(crate) trait Change {
    fn is_made(&self) -> bool;
}

impl Change for () {
    fn is_made(&self) -> bool {
        true
    }
}

impl Change for AddSecretOutcome {
    fn is_made(&self) -> bool {
        *self == Self::Added
    }
}

/// The number of changed records.
impl Change for u64 {
    fn is_made(&self) -> bool {
        *self > 0
    }
}

impl Change for bool {
    fn is_made(&self) -> bool {
        *self
    }
}
