//! The password grant: [RFC 6749, section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3).

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use scopegate_domain::{
    Account, Authenticated, Client, Grant, PasswordHash, Secret, Timestamp, User, UserId, Username,
};
use scopegate_store::PasswordScheme;
use scopegate_token::{HashError, PasswordHasher, PasswordVerdict};
use tokio::time::Instant;

use crate::context::Context;
use crate::hashing::SchemeCosts;
use crate::narrow::{Narrowed, narrow};
use crate::request::PasswordRequest;
use crate::throttle::{Outcome, Whose};
use crate::{GrantError, GrantProfile, Outage};

/// The result of the login of a disabled user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disabled {
    /// It fails like one with a wrong password.
    Refused,
    /// It succeeds, as in the FastAPI tutorial, whose guards refuse that user later.
    LetIn,
}

/// The client that logs in a user, and its address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'a> {
    pub(crate) client: &'a Authenticated<Client>,
    pub(crate) from: Option<IpAddr>,
    pub(crate) disabled: Disabled,
}

/// Returns the grant of a user whose password is right, with the scopes as the token writes them.
/// `asked_at` is a moment before the client was read.
// SECURITY: the grant has that moment, and not the one at which the password was found right. A
// withdrawal of the user or the client in between revokes all tokens issued until then, including
// this one. Tested by `what_is_taken_back_during_a_login_covers_its_token` in tests/password.rs.
pub(crate) async fn grant(
    context: &Context,
    login: Login<'_>,
    request: PasswordRequest<'_>,
    asked_at: Timestamp,
) -> Result<(Grant, Narrowed), GrantError> {
    let user = log_in(context, login, request.username, request.password).await?;
    let (user, client) = (user.into_inner(), login.client);
    let narrowed = narrow(&request.asked, &context.catalog, client, &user)?;
    let grant = Grant::new(user, client.id().clone(), narrowed.scope.clone(), asked_at);
    Ok((grant, narrowed))
}

/// Returns the user with this name, if the password is right. Attempts are throttled by the
/// canonical name.
async fn log_in(
    context: &Context,
    login: Login<'_>,
    username: &str,
    password: &Secret<String>,
) -> Result<Authenticated<User>, GrantError> {
    // The FastAPI tutorial compares names without a change.
    let name = match &context.profile {
        GrantProfile::Rfc => Username::to_find(username).ok(),
        GrantProfile::Tutorial { .. } => Username::from_stored(username).ok(),
    };
    // A name that no user can have counts without a change.
    let whose = Whose::User(name.as_ref().map_or(username, Username::as_str));
    let attempt = context.throttle.begin(whose, login.from).await?;
    let checked = check(context, login, name.as_ref(), password).await;
    attempt.end(match &checked {
        Ok(_) => Outcome::Succeeded,
        Err(GrantError::InvalidGrant) => Outcome::Failed,
        Err(_) => Outcome::Undecided,
    });
    checked
}

/// Checks a password. Every failed login gets one error, after one verification and the same time,
/// for a known and an unknown user.
async fn check(
    context: &Context,
    login: Login<'_>,
    name: Option<&Username>,
    password: &Secret<String>,
) -> Result<Authenticated<User>, GrantError> {
    let place = context.hashing.admit()?;
    let asked_at = Instant::now();
    let users = context.store.users();
    let account = match name {
        Some(name) => users.find_account(name).await?,
        None => None,
    };
    let schemes = users.password_schemes().await?;
    let costs = costs(&context.hasher, schemes);
    let looked_up_in = asked_at.elapsed();

    let user = account.as_ref().map(|account| account.user.id().clone());
    let (hash, scheme) = to_verify(account.as_ref(), &costs);
    let (hasher, entropy) = (Arc::clone(&context.hasher), Arc::clone(&context.entropy));
    let (disabled, presented) = (login.disabled, password.clone());
    let work = move || {
        let verdict = hash.map_or(PasswordVerdict::Mismatch, |hash| hasher.verify(&presented, Some(&hash)));
        let (account, is_weak) = judge(account, verdict, disabled)?;
        Ok((account, is_weak.then(|| hasher.hash(&presented, &*entropy))))
    };
    let (verdict, hashed_in) = place.run(work).await?;
    let cause: Refusal = match verdict {
        Ok((account, _)) if !is_unchanged(context, &account, password).await? => Refusal::ChangedMeanwhile,
        Ok((account, rehashed)) => {
            if let Some(rehashed) = rehashed {
                store_rehashed(context, &account, rehashed).await;
            }
            return Ok(accepted(account));
        }
        Err(cause) => cause,
    };
    let (user, client) = (user.as_ref().map(UserId::as_str), login.client.id().as_str());
    let peer = login.from.map(tracing::field::display);
    tracing::info!(?cause, user, client, peer, "login failed");
    context
        .hashing
        .even_out(scheme.as_ref(), looked_up_in + hashed_in, &costs)
        .await;
    Err(GrantError::InvalidGrant)
}

/// Checks that the account has not changed since it was read. Another login may have hashed the
/// same password again: then the password is verified against that hash.
// SECURITY: hashing takes long, and a revocation during it prevents the token. Tested by
// `a_login_under_way_gets_nothing_after_a_change` in tests/withdrawn.rs.
async fn is_unchanged(context: &Context, account: &Account, password: &Secret<String>) -> Result<bool, GrantError> {
    let now = context.store.users().find_account(account.user.username()).await?;
    match now {
        Some(now) if now == *account => Ok(true),
        Some(Account {
            user,
            password_hash: Some(hash),
        }) if user == account.user => {
            let (hasher, password) = (Arc::clone(&context.hasher), password.clone());
            let work = move || hasher.verify(&password, Some(&hash));
            let (verdict, _) = context.hashing.admit()?.run(work).await?;
            Ok(matches!(verdict, PasswordVerdict::Match { .. }))
        }
        _ => Ok(false),
    }
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
// nothing, and no login is an amplifier. Tested by `a_login_costs_one_verification` below.
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
fn judge(account: Option<Account>, verdict: PasswordVerdict, disabled: Disabled) -> Result<(Account, bool), Refusal> {
    match (account, verdict) {
        (Some(account), PasswordVerdict::Match { rehash })
            if account.user.is_active() || disabled == Disabled::LetIn =>
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

/// Replaces the old hash by the new one, unless the password was changed meanwhile. The login
/// completes after that, and succeeds in either case: the password was right. A full disk must not
/// lock out users whose hash is old.
async fn store_rehashed(context: &Context, account: &Account, rehashed: Result<PasswordHash, HashError>) {
    let users = context.store.users();
    let stored = match (rehashed, &account.password_hash) {
        (Ok(new), Some(old)) => users
            .replace_password_hash(account.user.id(), old, &new)
            .await
            .map_err(Outage::Store),
        (Ok(_), None) => Ok(false),
        (Err(cause), _) => Err(Outage::Rehash(cause)),
    };
    if let Err(cause) = stored {
        let cause: &dyn Error = &cause;
        tracing::warn!(cause, "a password was not hashed anew");
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{UserId, UserStatus};
    use scopegate_token::{PasswordHasher, PasswordPolicy, SystemEntropy};

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
    fn a_login_costs_one_verification() {
        let hasher = PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1).unwrap());
        let argon2id = hasher.hash(&secret("secret"), &SystemEntropy).unwrap();
        let [bcrypt_4, bcrypt_5, unknown, locked] =
            [BCRYPT_4, BCRYPT_5, "$6$c2FsdA$aGFzaA", "locked"].map(PasswordHash::from_stored);
        let schemes = [&argon2id, &bcrypt_4, &bcrypt_5, &unknown];
        let costs = costs(&hasher, schemes.into_iter().filter_map(PasswordScheme::of).collect());
        let dearest = PasswordScheme::of(&bcrypt_5);
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
                None => assert_eq!(scheme, dearest, "as for the dearest of all users"),
            }
            let verdict = hasher.verify(&secret(password), Some(&hash));
            assert_eq!(judge(account, verdict, Disabled::Refused).err(), refusal);
        }
        assert_eq!(
            to_verify(None, &SchemeCosts::new()),
            (None, None),
            "no user has a password"
        );
    }

    #[test]
    fn a_decoy_is_a_hash_of_its_scheme_and_fits_no_password() {
        let hasher = PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1).unwrap());
        let argon2id = hasher.hash(&secret("secret"), &SystemEntropy).unwrap();
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
