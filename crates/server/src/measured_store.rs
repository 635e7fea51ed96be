//! A store that measures how long each of its methods takes.

use std::sync::Arc;

use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};
use scopegate_domain::{
    Account, Client, ClientId, Lifetime, PasswordHash, Revocation, Scope, SecretDigest, StoredKey, Timestamp, User,
    UserId, UserStatus, Username,
};
use scopegate_store::{
    BoxFuture, Clients, DisableAndRevoke, PasswordScheme, ResealedKey, RevocationCursor, RevocationEntry, Revocations,
    SigningKeys, Store, StoreError, StoreErrorKind, Users,
};
use tokio::time::Instant;

const DURATION: &str = "scopegate_store_duration_seconds";
const ERRORS: &str = "scopegate_store_errors_total";

/// Wraps a store and measures its calls. It costs one allocation a call, so it is used only if the
/// metrics are served.
#[derive(Debug)]
pub(crate) struct MeasuredStore {
    store: Arc<dyn Store>,
    methods: Methods,
}

impl MeasuredStore {
    /// Wraps this store.
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        describe_histogram!(DURATION, Unit::Seconds, "Time that the store took, by method.");
        describe_counter!(ERRORS, "Questions that the store did not answer, by method.");
        Self {
            store,
            methods: Methods::new(),
        }
    }
}

/// The metrics of one method.
#[derive(Debug)]
struct Method {
    duration: Histogram,
    errors: Counter,
}

impl Method {
    fn new(name: &'static str) -> Self {
        Self {
            duration: histogram!(DURATION, "method" => name),
            errors: counter!(ERRORS, "method" => name),
        }
    }

    fn measure<'a, T: Send + 'a>(&'a self, asked: Asked<'a, T>) -> Asked<'a, T> {
        Box::pin(async move {
            let begin = Instant::now();
            let answer = asked.await;
            self.duration.record(begin.elapsed());
            // A name that is taken is an answer, not an error.
            if answer
                .as_ref()
                .is_err_and(|error| error.kind() != StoreErrorKind::Conflict)
            {
                self.errors.increment(1);
            }
            answer
        })
    }
}

/// The result of a call to the store.
type Asked<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

macro_rules! methods {
    ($($method:ident: $name:literal,)*) => {
        #[derive(Debug)]
        struct Methods { $($method: Method,)* }

        impl Methods {
            fn new() -> Self {
                Self { $($method: Method::new($name),)* }
            }
        }
    };
}

methods! {
    add_client: "clients.add",
    add_user: "users.add",
    allow_key_lifetime: "signing_keys.allow_lifetime",
    find_account: "users.find_account",
    find_client: "clients.find",
    find_user: "users.find",
    find_user_by_id: "users.find_by_id",
    forget_revocations: "revocations.forget",
    last_place: "revocations.last_place",
    keep_lifetime: "revocations.keep_lifetime",
    list_clients: "clients.list",
    list_keys: "signing_keys.list",
    list_users: "users.list",
    longest_lifetime: "revocations.longest_lifetime",
    password_schemes: "users.password_schemes",
    ping: "ping",
    check_writable: "rehearse_change",
    remove_client: "clients.remove",
    remove_keys: "signing_keys.remove_through",
    remove_user: "users.remove",
    replace_password_hash: "users.replace_password_hash",
    revoke: "revocations.revoke",
    revoked_after: "revocations.after",
    replace_keys: "signing_keys.replace",
    rewrap_keys: "signing_keys.rewrap",
    rotate_keys: "signing_keys.rotate",
    set_client_scope: "clients.set_scope",
    set_password_hash: "users.set_password_hash",
    set_secret: "clients.set_secret",
    set_status: "users.set_status",
    set_user_scope: "users.set_scope",
    withdraw: "revocations.withdraw",
}

impl Users for MeasuredStore {
    fn find<'a>(&'a self, username: &'a Username) -> Asked<'a, Option<User>> {
        self.methods.find_user.measure(self.store.users().find(username))
    }

    fn find_by_id<'a>(&'a self, id: &'a UserId) -> Asked<'a, Option<User>> {
        self.methods.find_user_by_id.measure(self.store.users().find_by_id(id))
    }

    fn find_account<'a>(&'a self, username: &'a Username) -> Asked<'a, Option<Account>> {
        self.methods
            .find_account
            .measure(self.store.users().find_account(username))
    }

    fn list<'a>(&'a self, after: Option<&'a Username>, limit: u16) -> Asked<'a, Vec<User>> {
        self.methods.list_users.measure(self.store.users().list(after, limit))
    }

    fn password_schemes(&self) -> Asked<'_, Vec<PasswordScheme>> {
        self.methods
            .password_schemes
            .measure(self.store.users().password_schemes())
    }

    fn add(&self, account: Account) -> Asked<'_, ()> {
        self.methods.add_user.measure(self.store.users().add(account))
    }

    fn replace_password_hash<'a>(
        &'a self,
        id: &'a UserId,
        expected: &'a PasswordHash,
        replacement: &'a PasswordHash,
    ) -> Asked<'a, bool> {
        let asked = self.store.users().replace_password_hash(id, expected, replacement);
        self.methods.replace_password_hash.measure(asked)
    }

    fn set_password_hash<'a>(&'a self, id: &'a UserId, password_hash: Option<&'a PasswordHash>) -> Asked<'a, bool> {
        let asked = self.store.users().set_password_hash(id, password_hash);
        self.methods.set_password_hash.measure(asked)
    }

    fn set_scope<'a>(&'a self, id: &'a UserId, scope: &'a Scope) -> Asked<'a, bool> {
        self.methods
            .set_user_scope
            .measure(self.store.users().set_scope(id, scope))
    }

    fn set_status<'a>(&'a self, id: &'a UserId, status: UserStatus) -> Asked<'a, bool> {
        self.methods
            .set_status
            .measure(self.store.users().set_status(id, status))
    }

    fn remove<'a>(&'a self, id: &'a UserId) -> Asked<'a, bool> {
        self.methods.remove_user.measure(self.store.users().remove(id))
    }
}

impl Clients for MeasuredStore {
    fn find<'a>(&'a self, id: &'a ClientId) -> Asked<'a, Option<Client>> {
        self.methods.find_client.measure(self.store.clients().find(id))
    }

    fn list<'a>(&'a self, after: Option<&'a ClientId>, limit: u16) -> Asked<'a, Vec<Client>> {
        self.methods
            .list_clients
            .measure(self.store.clients().list(after, limit))
    }

    fn add(&self, client: Client) -> Asked<'_, ()> {
        self.methods.add_client.measure(self.store.clients().add(client))
    }

    fn set_scope<'a>(&'a self, id: &'a ClientId, scope: &'a Scope) -> Asked<'a, bool> {
        self.methods
            .set_client_scope
            .measure(self.store.clients().set_scope(id, scope))
    }

    fn set_secret<'a>(&'a self, id: &'a ClientId, secret: SecretDigest) -> Asked<'a, bool> {
        self.methods
            .set_secret
            .measure(self.store.clients().set_secret(id, secret))
    }

    fn remove<'a>(&'a self, id: &'a ClientId) -> Asked<'a, bool> {
        self.methods.remove_client.measure(self.store.clients().remove(id))
    }
}

impl Revocations for MeasuredStore {
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> Asked<'a, ()> {
        self.methods.revoke.measure(self.store.revocations().revoke(revocation))
    }

    fn withdraw<'a>(&'a self, withdrawal: DisableAndRevoke<'a>, revocation: &'a Revocation) -> Asked<'a, bool> {
        let asked = self.store.revocations().withdraw(withdrawal, revocation);
        self.methods.withdraw.measure(asked)
    }

    fn revoked_after(&self, place: RevocationCursor, limit: u16) -> Asked<'_, Vec<RevocationEntry>> {
        self.methods
            .revoked_after
            .measure(self.store.revocations().revoked_after(place, limit))
    }

    fn last_cursor(&self) -> Asked<'_, RevocationCursor> {
        self.methods.last_place.measure(self.store.revocations().last_cursor())
    }

    fn forget_revocations(&self, now: Timestamp) -> Asked<'_, u64> {
        self.methods
            .forget_revocations
            .measure(self.store.revocations().forget_revocations(now))
    }

    fn keep_lifetime(&self, lifetime: Lifetime, living_until: Timestamp) -> Asked<'_, ()> {
        let asked = self.store.revocations().keep_lifetime(lifetime, living_until);
        self.methods.keep_lifetime.measure(asked)
    }

    fn longest_lifetime(&self, now: Timestamp) -> Asked<'_, Option<Lifetime>> {
        let asked = self.store.revocations().longest_lifetime(now);
        self.methods.longest_lifetime.measure(asked)
    }
}

impl SigningKeys for MeasuredStore {
    fn list(&self) -> Asked<'_, Vec<StoredKey>> {
        self.methods.list_keys.measure(self.store.signing_keys().list())
    }

    fn rotate(&self, key: StoredKey) -> Asked<'_, bool> {
        self.methods.rotate_keys.measure(self.store.signing_keys().rotate(key))
    }

    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> Asked<'_, bool> {
        let asked = self.store.signing_keys().allow_lifetime(from_epoch, lifetime);
        self.methods.allow_key_lifetime.measure(asked)
    }

    fn remove_through(&self, epoch: u32) -> Asked<'_, bool> {
        self.methods
            .remove_keys
            .measure(self.store.signing_keys().remove_through(epoch))
    }

    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> Asked<'a, bool> {
        self.methods
            .replace_keys
            .measure(self.store.signing_keys().replace(old, new))
    }

    fn rewrap<'a>(&'a self, keys: &'a [ResealedKey]) -> Asked<'a, bool> {
        self.methods.rewrap_keys.measure(self.store.signing_keys().rewrap(keys))
    }
}

impl Store for MeasuredStore {
    fn ping(&self) -> Asked<'_, ()> {
        self.methods.ping.measure(self.store.ping())
    }

    fn check_writable(&self) -> Asked<'_, ()> {
        self.methods.check_writable.measure(self.store.check_writable())
    }
}
