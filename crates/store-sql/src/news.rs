//! The log of revocations and changes in SQL.

use scopegate_domain::{NewsLane, NewsPosition, Revocation, Timestamp, UserStatus};
use scopegate_store::{BoxFuture, DisableAndRevoke, News, NewsEntry, NewsHeads, NewsItem, StoreError};

use crate::grant_steps::{end_grants, ended_with};
use crate::news_steps::number;
use crate::statement::{Backend, Statement, Step};
use crate::{SqlStore, clients, row, users};

const HEADS: &str = "SELECT lane, first, place FROM news_head";

const AFTER: &str = "SELECT lane, place, kind, subject, second, issued_until, ends_at FROM news \
     WHERE lane = $1 AND place > $2 ORDER BY place LIMIT $3";

/// Moves the first place behind the last entry that has ended.
const SET_FIRST: &str = "UPDATE news_head SET first = \
         (SELECT MAX(place) + 1 FROM news WHERE news.lane = news_head.lane AND ends_at <= $2) \
     WHERE lane = $1 AND first <= \
         (SELECT MAX(place) FROM news WHERE news.lane = news_head.lane AND ends_at <= $2)";

/// The rows of one transaction, so that no change waits long.
const BATCH: u16 = 500;

const FORGET: &str = "DELETE FROM news WHERE (lane, place) IN \
     (SELECT lane, place FROM news WHERE ends_at <= $1 ORDER BY lane, place LIMIT $2)";

const OLD_AFTER: &str = "SELECT place, kind, id, username, issued_until, forget_at FROM revocations \
     WHERE place > $1 ORDER BY place LIMIT $2";

const FORGET_OLD: &str = "DELETE FROM revocations WHERE place IN \
     (SELECT place FROM revocations WHERE forget_at <= $1 ORDER BY place LIMIT $2)";

/// The step that changes one record.
fn one(change: Statement) -> Vec<Step> {
    vec![change.at_least(1)]
}

impl News for SqlStore {
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>> {
        let item = NewsItem::Revoked(revocation.clone());
        self.methods.revoke.measure(async move {
            let steps = end_grants(revocation.whose()).into_iter().collect();
            self.take_and_tell(steps, item).await.map(|_| ())
        })
    }

    fn withdraw<'a>(
        &'a self,
        withdrawal: DisableAndRevoke<'a>,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let item = NewsItem::Revoked(revocation.clone());
        self.methods.withdraw.measure(async move {
            let steps = match withdrawal {
                DisableAndRevoke::DisableUser(id) => one(users::set_status(id, UserStatus::Disabled)),
                DisableAndRevoke::RemoveClient(id) => clients::removal(id),
                DisableAndRevoke::RemoveUser(id) => one(users::remove(id)),
                DisableAndRevoke::SetPasswordHash(id, hash) => one(users::set_password_hash(id, hash)),
                DisableAndRevoke::SetProfile(user) => users::set_profile(user),
                DisableAndRevoke::SetUserScope(id, scope) => one(users::set_scope(id, scope)),
                DisableAndRevoke::UpdateClient { old, new } => clients::replacement(old, new)?,
            };
            let (before, after) = ended_with(withdrawal, revocation.whose());
            let steps = before.into_iter().chain(steps).chain(after).collect();
            Ok(self.take_and_tell(steps, item).await?.is_none())
        })
    }

    fn heads(&self) -> BoxFuture<'_, Result<NewsHeads, StoreError>> {
        self.methods.news_heads.measure(async move {
            let heads = self.all(Statement::new(HEADS), row::news_head).await?;
            Ok(NewsHeads::new(heads))
        })
    }

    fn news_after(&self, position: NewsPosition, limit: u16) -> BoxFuture<'_, Result<Vec<NewsEntry>, StoreError>> {
        let after = Statement::new(AFTER).bind(number(position.lane()));
        let after = after.bind(position.place()).bind(limit);
        self.methods.news_after.measure(self.all(after, row::news_entry))
    }

    fn old_revocations(&self, after: i64, limit: u16) -> BoxFuture<'_, Result<Vec<(i64, Revocation)>, StoreError>> {
        let after = Statement::new(OLD_AFTER).bind(after).bind(limit);
        self.methods.old_revocations.measure(async move {
            let kept = self.all(after, row::old_revocation).await?;
            // A running server calls this repeatedly, so the server knows the changes of other
            // processes.
            self.note().await?;
            Ok(kept)
        })
    }

    fn forget_news(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.methods.forget_news.measure(async move {
            let now = now.as_unix();
            let first = |lane| Statement::new(SET_FIRST).bind(number(lane)).bind(now).any();
            // No step without an expectation misses it.
            self.connections
                .transaction(NewsLane::all().map(first).collect())
                .await?;
            let mut forgotten = 0;
            for delete in [FORGET, FORGET_OLD] {
                forgotten += self.delete(|| Statement::new(delete).bind(now).bind(BATCH)).await?;
            }
            Ok(forgotten)
        })
    }
}

impl SqlStore {
    /// Runs a statement that deletes at most [`BATCH`] rows, until it finds less. Other changes run
    /// in between.
    async fn delete(&self, statement: impl Fn() -> Statement) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let rows = self.connections.execute(statement()).await?;
            deleted += rows;
            if rows < BATCH.into() {
                return Ok(deleted);
            }
        }
    }
}
