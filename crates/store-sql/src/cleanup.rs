//! Deletes rows that have ended, in batches.

use scopegate_domain::{AuthorizationCode, Day, Lifetime, Timestamp};
use scopegate_store::{Cleanup, DeletedRows, ENDED_KEPT, FamilyKey, StoreError};

use crate::SqlStore;
use crate::grant_row::{bind_family, family_key};
use crate::statement::{Backend, More, Outcome, Slot, Statement, Step};

const CODES: &str = "DELETE FROM codes WHERE (ends_on, digest) IN ( \
         SELECT ends_on, digest FROM codes WHERE ends_on <= $1 AND expires_at <= $2 \
         ORDER BY ends_on, digest LIMIT $3) \
     RETURNING 1";

const SESSIONS: &str = "DELETE FROM sessions WHERE (ends_on, digest) IN ( \
         SELECT ends_on, digest FROM sessions WHERE ends_on < $1 AND ends_at <= $2 \
         ORDER BY ends_on, digest LIMIT $3) \
     RETURNING 1";

const ENDED_FAMILIES: &str = "DELETE FROM families WHERE (ends_on, id) IN ( \
         SELECT ends_on, id FROM families WHERE ended_at <= $1 ORDER BY ended_at, ends_on, id LIMIT $2) \
     RETURNING 1";

const OLD_FAMILIES: &str = "DELETE FROM families WHERE (ends_on, id) IN ( \
         SELECT ends_on, id FROM families WHERE ends_on < $1 AND ends_at <= $2 ORDER BY ends_on, id LIMIT $3) \
     RETURNING 1";

/// The next idle families of those that this batch examines.
const IDLE_FAMILIES: &str = "SELECT ends_on, id FROM ( \
         SELECT ends_on, id, ended_at, rotated_at + idle_seconds AS idle_at FROM families \
         WHERE (ends_on, id) > ($1, $2) ORDER BY ends_on, id LIMIT $3) AS page \
     WHERE ended_at IS NULL AND idle_at <= $4 ORDER BY ends_on, id LIMIT $5";

/// The last family that this batch examines, if others may follow.
const LAST_EXAMINED: &str = "SELECT ends_on, id FROM families WHERE (ends_on, id) > ($1, $2) \
     ORDER BY ends_on, id LIMIT 1 OFFSET $3";

const REMOVE_IDLE: &str = "DELETE FROM families WHERE ends_on = $1 AND id = $2 \
     AND ended_at IS NULL AND rotated_at + idle_seconds <= $3";

/// Steps from each client to the next by the index, so that the cost depends on the number of
/// clients, not of consents.
const CONSENTS: &str = "DELETE FROM consents WHERE (user_id, client_id) IN ( \
         WITH RECURSIVE ids (id) AS ( \
             SELECT min(client_id) FROM consents \
             UNION ALL \
             SELECT (SELECT min(client_id) FROM consents WHERE client_id > ids.id) FROM ids WHERE ids.id IS NOT NULL \
         ) SELECT user_id, client_id FROM ids CROSS JOIN consents WHERE client_id = ids.id \
             AND NOT EXISTS (SELECT 1 FROM clients WHERE clients.id = ids.id) \
         ORDER BY client_id, user_id LIMIT $1)";

const SECRETS: &str = "DELETE FROM sealed_secrets WHERE verifies_until <= $1";

/// The rows of one table that have ended.
struct Pass {
    delete: fn(Timestamp) -> Statement,
    count: fn(&mut DeletedRows) -> &mut u64,
}

const PASSES: [Pass; 4] = [
    Pass {
        delete: |now| by_day(CODES, now, AuthorizationCode::KEPT),
        count: |deleted| &mut deleted.codes,
    },
    Pass {
        delete: |now| by_day(SESSIONS, now, Lifetime::from_seconds(0)),
        count: |deleted| &mut deleted.sessions,
    },
    Pass {
        delete: |now| Statement::new(ENDED_FAMILIES).bind(before(now, ENDED_KEPT)),
        count: |deleted| &mut deleted.families,
    },
    Pass {
        delete: |now| by_day(OLD_FAMILIES, now, ENDED_KEPT),
        count: |deleted| &mut deleted.families,
    },
];

fn before(now: Timestamp, kept: Lifetime) -> i64 {
    now.as_unix().saturating_sub(kept.as_seconds().into())
}

fn by_day(sql: &'static str, now: Timestamp, kept: Lifetime) -> Statement {
    Statement::new(sql).bind(Day::of(now).number()).bind(before(now, kept))
}

/// Deletes at most `left` rows of the tables of these passes.
fn delete(passes: &'static [Pass], now: Timestamp, left: u64, slot: Slot<DeletedRows>) -> Option<Step> {
    let (pass, rest) = passes.split_first()?;
    let limit = i64::try_from(left).unwrap_or(i64::MAX);
    let step = (pass.delete)(now).bind(limit).any().then(move |rows| {
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let mut deleted = slot.take().unwrap_or_default();
        *(pass.count)(&mut deleted) += count;
        slot.set(deleted);
        Ok(More {
            next: delete(rest, now, left.saturating_sub(count), slot)
                .into_iter()
                .collect(),
            ..More::default()
        })
    });
    Some(step)
}

impl SqlStore {
    /// Deletes one batch, in two transactions: the walk over the families is read between them.
    pub(crate) async fn clean(&self, cleanup: Cleanup) -> Result<DeletedRows, StoreError> {
        let max = u64::from(cleanup.max);
        let slot = Slot::new();
        let steps = delete(&PASSES, cleanup.now, max, slot.clone()).into_iter().collect();
        self.connections.transaction(steps).await?;
        let mut deleted = slot.take().unwrap_or_default();
        let left = max.saturating_sub(deleted.total());
        let (idle, examined) = self.idle(&cleanup, left).await?;
        let idle_until = before(cleanup.now, ENDED_KEPT);
        let remove = |key: &FamilyKey| bind_family(Statement::new(REMOVE_IDLE), key).bind(idle_until).any();
        let mut steps: Vec<_> = idle.iter().map(remove).collect();
        let limit = left.saturating_sub(u64::try_from(idle.len()).unwrap_or(u64::MAX));
        steps.push(
            Statement::new(CONSENTS)
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .any(),
        );
        steps.push(Statement::new(SECRETS).bind(cleanup.now.as_unix()).any());
        if let Outcome::Committed(rows) = self.connections.transaction(steps).await? {
            deleted.secrets = rows.last().copied().unwrap_or_default();
            deleted.consents = rows.get(idle.len()).copied().unwrap_or_default();
            deleted.families += rows.iter().take(idle.len()).sum::<u64>();
        }
        deleted.examined = examined;
        deleted.has_more = deleted.total().saturating_sub(deleted.secrets) >= max || examined.is_some();
        Ok(deleted)
    }

    /// Returns the next idle families, at most `left`, and the last one that was examined.
    async fn idle(&self, cleanup: &Cleanup, left: u64) -> Result<(Vec<FamilyKey>, Option<FamilyKey>), StoreError> {
        let count = i64::try_from(cleanup.examined()).unwrap_or(i64::MAX);
        let after = |sql| match &cleanup.after {
            Some(key) => bind_family(Statement::new(sql), key),
            None => Statement::new(sql).bind(-1_i64).bind([].as_slice()),
        };
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let one_more = i64::try_from(left.saturating_add(1)).unwrap_or(i64::MAX);
        let idle = after(IDLE_FAMILIES).bind(count).bind(before(cleanup.now, ENDED_KEPT));
        let mut idle = self.all(idle.bind(one_more), family_key).await?;
        if idle.len() > left {
            idle.truncate(left);
            let last = idle.last().copied().or(cleanup.after);
            return Ok((idle, last));
        }
        let last = after(LAST_EXAMINED).bind(count.saturating_sub(1));
        Ok((idle, self.one(last, family_key).await?))
    }
}
