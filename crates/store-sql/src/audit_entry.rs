//! The statement that writes an entry of the audit log.

use scopegate_domain::{AddressPrefix, AuditEntry, AuditOutcome, ClientId, RequestId, UserId};

use crate::statement::{Statement, Step};

macro_rules! insert {
    () => {
        "INSERT INTO audit (day, id, event, is_refused, user_id, client_id, request_id, address, count, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    };
}

const WRITE: &str = insert!();

/// Writes two entries. A change of a code or a family usually has two, and each statement is a
/// change between two threads.
const WRITE_TWO: &str = concat!(insert!(), ", ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20)");

/// The steps that write entries.
pub(crate) fn steps(entries: &[AuditEntry]) -> Vec<Step> {
    let (pairs, last) = entries.as_chunks();
    let pairs = pairs.iter().map(|[first, second]| {
        let first = bind(Statement::new(WRITE_TWO), first);
        bind(first, second).changes(2)
    });
    let last = last.iter().map(|entry| bind(Statement::new(WRITE), entry).changes(1));
    pairs.chain(last).collect()
}

fn bind(to: Statement, entry: &AuditEntry) -> Statement {
    to.bind(entry.id().day())
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
