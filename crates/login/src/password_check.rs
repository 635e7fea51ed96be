//! The check of a user's password.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use scopegate_domain::{Account, Authenticated, ClientId, PasswordHash, Secret, User, UserId, Username};
use scopegate_store::{PasswordScheme, Store, StoreError};
use scopegate_token::{HashError, PasswordHasher, PasswordVerdict, RandomSource};
use tokio::time::Instant;

use crate::error::LoginError;
use crate::hashing::{HashingLimits, HashingPool, SchemeCosts};
use crate::throttle::{AttemptOutcome, SecretOwner, Throttle};

/// The result of the login of a disabled user whose password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a login succeeds or fails")]
pub enum DisabledUserLogin {
    /// The login fails like one with a wrong password.
    Deny,
    /// The login succeeds, and guards refuse that user later.
    Allow,
}

/// An attempt to log in with a password.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each fact of a login")]
pub struct PasswordLogin<'a> {
    /// The name of the user, or `None` if no user can have the presented name.
    pub name: Option<&'a Username>,
    /// The name in the request.
    pub presented_name: &'a str,
    /// The password in the request.
    pub password: &'a Secret<String>,
    /// The client that logs in the user, for the log.
    pub client: &'a ClientId,
    /// The address of the client, if it is known. Failed attempts count for it, too.
    pub from: Option<IpAddr>,
    /// The result if the user is disabled.
    pub disabled: DisabledUserLogin,
}

/// Checks passwords of users: looks up the user, verifies the hash, pads the response time of a
/// failure and limits guessing.
pub struct PasswordCheck {
    store: Arc<dyn Store>,
    hasher: Arc<PasswordHasher>,
    entropy: Arc<dyn RandomSource>,
    hashing: HashingPool,
    throttle: Arc<Throttle>,
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
        }
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
        // A name that no user can have counts without a change.
        let owner = SecretOwner::User(login.name.map_or(login.presented_name, Username::as_str));
        let attempt = self.throttle.begin(owner, login.from).await?;
        let checked = self.verify(login).await;
        attempt.end(match &checked {
            Ok(_) => AttemptOutcome::Succeeded,
            Err(LoginError::Rejected) => AttemptOutcome::Failed,
            Err(_) => AttemptOutcome::Undecided,
        });
        checked
    }

    /// Checks a password. Every failed login gets one error, after one verification and the same
    /// time, for a known and an unknown user.
    async fn verify(&self, login: PasswordLogin<'_>) -> Result<Authenticated<User>, LoginError> {
        let admitted = self.hashing.admit()?;
        let started_at = Instant::now();
        let users = self.store.users();
        let account = match login.name {
            Some(name) => users.find_account(name).await?,
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
            let (account, is_weak) = judge(account, verdict, disabled)?;
            Ok((account, is_weak.then(|| hasher.hash(&presented, &*entropy))))
        };
        let (verdict, hashed_in) = admitted.run(work).await?;
        let cause: Refusal = match verdict {
            Ok((account, _)) if !self.is_unchanged(&account, login.password).await? => Refusal::ChangedMeanwhile,
            Ok((account, rehashed)) => {
                if let Some(rehashed) = rehashed {
                    self.store_rehashed(&account, rehashed).await;
                }
                return Ok(accepted(account));
            }
            Err(cause) => cause,
        };
        let (user, client) = (user.as_ref().map(UserId::as_str), login.client.as_str());
        let peer = login.from.map(tracing::field::display);
        tracing::info!(?cause, user, client, peer, "login failed");
        self.hashing
            .pad_response_time(scheme.as_ref(), looked_up_in + hashed_in, &costs)
            .await;
        Err(LoginError::Rejected)
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

/// Returns the account, if the password is right for it, and whether its hash must be replaced.
fn judge(
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
mod tests {
    use scopegate_domain::{UserId, UserStatus};
    use scopegate_token::{PasswordHasher, PasswordPolicy, SystemRandomSource};

    use super::*;

    /// bcrypt of `secret`, costs 4 and 5.
    const BCRYPT_4: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";
    const BCRYPT_5: &str = "$2b$05$EixZaYVK1fsbw1ZfbX3OXeBq3U5o44WJZ9mFBxf2BanarY8j.j8KW";

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn account(status: UserStatus, hash: Option<&PasswordHash>) -> Account {
        let user = User::new(UserId::parse("u").unwrap(), Username::parse("u").unwrap()).with_status(status);
        Account {
            user,
            password_hash: hash.cloned(),
        }
    }

    #[test]
    fn each_login_costs_one_verification() {
        let hasher = PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1).unwrap());
        let argon2id = hasher.hash(&secret("secret"), &SystemRandomSource).unwrap();
        let [bcrypt_4, bcrypt_5, unknown, locked] =
            [BCRYPT_4, BCRYPT_5, "$6$c2FsdA$aGFzaA", "locked"].map(PasswordHash::from_stored);
        let schemes = [&argon2id, &bcrypt_4, &bcrypt_5, &unknown];
        let costs = costs(&hasher, schemes.into_iter().filter_map(PasswordScheme::of).collect());
        let most_expensive = PasswordScheme::of(&bcrypt_5);
        let (active, disabled) = (UserStatus::Active, UserStatus::Disabled);
        let long = "secret".repeat(20);
        let of = |status, hash: &PasswordHash| Some(account(status, Some(hash)));
        for (account, password, refusal) in [
            (None, "secret", Some(Refusal::UnknownUser)),
            (Some(account(active, None)), "secret", Some(Refusal::WrongPassword)),
            (of(active, &locked), "secret", Some(Refusal::WrongPassword)),
            (of(active, &unknown), "secret", Some(Refusal::WrongPassword)),
            (of(active, &argon2id), "wrong", Some(Refusal::WrongPassword)),
            (of(active, &bcrypt_4), "wrong", Some(Refusal::WrongPassword)),
            (of(active, &bcrypt_5), &long, Some(Refusal::WrongPassword)),
            (of(active, &bcrypt_5), "secret\0", Some(Refusal::WrongPassword)),
            (of(disabled, &argon2id), "secret", Some(Refusal::DisabledUser)),
            (of(disabled, &bcrypt_4), "wrong", Some(Refusal::WrongPassword)),
            (of(active, &bcrypt_4), "secret", None),
        ] {
            let own = account.as_ref().and_then(|account| account.password_hash.clone());
            let (hash, scheme) = to_verify(account.as_ref(), &costs);
            let hash = hash.unwrap();
            assert_eq!(PasswordScheme::of(&hash), scheme);
            match own.as_ref().and_then(PasswordScheme::of) {
                Some(_) => assert_eq!(Some(&hash), own.as_ref(), "the user's own"),
                None => assert_eq!(scheme, most_expensive, "as for the most expensive scheme"),
            }
            let verdict = hasher.verify(&secret(password), Some(&hash));
            assert_eq!(judge(account, verdict, DisabledUserLogin::Deny).err(), refusal);
        }
        assert_eq!(
            to_verify(None, &SchemeCosts::new()),
            (None, None),
            "no user has a password"
        );
    }

    #[test]
    fn decoy_has_its_scheme_and_matches_nothing() {
        let hasher = PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1).unwrap());
        let argon2id = hasher.hash(&secret("secret"), &SystemRandomSource).unwrap();
        let cost = |hash: &PasswordHash| hasher.cost(Some(hash));
        for hash in [
            argon2id,
            PasswordHash::from_stored(BCRYPT_4),
            PasswordHash::from_stored(BCRYPT_5),
        ] {
            let scheme = PasswordScheme::of(&hash).unwrap();
            let decoy = decoy(&scheme);
            assert_eq!(PasswordScheme::of(&decoy), Some(scheme));
            assert_eq!(cost(&decoy), cost(&hash));
            assert_eq!(decoy.expose().len(), hash.expose().len());
            for password in ["", "secret"] {
                assert_eq!(
                    hasher.verify(&secret(password), Some(&decoy)),
                    PasswordVerdict::Mismatch
                );
            }
        }
    }
}
