//! Token families in SQL.

use scopegate_domain::{ClientId, EndReason, Family, Timestamp, User, UserId};
use scopegate_store::{
    BoxFuture, ChangeTime, Families, FamilyKey, FoundFamily, RotateDecision, RotateOutcome, Rotation, Standing,
    StoreError,
};

use crate::SqlStore;
use crate::codes::{ChangedRepeatedly, MOST_ATTEMPTS};
use crate::grant_row::{self, bind_family};
use crate::grant_sql::{can_be_refreshed, family_columns, has_client, has_same_user, has_session, user_columns};
use crate::grant_steps::{ended_as, revoked_family};
use crate::statement::{Backend as _, More, Slot, Statement};
use crate::store::BATCH;

/// Moves a family whose row has the generation of the token (`=`), or an earlier one (`<`). `$7` is
/// in place of a missing key.
macro_rules! rotate {
    ($compare:literal) => {
        concat!(
            "UPDATE families SET generation = $5, rotated_at = $9 \
             WHERE ends_on = $1 AND id = $2 AND secret_digest = $3 AND generation ",
            $compare,
            " $4 AND client_id = $6 AND COALESCE(key_thumbprint, $7) = COALESCE($8, $7) AND ",
            can_be_refreshed!("$9"),
            " RETURNING ",
            family_columns!(),
            ", ",
            user_columns!("families")
        )
    };
}

/// The columns of `grant_row::found_family`. `$3` is the time.
macro_rules! found {
    () => {
        concat!(
            "SELECT ",
            family_columns!(),
            ", ",
            user_columns!("families"),
            ", CASE WHEN ",
            has_same_user!("families"),
            " THEN 1 ELSE 0 END, CASE WHEN ",
            has_client!("families"),
            " THEN 1 ELSE 0 END, CASE WHEN ends_with_session = 0 OR ",
            has_session!("families", "$3"),
            " THEN 1 ELSE 0 END FROM families "
        )
    };
}

const ROTATE: &str = rotate!("=");

const FORWARD: &str = rotate!("<");

const FIND: &str = concat!(found!(), "WHERE ends_on = $1 AND id = $2");

const OF_CLIENT: &str = concat!(
    found!(),
    "WHERE user_id = $1 AND client_id = $2 ORDER BY began_at DESC, ends_on DESC, id DESC LIMIT $4"
);

const END: &str = "UPDATE families SET ended_at = $4, ended_why = $5 \
     WHERE ends_on = $1 AND id = $2 AND client_id = $3 AND ended_at IS NULL";

/// The last of the next families, if there is one.
const LAST_OF_BATCH: &str = "SELECT ends_on, id FROM ( \
         SELECT ends_on, id FROM families WHERE (ends_on, id) > ($1, $2) ORDER BY ends_on, id LIMIT $3) AS page \
     ORDER BY ends_on DESC, id DESC LIMIT 1";

const END_BATCH: &str = "UPDATE families SET ended_at = $5, ended_why = $6 \
     WHERE (ends_on, id) > ($1, $2) AND (ends_on, id) <= ($3, $4) AND ended_at IS NULL";

type Found = (Family, Option<User>, Standing);

impl Families for SqlStore {
    fn rotate<'a>(&'a self, rotation: &'a Rotation<'a>) -> BoxFuture<'a, Result<RotateOutcome, StoreError>> {
        self.methods.rotate_family.measure(async move {
            // Usually the token is the valid one, and then this is the only statement.
            if let Some(outcome) = self.try_to_move(rotation, ROTATE, RotateOutcome::Rotated).await? {
                return Ok(outcome);
            }
            for _ in 0..MOST_ATTEMPTS {
                if let Some(outcome) = self.decide(rotation).await? {
                    return Ok(outcome);
                }
            }
            Err(StoreError::unavailable(ChangedRepeatedly))
        })
    }

    fn end<'a>(
        &'a self,
        family: FamilyKey,
        client: &'a ClientId,
        why: EndReason,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods
            .end_family
            .measure(self.end_family(family, client, why, time))
    }

    fn find(&self, family: FamilyKey, now: Timestamp) -> BoxFuture<'_, Result<Option<FoundFamily>, StoreError>> {
        self.methods.find_family.measure(async move {
            let found = self.find_row(&family, now).await?;
            Ok(found.map(|(family, _, standing)| FoundFamily::new(family, standing, now)))
        })
    }

    fn of_client<'a>(
        &'a self,
        user: &'a UserId,
        client: &'a ClientId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<FoundFamily>, StoreError>> {
        self.methods.families_of_client.measure(async move {
            let rows = Statement::new(OF_CLIENT).bind(user.as_str()).bind(client.as_str());
            let rows = rows.bind(now.as_unix()).bind(limit);
            let found = self.all(rows, grant_row::found_family).await?.into_iter();
            let found = found.map(|(family, _, standing)| FoundFamily::new(family, standing, now));
            Ok(found.collect())
        })
    }

    fn end_families(&self, why: EndReason, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.methods.end_all_families.measure(self.end_all(why, now))
    }
}

impl SqlStore {
    async fn find_row(&self, key: &FamilyKey, now: Timestamp) -> Result<Option<Found>, StoreError> {
        let find = bind_family(Statement::new(FIND), key).bind(now.as_unix());
        self.one(find, grant_row::found_family).await
    }

    /// Moves a family to the successor of the token. Returns `None` if a condition of the statement
    /// does not hold.
    async fn try_to_move(
        &self,
        rotation: &Rotation<'_>,
        sql: &'static str,
        moved: fn(Box<(Family, User)>) -> RotateOutcome,
    ) -> Result<Option<RotateOutcome>, StoreError> {
        let presented = &rotation.presented;
        let Some(next) = presented.generation.next() else {
            return Ok(None);
        };
        let none: &[u8] = &[];
        let update = bind_family(Statement::new(sql), &rotation.key())
            .bind(presented.secret_digest.as_bytes().as_slice())
            .bind(presented.generation.number())
            .bind(next.number())
            .bind(presented.client_id.as_str())
            .bind(none)
            .bind(presented.key_thumbprint.map(|key| key.as_bytes().as_slice()))
            .bind(rotation.time.now.as_unix());
        let slot = Slot::new();
        let (to, condition) = (slot.clone(), rotation.condition.clone());
        let step = update.changes(1).then(move |rows| {
            for row in rows {
                let (family, user) = grant_row::rotated_family(*row)?;
                if !condition.holds(&family, &user) {
                    to.set(RotateOutcome::NotAllowed);
                    return Ok(More::refused());
                }
                to.set(moved(Box::new((family, user))));
            }
            Ok(More::default())
        });
        let is_moved = self.change_all(vec![step]).await?;
        let outcome = slot.take();
        Ok(outcome.filter(|outcome| is_moved || *outcome == RotateOutcome::NotAllowed))
    }

    /// Decides by the row that is stored now. Returns `None` if it has changed since.
    async fn decide(&self, rotation: &Rotation<'_>) -> Result<Option<RotateOutcome>, StoreError> {
        let (key, time) = (rotation.key(), rotation.time);
        let Some((family, user, standing)) = self.find_row(&key, time.now).await? else {
            return Ok(Some(RotateOutcome::Unknown));
        };
        let client = rotation.presented.client_id;
        Ok(match rotation.decide(&family, standing) {
            RotateDecision::Refused(outcome) => Some(outcome),
            RotateDecision::Retry => user.map(|user| {
                if rotation.condition.holds(&family, &user) {
                    RotateOutcome::Retry(Box::new((family, user)))
                } else {
                    RotateOutcome::NotAllowed
                }
            }),
            RotateDecision::EndReused => {
                let audited = self.with_audit(rotation.reuse_audit);
                let is_ended = audited.end_family(key, client, EndReason::Reused, time).await?;
                is_ended.then_some(RotateOutcome::Reused)
            }
            RotateDecision::Move { is_forward: true, .. } => {
                self.try_to_move(rotation, FORWARD, RotateOutcome::Forwarded).await?
            }
            RotateDecision::Move { is_forward: false, .. } => {
                self.try_to_move(rotation, ROTATE, RotateOutcome::Rotated).await?
            }
        })
    }

    /// Ends all families in batches, in the order of their keys: other changes run in between. The
    /// entries of the audit log are written with the first batch that ends one.
    async fn end_all(&self, why: EndReason, now: Timestamp) -> Result<u64, StoreError> {
        let (mut ended, mut after) = (0, None);
        let behind = |sql, after: &Option<FamilyKey>| match after {
            Some(key) => bind_family(Statement::new(sql), key),
            None => Statement::new(sql).bind(-1_i64).bind([].as_slice()),
        };
        loop {
            let last = behind(LAST_OF_BATCH, &after).bind(BATCH);
            let Some(last) = self.one(last, grant_row::family_key).await? else {
                return Ok(ended);
            };
            let end = ended_as(bind_family(behind(END_BATCH, &after), &last), why, now);
            ended += match ended {
                0 => self.count_changed(end).await?,
                _ => self.connections.execute(end).await?,
            };
            after = Some(last);
        }
    }

    /// Ends a family and revokes its tokens.
    pub(crate) async fn end_family(
        &self,
        key: FamilyKey,
        client: &ClientId,
        why: EndReason,
        time: ChangeTime,
    ) -> Result<bool, StoreError> {
        let steps = vec![end(&key, client, why, time.now).changes(1)];
        let missed = self.take_and_tell(steps, revoked_family(key.id, time)).await?;
        Ok(missed.is_none())
    }
}

fn end(key: &FamilyKey, client: &ClientId, why: EndReason, now: Timestamp) -> Statement {
    ended_as(bind_family(Statement::new(END), key).bind(client.as_str()), why, now)
}
