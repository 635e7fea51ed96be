//! Revocations in SQL.

use scopegate_domain::{Revocation, Revoked, Timestamp, UserStatus};
use scopegate_store::{BoxFuture, DisableAndRevoke, RevocationCursor, RevocationEntry, Revocations, StoreError};

use crate::statement::Statement;
use crate::{SqlStore, clients, row, users};

const REVOKE: &str =
    "INSERT INTO revocations (kind, id, username, issued_until, forget_at) VALUES ($1, $2, $3, $4, $5)";

const AFTER: &str = "SELECT place, kind, id, username, issued_until, forget_at FROM revocations \
     WHERE place > $1 ORDER BY place LIMIT $2";

/// The statement uses the primary key: one step for any number of revocations.
const LAST: &str = "SELECT place FROM revocations ORDER BY place DESC LIMIT 1";

const FORGET: &str = "DELETE FROM revocations WHERE forget_at <= $1";

impl Revocations for SqlStore {
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>> {
        self.methods
            .revoke
            .measure(async move { self.change(revoking(revocation)).await.map(|_| ()) })
    }

    fn withdraw<'a>(
        &'a self,
        withdrawal: DisableAndRevoke<'a>,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let ending = match withdrawal {
            DisableAndRevoke::DisableUser(id) => users::set_status(id, UserStatus::Disabled),
            DisableAndRevoke::RemoveClient(id) => clients::remove(id),
            DisableAndRevoke::RemoveUser(id) => users::remove(id),
            DisableAndRevoke::SetClientScope(id, scope) => clients::set_scope(id, scope),
            DisableAndRevoke::SetClientSecret(id, secret) => clients::set_secret(id, secret),
            DisableAndRevoke::SetPasswordHash(id, hash) => users::set_password_hash(id, hash),
            DisableAndRevoke::SetUserScope(id, scope) => users::set_scope(id, scope),
        };
        self.methods
            .withdraw
            .measure(self.change_all(vec![ending.at_least(1), revoking(revocation).changes(1)]))
    }

    fn revoked_after(
        &self,
        place: RevocationCursor,
        limit: u16,
    ) -> BoxFuture<'_, Result<Vec<RevocationEntry>, StoreError>> {
        let after = Statement::new(AFTER).bind(place.number()).bind(limit);
        self.methods.revoked_after.measure(async move {
            let kept = self.all(after, row::revocation).await?;
            // A running server calls this repeatedly, so the server knows the changes of other
            // processes.
            self.note().await?;
            Ok(kept)
        })
    }

    fn last_cursor(&self) -> BoxFuture<'_, Result<RevocationCursor, StoreError>> {
        self.methods.last_place.measure(async move {
            let last = self.one(Statement::new(LAST), row::place).await?;
            Ok(last.unwrap_or(RevocationCursor::START))
        })
    }

    fn forget_revocations(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.methods
            .forget_revocations
            .measure(self.change_many(Statement::new(FORGET).bind(now.as_unix())))
    }
}

fn revoking(revocation: &Revocation) -> Statement {
    let (kind, id, username) = match revocation.whose() {
        Revoked::Client(id) => ("client", id.as_str(), None),
        Revoked::Token(id) => ("token", id.as_str(), None),
        Revoked::User { id, username } => ("user", id.as_str(), Some(username.as_str())),
    };
    Statement::new(REVOKE)
        .bind(kind)
        .bind(id)
        .bind(username)
        .bind(revocation.issued_until().as_unix())
        .bind(revocation.forget_at().as_unix())
}
