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
        assert_eq!(
            admitted_account(account, verdict, DisabledUserLogin::Deny).err(),
            refusal
        );
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
