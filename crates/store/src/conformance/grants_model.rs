//! Applies the same random logins, grants, refreshes and administration to a backend and to the
//! reference, with restarts at random.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use scopegate_domain::{
    Account, AuditEntry, AuditEvent, AuditId, Authorization, AuthorizationCode, Client, ClientId, CodeChallenge,
    CodeId, Consent, Day, EndReason, FamilyId, Generation, KeyThumbprint, Lifetime, LoginSession, NewFamily,
    PresentedRefresh, Revocation, Revoked, Scope, SealedSecret, SecretDigest, SecretPurpose, SessionId, Timestamp,
    User, UserId, UserStatus,
};

use super::grants_operation::{Operation, key, newest, printed, words};
use super::values::{runtime, user_id, username};
use super::world::{DAY, client_id, login};
use crate::{
    AuditQuery, ChangeTime, Cleanup, DisableAndRevoke, EndSessions, FamilyCondition, FamilyKey, MemoryStore, NewsPage,
    NewsReader, Redemption, Rotation, Store,
};

/// The number of stores, and the maximum number of operations on one store.
const STORES: u32 = 64;
const OPERATIONS: usize = 60;

/// What the operations refer to. It is the same for both stores.
struct Known {
    now: i64,
    steps: u64,
    users: [User; 2],
    clients: [ClientId; 2],
    sessions: Vec<LoginSession>,
    codes: Vec<AuthorizationCode>,
    families: Vec<(NewFamily, ClientId, Option<KeyThumbprint>)>,
    cleaned: Option<FamilyKey>,
}

impl Known {
    fn new() -> Self {
        let user = |id: &str| User::new(user_id(id), username(&format!("name of {id}")));
        Self {
            now: DAY + 86_000,
            steps: 0,
            users: [user("u1"), user("u 2")],
            clients: [client_id("c1"), client_id("c 2")],
            sessions: Vec::new(),
            codes: Vec::new(),
            families: Vec::new(),
            cleaned: None,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now)
    }

    fn time(&self) -> ChangeTime {
        ChangeTime::at(self.now())
    }

    fn number(count: usize) -> u8 {
        u8::try_from(count).unwrap_or(u8::MAX)
    }

    /// Prepares an operation: what it creates is known to both stores.
    fn prepare(&mut self, operation: &Operation) {
        self.steps += 1;
        match *operation {
            Operation::Begin { user, age, idle, .. } => {
                let ends_at = self.now() + Lifetime::from_seconds(age);
                let mut login = login(Self::number(self.sessions.len()), ends_at);
                login.at = self.now();
                self.sessions.push(LoginSession {
                    user_id: self.users[user].id().clone(),
                    login,
                    seen_at: self.now(),
                    ends_at,
                    idle: Lifetime::from_seconds(idle),
                    user_agent: String::new(),
                });
            }
            Operation::Allow {
                session,
                client,
                is_bound,
                ..
            } if !self.sessions.is_empty() => {
                self.issue(session, client, is_bound);
            }
            Operation::Redeem {
                code,
                ends_with_session,
                age,
                idle,
                ..
            } if !self.codes.is_empty() => {
                let of = newest(&self.codes, code).authorization.clone();
                let number = Self::number(self.families.len());
                let new = NewFamily {
                    id: FamilyId::from_bytes([number; 16]),
                    secret_digest: SecretDigest::from_bytes([number; 32]),
                    ends_at: self.now() + Lifetime::from_seconds(age),
                    idle: Lifetime::from_seconds(idle),
                    ends_with_session,
                };
                self.families.push((new, of.client_id, of.key_thumbprint));
            }
            Operation::Wait(seconds) => self.now += i64::from(seconds),
            _ => {}
        }
    }

    /// Makes a code of a session known.
    fn issue(&mut self, session: usize, client: usize, is_bound: bool) {
        let session = newest(&self.sessions, session).clone();
        let number = Self::number(self.codes.len());
        let expires_at = self.now() + Lifetime::from_seconds(60);
        self.codes.push(AuthorizationCode {
            id: CodeId::new(Day::of(expires_at), [number; 32]),
            authorization: Authorization {
                user_id: session.user_id.clone(),
                client_id: self.clients[client].clone(),
                scope: "a".parse().unwrap(),
                resources: Vec::new(),
                login: session.login,
                key_thumbprint: is_bound.then(|| KeyThumbprint::from_bytes([1; 32])),
                nonce: is_bound.then(|| "n".to_owned()),
            },
            redirect_uri: is_bound.then(|| "https://app.example/".to_owned()),
            challenge: CodeChallenge::from_bytes([number; 32]),
            expires_at,
        });
    }

    fn of_user(&self, user: usize) -> Revocation {
        let user = &self.users[user];
        let whose = Revoked::User {
            id: user.id().clone(),
            username: user.username().clone(),
        };
        Revocation::until(whose, self.now())
    }

    /// Applies an operation that was prepared. Returns its printed result.
    async fn apply(&self, operation: &Operation, store: &dyn Store) -> String {
        let entry = AuditEntry::new(AuditId::new(self.steps, [0; 8]), AuditEvent::UserChanged);
        let store = store.audited(std::slice::from_ref(&entry));
        match operation {
            Operation::Begin { .. }
            | Operation::Touch(_)
            | Operation::EndSessions(..)
            | Operation::Allow { .. }
            | Operation::Redeem { .. }
            | Operation::Rotate { .. }
            | Operation::EndFamily(..)
            | Operation::EndFamilies
            | Operation::Withdraw(..) => self.apply_to_grants(operation, &*store).await,
            _ => self.administrate(operation, &*store).await,
        }
    }

    async fn apply_to_grants(&self, operation: &Operation, store: &dyn Store) -> String {
        let (sessions, codes, families) = (store.sessions(), store.codes(), store.families());
        match *operation {
            Operation::Begin { replaces, max, .. } => {
                let Some((new, others)) = self.sessions.split_last() else {
                    return String::new();
                };
                let replaces = replaces.filter(|_| !others.is_empty());
                let replaces: Option<SessionId> = replaces.map(|number| *newest(others, number).id());
                printed(sessions.begin(new, replaces.as_ref(), max, self.time()).await)
            }
            Operation::Touch(session) if !self.sessions.is_empty() => {
                printed(sessions.touch(newest(&self.sessions, session).id(), self.now()).await)
            }
            Operation::EndSessions(session, which) if !self.sessions.is_empty() => {
                let session = newest(&self.sessions, session);
                let which = match which {
                    0 => EndSessions::One(session.id()),
                    1 => EndSessions::AllOf(&session.user_id),
                    _ => EndSessions::AllExcept(&session.user_id, session.id()),
                };
                printed(sessions.end(which, self.time()).await)
            }
            Operation::Allow { scope, refused, .. } => {
                let Some(code) = self.codes.last() else {
                    return String::new();
                };
                let of = &code.authorization;
                let (scope, refused): (Scope, Scope) = (words(scope), words(refused));
                let consent = Consent::new(of.user_id.clone(), of.client_id.clone(), scope, refused, self.now());
                printed(codes.allow(&consent, code, self.now()).await)
            }
            Operation::Redeem { code, change, .. } if !self.codes.is_empty() => {
                self.redeem(newest(&self.codes, code), change, store).await
            }
            Operation::Rotate { family, .. } if !self.families.is_empty() => {
                self.rotate(newest(&self.families, family), operation, store).await
            }
            Operation::EndFamily(family, client) if !self.families.is_empty() => {
                let key = key(&newest(&self.families, family).0);
                let client = &self.clients[client];
                printed(families.end(key, client, EndReason::Revoked, self.time()).await)
            }
            Operation::EndFamilies => printed(families.end_families(EndReason::Restored, self.now()).await),
            Operation::Withdraw(user, client) => {
                let consents = store.consents();
                let withdrawn = consents.withdraw(&self.users[user], &self.clients[client], self.time());
                printed(withdrawn.await)
            }
            _ => String::new(),
        }
    }

    async fn redeem(&self, code: &AuthorizationCode, change: u8, store: &dyn Store) -> String {
        let Some((new, ..)) = self.families.last() else {
            return String::new();
        };
        let (challenge, thumbprint) = (CodeChallenge::from_bytes([99; 32]), KeyThumbprint::from_bytes([99; 32]));
        let mut redemption = Redemption {
            code: &code.id,
            client: &code.authorization.client_id,
            redirect_uri: code.redirect_uri.as_deref(),
            challenge: &code.challenge,
            key_thumbprint: code.authorization.key_thumbprint.as_ref(),
            time: self.time(),
            replay_audit: &[],
        };
        match change {
            0 => redemption.client = &self.clients[0],
            1 => redemption.redirect_uri = None,
            2 => redemption.challenge = &challenge,
            3 => redemption.key_thumbprint = Some(&thumbprint),
            4 => redemption.key_thumbprint = None,
            _ => {}
        }
        printed(store.codes().redeem(&redemption, new).await)
    }

    async fn rotate(
        &self,
        (family, client, bound): &(NewFamily, ClientId, Option<KeyThumbprint>),
        operation: &Operation,
        store: &dyn Store,
    ) -> String {
        let Operation::Rotate {
            ahead, change, window, ..
        } = *operation
        else {
            return String::new();
        };
        let found = store.families().find(key(family), self.now()).await.unwrap();
        let stored = found.map_or(0, |found| found.family.generation.number());
        // Usually the valid token, else an older or a newer one.
        let generation = (stored + [0, 0, 3, 1][usize::try_from(ahead).unwrap()]).saturating_sub(u32::from(ahead > 0));
        let thumbprint = KeyThumbprint::from_bytes([99; 32]);
        let mut presented = PresentedRefresh {
            generation: Generation::from_number(generation),
            secret_digest: family.secret_digest,
            client_id: client,
            key_thumbprint: bound.as_ref(),
        };
        match change {
            0 => presented.client_id = &self.clients[0],
            1 => presented.secret_digest = SecretDigest::from_bytes([99; 32]),
            2 => presented.key_thumbprint = Some(&thumbprint),
            _ => {}
        }
        let rotation = Rotation {
            family: family.id,
            ends_on: family.ends_on(),
            presented,
            retry_window: Lifetime::from_seconds(window),
            condition: &FamilyCondition::NONE,
            time: self.time(),
            reuse_audit: &[],
        };
        printed(store.families().rotate(&rotation).await)
    }

    async fn administrate(&self, operation: &Operation, store: &dyn Store) -> String {
        let (users, clients) = (store.users(), store.clients());
        let user = |number: usize| -> &UserId { self.users[number].id() };
        match *operation {
            Operation::AddUser(number) => {
                let account = Account {
                    user: self.users[number].clone(),
                    password_hash: None,
                };
                printed(users.add(account).await)
            }
            Operation::SetStatus(number, is_active) => {
                let status = if is_active {
                    UserStatus::Active
                } else {
                    UserStatus::Disabled
                };
                printed(users.set_status(user(number), status).await)
            }
            Operation::RemoveUser(number) => printed(users.remove(user(number)).await),
            Operation::WithdrawUser(number, change) => self.withdraw_user(number, change, store).await,
            Operation::AddClient(number) => {
                printed(clients.add(Client::public(self.clients[number].clone(), "App")).await)
            }
            Operation::RemoveClient(number, false) => printed(clients.remove(&self.clients[number]).await),
            Operation::RemoveClient(number, true) => {
                let id = &self.clients[number];
                let revocation = Revocation::until(Revoked::Client(id.clone()), self.now());
                printed(
                    store
                        .news()
                        .withdraw(DisableAndRevoke::RemoveClient(id), &revocation)
                        .await,
                )
            }
            Operation::RevokeClient(number) => {
                let whose = Revoked::Client(self.clients[number].clone());
                printed(store.news().revoke(&Revocation::until(whose, self.now())).await)
            }
            Operation::AddSecret(purpose, version) => {
                let secret = SealedSecret {
                    purpose: SecretPurpose::ALL[purpose],
                    version,
                    created_at: self.now(),
                    verifies_until: None,
                    sealed: vec![1],
                };
                let until = self.now() + Lifetime::from_seconds(1_000);
                printed(store.secrets().add_secret_version(secret, until).await)
            }
            Operation::RemoveSecrets(purpose, version) => {
                let purpose = SecretPurpose::ALL[purpose];
                printed(store.secrets().remove_secrets_through(purpose, version).await)
            }
            Operation::RemoveRows(true) => printed(store.sessions().remove_sessions().await),
            Operation::RemoveRows(false) => printed(store.codes().remove_codes().await),
            _ => String::new(),
        }
    }

    async fn withdraw_user(&self, number: usize, change: u8, store: &dyn Store) -> String {
        let (id, scope) = (self.users[number].id(), Scope::default());
        let change = match change {
            0 => DisableAndRevoke::DisableUser(id),
            1 => DisableAndRevoke::RemoveUser(id),
            2 => DisableAndRevoke::SetPasswordHash(id, None),
            3 => DisableAndRevoke::SetUserScope(id, &scope),
            _ => DisableAndRevoke::SetProfile(&self.users[number]),
        };
        printed(store.news().withdraw(change, &self.of_user(number)).await)
    }

    /// Returns everything that the store contains, printed.
    async fn contents(&self, store: &dyn Store) -> Vec<String> {
        let mut contents = Vec::new();
        let now = self.now();
        for user in &self.users {
            contents.push(printed(store.users().find_by_id(user.id()).await));
            contents.push(printed(store.sessions().of_user(user.id(), now, 100).await));
            contents.push(printed(store.sessions().of_user(user.id(), now, 1).await));
            contents.push(printed(store.consents().of_user(user.id(), None, now, 100).await));
            for client in &self.clients {
                contents.push(printed(store.consents().find(user.id(), client).await));
                contents.push(printed(store.consents().of_user(user.id(), Some(client), now, 1).await));
                contents.push(printed(store.families().of_client(user.id(), client, now, 100).await));
            }
        }
        for session in &self.sessions {
            contents.push(printed(store.sessions().find(session.id(), now).await));
        }
        for (family, ..) in &self.families {
            contents.push(printed(store.families().find(key(family), now).await));
        }
        contents.push(printed(store.secrets().sealed_secrets().await));
        let query = AuditQuery::default();
        contents.push(printed(store.audit().entries(&query, u16::MAX).await));
        contents.push(printed(store.news().heads().await));
        let mut add = |page| {
            if let NewsPage::Entries(entries) = page {
                contents.push(format!("{entries:?}"));
            }
        };
        NewsReader::new().read(store.news(), &mut add).await.unwrap();
        contents
    }
}

/// Returns the number of rows, without the users: an application may have them.
async fn counted(store: &dyn Store) -> Vec<(&'static str, u64)> {
    let rows = store.count_rows().await.unwrap();
    rows.into_iter().filter(|(table, _)| *table != "users").collect()
}

/// Applies random operations to new stores and to the reference. Both must return the same results
/// and contain the same data. `restart` closes a store and opens it again.
///
/// # Panics
///
/// Panics if they differ, with the shortest sequence of operations that shows it.
pub fn random_grants<S: Store, G>(make: impl AsyncFn() -> (S, G), restart: &impl AsyncFn(S, &G) -> S) {
    let runtime = runtime();
    let config = Config {
        cases: STORES,
        failure_persistence: None,
        ..Config::default()
    };
    let sequences = vec(Operation::any(), 1..=OPERATIONS);
    let result = TestRunner::new(config).run(&sequences, |operations| {
        runtime.block_on(async {
            let (mut store, guard) = make().await;
            let (reference, mut known) = (MemoryStore::new(), Known::new());
            let add = [0, 1]
                .into_iter()
                .flat_map(|number| [Operation::AddUser(number), Operation::AddClient(number)]);
            for operation in add.chain(operations) {
                if let Operation::Restart = operation {
                    store = restart(store, &guard).await;
                    continue;
                }
                known.prepare(&operation);
                if let Operation::Delete { max, goes_on } = operation {
                    let after = known.cleaned.filter(|_| goes_on);
                    let cleanup = Cleanup {
                        now: known.now(),
                        max,
                        after,
                    };
                    let deleted = store.delete_expired(cleanup).await.unwrap();
                    prop_assert_eq!(deleted, reference.delete_expired(cleanup).await.unwrap());
                    known.cleaned = deleted.examined;
                } else {
                    let expected = known.apply(&operation, &reference).await;
                    prop_assert_eq!(known.apply(&operation, &store).await, expected);
                }
                prop_assert_eq!(known.contents(&store).await, known.contents(&reference).await);
            }
            prop_assert_eq!(counted(&store).await, counted(&reference).await);
            Ok(())
        })
    });
    if let Err(fault) = result {
        panic!("{fault}");
    }
}
