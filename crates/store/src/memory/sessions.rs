//! The sessions of the store in memory.

use std::cmp::Reverse;

use scopegate_domain::{LoginSession, SessionId, Timestamp, User, UserId};

use super::{MemoryStore, Tables, answer};
use crate::audit_log::Change;
use crate::{BeginOutcome, BoxFuture, ChangeTime, EndSessions, EndedSession, SEEN_EVERY, Sessions, StoreError};

impl Change for BeginOutcome {
    fn is_made(&self) -> bool {
        matches!(self, Self::Begun(_))
    }
}

impl Change for Vec<EndedSession> {
    fn is_made(&self) -> bool {
        !self.is_empty()
    }
}

impl Sessions for MemoryStore {
    fn begin<'a>(
        &'a self,
        session: &'a LoginSession,
        replaces: Option<&'a SessionId>,
        max: u16,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<BeginOutcome, StoreError>> {
        self.change(|tables| {
            if tables.active_user(&session.user_id).is_none() {
                return Ok(BeginOutcome::UserDisabled);
            }
            if tables.grants.sessions.contains_key(session.id()) {
                return Err(StoreError::conflict());
            }
            let ending = replaces.and_then(|id| tables.take_over(id, session));
            tables.grants.sessions.insert(*session.id(), session.clone());
            tables.end_sessions(ending.into_iter().collect(), time);
            let too_many = tables.too_many(session, max, time.now);
            let ended = tables.end_sessions(too_many, time);
            Ok(BeginOutcome::Begun(ended))
        })
    }

    fn find<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<(LoginSession, User)>, StoreError>> {
        let tables = self.read();
        let session = tables.grants.sessions.get(id);
        let session = session.filter(|session| session.is_active(now));
        let found = session.and_then(|session| {
            let user = tables.active_user(&session.user_id)?;
            Some((session.clone(), user.clone()))
        });
        answer(found)
    }

    fn touch<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| {
            let session = tables.grants.sessions.get(id).filter(|session| session.is_active(now));
            let user = session.and_then(|session| tables.active_user(&session.user_id));
            let is_active = user.is_some();
            let session = tables.grants.sessions.get_mut(id);
            let due = session.filter(|session| is_active && session.seen_at + SEEN_EVERY <= now);
            Ok(due.map(|session| session.seen_at = now).is_some())
        })
    }

    fn end<'a>(
        &'a self,
        which: EndSessions<'a>,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<Vec<EndedSession>, StoreError>> {
        self.change(|tables| {
            let is_meant = |session: &&LoginSession| match which {
                EndSessions::One(id) => session.id() == id,
                EndSessions::AllOf(user) => session.user_id == *user,
                EndSessions::AllExcept(user, id) => session.user_id == *user && session.id() != id,
            };
            let meant = tables.grants.sessions.values().filter(is_meant);
            let ids = meant.map(|session| *session.id()).collect();
            Ok(tables.end_sessions(ids, time))
        })
    }

    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<LoginSession>, StoreError>> {
        let tables = self.read();
        let sessions = tables.grants.sessions.values();
        let of_user = sessions.filter(|session| session.user_id == *user && session.is_active(now));
        let mut of_user: Vec<_> = of_user.cloned().collect();
        of_user.sort_by_key(|session| Reverse((session.login.at, *session.id())));
        of_user.truncate(limit.into());
        answer(of_user)
    }

    fn remove_sessions(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.change(|tables| {
            let sessions = std::mem::take(&mut tables.grants.sessions);
            Ok(u64::try_from(sessions.len()).unwrap_or(u64::MAX))
        })
    }
}

impl Tables {
    /// Gives the codes and families of a replaced session to the new one, if both are of one user,
    /// and removes its row. Returns the session if it has to end instead.
    fn take_over(&mut self, replaced: &SessionId, new: &LoginSession) -> Option<SessionId> {
        let old = self.grants.sessions.get(replaced)?;
        if old.user_id != new.user_id {
            return Some(*replaced);
        }
        self.grants.sessions.remove(replaced);
        let codes = self.grants.codes.values_mut().map(|row| &mut row.code.authorization);
        let families = self.grants.families.values_mut().map(|row| &mut row.family);
        let families = families.filter(|family| family.ends_with_session);
        let families = families.map(|family| &mut family.authorization);
        for authorization in codes.chain(families) {
            if authorization.login.session == *replaced {
                authorization.login.session = *new.id();
            }
        }
        None
    }

    /// Returns the sessions of the user that are too many: first those that are over, then the
    /// oldest ones, and never the new one.
    fn too_many(&self, new: &LoginSession, max: u16, now: Timestamp) -> Vec<SessionId> {
        let of_user = self.grants.sessions.values();
        let of_user = of_user.filter(|session| session.user_id == new.user_id && session.id() != new.id());
        let mut others: Vec<_> = of_user.collect();
        others.sort_by_key(|session| (now < session.ends_at, session.login.at, *session.id()));
        let kept = usize::from(max).saturating_sub(1);
        let count = others.len().saturating_sub(kept);
        others.into_iter().take(count).map(|session| *session.id()).collect()
    }
}
