//! The audit log of the store in memory, as the trait.

use std::future::ready;

use scopegate_domain::AuditEntry;

use crate::{Audit, AuditQuery, AuditRetention, BoxFuture, MemoryStore, StoreError};

impl Audit for MemoryStore {
    fn write_entries<'a>(&'a self, entries: &'a [AuditEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.change(|tables| {
            tables.audit.expect_new(entries)?;
            tables.audit.add(entries);
            Ok(())
        })
    }

    fn entries<'a>(&'a self, query: &'a AuditQuery, limit: u16) -> BoxFuture<'a, Result<Vec<AuditEntry>, StoreError>> {
        Box::pin(ready(Ok(self.read().audit.read(query, limit))))
    }

    fn delete_entries(&self, retention: AuditRetention, limit: u16) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(ready(Ok(self.write().audit.delete(retention, limit))))
    }
}
