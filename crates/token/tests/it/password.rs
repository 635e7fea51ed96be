//! Passwords.

use scopegate_domain::{PasswordHash, Secret};
use scopegate_token::{PasswordHasher, PasswordPolicy, PasswordVerdict, SystemRandomSource};

const MATCH: PasswordVerdict = PasswordVerdict::Match { rehash: false };
const MATCH_AND_REHASH: PasswordVerdict = PasswordVerdict::Match { rehash: true };

fn cheap() -> PasswordHasher {
    PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1).unwrap())
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn stored(text: impl Into<String>) -> PasswordHash {
    PasswordHash::from_stored(text)
}

fn bcrypt_of(password: &str, cost: u32) -> String {
    bcrypt::hash_with_salt(password, cost, [7; 16]).unwrap().to_string()
}

#[test]
fn new_hashes_are_argon2id_with_a_salt_of_their_own() {
    let hasher = PasswordHasher::new(PasswordPolicy::default());
    let hash = || hasher.hash(&secret("secret"), &SystemRandomSource).unwrap();
    let (first, second) = (hash(), hash());
    assert!(
        first.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{}",
        first.expose()
    );
    assert_ne!(first, second);
    assert_eq!(hasher.verify(&secret("secret"), Some(&first)), MATCH);
    assert_eq!(
        hasher.verify(&secret("Secret"), Some(&first)),
        PasswordVerdict::Mismatch
    );
    assert_eq!(hasher.verify(&secret(""), Some(&first)), PasswordVerdict::Mismatch);
    assert_eq!(hasher.cost(Some(&first)), hasher.cost(None));
}

#[test]
fn hashes_made_elsewhere_are_verified() {
    // Of the reference implementations: argon2's test.c, crypt_blowfish's wrapper.c.
    for (password, hash) in [
        (
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ] {
        assert!(
            matches!(
                cheap().verify(&secret(password), Some(&stored(hash))),
                PasswordVerdict::Match { .. }
            ),
            "{hash}"
        );
        assert_eq!(
            cheap().verify(&secret("U*V"), Some(&stored(hash))),
            PasswordVerdict::Mismatch,
            "{hash}"
        );
    }
}

#[test]
fn what_is_weaker_than_the_policy_is_hashed_again() {
    let password = secret("secret");
    let hashed = |memory, passes| {
        let hasher = PasswordHasher::new(PasswordPolicy::argon2id(memory, passes, 1).unwrap());
        hasher.hash(&password, &SystemRandomSource).unwrap()
    };
    let policy = PasswordPolicy::argon2id(64, 2, 1).unwrap();
    for (hash, expected) in [
        (hashed(64, 2), MATCH),
        (hashed(128, 2), MATCH),
        (hashed(64, 1), MATCH_AND_REHASH),
        (hashed(32, 2), MATCH_AND_REHASH),
        (stored(bcrypt_of("secret", 8)), MATCH_AND_REHASH),
    ] {
        assert_eq!(
            PasswordHasher::new(policy.clone()).verify(&password, Some(&hash)),
            expected,
            "{}",
            hash.expose()
        );
        let lenient = PasswordHasher::new(policy.clone().without_rehash());
        assert_eq!(lenient.verify(&password, Some(&hash)), MATCH, "{}", hash.expose());
    }
}

#[test]
fn bcrypt_reads_only_72_bytes() {
    let whole = "x".repeat(72);
    let hash = stored(bcrypt_of(&whole, 4));
    assert_eq!(cheap().verify(&secret(&whole), Some(&hash)), MATCH_AND_REHASH);
    for longer in [format!("{whole}y"), format!("{whole}x"), "x".repeat(5_000)] {
        assert_eq!(
            cheap().verify(&secret(&longer), Some(&hash)),
            PasswordVerdict::Mismatch,
            "{}",
            longer.len()
        );
    }
    let long = secret(&"x".repeat(5_000));
    let hash = cheap().hash(&long, &SystemRandomSource).unwrap();
    assert_eq!(
        cheap().verify(&long, Some(&hash)),
        MATCH,
        "argon2id looks at all of them"
    );
}

#[test]
fn a_nul_matches_no_bcrypt_hash() {
    for (hashed, presented) in [
        ("secret", "secret\0"),
        ("secret\0", "secret\0"),
        ("", "\0"),
        ("a\0b", "a\0b"),
    ] {
        let hash = stored(bcrypt_of(hashed, 4));
        assert_eq!(
            cheap().verify(&secret(presented), Some(&hash)),
            PasswordVerdict::Mismatch,
            "{presented:?}"
        );
    }
}

#[test]
fn what_cannot_be_used_matches_nothing() {
    let good = bcrypt_of("secret", 4);
    let argon2 = cheap()
        .hash(&secret("secret"), &SystemRandomSource)
        .unwrap()
        .expose()
        .to_owned();
    for text in [
        String::new(),
        "!".to_owned(),
        "*".to_owned(),
        "secret".to_owned(),
        "$argon2id$".to_owned(),
        good.replacen("$2b$", "$2x$", 1),
        good.replacen("$2b$", "$2c$", 1),
        good.replacen("$04$", "$03$", 1),
        good.replacen("$04$", "$99$", 1),
        good[..59].to_owned(),
        format!("{good} "),
        format!("é{}", &good[2..]),
        argon2.replacen("argon2id", "argon2i", 1),
        argon2.replacen("argon2id", "argon2d", 1),
        argon2.replacen("v=19", "v=16", 1),
        argon2.replacen("$v=19", "", 1),
        argon2.rsplit_once('$').unwrap().0.to_owned(),
    ] {
        assert_eq!(
            cheap().verify(&secret("secret"), Some(&stored(text.clone()))),
            PasswordVerdict::Mismatch,
            "{text}"
        );
    }
}

#[test]
fn expensive_stored_hash_is_refused() {
    let hasher = cheap();
    for text in [
        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$17$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        assert_eq!(
            hasher.verify(&secret("U*U"), Some(&stored(text))),
            PasswordVerdict::Mismatch,
            "{text}"
        );
        assert_eq!(hasher.cost(Some(&stored(text))), hasher.cost(None), "{text}");
    }
    for (memory, passes, lanes) in [
        (1, 1, 1),
        (u32::MAX, 1, 1),
        (64, u32::MAX, 1),
        (64, 0, 1),
        (64, 1, 0),
        (300_000, 1, 1),
    ] {
        assert!(
            PasswordPolicy::argon2id(memory, passes, lanes).is_err(),
            "m={memory} t={passes} p={lanes}"
        );
    }
}

#[test]
fn what_cannot_be_used_costs_what_the_policy_costs() {
    let hasher = cheap();
    let own = hasher.hash(&secret("secret"), &SystemRandomSource).unwrap();
    let (light, heavy) = (stored(bcrypt_of("secret", 4)), stored(bcrypt_of("secret", 9)));
    for unusable in [None, Some(&stored("!"))] {
        assert_eq!(hasher.cost(unusable), hasher.cost(Some(&own)));
    }
    let [light, heavy] = [light, heavy].map(|hash| hasher.cost(Some(&hash)).as_duration());
    assert_eq!(heavy, light * 32, "each step of bcrypt's cost doubles the work");
}
