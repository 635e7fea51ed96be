//! A store that counts how often a user is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scopegate_http::domain::{
    Account, AuditEntry, Client, ClientId, Lifetime, NewsPosition, PasswordHash, RegisteredSecret, Revocation, Scope,
    SecretDigest, StoredKey, Timestamp, User, UserId, UserStatus, Username,
};
use scopegate_http::store::{
    AddSecretOutcome, Audit, AuditQuery, AuditRetention, BoxFuture, Clients, DisableAndRevoke, MemoryStore, News,
    NewsEntry, NewsHeads, PasswordScheme, ResealedKey, SigningKeys, Store, StoreError, Users,
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
        self.users.withdraw(withdrawal, revocation)
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
        self.users.rotate(key)
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

impl Store for Counted {
    fn ping(&self) -> Answering<'_, ()> {
        self.users.ping()
    }
    fn check_writable(&self) -> Answering<'_, ()> {
        self.users.check_writable()
    }
    fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store> {
        self.users.audited(entries)
    }
}
