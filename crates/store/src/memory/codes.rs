//! The codes of the store in memory.

use scopegate_domain::{AuthorizationCode, Consent, EndReason, Family, NewFamily, Timestamp};

use super::grant_rows::{CodeRow, ConsentRow, FamilyRow};
use super::{MemoryStore, Tables};
use crate::audit_log::Change;
use crate::{AllowOutcome, BoxFuture, ChangeTime, Codes, FamilyKey, RedeemOutcome, Redemption, StoreError};

impl Change for AllowOutcome {
    fn is_made(&self) -> bool {
        *self == Self::Stored
    }
}

impl Change for RedeemOutcome {
    fn is_made(&self) -> bool {
        matches!(self, Self::Redeemed(_))
    }
}

impl Codes for MemoryStore {
    fn allow<'a>(
        &'a self,
        consent: &'a Consent,
        code: &'a AuthorizationCode,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<AllowOutcome, StoreError>> {
        self.change(|tables| {
            let of = &code.authorization;
            if tables.active_user(&of.user_id).is_none() {
                return Ok(AllowOutcome::UserDisabled);
            }
            let begin = tables.begin(&of.user_id, &of.client_id);
            let session = tables.grants.sessions.get_mut(&of.login.session);
            let session = session.filter(|session| session.user_id == of.user_id && session.is_active(now));
            let Some(session) = session else {
                return Ok(AllowOutcome::SessionEnded);
            };
            if tables.grants.codes.contains_key(&code.id) {
                return Err(StoreError::conflict());
            }
            session.seen_at = now;
            tables.widen(consent);
            let row = CodeRow {
                code: code.clone(),
                begin,
                redeemed: None,
            };
            tables.grants.codes.insert(code.id, row);
            Ok(AllowOutcome::Stored)
        })
    }

    fn redeem<'a>(
        &'a self,
        redemption: &'a Redemption<'a>,
        family: &'a NewFamily,
    ) -> BoxFuture<'a, Result<RedeemOutcome, StoreError>> {
        self.change(|tables| tables.redeem(redemption, family))
    }

    fn remove_codes(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.change(|tables| {
            let codes = std::mem::take(&mut tables.grants.codes);
            Ok(u64::try_from(codes.len()).unwrap_or(u64::MAX))
        })
    }
}

impl Tables {
    fn widen(&mut self, consent: &Consent) {
        let place = self.begin(&consent.user_id, &consent.client_id).user;
        let key = (consent.user_id.clone(), consent.client_id.clone());
        let new = || ConsentRow {
            consent: consent.clone(),
            place,
        };
        let row = self.grants.consents.entry(key).or_insert_with(new);
        row.consent = row.consent.widened(consent);
    }

    fn redeem(&mut self, redemption: &Redemption<'_>, new: &NewFamily) -> Result<RedeemOutcome, StoreError> {
        let time = redemption.time;
        let Some(row) = self.grants.codes.get(redemption.code) else {
            return Ok(RedeemOutcome::Unknown);
        };
        let standing = self.standing_of_code(row, new.ends_with_session, time.now);
        let redeemed = row.redeemed;
        let refusal = redemption.refusal(&row.code, redeemed.map(|key| key.id), standing);
        match (refusal, redeemed) {
            (Some(RedeemOutcome::Replayed(id)), Some(key)) => {
                self.end_audited(key, EndReason::CodeReplayed, time, redemption.replay_audit)?;
                Ok(RedeemOutcome::Replayed(id))
            }
            (Some(refused), _) => Ok(refused),
            (None, _) => self.begin_family(redemption, new),
        }
    }

    fn begin_family(&mut self, redemption: &Redemption<'_>, new: &NewFamily) -> Result<RedeemOutcome, StoreError> {
        let time = redemption.time;
        let key = FamilyKey {
            ends_on: new.ends_on(),
            id: new.id,
        };
        if self.grants.families.contains_key(&key) {
            return Err(StoreError::conflict());
        }
        let Some(row) = self.grants.codes.get_mut(redemption.code) else {
            return Ok(RedeemOutcome::Unknown);
        };
        row.redeemed = Some(key);
        let authorization = row.code.authorization.clone();
        let begin = self.begin(&authorization.user_id, &authorization.client_id);
        let Some(user) = self.active_user(&authorization.user_id).cloned() else {
            return Ok(RedeemOutcome::UserDisabled);
        };
        let family = Family::begin(new, authorization.clone(), time.now);
        let oldest = self.oldest_families(&family, time);
        for key in &oldest {
            self.grants
                .families
                .get_mut(key)
                .map(|row| row.family.end(EndReason::Limit, time.now));
        }
        self.revoke_families(oldest.iter().map(|key| key.id).collect(), time);
        self.grants.families.insert(key, FamilyRow { family, begin });
        Ok(RedeemOutcome::Redeemed(Box::new((authorization, user))))
    }

    /// Returns the families that end so that another may begin: first those whose time is over,
    /// then the oldest.
    fn oldest_families(&self, new: &Family, time: ChangeTime) -> Vec<FamilyKey> {
        let of = &new.authorization;
        let families = self.families_of(&of.user_id, &of.client_id, time.now);
        let mut families: Vec<_> = families
            .into_iter()
            .filter(|found| found.family.ended.is_none())
            .collect();
        families.sort_by_key(|found| {
            let family = &found.family;
            (
                family.end_reason(time.now).is_none(),
                family.began_at,
                FamilyKey::of(family),
            )
        });
        let count = families.len().saturating_sub(Family::MAX_FOR_CLIENT - 1);
        let oldest = families.iter().take(count);
        oldest.map(|found| FamilyKey::of(&found.family)).collect()
    }
}
