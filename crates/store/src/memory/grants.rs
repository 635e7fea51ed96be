//! What ends the codes, families and sessions of the store in memory.

use scopegate_domain::{ClientId, CodeId, EndReason, Family, FamilyId, Revoked, SessionId, Timestamp, User, UserId};

use super::grant_rows::{Begin, CodeRow, FamilyRow};
use super::{MemoryStore, Tables};
use crate::{ChangeTime, DisableAndRevoke, EndedSession, FamilyKey, FoundFamily, NewsItem, Standing};

impl MemoryStore {
    pub(crate) fn user_of_session(&self, id: &SessionId) -> Option<UserId> {
        self.read()
            .grants
            .sessions
            .get(id)
            .map(|session| session.user_id.clone())
    }

    pub(crate) fn user_of_code(&self, id: &CodeId) -> Option<UserId> {
        let tables = self.read();
        tables
            .grants
            .codes
            .get(id)
            .map(|row| row.code.authorization.user_id.clone())
    }

    pub(crate) fn user_of_family(&self, key: FamilyKey) -> Option<UserId> {
        let tables = self.read();
        tables
            .grants
            .families
            .get(&key)
            .map(|row| row.family.authorization.user_id.clone())
    }
}

impl Tables {
    fn place(&self, subject: &str) -> i64 {
        self.news.heads().last(subject).place()
    }

    /// Returns the places at which something begins now.
    pub(super) fn begin(&self, user: &UserId, client: &ClientId) -> Begin {
        Begin {
            user: self.place(user.as_str()),
            client: self.place(client.as_str()),
        }
    }

    /// Refuses the codes and families of a user that began before now.
    pub(super) fn end_grants_of_user(&mut self, id: &UserId) {
        let place = self.place(id.as_str());
        self.grants.users_from.insert(id.clone(), place);
    }

    /// Refuses the codes and families of a client that began before now.
    pub(super) fn end_grants_of_client(&mut self, id: &ClientId) {
        let place = self.place(id.as_str());
        self.grants.clients_from.insert(id.clone(), place);
    }

    /// Refuses the codes and families that a revocation covers. Its entry was added before.
    pub(super) fn end_grants(&mut self, whose: &Revoked) {
        match whose {
            Revoked::Client(id) => self.end_grants_of_client(id),
            Revoked::User { id, .. } => self.end_grants_of_user(id),
            Revoked::Consent { .. } | Revoked::Family(_) | Revoked::Token(_) => {}
        }
    }

    /// Ends what a change of a record ends. Its entry was added before.
    pub(super) fn end_grants_with(&mut self, change: DisableAndRevoke<'_>, item: &NewsItem) {
        let revoked = match item {
            NewsItem::Revoked(revocation) => Some(revocation.whose()),
            _ => None,
        };
        if let Some(whose) = revoked.filter(|_| change.ends_grants()) {
            self.end_grants(whose);
        }
        let is_removed = matches!(change, DisableAndRevoke::RemoveUser(_));
        if let DisableAndRevoke::RemoveUser(id) = change {
            self.grants.remove_consents_of(id);
        }
        if let Some(id) = change.ends_sessions_of().filter(|_| revoked.is_some() || is_removed) {
            self.remove_sessions_of(id);
        }
    }

    pub(super) fn active_user(&self, id: &UserId) -> Option<&User> {
        let account = self.users.find_by_id(id)?;
        Some(&account.user).filter(|user| user.is_active())
    }

    fn has_session(&self, id: &SessionId, now: Timestamp) -> bool {
        let session = self.grants.sessions.get(id);
        session.is_some_and(|session| now < session.ends_at)
    }

    /// The status of user and client of something that began then.
    fn standing(&self, user: &UserId, client: &ClientId, begin: Begin) -> [(bool, Standing); 3] {
        let user_from = self.grants.users_from.get(user).copied().unwrap_or_default();
        let client_from = self.grants.clients_from.get(client).copied().unwrap_or_default();
        let has_client = self.clients.contains_key(client) && begin.client >= client_from;
        [
            (self.active_user(user).is_none(), Standing::UserDisabled),
            (begin.user < user_from, Standing::UserChanged),
            (!has_client, Standing::ClientRemoved),
        ]
    }

    pub(super) fn standing_of_family(&self, row: &FamilyRow, now: Timestamp) -> Standing {
        let of = &row.family.authorization;
        let has_session = !row.family.ends_with_session || self.has_session(&of.login.session, now);
        let common = self.standing(&of.user_id, &of.client_id, row.begin);
        Standing::first(common.into_iter().chain([(!has_session, Standing::SessionEnded)]))
    }

    pub(super) fn standing_of_code(&self, row: &CodeRow, ends_with_session: bool, now: Timestamp) -> Standing {
        let of = &row.code.authorization;
        let consent = self.grants.consents.get(&(of.user_id.clone(), of.client_id.clone()));
        let has_consent = consent.is_some_and(|consent| consent.place <= row.begin.user);
        let has_session = !ends_with_session || self.has_session(&of.login.session, now);
        let common = self.standing(&of.user_id, &of.client_id, row.begin);
        let rest = [
            (!has_consent, Standing::Withdrawn),
            (!has_session, Standing::SessionEnded),
        ];
        Standing::first(common.into_iter().chain(rest))
    }

    pub(super) fn found(&self, row: &FamilyRow, now: Timestamp) -> FoundFamily {
        FoundFamily::new(row.family.clone(), self.standing_of_family(row, now), now)
    }

    /// Ends the families for which `is_meant` holds, if they were not ended before. Returns their
    /// ids in order; the caller revokes their tokens.
    pub(super) fn end_families_where(
        &mut self,
        why: EndReason,
        now: Timestamp,
        is_meant: impl Fn(&Family) -> bool,
    ) -> Vec<FamilyId> {
        let rows = self.grants.families.values_mut();
        let meant = rows.filter(|row| is_meant(&row.family));
        let mut ended: Vec<_> = meant
            .filter_map(|row| row.family.end(why, now).then_some(row.family.id))
            .collect();
        ended.sort_unstable();
        ended
    }

    /// Adds the entries that revoke the tokens of families.
    pub(super) fn revoke_families(&mut self, mut families: Vec<FamilyId>, time: ChangeTime) {
        families.sort_unstable();
        for family in families {
            self.news
                .add(NewsItem::Revoked(time.revocation(Revoked::Family(family))));
        }
    }

    /// Ends sessions with their codes and families.
    pub(super) fn end_sessions(&mut self, mut ids: Vec<SessionId>, time: ChangeTime) -> Vec<EndedSession> {
        ids.sort_unstable();
        let mut ended = Vec::new();
        for id in ids {
            let Some(session) = self.grants.sessions.remove(&id) else {
                continue;
            };
            self.remove_codes_of(&id);
            let of_session = self.end_families_where(EndReason::SessionEnded, time.now, |family| {
                family.ends_with_session && family.authorization.login.session == id
            });
            self.revoke_families(of_session.clone(), time);
            ended.push(EndedSession {
                id,
                user_id: session.user_id,
                families: of_session,
            });
        }
        ended
    }

    /// Removes the sessions of a user whose tokens are all revoked, and their codes.
    pub(super) fn remove_sessions_of(&mut self, user: &UserId) {
        let sessions = self.grants.sessions.values();
        let of_user = sessions.filter(|session| session.user_id == *user);
        let ids: Vec<_> = of_user.map(|session| *session.id()).collect();
        for id in ids {
            self.grants.sessions.remove(&id);
            self.remove_codes_of(&id);
        }
    }

    fn remove_codes_of(&mut self, session: &SessionId) {
        let is_kept = |row: &CodeRow| row.redeemed.is_some() || row.code.authorization.login.session != *session;
        self.grants.codes.retain(|_, row| is_kept(row));
    }
}
