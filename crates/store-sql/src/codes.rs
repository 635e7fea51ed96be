//! Authorization codes in SQL.

use scopegate_domain::{Authorization, AuthorizationCode, Consent, EndReason, Family, NewFamily, Timestamp, User};
use scopegate_store::{AllowOutcome, BoxFuture, ChangeTime, Codes, RedeemOutcome, Redemption, StoreError, Users};

use crate::grant_row::{self, FoundCode, bind_authorization, bind_session};
use crate::grant_sql::{
    authorization_columns, code_columns, consent_columns, has_client, has_same_user, has_session, has_user,
    is_active_session, is_in_time, user_columns,
};
use crate::grant_steps::{ended_as, revoked_families};
use crate::news_steps::lane;
use crate::statement::{More, RowView, Slot, Statement, Step};
use crate::store::BATCH;
use crate::{SqlStore, row};

const USE_SESSION: &str = concat!(
    "UPDATE sessions SET seen_at = $4 WHERE ends_on = $1 AND digest = $2 AND user_id = $3 AND ",
    is_active_session!("$4"),
    " AND EXISTS (SELECT 1 FROM users WHERE users.id = $3 AND users.status = 'active')"
);

const FIND_CONSENT: &str = concat!(
    "SELECT ",
    consent_columns!(),
    " FROM consents WHERE user_id = $1 AND client_id = $2"
);

const ADD_CONSENT: &str = concat!(
    "INSERT INTO consents (",
    consent_columns!(),
    ", place) VALUES ($1, $2, $3, $4, $5, $6, (SELECT place FROM news_head WHERE lane = $7))"
);

/// Widens a consent that is as it was read.
const WIDEN: &str = "UPDATE consents SET scope = $3, refused_scope = $4, changed_at = $5 \
     WHERE user_id = $1 AND client_id = $2 AND scope = $6 AND refused_scope = $7";

const ADD: &str = concat!(
    "INSERT INTO codes (",
    code_columns!(),
    ", user_place, client_place) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
         (SELECT place FROM news_head WHERE lane = $17), (SELECT place FROM news_head WHERE lane = $18)"
);

/// Each binding is a condition. `$6` and `$7` are in place of a missing redirect URI and key.
const REDEEM: &str = concat!(
    "UPDATE codes SET redeemed_at = $9, family_ends_on = $10, family = $11 \
     WHERE ends_on = $1 AND digest = $2 AND client_id = $3 \
         AND COALESCE(redirect_uri, $6) = COALESCE($4, $6) AND challenge = $5 \
         AND COALESCE(key_thumbprint, $7) = COALESCE($8, $7) \
         AND redeemed_at IS NULL AND expires_at > $9 AND ",
    has_user!("codes"),
    " AND ",
    has_client!("codes"),
    " AND EXISTS (SELECT 1 FROM consents WHERE consents.user_id = codes.user_id \
             AND consents.client_id = codes.client_id AND consents.place <= codes.user_place) \
         AND ($12 = 0 OR ",
    has_session!("codes", "$9"),
    ") RETURNING ",
    code_columns!(),
    ", ",
    user_columns!("codes"),
    ", (SELECT COUNT(*) FROM families WHERE families.user_id = codes.user_id \
             AND families.client_id = codes.client_id AND families.ended_at IS NULL)"
);

const FIND: &str = concat!(
    "SELECT ",
    code_columns!(),
    ", ",
    user_columns!("codes"),
    ", family_ends_on, family, CASE WHEN ",
    has_same_user!("codes"),
    " THEN 1 ELSE 0 END, CASE WHEN ",
    has_client!("codes"),
    " THEN 1 ELSE 0 END, CASE WHEN EXISTS (SELECT 1 FROM consents WHERE consents.user_id = codes.user_id \
             AND consents.client_id = codes.client_id AND consents.place <= codes.user_place) THEN 1 ELSE 0 END, \
         CASE WHEN $4 = 0 OR ",
    has_session!("codes", "$3"),
    " THEN 1 ELSE 0 END FROM codes WHERE ends_on = $1 AND digest = $2"
);

/// Ends those whose time is over first, then the oldest ones.
const END_OLDEST: &str = concat!(
    "UPDATE families SET ended_at = $3, ended_why = $4 WHERE (ends_on, id) IN ( \
         SELECT ends_on, id FROM families WHERE user_id = $1 AND client_id = $2 AND ended_at IS NULL \
         ORDER BY CASE WHEN ",
    is_in_time!("$3"),
    " THEN 0 ELSE 1 END, began_at DESC, ends_on DESC, id DESC \
         LIMIT 1000000 OFFSET $5) \
     RETURNING id"
);

const BEGIN_FAMILY: &str = concat!(
    "INSERT INTO families (",
    authorization_columns!(),
    ", ends_on, id, secret_digest, generation, rotated_at, began_at, ends_at, idle_seconds, ends_with_session, \
         user_place, client_place) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
         (SELECT place FROM news_head WHERE lane = $20), (SELECT place FROM news_head WHERE lane = $21)"
);

const REMOVE_SOME: &str = "DELETE FROM codes WHERE (ends_on, digest) IN ( \
         SELECT ends_on, digest FROM codes ORDER BY ends_on, digest LIMIT $1)";

/// The number of times that a decision is made again because a row has changed since it was read.
/// No known sequence of changes needs more than two.
pub(crate) const MOST_ATTEMPTS: usize = 8;

/// The row changed after each decision.
#[derive(Debug, thiserror::Error)]
#[error("row changed repeatedly while it was read; repeat the request")]
pub(crate) struct ChangedRepeatedly;

impl Codes for SqlStore {
    fn allow<'a>(
        &'a self,
        consent: &'a Consent,
        code: &'a AuthorizationCode,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<AllowOutcome, StoreError>> {
        self.methods.allow_code.measure(async move {
            let of = &code.authorization;
            let session = bind_session(Statement::new(USE_SESSION), &of.login.session);
            let session = session.bind(of.user_id.as_str()).bind(now.as_unix());
            let steps = vec![session.changes(1), grant(consent), add(code).changes(1)];
            if self.change_all(steps).await? {
                return Ok(AllowOutcome::Stored);
            }
            let user = self.find_by_id(&of.user_id).await?;
            Ok(if user.is_some_and(|user| user.is_active()) {
                AllowOutcome::SessionEnded
            } else {
                AllowOutcome::UserDisabled
            })
        })
    }

    fn redeem<'a>(
        &'a self,
        redemption: &'a Redemption<'a>,
        family: &'a NewFamily,
    ) -> BoxFuture<'a, Result<RedeemOutcome, StoreError>> {
        self.methods.redeem_code.measure(async move {
            for _ in 0..MOST_ATTEMPTS {
                if let Some(redeemed) = self.try_to_redeem(redemption, family).await? {
                    return Ok(RedeemOutcome::Redeemed(Box::new(redeemed)));
                }
                if let Some(refused) = self.refusal(redemption, family).await? {
                    return Ok(refused);
                }
            }
            Err(StoreError::unavailable(ChangedRepeatedly))
        })
    }

    fn remove_codes(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.methods
            .remove_codes
            .measure(self.change_in_batches(|| Statement::new(REMOVE_SOME).bind(BATCH)))
    }
}

impl SqlStore {
    async fn try_to_redeem(
        &self,
        redemption: &Redemption<'_>,
        family: &NewFamily,
    ) -> Result<Option<(Authorization, User)>, StoreError> {
        let slot = Slot::new();
        let (new, time, to) = (family.clone(), redemption.time, slot.clone());
        let step = redeem(redemption, family).changes(1).then(move |rows| {
            let [row] = rows else { return Ok(More::default()) };
            let (code, user, families) = grant_row::redeemed_code(*row)?;
            let more = begin_family(&new, &code.authorization, families, time);
            to.set((code.authorization, user));
            Ok(more)
        });
        let is_redeemed = self.change_all(vec![step]).await?;
        Ok(slot.take().filter(|_| is_redeemed))
    }

    /// Returns why a code was not redeemed. `None` if that has changed meanwhile.
    async fn refusal(
        &self,
        redemption: &Redemption<'_>,
        family: &NewFamily,
    ) -> Result<Option<RedeemOutcome>, StoreError> {
        let time = redemption.time;
        let id = redemption.code;
        let find = Statement::new(FIND)
            .bind(id.ends_on().number())
            .bind(id.digest().as_slice());
        let find = find.bind(time.now.as_unix()).bind(family.ends_with_session);
        let Some(found) = self.one(find, grant_row::found_code).await? else {
            return Ok(Some(RedeemOutcome::Unknown));
        };
        let FoundCode {
            code,
            redeemed,
            standing,
        } = found;
        let refusal = redemption.refusal(&code, redeemed.map(|key| key.id), standing);
        if let (Some(RedeemOutcome::Replayed(_)), Some(key)) = (&refusal, redeemed) {
            let (client, why) = (redemption.client, EndReason::CodeReplayed);
            let audited = self.with_audit(redemption.replay_audit);
            audited.end_family(key, client, why, time).await?;
        }
        Ok(refusal)
    }
}

/// The step that stores a consent, or widens the stored one.
fn grant(consent: &Consent) -> Step {
    let new = consent.clone();
    let find = Statement::new(FIND_CONSENT).bind(new.user_id.as_str());
    find.bind(new.client_id.as_str()).any().then(move |rows| {
        let stored = rows.first().map(|row| grant_row::consent(*row)).transpose()?;
        Ok(More {
            next: stored.map_or_else(|| vec![add_consent(&new)], |stored| widen(&stored, &new)),
            ..More::default()
        })
    })
}

fn add_consent(new: &Consent) -> Step {
    let consent = new.widened(new);
    Statement::new(ADD_CONSENT)
        .bind(consent.user_id.as_str())
        .bind(consent.client_id.as_str())
        .bind(row::joined(&consent.scope))
        .bind(row::joined(&consent.refused_scope))
        .bind(consent.granted_at.as_unix())
        .bind(consent.changed_at.as_unix())
        .bind(lane(consent.user_id.as_str()))
        .changes(1)
}

fn widen(stored: &Consent, new: &Consent) -> Vec<Step> {
    let both = stored.widened(new);
    if both == *stored {
        return Vec::new();
    }
    let widen = Statement::new(WIDEN)
        .bind(stored.user_id.as_str())
        .bind(stored.client_id.as_str())
        .bind(row::joined(&both.scope))
        .bind(row::joined(&both.refused_scope))
        .bind(both.changed_at.as_unix())
        .bind(row::joined(&stored.scope))
        .bind(row::joined(&stored.refused_scope));
    vec![widen.changes(1)]
}

fn add(code: &AuthorizationCode) -> Statement {
    let of = &code.authorization;
    bind_authorization(Statement::new(ADD), of)
        .bind(of.nonce.as_deref())
        .bind(code.id.ends_on().number())
        .bind(code.id.digest().as_slice())
        .bind(code.redirect_uri.as_deref())
        .bind(code.challenge.as_bytes().as_slice())
        .bind(code.expires_at.as_unix())
        .bind(lane(of.user_id.as_str()))
        .bind(lane(of.client_id.as_str()))
}

fn redeem(redemption: &Redemption<'_>, family: &NewFamily) -> Statement {
    let (none, missing): (&[u8], &str) = (&[], "");
    Statement::new(REDEEM)
        .bind(redemption.code.ends_on().number())
        .bind(redemption.code.digest().as_slice())
        .bind(redemption.client.as_str())
        .bind(redemption.redirect_uri)
        .bind(redemption.challenge.as_bytes().as_slice())
        .bind(missing)
        .bind(none)
        .bind(redemption.key_thumbprint.map(|key| key.as_bytes().as_slice()))
        .bind(redemption.time.now.as_unix())
        .bind(family.ends_on().number())
        .bind(family.id.as_bytes().as_slice())
        .bind(family.ends_with_session)
}

/// The steps that begin a family and end those that are too many. `families` is the number of those
/// that have not ended.
fn begin_family(new: &NewFamily, authorization: &Authorization, families: i64, time: ChangeTime) -> More {
    let family = Family::begin(new, authorization.clone(), time.now);
    let of = &family.authorization;
    let oldest = Statement::new(END_OLDEST)
        .bind(of.user_id.as_str())
        .bind(of.client_id.as_str());
    let kept = i64::try_from(Family::MAX_FOR_CLIENT - 1).unwrap_or(i64::MAX);
    let oldest = ended_as(oldest, EndReason::Limit, time.now).bind(kept).any();
    let oldest = oldest.then(move |rows: &[&dyn RowView]| revoked_families(rows, time).map(|(_, more)| more));
    let begin = bind_authorization(Statement::new(BEGIN_FAMILY), of)
        .bind(family.ends_on().number())
        .bind(family.id.as_bytes().as_slice())
        .bind(family.secret_digest.as_bytes().as_slice())
        .bind(family.generation.number())
        .bind(family.rotated_at.as_unix())
        .bind(family.began_at.as_unix())
        .bind(family.ends_at.as_unix())
        .bind(family.idle.as_seconds())
        .bind(family.ends_with_session)
        .bind(lane(of.user_id.as_str()))
        .bind(lane(of.client_id.as_str()));
    let oldest = (families > kept).then_some(oldest);
    More {
        next: oldest.into_iter().chain([begin.changes(1)]).collect(),
        ..More::default()
    }
}
