//! A store around an application's own table of users.

mod grants;

use std::sync::Arc;

use scopegate_domain::{
    Account, AuditEntry, Client, ClientId, Lifetime, NewsPosition, PasswordHash, RegisteredSecret, Revocation, Scope,
    SecretDigest, StoredKey, Timestamp, User, UserId, UserStatus, Username,
};

use crate::{
    AddSecretOutcome, Audit, AuditQuery, AuditRetention, BoxFuture, Cleanup, Clients, DeletedRows, DisableAndRevoke,
    MemoryStore, News, NewsEntry, NewsHeads, NewsItem, PasswordScheme, ResealedKey, ResealedSecret, SigningKeys, Store,
    StoreError, Users,
};

/// A store of an application's own users. Everything else is in the memory of this process, and
/// ends with it.
///
/// Sessions, codes and families are refused while the application reports their user as disabled.
/// They end for good only with a change that this store makes.
///
/// A change of a user and the revocation of the user's tokens are two writes. The revocation is the
/// first, so a failure between them refuses tokens of a user who did not change. The audit entry
/// of a change of a user is written after the change.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{Account, User, UserId, Username};
/// use scopegate_store::{ApplicationStore, BoxFuture, StoreError, Users};
///
/// #[derive(Debug)]
/// struct Members;
///
/// impl Users for Members {
///     fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
///         Box::pin(async move { Ok(Some(User::new(id.clone(), Username::from_stored("ada").map_err(StoreError::corrupt)?))) })
///     }
/// }
///
/// let store = Arc::new(ApplicationStore::new(Arc::new(Members)));
/// # let _ = store;
/// ```
#[derive(Debug)]
pub struct ApplicationStore {
    users: Arc<dyn Users>,
    rest: MemoryStore,
}

impl ApplicationStore {
    /// Creates the store.
    #[must_use]
    pub fn new(users: Arc<dyn Users>) -> Self {
        Self {
            users,
            rest: MemoryStore::new(),
        }
    }

    /// Adds an entry when this change has been made.
    fn changing<'a>(&'a self, id: &'a UserId, ends: Ends, change: Answer<'a, bool>) -> Answer<'a, bool> {
        Box::pin(async move {
            let is_changed = change.await?;
            if is_changed {
                self.rest.tell(NewsItem::UserChanged(id.clone()));
                if ends != Ends::Nothing {
                    self.rest.end_grants_of(id, ends == Ends::User);
                }
            }
            Ok(is_changed)
        })
    }
}

/// What ends with a change of a user that revokes no tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Nothing,
    /// The sessions, codes and families.
    Grants,
    /// The consents, too.
    User,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Users for ApplicationStore {
    fn find<'a>(&'a self, username: &'a Username) -> Answer<'a, Option<User>> {
        self.users.find(username)
    }

    fn find_by_id<'a>(&'a self, id: &'a UserId) -> Answer<'a, Option<User>> {
        self.users.find_by_id(id)
    }

    fn cached(&self, username: &str) -> Option<Arc<User>> {
        self.users.cached(username)
    }

    fn cached_by_id(&self, id: &str) -> Option<Arc<User>> {
        self.users.cached_by_id(id)
    }

    fn find_account<'a>(&'a self, username: &'a Username) -> Answer<'a, Option<Account>> {
        self.users.find_account(username)
    }

    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> Answer<'a, Vec<User>> {
        self.users.list(after, limit)
    }

    fn password_schemes(&self) -> Answer<'_, Vec<PasswordScheme>> {
        self.users.password_schemes()
    }

    fn add(&self, account: Account) -> Answer<'_, ()> {
        self.users.add(account)
    }

    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        expected: &'a PasswordHash,
        replacement: &'a PasswordHash,
    ) -> Answer<'a, bool> {
        self.users.replace_password_hash(id, expected, replacement)
    }

    fn set_password_hash<'a>(&'a self, id: &'a UserId, password_hash: Option<&'a PasswordHash>) -> Answer<'a, bool> {
        self.changing(id, Ends::Nothing, self.users.set_password_hash(id, password_hash))
    }

    fn set_profile<'a>(&'a self, user: &'a User) -> Answer<'a, bool> {
        self.changing(user.id(), Ends::Nothing, self.users.set_profile(user))
    }

    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> Answer<'a, bool> {
        self.changing(id, Ends::Nothing, self.users.set_scope(id, scope))
    }

    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> Answer<'a, bool> {
        let ends = if status == UserStatus::Disabled {
            Ends::Grants
        } else {
            Ends::Nothing
        };
        self.changing(id, ends, self.users.set_status(id, status))
    }

    fn remove<'a>(&'a self, id: &'a UserId) -> Answer<'a, bool> {
        self.changing(id, Ends::User, self.users.remove(id))
    }
}

impl Clients for ApplicationStore {
    fn find<'a>(&'a self, id: &'a ClientId) -> Answer<'a, Option<Client>> {
        Clients::find(&self.rest, id)
    }

    fn list<'a>(&'a self, after: Option<&'a ClientId>, limit: u16) -> Answer<'a, Vec<Client>> {
        Clients::list(&self.rest, after, limit)
    }

    fn add(&self, client: Client) -> Answer<'_, ()> {
        Clients::add(&self.rest, client)
    }

    fn update<'a>(&'a self, old: &'a Client, new: &'a Client) -> Answer<'a, bool> {
        Clients::update(&self.rest, old, new)
    }

    fn add_secret<'a>(&'a self, id: &'a ClientId, secret: RegisteredSecret) -> Answer<'a, AddSecretOutcome> {
        self.rest.add_secret(id, secret)
    }

    fn remove_secret<'a>(&'a self, id: &'a ClientId, secret: &'a SecretDigest) -> Answer<'a, bool> {
        self.rest.remove_secret(id, secret)
    }

    fn remove<'a>(&'a self, id: &'a ClientId) -> Answer<'a, bool> {
        Clients::remove(&self.rest, id)
    }
}

impl News for ApplicationStore {
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> Answer<'a, ()> {
        self.rest.revoke(revocation)
    }

    /// Revokes first: if the change of the user then fails, the tokens are refused all the same.
    fn withdraw<'a>(&'a self, withdrawal: DisableAndRevoke<'a>, revocation: &'a Revocation) -> Answer<'a, bool> {
        Box::pin(async move {
            let changed = match withdrawal {
                DisableAndRevoke::DisableUser(id) => self.users.set_status(id, UserStatus::Disabled),
                DisableAndRevoke::RemoveUser(id) => self.users.remove(id),
                DisableAndRevoke::SetPasswordHash(id, hash) => self.users.set_password_hash(id, hash),
                DisableAndRevoke::SetProfile(user) => self.users.set_profile(user),
                DisableAndRevoke::SetUserScope(id, scope) => self.users.set_scope(id, scope),
                DisableAndRevoke::RemoveClient(_) | DisableAndRevoke::UpdateClient { .. } => {
                    return self.rest.withdraw(withdrawal, revocation).await;
                }
            };
            self.rest.revoke_for(withdrawal, revocation).await?;
            changed.await
        })
    }

    fn heads(&self) -> Answer<'_, NewsHeads> {
        self.rest.heads()
    }

    fn news_after(&self, position: NewsPosition, limit: u16) -> Answer<'_, Vec<NewsEntry>> {
        self.rest.news_after(position, limit)
    }

    fn forget_news(&self, now: Timestamp) -> Answer<'_, u64> {
        self.rest.forget_news(now)
    }
}

impl Audit for ApplicationStore {
    fn write_entries<'a>(&'a self, entries: &'a [AuditEntry]) -> Answer<'a, ()> {
        self.rest.write_entries(entries)
    }

    fn entries<'a>(&'a self, query: &'a AuditQuery, limit: u16) -> Answer<'a, Vec<AuditEntry>> {
        self.rest.entries(query, limit)
    }

    fn delete_entries(&self, retention: AuditRetention, limit: u16) -> Answer<'_, u64> {
        self.rest.delete_entries(retention, limit)
    }
}

impl SigningKeys for ApplicationStore {
    fn list(&self) -> Answer<'_, Vec<StoredKey>> {
        SigningKeys::list(&self.rest)
    }

    fn rotate(&self, key: StoredKey) -> Answer<'_, bool> {
        SigningKeys::rotate(&self.rest, key)
    }

    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> Answer<'_, bool> {
        SigningKeys::allow_lifetime(&self.rest, from_epoch, lifetime)
    }

    fn remove_through(&self, epoch: u32) -> Answer<'_, bool> {
        SigningKeys::remove_through(&self.rest, epoch)
    }

    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> Answer<'a, bool> {
        SigningKeys::replace(&self.rest, old, new)
    }

    fn rewrap<'a>(&'a self, keys: &'a [ResealedKey]) -> Answer<'a, bool> {
        SigningKeys::rewrap(&self.rest, keys)
    }
}

impl Store for ApplicationStore {
    fn ping(&self) -> Answer<'_, ()> {
        self.rest.ping()
    }

    fn check_writable(&self) -> Answer<'_, ()> {
        self.rest.check_writable()
    }

    fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store> {
        Arc::new(Self {
            users: Arc::clone(&self.users),
            rest: self.rest.with_audit(entries),
        })
    }

    fn reseal<'a>(&'a self, keys: &'a [ResealedKey], secrets: &'a [ResealedSecret]) -> Answer<'a, bool> {
        self.rest.reseal(keys, secrets)
    }

    fn delete_expired(&self, cleanup: Cleanup) -> Answer<'_, DeletedRows> {
        self.rest.delete_expired(cleanup)
    }

    /// Counts what this store keeps: not the users of the application.
    fn count_rows(&self) -> Answer<'_, Vec<(&'static str, u64)>> {
        let rows = self.rest.count_rows();
        Box::pin(async move { Ok(rows.await?.into_iter().filter(|(table, _)| *table != "users").collect()) })
    }

    fn is_volatile(&self) -> bool {
        true
    }
}
