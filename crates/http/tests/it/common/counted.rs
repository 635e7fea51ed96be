//! A store that counts how often a user is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scopegate_http::domain::{
    Account, AuditEntry, AuthorizationCode, Client, ClientId, Consent, EndReason, Lifetime, LoginSession, NewFamily,
    NewsPosition, PasswordHash, RegisteredSecret, Revocation, Scope, SealedSecret, SecretDigest, SecretPurpose,
    SessionId, StoredKey, Timestamp, User, UserId, UserStatus, Username,
};
use scopegate_http::store::{
    AddSecretOutcome, AllowOutcome, Audit, AuditQuery, AuditRetention, BeginOutcome, BoxFuture, ChangeTime, Cleanup,
    Clients, Codes, ConsentSummary, Consents, DeletedRows, DisableAndRevoke, EndSessions, EndedSession, Families,
    FamilyKey, FoundFamily, MemoryStore, News, NewsEntry, NewsHeads, PasswordScheme, RedeemOutcome, Redemption,
    ResealedKey, ResealedSecret, RotateOutcome, Rotation, SealedSecrets, Sessions, SigningKeys, Store, StoreError,
    Users,
};

/// Counts how often a user is read.
#[derive(Debug)]
pub(crate) struct Counted {
    users: Arc<MemoryStore>,
    pub(crate) reads: AtomicUsize,
}

impl Counted {
    pub(crate) fn new(users: Arc<MemoryStore>) -> Self {
        let reads = AtomicUsize::new(0);
        Self { users, reads }
    }
}

type Answering<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Users for Counted {
    fn find<'a>(&'a self, name: &'a Username) -> Answering<'a, Option<User>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Users::find(&*self.users, name)
    }
    fn find_by_id<'a>(&'a self, id: &'a UserId) -> Answering<'a, Option<User>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.users.find_by_id(id)
    }
    fn find_account<'a>(&'a self, name: &'a Username) -> Answering<'a, Option<Account>> {
        self.users.find_account(name)
    }
    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> Answering<'a, Vec<User>> {
        Users::list(&*self.users, after, limit)
    }
    fn password_schemes(&self) -> Answering<'_, Vec<PasswordScheme>> {
        self.users.password_schemes()
    }
    fn add(&self, account: Account) -> Answering<'_, ()> {
        Users::add(&*self.users, account)
    }
    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        from: &'a PasswordHash,
        to: &'a PasswordHash,
    ) -> Answering<'a, bool> {
        self.users.replace_password_hash(id, from, to)
    }
    fn set_password_hash<'a>(&'a self, id: &'a UserId, hash: Option<&'a PasswordHash>) -> Answering<'a, bool> {
        self.users.set_password_hash(id, hash)
    }
    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> Answering<'a, bool> {
        Users::set_scope(&*self.users, id, scope)
    }
    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> Answering<'a, bool> {
        Users::set_status(&*self.users, id, status)
    }
    fn remove<'a>(&'a self, id: &'a UserId) -> Answering<'a, bool> {
        Users::remove(&*self.users, id)
    }
}

impl Clients for Counted {
    fn find<'a>(&'a self, id: &'a ClientId) -> Answering<'a, Option<Client>> {
        Clients::find(&*self.users, id)
    }
    fn list<'a>(&'a self, after: Option<&'a ClientId>, limit: u16) -> Answering<'a, Vec<Client>> {
        Clients::list(&*self.users, after, limit)
    }
    fn add(&self, client: Client) -> Answering<'_, ()> {
        Clients::add(&*self.users, client)
    }
    fn update<'a>(&'a self, old: &'a Client, new: &'a Client) -> Answering<'a, bool> {
        self.users.update(old, new)
    }
    fn add_secret<'a>(&'a self, id: &'a ClientId, secret: RegisteredSecret) -> Answering<'a, AddSecretOutcome> {
        self.users.add_secret(id, secret)
    }
    fn remove_secret<'a>(&'a self, id: &'a ClientId, secret: &'a SecretDigest) -> Answering<'a, bool> {
        self.users.remove_secret(id, secret)
    }
    fn remove<'a>(&'a self, id: &'a ClientId) -> Answering<'a, bool> {
        Clients::remove(&*self.users, id)
    }
}

impl News for Counted {
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> Answering<'a, ()> {
        self.users.revoke(revocation)
    }
    fn withdraw<'a>(&'a self, withdrawal: DisableAndRevoke<'a>, revocation: &'a Revocation) -> Answering<'a, bool> {
        News::withdraw(&*self.users, withdrawal, revocation)
    }
    fn heads(&self) -> Answering<'_, NewsHeads> {
        self.users.heads()
    }
    fn news_after(&self, position: NewsPosition, limit: u16) -> Answering<'_, Vec<NewsEntry>> {
        self.users.news_after(position, limit)
    }
    fn forget_news(&self, now: Timestamp) -> Answering<'_, u64> {
        self.users.forget_news(now)
    }
}

impl Audit for Counted {
    fn write_entries<'a>(&'a self, entries: &'a [AuditEntry]) -> Answering<'a, ()> {
        self.users.write_entries(entries)
    }
    fn entries<'a>(&'a self, query: &'a AuditQuery, limit: u16) -> Answering<'a, Vec<AuditEntry>> {
        self.users.entries(query, limit)
    }
    fn delete_entries(&self, retention: AuditRetention, limit: u16) -> Answering<'_, u64> {
        self.users.delete_entries(retention, limit)
    }
}

impl SigningKeys for Counted {
    fn list(&self) -> Answering<'_, Vec<StoredKey>> {
        SigningKeys::list(&*self.users)
    }
    fn rotate(&self, key: StoredKey) -> Answering<'_, bool> {
        SigningKeys::rotate(&*self.users, key)
    }
    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> Answering<'_, bool> {
        self.users.allow_lifetime(from_epoch, lifetime)
    }
    fn remove_through(&self, epoch: u32) -> Answering<'_, bool> {
        self.users.remove_through(epoch)
    }
    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> Answering<'a, bool> {
        self.users.replace(old, new)
    }
    fn rewrap<'a>(&'a self, keys: &'a [ResealedKey]) -> Answering<'a, bool> {
        self.users.rewrap(keys)
    }
}

impl Sessions for Counted {
    fn begin<'a>(
        &'a self,
        session: &'a LoginSession,
        replaces: Option<&'a SessionId>,
        max: u16,
        time: ChangeTime,
    ) -> Answering<'a, BeginOutcome> {
        self.users.begin(session, replaces, max, time)
    }
    fn find<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> Answering<'a, Option<(LoginSession, User)>> {
        Sessions::find(&*self.users, id, now)
    }
    fn touch<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> Answering<'a, bool> {
        self.users.touch(id, now)
    }
    fn end<'a>(&'a self, which: EndSessions<'a>, time: ChangeTime) -> Answering<'a, Vec<EndedSession>> {
        Sessions::end(&*self.users, which, time)
    }
    fn of_user<'a>(&'a self, user: &'a UserId, now: Timestamp, limit: u16) -> Answering<'a, Vec<LoginSession>> {
        Sessions::of_user(&*self.users, user, now, limit)
    }
    fn remove_sessions(&self) -> Answering<'_, u64> {
        self.users.remove_sessions()
    }
}

impl Consents for Counted {
    fn find<'a>(&'a self, user: &'a UserId, client: &'a ClientId) -> Answering<'a, Option<Consent>> {
        Consents::find(&*self.users, user, client)
    }
    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        after: Option<&'a ClientId>,
        now: Timestamp,
        limit: u16,
    ) -> Answering<'a, Vec<ConsentSummary>> {
        Consents::of_user(&*self.users, user, after, now, limit)
    }
    fn withdraw<'a>(&'a self, user: &'a User, client: &'a ClientId, time: ChangeTime) -> Answering<'a, bool> {
        Consents::withdraw(&*self.users, user, client, time)
    }
}

impl Codes for Counted {
    fn allow<'a>(
        &'a self,
        consent: &'a Consent,
        code: &'a AuthorizationCode,
        now: Timestamp,
    ) -> Answering<'a, AllowOutcome> {
        self.users.allow(consent, code, now)
    }
    fn redeem<'a>(&'a self, redemption: &'a Redemption<'a>, family: &'a NewFamily) -> Answering<'a, RedeemOutcome> {
        self.users.redeem(redemption, family)
    }
    fn remove_codes(&self) -> Answering<'_, u64> {
        self.users.remove_codes()
    }
}

impl Families for Counted {
    fn rotate<'a>(&'a self, rotation: &'a Rotation<'a>) -> Answering<'a, RotateOutcome> {
        Families::rotate(&*self.users, rotation)
    }
    fn end<'a>(
        &'a self,
        family: FamilyKey,
        client: &'a ClientId,
        why: EndReason,
        time: ChangeTime,
    ) -> Answering<'a, bool> {
        Families::end(&*self.users, family, client, why, time)
    }
    fn find(&self, family: FamilyKey, now: Timestamp) -> Answering<'_, Option<FoundFamily>> {
        Families::find(&*self.users, family, now)
    }
    fn of_client<'a>(
        &'a self,
        user: &'a UserId,
        client: &'a ClientId,
        now: Timestamp,
        limit: u16,
    ) -> Answering<'a, Vec<FoundFamily>> {
        self.users.of_client(user, client, now, limit)
    }
    fn end_families(&self, why: EndReason, now: Timestamp) -> Answering<'_, u64> {
        self.users.end_families(why, now)
    }
}

impl SealedSecrets for Counted {
    fn sealed_secrets(&self) -> Answering<'_, Vec<SealedSecret>> {
        self.users.sealed_secrets()
    }
    fn add_secret_version(&self, secret: SealedSecret, previous_until: Timestamp) -> Answering<'_, bool> {
        self.users.add_secret_version(secret, previous_until)
    }
    fn remove_secrets_through(&self, purpose: SecretPurpose, version: u32) -> Answering<'_, bool> {
        self.users.remove_secrets_through(purpose, version)
    }
    fn reseal_secrets<'a>(&'a self, secrets: &'a [ResealedSecret]) -> Answering<'a, bool> {
        self.users.reseal_secrets(secrets)
    }
}

impl Store for Counted {
    fn ping(&self) -> Answering<'_, ()> {
        self.users.ping()
    }
    fn check_writable(&self) -> Answering<'_, ()> {
        self.users.check_writable()
    }
    fn reseal<'a>(&'a self, keys: &'a [ResealedKey], secrets: &'a [ResealedSecret]) -> Answering<'a, bool> {
        self.users.reseal(keys, secrets)
    }
    fn delete_expired(&self, cleanup: Cleanup) -> Answering<'_, DeletedRows> {
        self.users.delete_expired(cleanup)
    }
    fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store> {
        self.users.audited(entries)
    }
}
