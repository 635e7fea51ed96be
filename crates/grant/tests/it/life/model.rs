//! What holds after each step, in plain values: a model that knows the text of no token.

use std::collections::BTreeMap;

use super::rows::{
    ModelAccess, ModelClient, ModelCode, ModelFamily, ModelRefresh, ModelSession, ModelUser, Outcome, Turn,
};
use super::step::{ALL, API, LifeStep, OFFLINE};

pub(super) const USERS: [&str; 2] = ["johndoe", "jane"];
/// A confidential client, one in the browser, and one on the device.
pub(super) const CLIENTS: [&str; 3] = ["web", "page", "tool"];
/// The client whose families end with the session.
const PAGE: usize = 1;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// The lifetimes of a code and of an access token, and the time for a retry.
const CODE: i64 = 60;
const ACCESS: i64 = 600;
const RETRY: i64 = 10;
/// The age and the idle time of a session, and how often its use is recorded.
const SESSION: (i64, i64) = (DAY, 12 * HOUR);
const SEEN_EVERY: i64 = 300;
/// The idle time and the age of the families of each client.
const FAMILY: [(i64, i64); 3] = [(30 * DAY, 365 * DAY), (DAY, 14 * DAY), (30 * DAY, 180 * DAY)];

#[derive(Clone, Debug)]
pub(super) struct Model {
    now: i64,
    /// The number of changes that may end a grant.
    events: u64,
    pub(super) users: [ModelUser; 2],
    pub(super) clients: [ModelClient; 3],
    sessions: Vec<ModelSession>,
    /// The event before the begin of each consent.
    consents: BTreeMap<(usize, usize), u64>,
    pub(super) codes: Vec<ModelCode>,
    pub(super) families: Vec<ModelFamily>,
    pub(super) access: Vec<ModelAccess>,
    pub(super) refresh: Vec<ModelRefresh>,
    key: u32,
    oldest_key: u32,
    secrets: u32,
    oldest_secrets: u32,
    pub(super) outcome: Outcome,
    /// What the last refresh did.
    pub(super) turn: Turn,
}

impl Model {
    pub(super) fn new() -> Self {
        let user = ModelUser {
            is_active: true,
            scope: ALL,
            from: 0,
            browser: None,
        };
        let client = ModelClient {
            exists: true,
            scope: ALL,
            from: 0,
        };
        Self {
            now: 0,
            events: 0,
            users: [user.clone(), user],
            clients: [client.clone(), client.clone(), client],
            sessions: Vec::new(),
            consents: BTreeMap::new(),
            codes: Vec::new(),
            families: Vec::new(),
            access: Vec::new(),
            refresh: Vec::new(),
            key: 1,
            oldest_key: 1,
            secrets: 1,
            oldest_secrets: 1,
            outcome: Outcome::Done,
            turn: Turn::Refuse,
        }
    }

    /// Whether a step is possible: what it names exists.
    pub(super) fn allows(&self, step: &LifeStep) -> bool {
        match *step {
            LifeStep::Register(client) => !self.clients[client].exists,
            LifeStep::RemoveClient(client) | LifeStep::SetClientScope { client, .. } => self.clients[client].exists,
            LifeStep::Redeem { code, .. } => code < self.codes.len(),
            LifeStep::Refresh { family, .. } => self.families.get(family).is_some_and(|family| family.held.is_some()),
            LifeStep::Present { token, .. } | LifeStep::RevokeRefresh { token, .. } => token < self.refresh.len(),
            LifeStep::RevokeAccess { token, .. } => token < self.access.len(),
            LifeStep::Disable(user) => self.users[user].is_active,
            LifeStep::Enable(user) => !self.users[user].is_active,
            // A ring has three versions.
            LifeStep::RotateSecrets => self.secrets - self.oldest_secrets < 2,
            _ => true,
        }
    }

    pub(super) fn apply(&mut self, step: &LifeStep) {
        self.outcome = Outcome::Done;
        match *step {
            LifeStep::Authorize { user, client, scope } => self.outcome = self.authorize(user, client, scope),
            LifeStep::Redeem { code, client, is_lost } => {
                let client = client.unwrap_or(self.codes[code].client);
                self.outcome = self.redeem(code, client, is_lost);
            }
            LifeStep::Refresh { family, is_lost } => {
                let family = &self.families[family];
                let (token, client) = (family.held.unwrap(), family.client);
                self.outcome = self.present(token, client, is_lost);
            }
            LifeStep::Present { token, client } => {
                let client = client.unwrap_or(self.families[self.refresh[token].family].client);
                self.outcome = self.present(token, client, false);
            }
            LifeStep::RevokeRefresh { token, client } => self.revoke_refresh(token, client),
            LifeStep::RevokeAccess { token, client } => self.revoke_access(token, client),
            LifeStep::Withdraw { user, client } => self.withdraw(user, client),
            LifeStep::LogOut(user) => self.log_out(user),
            LifeStep::RotateKeys => self.key += 1,
            LifeStep::RemoveOldKeys => self.oldest_key = self.key,
            LifeStep::RotateSecrets => self.secrets += 1,
            LifeStep::RemoveOldSecrets => self.oldest_secrets = self.secrets,
            LifeStep::Wait(seconds) => self.now += seconds,
            LifeStep::Restart => {}
            ref change => self.administrate(change),
        }
    }

    fn administrate(&mut self, change: &LifeStep) {
        self.events += 1;
        let events = self.events;
        match *change {
            LifeStep::Register(client) => {
                self.consents.retain(|(_, other), _| *other != client);
                self.clients[client] = ModelClient {
                    exists: true,
                    scope: ALL,
                    from: events,
                };
            }
            LifeStep::RemoveClient(client) => {
                self.clients[client].exists = false;
                self.clients[client].from = events;
                self.revoke_where(|family| family.client == client);
            }
            LifeStep::Disable(user) => {
                self.users[user].is_active = false;
                self.end_all_of(user);
            }
            LifeStep::Enable(user) => self.users[user].is_active = true,
            LifeStep::SetUserScope { user, scope, revokes } => {
                self.users[user].scope = scope;
                if revokes {
                    self.end_all_of(user);
                }
            }
            LifeStep::SetClientScope { client, scope, revokes } => {
                self.clients[client].scope = scope;
                if revokes {
                    // The families continue within the new ceiling.
                    self.revoke_where(|family| family.client == client);
                }
            }
            _ => {}
        }
    }

    fn is_active(&self, session: usize) -> bool {
        let session = &self.sessions[session];
        let is_used = self.now < session.seen_at + SESSION.1;
        session.exists && self.now < session.ends_at && is_used && self.users[session.user].is_active
    }

    fn exists(&self, session: usize) -> bool {
        let session = &self.sessions[session];
        session.exists && self.now < session.ends_at
    }

    fn authorize(&mut self, user: usize, client: usize, scope: u8) -> Outcome {
        let scope = scope & self.clients[client].scope;
        if !self.clients[client].exists || scope & API == 0 {
            return Outcome::Refused;
        }
        let browser = self.users[user].browser;
        let session = match browser.filter(|session| self.is_active(*session)) {
            Some(session) => session,
            None if !self.users[user].is_active => return Outcome::Refused,
            None => self.log_in(user, browser),
        };
        let seen = &mut self.sessions[session].seen_at;
        if *seen + SEEN_EVERY <= self.now {
            *seen = self.now;
        }
        let scope = scope & self.users[user].scope;
        if scope & API == 0 {
            return Outcome::Refused;
        }
        *seen = self.now;
        self.consents.entry((user, client)).or_insert(self.events);
        self.codes.push(ModelCode {
            user,
            client,
            scope,
            at: self.now,
            event: self.events,
            session,
            is_removed: false,
            family: None,
        });
        Outcome::Issued
    }

    /// Begins a session. It takes over what depends on the one before it.
    fn log_in(&mut self, user: usize, before: Option<usize>) -> usize {
        let session = self.sessions.len();
        self.sessions.push(ModelSession {
            user,
            ends_at: self.now + SESSION.0,
            seen_at: self.now,
            exists: true,
        });
        if let Some(before) = before.filter(|before| self.sessions[*before].exists) {
            self.sessions[before].exists = false;
            let codes = self.codes.iter_mut().map(|code| &mut code.session);
            let families = self.families.iter_mut().map(|family| &mut family.session);
            codes
                .chain(families)
                .filter(|of| **of == before)
                .for_each(|of| *of = session);
        }
        self.users[user].browser = Some(session);
        session
    }

    fn redeem(&mut self, code: usize, client: usize, is_lost: bool) -> Outcome {
        let of = self.codes[code].clone();
        if !self.clients[client].exists || client != of.client || of.is_removed {
            return Outcome::Refused;
        }
        if let Some(family) = of.family {
            self.end(family);
            return Outcome::Refused;
        }
        let has_consent = self
            .consents
            .get(&(of.user, client))
            .is_some_and(|event| *event <= of.event);
        let has_session = client != PAGE || self.exists(of.session);
        let is_standing = self.users[of.user].is_active
            && of.event >= self.users[of.user].from
            && of.event >= self.clients[client].from
            && has_consent
            && has_session;
        if self.now >= of.at + CODE || !is_standing {
            return Outcome::Refused;
        }
        let family = self.families.len();
        self.codes[code].family = Some(family);
        self.families.push(ModelFamily {
            user: of.user,
            client,
            scope: of.scope,
            began_at: self.now,
            rotated_at: self.now,
            generation: 1,
            event: self.events,
            session: of.session,
            is_ended: false,
            held: None,
        });
        if self.scope_of(family) & API == 0 {
            self.end(family);
            return Outcome::Refused;
        }
        self.issue(family, is_lost);
        Outcome::Issued
    }

    fn present(&mut self, token: usize, client: usize, is_lost: bool) -> Outcome {
        let token = self.refresh[token];
        self.turn = self.turn_of(token, client);
        // A refusal for want of scope changes nothing.
        if matches!(self.turn, Turn::Move | Turn::Retry) && self.scope_of(token.family) & API == 0 {
            self.turn = Turn::Refuse;
        }
        match self.turn {
            Turn::Refuse => return Outcome::Refused,
            Turn::Reuse => {
                self.end(token.family);
                return Outcome::Refused;
            }
            Turn::Move => {
                let family = &mut self.families[token.family];
                family.generation += 1;
                family.rotated_at = self.now;
            }
            Turn::Retry => {}
        }
        self.issue(token.family, is_lost);
        Outcome::Issued
    }

    fn turn_of(&self, token: ModelRefresh, client: usize) -> Turn {
        let family = &self.families[token.family];
        let (idle, age) = FAMILY[family.client];
        let is_over = family.is_ended || self.now >= family.began_at + age || self.now >= family.rotated_at + idle;
        let is_standing = self.users[family.user].is_active
            && family.event >= self.users[family.user].from
            && family.event >= self.clients[family.client].from
            && (!ends_with_session(family) || self.exists(family.session));
        let is_genuine = token.secrets >= self.oldest_secrets;
        if !self.clients[client].exists || client != family.client || !is_genuine || is_over || !is_standing {
            return Turn::Refuse;
        }
        match family.generation - token.generation {
            0 => Turn::Move,
            1 if self.now <= family.rotated_at + RETRY => Turn::Retry,
            _ => Turn::Reuse,
        }
    }

    /// The scope that is left of a family.
    pub(super) fn scope_of(&self, family: usize) -> u8 {
        let family = &self.families[family];
        family.scope & self.clients[family.client].scope & self.users[family.user].scope
    }

    fn issue(&mut self, family: usize, is_lost: bool) {
        self.access.push(ModelAccess {
            family,
            expires_at: self.now + ACCESS,
            key: self.key,
            is_revoked: false,
        });
        if !is_lost {
            self.families[family].held = Some(self.refresh.len());
        }
        self.refresh.push(ModelRefresh {
            family,
            generation: self.families[family].generation,
            secrets: self.secrets,
        });
    }

    fn revoke_where(&mut self, is_meant: impl Fn(&ModelFamily) -> bool) {
        let families = &self.families;
        let meant = self
            .access
            .iter_mut()
            .filter(|access| is_meant(&families[access.family]));
        meant.for_each(|access| access.is_revoked = true);
    }

    /// Ends a family by its row, once.
    fn end(&mut self, family: usize) {
        if !std::mem::replace(&mut self.families[family].is_ended, true) {
            let of_family = self.access.iter_mut().filter(|access| access.family == family);
            of_family.for_each(|access| access.is_revoked = true);
        }
    }

    fn end_all_of(&mut self, user: usize) {
        self.users[user].from = self.events;
        self.revoke_where(|family| family.user == user);
        for session in 0..self.sessions.len() {
            if self.sessions[session].user == user {
                self.sessions[session].exists = false;
                self.remove_codes_of(session);
            }
        }
    }

    fn remove_codes_of(&mut self, session: usize) {
        let codes = self.codes.iter_mut();
        let open = codes.filter(|code| code.session == session && code.family.is_none());
        open.for_each(|code| code.is_removed = true);
    }

    fn log_out(&mut self, user: usize) {
        let session = self.users[user].browser.take();
        let Some(session) = session.filter(|session| self.is_active(*session)) else {
            return;
        };
        self.sessions[session].exists = false;
        self.remove_codes_of(session);
        for family in 0..self.families.len() {
            if ends_with_session(&self.families[family]) && self.families[family].session == session {
                self.end(family);
            }
        }
    }

    fn withdraw(&mut self, user: usize, client: usize) {
        self.events += 1;
        if !self.clients[client].exists || self.consents.remove(&(user, client)).is_none() {
            return;
        }
        let is_meant = |family: &ModelFamily| family.user == user && family.client == client;
        self.revoke_where(is_meant);
        for family in 0..self.families.len() {
            if is_meant(&self.families[family]) {
                self.end(family);
            }
        }
    }

    fn revoke_refresh(&mut self, token: usize, client: usize) {
        let token = self.refresh[token];
        let is_own = self.families[token.family].client == client;
        if self.clients[client].exists && is_own && token.secrets >= self.oldest_secrets {
            self.end(token.family);
        }
    }

    fn revoke_access(&mut self, token: usize, client: usize) {
        let is_own = self.families[self.access[token].family].client == client;
        if self.clients[client].exists && is_own && self.is_verified(&self.access[token]) {
            self.access[token].is_revoked = true;
        }
    }

    fn is_verified(&self, access: &ModelAccess) -> bool {
        access.key >= self.oldest_key && self.now < access.expires_at && !access.is_revoked
    }

    /// Whether an access token is accepted, by the gate and by introspection.
    pub(super) fn is_accepted(&self, access: &ModelAccess) -> bool {
        self.is_verified(access) && self.users[self.families[access.family].user].is_active
    }

    /// Whether its client gets tokens for a refresh token.
    pub(super) fn can_refresh(&self, token: ModelRefresh) -> bool {
        let turn = self.turn_of(token, self.families[token.family].client);
        matches!(turn, Turn::Move | Turn::Retry) && self.scope_of(token.family) & API != 0
    }

    /// Whether an introspection by its client says that a refresh token is active: it is the last
    /// one, and its family has not ended.
    pub(super) fn is_last(&self, token: ModelRefresh) -> bool {
        self.turn_of(token, self.families[token.family].client) == Turn::Move
    }
}

fn ends_with_session(family: &ModelFamily) -> bool {
    family.client == PAGE && family.scope & OFFLINE == 0
}
