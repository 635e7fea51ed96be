//! The log of revocations and changes in SQL.

use scopegate_domain::{NewsLane, NewsPosition, Revocation, Timestamp, UserStatus};
use scopegate_store::{BoxFuture, DisableAndRevoke, News, NewsEntry, NewsHeads, NewsItem, StoreError};

use crate::grant_steps::{end_grants, ended_with};
use crate::news_steps::number;
use crate::statement::{Backend, Outcome, Statement, Step};
use crate::store::BATCH;
use crate::{SqlStore, clients, row, users};

const HEADS: &str = "SELECT lane, first, place FROM news_head";

const AFTER: &str = "SELECT lane, place, kind, subject, second, issued_until, ends_at FROM news \
     WHERE lane = $1 AND place > $2 ORDER BY place LIMIT $3";

/// Moves the first place behind an entry that has ended.
const SET_FIRST: &str = "UPDATE news_head SET first = $2 + 1 WHERE lane = $1 AND first <= $2";

/// The next entries of a lane that have ended. It passes entries that have not, so it is read
/// outside of the transaction.
const ENDED: &str = "SELECT place FROM news WHERE lane = $1 AND place > $2 AND ends_at <= $3 ORDER BY place LIMIT $4";

const FORGET: &str = "DELETE FROM news WHERE lane = $1 AND place > $2 AND place <= $3 AND ends_at <= $4";

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
            let mut forgotten = 0;
            for lane in NewsLane::all() {
                forgotten += self.forget_lane(number(lane), now).await?;
            }
            let old = || Statement::new(FORGET_OLD).bind(now).bind(BATCH);
            forgotten += self.change_in_batches(old).await?;
            Ok(forgotten)
        })
    }
}

impl SqlStore {
    /// Deletes the entries of a lane that have ended, in batches.
    async fn forget_lane(&self, lane: i64, now: i64) -> Result<u64, StoreError> {
        let (mut forgotten, mut after) = (0, 0);
        loop {
            let ended = Statement::new(ENDED).bind(lane).bind(after).bind(now).bind(BATCH);
            let ended = self.all(ended, |row| row.int(0)).await?;
            let Some(last) = ended.last().copied() else { break };
            // A reader that is behind a deleted entry must read everything again.
            let first = Statement::new(SET_FIRST).bind(lane).bind(last).any();
            let forget = Statement::new(FORGET).bind(lane).bind(after).bind(last).bind(now);
            if let Outcome::Committed(rows) = self.connections.transaction(vec![first, forget.any()]).await? {
                forgotten += rows.last().copied().unwrap_or_default();
            }
            if ended.len() < usize::from(BATCH) {
                break;
            }
            after = last;
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{Revoked, TokenId};
    use sqlx::SqliteConnection;

    use super::*;
    use crate::bound::plans::plan_of;
    use crate::{DatabaseUrl, connect, migrations};

    async fn database() -> SqliteConnection {
        let mut writer = connect::writer(&DatabaseUrl::memory()).await.unwrap();
        migrations::migrate_memory(&mut writer).await.unwrap();
        writer
    }

    /// A scan would also read entries that have not ended, while other programs wait.
    #[tokio::test]
    async fn ended_entries_are_deleted_by_key() {
        let mut writer = database().await;
        for (sql, table) in [(SET_FIRST, "news_head"), (FORGET, "news")] {
            let steps = plan_of(&mut writer, sql).await;
            let [step] = steps.as_slice() else { panic!("{steps:?}") };
            assert!(step.starts_with(&format!("SEARCH {table} USING ")), "{step}");
        }
    }

    /// More than a batch has ended, and entries between them have not.
    #[tokio::test]
    async fn ended_entries_of_several_batches_are_deleted() {
        let store = SqlStore::open(&DatabaseUrl::memory()).await.unwrap();
        let (begin, end) = (Timestamp::from_unix(0), Timestamp::from_unix(10));
        let lane = NewsLane::of("t0");
        let tokens = (0..)
            .map(|number| format!("t{number}"))
            .filter(|id| NewsLane::of(id) == lane);
        for (number, id) in tokens.take(1_300).enumerate() {
            let token = Revoked::Token(TokenId::parse(&id).unwrap());
            let until = if number % 100 == 0 {
                Timestamp::from_unix(20)
            } else {
                end
            };
            let revocation = Revocation::until(token, begin).forgotten_at(until);
            store.revoke(&revocation).await.unwrap();
        }
        assert_eq!(store.forget_news(Timestamp::from_unix(9)).await.unwrap(), 0);
        assert_eq!(store.forget_news(end).await.unwrap(), 1_287);
        let head = store.heads().await.unwrap().of(lane);
        assert_eq!((head.first, head.last), (1_301, 1_300));
        assert_eq!(store.forget_news(Timestamp::from_unix(20)).await.unwrap(), 13);
    }
}
