//! The check of a user's password.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use scopegate_domain::{
    Account, AuditDetail, AuditEvent, Authenticated, CanonicalName, ClientId, LoginFailure, PasswordHash, Secret, User,
    UserId, Username,
};
use scopegate_store::{PasswordScheme, Store, StoreError};
use scopegate_token::{HashError, PasswordHasher, PasswordVerdict, RandomSource};
use tokio::time::Instant;

use crate::audit::{AuditLog, RequestOrigin};
use crate::error::LoginError;
use crate::hashing::{HashingError, HashingLimits, HashingPool, SchemeCosts};
use crate::throttle::{Attempt, AttemptOutcome, SecretOwner, Throttle};

/// The result of the login of a disabled user whose password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a login succeeds or fails")]
pub enum DisabledUserLogin {
    /// The login fails like one with a wrong password.
    Deny,
    /// The login succeeds, and guards refuse that user later.
    Allow,
}

/// How a login finds its user by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a login must handle a new comparison")]
pub enum NameMatch {
    /// The canonical forms are equal: `JohnDoe` logs in as `johndoe`.
    Canonical,
    /// The names are equal, byte for byte.
    Exact,
}

/// How the success of a login is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a success is recorded here or by the caller")]
pub enum LoginRecord {
    /// The caller records it, with the change that the login makes.
    ByCaller,
    /// The check counts it, or writes it in the strict mode.
    Counted,
}

/// An attempt to log in with a password.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each fact of a login")]
pub struct PasswordLogin<'a> {
    /// The name of the user, or `None` if no user can have the presented name.
    pub name: Option<&'a Username>,
    /// The name in the request.
    pub presented_name: &'a str,
    /// How the name is compared. Attempts with all spellings of a name count together.
    pub names: NameMatch,
    /// The password in the request.
    pub password: &'a Secret<String>,
    /// The client that logs in the user, for the log.
    pub client: &'a ClientId,
    /// The origin of the request. Failed attempts count for its address, too.
    pub origin: &'a RequestOrigin,
    /// The result if the user is disabled.
    pub disabled: DisabledUserLogin,
    /// The browser, if it has proven an earlier login of this user: a value that identifies it.
    /// Failed attempts from elsewhere do not delay a login from it.
    pub browser: Option<&'a [u8; 32]>,
    /// How a success is recorded.
    pub record: LoginRecord,
}

/// Checks passwords of users: looks up the user, verifies the hash, pads the response time of a
/// failure and limits guessing.
pub struct PasswordCheck {
    store: Arc<dyn Store>,
    hasher: Arc<PasswordHasher>,
    entropy: Arc<dyn RandomSource>,
    hashing: HashingPool,
    throttle: Arc<Throttle>,
    audit: AuditLog,
}

impl fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordCheck").finish_non_exhaustive()
    }
}

impl PasswordCheck {
    /// Creates a check of the passwords in this store. `entropy` provides the salt of a new hash.
    pub fn new(
        store: Arc<dyn Store>,
        hasher: PasswordHasher,
        limits: HashingLimits,
        throttle: Arc<Throttle>,
        entropy: Arc<dyn RandomSource>,
    ) -> Self {
        Self {
            store,
            hasher: Arc::new(hasher),
            entropy,
            hashing: HashingPool::new(limits),
            throttle,
            audit: AuditLog::default(),
        }
    }

    /// Sets the audit log of the logins. Default: none.
    #[must_use]
    pub fn audit(mut self, audit: AuditLog) -> Self {
        self.audit = audit;
        self
    }

    /// Returns the user with this name, if the password is right. Attempts are throttled by the
    /// canonical name.
    ///
    /// A future that is dropped counts as a failed attempt. A hash that has begun is computed to
    /// its end.
    ///
    /// # Errors
    ///
    /// [`LoginError`] names the reason. It is [`LoginError::Rejected`] for an unknown user, a wrong
    /// password and a disabled user.
    pub async fn check(&self, login: PasswordLogin<'_>) -> Result<Authenticated<User>, LoginError> {
        // A name that no user can have counts, too.
        // SECURITY: another spelling of a name allows no further guess. Tested by
        // `spellings_of_one_name_share_a_limit` in grant/tests/it/guessing.rs.
        let name = login.name.map_or(login.presented_name, Username::as_str);
        let name = CanonicalName::of(name);
        let owner = SecretOwner::User(name.as_str());
        let attempt = match self.throttle.begin_in(owner, login.origin.address, login.browser).await {
            Ok(attempt) => attempt,
            Err(throttled) => {
                if let Some(name) = login.name {
                    self.audit.record_throttled(name, login.client, login.origin);
                }
                return Err(throttled.into());
            }
        };
        let checked = self.verify(login, &attempt).await;
        attempt.end(match &checked {
            Ok(_) => AttemptOutcome::Succeeded,
            Err(LoginError::Rejected) => AttemptOutcome::Failed,
            Err(_) => AttemptOutcome::Undecided,
        });
        checked
    }

    /// Hashes a new password, within the limits of this check.
    ///
    /// # Errors
    ///
    /// [`LoginError::Hashing`] if too many logins wait, or the hash function fails.
    pub async fn hash(&self, password: &Secret<String>) -> Result<PasswordHash, LoginError> {
        let (hasher, entropy, password) = (Arc::clone(&self.hasher), Arc::clone(&self.entropy), password.clone());
        let work = move || hasher.hash(&password, &*entropy);
        let (hash, _) = self.hashing.admit()?.run(work).await?;
        Ok(hash.map_err(HashingError::Hash)?)
    }

    /// Checks a password. Every failed login gets one error, after one verification and the same
    /// time, for a known and an unknown user.
    async fn verify(&self, login: PasswordLogin<'_>, attempt: &Attempt<'_>) -> Result<Authenticated<User>, LoginError> {
        let admitted = self.hashing.admit()?;
        let started_at = Instant::now();
        let users = self.store.users();
        let account = match login.name {
            Some(name) => {
                let account = users.find_account(name).await?;
                let is_exact = |account: &Account| account.user.username() == name;
                account.filter(|account| login.names == NameMatch::Canonical || is_exact(account))
            }
            None => None,
        };
        let schemes = users.password_schemes().await?;
        let costs = costs(&self.hasher, schemes);
        let looked_up_in = started_at.elapsed();

        let user = account.as_ref().map(|account| account.user.id().clone());
        let (hash, scheme) = to_verify(account.as_ref(), &costs);
        let (hasher, entropy) = (Arc::clone(&self.hasher), Arc::clone(&self.entropy));
        let (disabled, presented) = (login.disabled, login.password.clone());
        let work = move || {
            let verdict = hash.map_or(PasswordVerdict::Mismatch, |hash| hasher.verify(&presented, Some(&hash)));
            let (account, is_weak) = admitted_account(account, verdict, disabled)?;
            Ok((account, is_weak.then(|| hasher.hash(&presented, &*entropy))))
        };
        let (verdict, hashed_in) = admitted.run(work).await?;
        let cause: Refusal = match verdict {
            Ok((account, _)) if !self.is_unchanged(&account, login.password).await? => Refusal::ChangedMeanwhile,
            Ok((account, rehashed)) => {
                if let Some(rehashed) = rehashed {
                    self.store_rehashed(&account, rehashed).await;
                }
                // SECURITY: attempts that failed meanwhile count, so parallel guesses gain nothing.
                // Tested by `attempt_is_checked_again` in throttle/tests.rs.
                attempt.check_again()?;
                if login.record == LoginRecord::Counted {
                    self.record_success(&login, account.user.id()).await?;
                }
                return Ok(accepted(account));
            }
            Err(cause) => cause,
        };
        if let (Some(user), Some(cause)) = (&user, cause.of_known_user()) {
            self.record_failure(&login, user, cause);
        }
        let (user, client) = (user.as_ref().map(UserId::as_str), login.client.as_str());
        let peer = login.origin.address.map(tracing::field::display);
        tracing::info!(?cause, user, client, peer, "login failed");
        self.hashing
            .pad_response_time(scheme.as_ref(), looked_up_in + hashed_in, &costs)
            .await;
        Err(LoginError::Rejected)
    }

    async fn record_success(&self, login: &PasswordLogin<'_>, user: &UserId) -> Result<(), StoreError> {
        let recorded = self
            .audit
            .record_first(AuditEvent::LoginSucceeded, login.origin, |entry| {
                entry.of_user(user.clone()).of_client(login.client.clone())
            });
        recorded.await
    }

    /// Records a failed login of a known user. The entry is written later, so that the time of the
    /// response does not depend on the store.
    fn record_failure(&self, login: &PasswordLogin<'_>, user: &UserId, cause: LoginFailure) {
        if let Some(name) = login.name {
            self.audit.remember(name, user);
        }
        self.audit.record(AuditEvent::LoginFailed, login.origin, |entry| {
            let entry = entry.of_user(user.clone()).of_client(login.client.clone());
            entry.with_detail(AuditDetail::Cause(cause))
        });
    }

    /// Checks that the account has not changed since it was read. Another login may have hashed the
    /// same password again: then the password is verified against that hash.
    // SECURITY: hashing takes long, and a revocation during it prevents the token. Tested by
    // `grant/tests/it/withdrawn.rs::change_during_login_refuses_it`.
    async fn is_unchanged(&self, account: &Account, password: &Secret<String>) -> Result<bool, LoginError> {
        let now = self.store.users().find_account(account.user.username()).await?;
        match now {
            Some(now) if now == *account => Ok(true),
            Some(Account {
                user,
                password_hash: Some(hash),
            }) if user == account.user => {
                let (hasher, password) = (Arc::clone(&self.hasher), password.clone());
                let work = move || hasher.verify(&password, Some(&hash));
                let (verdict, _) = self.hashing.admit()?.run(work).await?;
                Ok(matches!(verdict, PasswordVerdict::Match { .. }))
            }
            _ => Ok(false),
        }
    }

    /// Replaces the old hash by the new one, unless the password was changed meanwhile. The login
    /// completes after that, and succeeds in either case: the password was right. A full disk must
    /// not lock out users whose hash is old.
    async fn store_rehashed(&self, account: &Account, rehashed: Result<PasswordHash, HashError>) {
        let users = self.store.users();
        let stored = match (rehashed, &account.password_hash) {
            (Ok(new), Some(old)) => users
                .replace_password_hash(account.user.id(), old, &new)
                .await
                .map_err(RehashError::Store),
            (Ok(_), None) => Ok(false),
            (Err(cause), _) => Err(RehashError::Hash(cause)),
        };
        if let Err(cause) = stored {
            let cause: &dyn Error = &cause;
            tracing::warn!(cause, "cannot store a new password hash; the login succeeds");
        }
    }
}

/// The reason why a new hash was not stored: for the log alone.
#[derive(Debug, thiserror::Error)]
enum RehashError {
    #[error("cannot hash the password")]
    Hash(#[source] HashError),
    #[error("store is unavailable")]
    Store(#[source] StoreError),
}

/// Returns the cost of a verification for each scheme.
fn costs(hasher: &PasswordHasher, schemes: Vec<PasswordScheme>) -> SchemeCosts {
    let cost = |scheme: PasswordScheme| {
        let cost = hasher.cost(Some(&decoy(&scheme))).as_duration();
        (scheme, cost)
    };
    schemes.into_iter().map(cost).collect()
}

/// Returns the one hash that is verified for a login, with its scheme: that of the account, or one
/// of the costliest scheme that belongs to no user.
// SECURITY: one verification for each login, for a known and an unknown user. So the work reveals
// nothing, and no login is an amplifier. Tested by `each_login_costs_one_verification` below.
fn to_verify(account: Option<&Account>, costs: &SchemeCosts) -> (Option<PasswordHash>, Option<PasswordScheme>) {
    let own = account.and_then(|account| account.password_hash.as_ref());
    if let Some((hash, scheme)) = own.and_then(|hash| Some((hash, PasswordScheme::of(hash)?))) {
        return (Some(hash.clone()), Some(scheme));
    }
    let costliest = costs.iter().max_by_key(|(_, cost)| *cost).map(|(scheme, _)| scheme);
    (costliest.map(decoy), costliest.cloned())
}

#[expect(clippy::disallowed_methods, reason = "this is where a user's password was checked")]
fn accepted(account: Account) -> Authenticated<User> {
    Authenticated::assertion(account.user)
}

/// The reason why a login failed: for the log alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    ChangedMeanwhile,
    DisabledUser,
    UnknownUser,
    WrongPassword,
}

impl Refusal {
    /// Returns the reason for the audit log; `None` for an unknown user.
    const fn of_known_user(self) -> Option<LoginFailure> {
        match self {
            Self::ChangedMeanwhile => Some(LoginFailure::ChangedMeanwhile),
            Self::DisabledUser => Some(LoginFailure::DisabledUser),
            Self::UnknownUser => None,
            Self::WrongPassword => Some(LoginFailure::WrongPassword),
        }
    }
}

/// Returns the account, if the password is right for it, and whether its hash must be replaced.
fn admitted_account(
    account: Option<Account>,
    verdict: PasswordVerdict,
    disabled: DisabledUserLogin,
) -> Result<(Account, bool), Refusal> {
    match (account, verdict) {
        (Some(account), PasswordVerdict::Match { rehash })
            if account.user.is_active() || disabled == DisabledUserLogin::Allow =>
        {
            Ok((account, rehash))
        }
        (Some(_), PasswordVerdict::Match { .. }) => Err(Refusal::DisabledUser),
        (Some(_), PasswordVerdict::Mismatch) => Err(Refusal::WrongPassword),
        (None, _) => Err(Refusal::UnknownUser),
    }
}

/// Returns a hash of this scheme that belongs to no user: a salt and a digest of zeros, with their
/// usual length.
fn decoy(scheme: &PasswordScheme) -> PasswordHash {
    let zeros = if scheme.as_str().starts_with("$argon2") {
        format!("{}${}", "A".repeat(22), "A".repeat(43))
    } else {
        ".".repeat(53)
    };
    PasswordHash::from_stored(format!("{}{zeros}", scheme.as_str()))
}

#[cfg(test)]
mod tests;
