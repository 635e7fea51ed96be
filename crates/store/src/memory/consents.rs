//! The consents of the store in memory.

use scopegate_domain::{ClientId, Consent, EndReason, Family, Revoked, Timestamp, User, UserId};

use super::{MemoryStore, Tables, answer};
use crate::{BoxFuture, ChangeTime, ConsentSummary, Consents, FoundFamily, NewsItem, StoreError};

impl Consents for MemoryStore {
    fn find<'a>(
        &'a self,
        user: &'a UserId,
        client: &'a ClientId,
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreError>> {
        answer(self.read().consent(user, client).cloned())
    }

    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        after: Option<&'a ClientId>,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<ConsentSummary>, StoreError>> {
        let tables = self.read();
        let rows = tables.grants.consents.values().map(|row| &row.consent);
        let of_user =
            rows.filter(|consent| consent.user_id == *user && tables.clients.contains_key(&consent.client_id));
        let page = of_user.filter(|consent| after.is_none_or(|after| consent.client_id > *after));
        let page = page.take(limit.into());
        answer(page.map(|consent| tables.summary(consent, now)).collect())
    }

    fn withdraw<'a>(
        &'a self,
        user: &'a User,
        client: &'a ClientId,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            if tables.consent(user.id(), client).is_none() {
                return Ok(false);
            }
            tables.grants.consents.remove(&(user.id().clone(), client.clone()));
            let whose = Revoked::Consent {
                id: user.id().clone(),
                username: user.username().clone(),
                client_id: client.clone(),
            };
            tables.news.add(NewsItem::Revoked(time.revocation(whose)));
            let is_meant = |family: &Family| {
                let of = &family.authorization;
                of.user_id == *user.id() && of.client_id == *client
            };
            let families = tables.end_families_where(EndReason::Withdrawn, time.now, is_meant);
            tables.revoke_families(families, time);
            Ok(true)
        })
    }
}

impl Tables {
    fn consent(&self, user: &UserId, client: &ClientId) -> Option<&Consent> {
        let row = self.grants.consents.get(&(user.clone(), client.clone()))?;
        self.clients.contains_key(client).then_some(&row.consent)
    }

    fn summary(&self, consent: &Consent, now: Timestamp) -> ConsentSummary {
        let families = self.families_of(&consent.user_id, &consent.client_id, now);
        let live = families.iter().filter(|found| found.end.is_none()).count();
        let ended = families.iter().filter_map(|found| {
            let (at, reason) = found.family.ended?;
            Some((at, found.family.ends_on(), found.family.id, reason))
        });
        ConsentSummary {
            consent: consent.clone(),
            live_families: u32::try_from(live).unwrap_or(u32::MAX),
            last_used: families.iter().map(|found| found.family.rotated_at).max(),
            last_end: ended
                .max_by_key(|(at, ends_on, id, _)| (*at, *ends_on, *id))
                .map(|(.., reason)| reason),
        }
    }

    /// Returns the families of a user and client, in the order of their keys.
    pub(super) fn families_of(&self, user: &UserId, client: &ClientId, now: Timestamp) -> Vec<FoundFamily> {
        let rows = self.grants.families.values().filter(|row| {
            let of = &row.family.authorization;
            of.user_id == *user && of.client_id == *client
        });
        rows.map(|row| self.found(row, now)).collect()
    }
}
