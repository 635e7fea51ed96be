//! A user name and a password for a grant: [RFC 6749, section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3).

use std::error::Error;
use std::sync::Arc;

use scopegate_domain::{Account, Authenticated, Client, Grant, PasswordHash, Secret, Timestamp, User, Username};
use scopegate_store::PasswordScheme;
use scopegate_token::{HashError, PasswordVerdict};
use tokio::time::Instant;

use crate::context::Context;
use crate::narrow::{Narrowed, narrow};
use crate::request::PasswordRequest;
use crate::{GrantError, Outage};

/// What becomes of the login of a disabled user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disabled {
    /// It fails like one with a wrong password.
    Refused,
    /// It succeeds, as on the tutorial's page, whose guards refuse that user later.
    LetIn,
}

/// The grant of a user whose password is right, with the scopes as the token is to spell them. `asked_at` is a moment before
/// the client was read.
// SECURITY: the grant is of that moment, and not of the one at which the password was found right: who disables the user or the
// client meanwhile takes back all tokens issued until then, and this one is among them. Held by
// `what_is_taken_back_during_a_login_covers_its_token` in tests/password.rs.
pub(crate) async fn grant(
    context: &Context,
    client: &Authenticated<Client>,
    request: PasswordRequest<'_>,
    disabled: Disabled,
    asked_at: Timestamp,
) -> Result<(Grant, Narrowed), GrantError> {
    let user = log_in(context, request.username, request.password, disabled)
        .await?
        .into_inner();
    let narrowed = narrow(&request.asked, &context.catalog, client, &user)?;
    let grant = Grant::new(user, client.id().clone(), narrowed.scope.clone(), asked_at);
    Ok((grant, narrowed))
}

/// The user of this name, if the password is right. Every failed login gets one answer, after the same work and the same
/// time, whoever it was for; a name that nobody can have is a name that nobody has.
async fn log_in(
    context: &Context,
    username: &str,
    password: &Secret<String>,
    disabled: Disabled,
) -> Result<Authenticated<User>, GrantError> {
    let place = context.hashing.admit()?;
    let asked_at = Instant::now();
    let users = context.store.users();
    let account = match Username::parse(username) {
        Ok(username) => users.find_account(&username).await?,
        Err(_) => None,
    };
    let schemes = users.password_schemes().await?;
    let looked_up_in = asked_at.elapsed();

    let (hasher, entropy, password) = (
        Arc::clone(&context.hasher),
        Arc::clone(&context.entropy),
        password.clone(),
    );
    let work = move || {
        let (account, is_weak) = judge(account, &schemes, disabled, |hash| hasher.verify(&password, Some(hash)))?;
        Ok((account, is_weak.then(|| hasher.hash(&password, &*entropy))))
    };
    let (verdict, hashed_in) = place.run(work).await?;
    match verdict {
        Ok((account, rehashed)) => {
            // SECURITY: hashing takes long, and what is revoked meanwhile gives no token. Held
            // by
            // `a_login_under_way_gets_nothing_after_a_change` in tests/withdrawn.rs.
            if users.find_account(account.user.username()).await?.as_ref() != Some(&account) {
                tracing::info!(cause = ?Refusal::ChangedMeanwhile, "login failed");
                return Err(GrantError::InvalidGrant);
            }
            if let Some(rehashed) = rehashed {
                store_rehashed(context, &account, rehashed).await;
            }
            Ok(accepted(account))
        }
        Err(cause) => {
            let cause: Refusal = cause;
            tracing::info!(?cause, "login failed");
            context.hashing.even_out(looked_up_in + hashed_in).await;
            Err(GrantError::InvalidGrant)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where a user's password was checked")]
fn accepted(account: Account) -> Authenticated<User> {
    Authenticated::assertion(account.user)
}

/// Why a login failed: for the log alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    ChangedMeanwhile,
    DisabledUser,
    UnknownUser,
    WrongPassword,
}

/// The account, if the password is right for it, and whether its hash is to be replaced.
///
/// Where it is not, each scheme that the store holds has been worked off once: that of the account's own hash by verifying,
/// the others in vain. So no failed login is cheaper than another.
// SECURITY: held by `failed_logins_do_the_same_work` below.
fn judge(
    account: Option<Account>,
    schemes: &[PasswordScheme],
    disabled: Disabled,
    verify: impl Fn(&PasswordHash) -> PasswordVerdict,
) -> Result<(Account, bool), Refusal> {
    let stored = account.as_ref().and_then(|account| account.password_hash.as_ref());
    let own_scheme = stored.and_then(PasswordScheme::of);
    let verdict = match stored {
        Some(hash) if own_scheme.is_some() => verify(hash),
        _ => PasswordVerdict::Mismatch,
    };
    let refusal = match (account, verdict) {
        (Some(account), PasswordVerdict::Match { rehash })
            if account.user.is_active() || disabled == Disabled::LetIn =>
        {
            return Ok((account, rehash));
        }
        (Some(_), PasswordVerdict::Match { .. }) => Refusal::DisabledUser,
        (Some(_), PasswordVerdict::Mismatch) => Refusal::WrongPassword,
        (None, _) => Refusal::UnknownUser,
    };
    for scheme in schemes.iter().filter(|scheme| Some(*scheme) != own_scheme.as_ref()) {
        let _ = verify(&decoy(scheme));
    }
    Err(refusal)
}

/// A hash of this scheme that belongs to nobody: a salt and a digest of zeros, as long as they usually are.
fn decoy(scheme: &PasswordScheme) -> PasswordHash {
    let zeros = if scheme.as_str().starts_with("$argon2") {
        format!("{}${}", "A".repeat(22), "A".repeat(43))
    } else {
        ".".repeat(53)
    };
    PasswordHash::from_stored(format!("{}{zeros}", scheme.as_str()))
}

/// Puts the new hash in the place of the old one, unless the password was changed meanwhile. The login is answered after that, and
/// stands either way: the password was right, and a full disk must not lock out those whose hash is old.
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
    use std::cell::RefCell;

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
    fn failed_logins_do_the_same_work() {
        let hasher = PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1).unwrap());
        let argon2id = hasher.hash(&secret("secret"), &SystemEntropy).unwrap();
        let [bcrypt_4, bcrypt_5, unknown, locked] =
            [BCRYPT_4, BCRYPT_5, "$6$c2FsdA$aGFzaA", "locked"].map(PasswordHash::from_stored);
        let mut schemes: Vec<_> = [&argon2id, &bcrypt_4, &bcrypt_5, &unknown]
            .into_iter()
            .filter_map(PasswordScheme::of)
            .collect();
        schemes.sort();
        let (active, disabled) = (UserStatus::Active, UserStatus::Disabled);
        let long = "secret".repeat(20);
        for (account, password, refusal) in [
            (None, "secret", Refusal::UnknownUser),
            (Some(account(active, None)), "secret", Refusal::WrongPassword),
            (Some(account(active, Some(&argon2id))), "wrong", Refusal::WrongPassword),
            (Some(account(active, Some(&bcrypt_4))), "wrong", Refusal::WrongPassword),
            (Some(account(active, Some(&bcrypt_5))), "wrong", Refusal::WrongPassword),
            (Some(account(active, Some(&bcrypt_5))), &long, Refusal::WrongPassword),
            (
                Some(account(active, Some(&bcrypt_5))),
                "secret\0",
                Refusal::WrongPassword,
            ),
            (Some(account(active, Some(&unknown))), "secret", Refusal::WrongPassword),
            (Some(account(active, Some(&locked))), "secret", Refusal::WrongPassword),
            (
                Some(account(disabled, Some(&argon2id))),
                "secret",
                Refusal::DisabledUser,
            ),
            (
                Some(account(disabled, Some(&bcrypt_4))),
                "secret",
                Refusal::DisabledUser,
            ),
            (
                Some(account(disabled, Some(&bcrypt_4))),
                "wrong",
                Refusal::WrongPassword,
            ),
        ] {
            let worked_off = RefCell::new(Vec::new());
            let verdict = judge(account, &schemes, Disabled::Refused, |hash| {
                worked_off.borrow_mut().extend(PasswordScheme::of(hash));
                hasher.verify(&secret(password), Some(hash))
            });
            assert_eq!(verdict.err(), Some(refusal));
            let mut worked_off = worked_off.into_inner();
            worked_off.sort();
            assert_eq!(worked_off, schemes, "{refusal:?}");
        }
    }

    #[test]
    fn a_right_password_costs_one_check() {
        let hash = PasswordHash::from_stored(BCRYPT_4);
        let schemes: Vec<_> = [BCRYPT_4, BCRYPT_5]
            .map(PasswordHash::from_stored)
            .iter()
            .filter_map(PasswordScheme::of)
            .collect();
        for (status, disabled) in [
            (UserStatus::Active, Disabled::Refused),
            (UserStatus::Disabled, Disabled::LetIn),
        ] {
            let checks = RefCell::new(0);
            let verdict = judge(Some(account(status, Some(&hash))), &schemes, disabled, |_| {
                *checks.borrow_mut() += 1;
                PasswordVerdict::Match { rehash: true }
            });
            assert!(verdict.is_ok_and(|(_, rehash)| rehash));
            assert_eq!(checks.into_inner(), 1);
        }
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
