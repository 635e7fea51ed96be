//! The cleanup of the store in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use scopegate_domain::{AuthorizationCode, Day, Family};

use super::Tables;
use super::grant_rows::{FamilyRow, Grants};
use crate::{Cleanup, DeletedRows, ENDED_KEPT, FamilyKey};

impl Tables {
    /// Deletes one batch.
    pub(super) fn delete_expired(&mut self, cleanup: Cleanup) -> DeletedRows {
        let mut left = usize::from(cleanup.max);
        let mut deleted = self.grants.delete_expired(cleanup, &mut left);
        let consents = self.grants.consents.keys();
        let consents = consents.filter(|(_, client)| !self.clients.contains_key(client));
        let mut consents: Vec<_> = consents.cloned().collect();
        consents.sort_by(|(user, client), (other, of)| (client, user).cmp(&(of, other)));
        deleted.consents = remove(&mut self.grants.consents, consents, &mut left);
        deleted.has_more = left == 0 || deleted.examined.is_some();
        deleted
    }
}

impl Tables {
    /// Returns the number of rows of each table that grows with use.
    pub(super) fn count_rows(&self) -> Vec<(&'static str, u64)> {
        let rows = [
            ("audit", self.audit.count()),
            ("clients", self.clients.len()),
            ("codes", self.grants.codes.len()),
            ("consents", self.grants.consents.len()),
            ("families", self.grants.families.len()),
            ("news", self.news.count()),
            ("sessions", self.grants.sessions.len()),
            ("users", self.users.by_name.len()),
        ];
        let count = |(table, rows)| (table, u64::try_from(rows).unwrap_or(u64::MAX));
        rows.into_iter().map(count).collect()
    }
}

impl Grants {
    fn delete_expired(&mut self, cleanup: Cleanup, left: &mut usize) -> DeletedRows {
        let Cleanup { now, after, .. } = cleanup;
        let today = Day::of(now);
        let mut deleted = DeletedRows::default();
        let codes = self
            .codes
            .iter()
            .filter(|(id, row)| id.ends_on() <= today && row.code.expires_at + AuthorizationCode::KEPT <= now);
        let codes: Vec<_> = codes.map(|(id, _)| *id).collect();
        deleted.codes = remove(&mut self.codes, codes, left);
        let sessions = self.sessions.iter();
        let sessions = sessions.filter(|(id, session)| id.ends_on() < today && session.ends_at <= now);
        let sessions: Vec<_> = sessions.map(|(id, _)| *id).collect();
        deleted.sessions = remove(&mut self.sessions, sessions, left);
        let mut ended: Vec<_> = self
            .families
            .iter()
            .filter_map(|(key, row)| {
                let (at, _) = row.family.ended?;
                (at + ENDED_KEPT <= now).then_some((at, *key))
            })
            .collect();
        ended.sort_unstable();
        let ended = ended.into_iter().map(|(_, key)| key).collect();
        deleted.families = remove(&mut self.families, ended, left);
        let aged = self.families.iter();
        let aged = aged.filter(|(key, row)| key.ends_on < today && row.family.ends_at + ENDED_KEPT <= now);
        let aged: Vec<_> = aged.map(|(key, _)| *key).collect();
        deleted.families += remove(&mut self.families, aged, left);
        let (idle, examined) = self.idle(cleanup, after, *left);
        deleted.families += remove(&mut self.families, idle, left);
        deleted.examined = examined;
        let before = self.secrets.len();
        self.secrets.retain(|_, secret| secret.is_live(now));
        deleted.secrets = u64::try_from(before - self.secrets.len()).unwrap_or(u64::MAX);
        deleted
    }

    /// Returns the next idle families, and the last family that was examined.
    fn idle(&self, cleanup: Cleanup, after: Option<FamilyKey>, left: usize) -> (Vec<FamilyKey>, Option<FamilyKey>) {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let count = cleanup.examined();
        let page: Vec<_> = self.families.range((start, Bound::Unbounded)).take(count).collect();
        let is_idle = |row: &FamilyRow| is_idle(&row.family, cleanup);
        let mut idle: Vec<_> = page
            .iter()
            .filter(|(_, row)| is_idle(row))
            .map(|(key, _)| **key)
            .collect();
        if idle.len() > left {
            idle.truncate(left);
            return (idle.clone(), idle.last().copied().or(after));
        }
        let last = page.last().filter(|_| page.len() == count).map(|(key, _)| **key);
        (idle, last)
    }
}

fn is_idle(family: &Family, cleanup: Cleanup) -> bool {
    family.ended.is_none() && family.rotated_at + family.idle + ENDED_KEPT <= cleanup.now
}

/// Removes these rows, as long as some are left. Returns their number.
fn remove<K: Ord, V>(rows: &mut BTreeMap<K, V>, keys: Vec<K>, left: &mut usize) -> u64 {
    let mut count = 0;
    for key in keys.into_iter().take(*left) {
        rows.remove(&key);
        *left -= 1;
        count += 1;
    }
    count
}
