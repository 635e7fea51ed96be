//! The statement that writes an entry of the audit log.

use scopegate_domain::{AddressPrefix, AuditEntry, AuditOutcome, ClientId, RequestId, UserId};

use crate::statement::{Statement, Step};

const WRITE: &str = "INSERT INTO audit \
     (day, id, event, is_refused, user_id, client_id, request_id, address, count, detail) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// The steps that write entries.
pub(crate) fn steps(entries: &[AuditEntry]) -> Vec<Step> {
    entries.iter().map(|entry| write(entry).changes(1)).collect()
}

fn write(entry: &AuditEntry) -> Statement {
    Statement::new(WRITE)
        .bind(entry.id().day())
        .bind(entry.id().to_bytes().as_slice())
        .bind(entry.event().number())
        .bind(entry.outcome() == AuditOutcome::Refused)
        .bind(entry.user().map(UserId::as_str))
        .bind(entry.client().map(ClientId::as_str))
        .bind(entry.request().map(RequestId::as_str))
        .bind(entry.address().as_ref().map(AddressPrefix::to_string))
        .bind(entry.count())
        .bind(entry.detail().map(ToString::to_string))
}
