//! Random users, clients and revocations.

use proptest::array::uniform32;
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use scopegate_domain::{
    Account, Audience, Client, ClientAuthMethod, ClientId, FamilyId, GrantType, Lifetime, PasswordHash, RedirectUri,
    RegisteredSecret, Revocation, Revoked, Scope, ScopeToken, SecretDigest, Timestamp, TokenId, User, UserId,
    UserStatus, Username,
};

use super::values::{hash, user_id};

pub(super) fn any_user_id() -> impl Strategy<Value = UserId> {
    select(vec!["u1", "u2", "U1", "u 1", "'", "%"]).prop_map(user_id)
}

pub(super) fn any_username() -> impl Strategy<Value = Username> {
    let few = select(vec!["a", "A", "ä", "a\u{308}", "a b", "'--", "\u{10FFFF}"]).prop_map(str::to_owned);
    prop_oneof![9 => few, 1 => "\\PC{1,60}"].prop_filter_map("no user name", |text| Username::from_stored(&text).ok())
}

/// Generates any text without a NUL, which PostgreSQL cannot store.
pub(super) fn any_text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

pub(super) fn any_scope() -> impl Strategy<Value = Scope> {
    vec("[!#-\\[\\]-~]{1,12}", 0..6).prop_map(|tokens| {
        tokens
            .iter()
            .filter_map(|token| ScopeToken::parse(token).ok())
            .collect()
    })
}

pub(super) fn any_status() -> impl Strategy<Value = UserStatus> {
    select(vec![UserStatus::Active, UserStatus::Disabled])
}

pub(super) fn any_hash() -> impl Strategy<Value = PasswordHash> {
    let few = select(vec![
        "$2b$12$one",
        "$2b$12$two",
        "$2b$10$one",
        "$argon2id$v=19$m=8,t=1,p=1$a$b",
        "locked",
    ])
    .prop_map(str::to_owned);
    prop_oneof![9 => few, 1 => any_text()].prop_map(|text| hash(&text))
}

pub(super) fn any_account() -> impl Strategy<Value = Account> {
    let names = (
        any_user_id(),
        any_username(),
        option::of(any_text()),
        option::of(any_text()),
    );
    (names, any_status(), any_scope(), option::of(any_hash())).prop_map(
        |((id, username, email, full_name), status, scope, password_hash)| {
            let mut user = User::new(id, username).with_status(status).with_scope(scope);
            if let Some(email) = email {
                user = user.with_email(email);
            }
            if let Some(full_name) = full_name {
                user = user.with_full_name(full_name);
            }
            Account { user, password_hash }
        },
    )
}

pub(super) fn any_client_id() -> impl Strategy<Value = ClientId> {
    select(vec!["c1", "C1", "c 1", "'--"]).prop_filter_map("no identifier", |text| ClientId::parse(text).ok())
}

pub(super) fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![9 => (0..20i64).prop_map(Timestamp::from_unix), 1 => any::<i64>().prop_map(Timestamp::from_unix)]
}

pub(super) fn any_family_id() -> impl Strategy<Value = FamilyId> {
    (0u8..6).prop_map(|id| FamilyId::from_bytes([id; 16]))
}

pub(super) fn any_revocation() -> impl Strategy<Value = Revocation> {
    let token = "[ -~]{1,20}".prop_filter_map("no identifier", |text| TokenId::parse(&text).ok());
    let whose = prop_oneof![
        any_client_id().prop_map(Revoked::Client),
        token.prop_map(Revoked::Token),
        any_family_id().prop_map(Revoked::Family),
        (any_user_id(), any_username(), any_client_id()).prop_map(|(id, username, client_id)| Revoked::Consent {
            id,
            username,
            client_id
        }),
        (any_user_id(), any_username()).prop_map(|(id, username)| Revoked::User { id, username }),
    ];
    (whose, any_time(), any_time())
        .prop_map(|(whose, until, forget_at)| Revocation::from_stored(whose, until, forget_at))
}

pub(super) fn any_digest() -> impl Strategy<Value = SecretDigest> {
    uniform32(any::<u8>()).prop_map(SecretDigest::from_bytes)
}

pub(super) fn any_secret() -> impl Strategy<Value = RegisteredSecret> {
    let times = (option::of(any_time()), option::of(any_time()));
    // Few digests, so that a secret is added twice.
    (0u8..4, times).prop_map(|(digest, (created_at, ends_at))| {
        let secret = RegisteredSecret::new(SecretDigest::from_bytes([digest; 32]));
        let secret = created_at.map_or(secret, |time| secret.with_created_at(time));
        ends_at.map_or(secret, |time| secret.with_ends_at(time))
    })
}

/// Generates clients, a few of which break a rule.
pub(super) fn any_client() -> impl Strategy<Value = Client> {
    let lifetime = || prop_oneof![9 => select(vec![60, 3_600, 86_400]), 1 => any::<u32>()];
    let lifetimes = (option::of(lifetime()), option::of(lifetime()));
    let uris = subsequence(&["https://app.example/bye", "com.example.app:/bye"][..], 0..=2);
    (any_machine_client(), any::<bool>(), uris, lifetimes, weighted(0.9)).prop_map(
        |(client, first_party, uris, (idle, age), fits)| {
            let for_people = client
                .clone()
                .with_first_party(first_party)
                .with_post_logout_redirect_uris(uris.into_iter().filter_map(|uri| RedirectUri::parse(uri).ok()))
                .with_refresh_idle(idle.map(Lifetime::from_seconds))
                .with_refresh_age(age.map(Lifetime::from_seconds));
            if fits && for_people.check().is_err() {
                client
            } else {
                for_people
            }
        },
    )
}

/// The same without the settings for people.
fn any_machine_client() -> impl Strategy<Value = Client> {
    const URIS: [&str; 3] = [
        "https://app.example/a?b=c",
        "http://127.0.0.1:8000/",
        "com.example.app:/callback",
    ];
    const RESOURCES: [&str; 3] = ["https://a.example/x y", "b", "https://c.example"];
    let lists = (
        subsequence(GrantType::ALL, 0..=GrantType::ALL.len()),
        subsequence(&URIS[..], 0..=URIS.len()),
        subsequence(&RESOURCES[..], 0..=RESOURCES.len()),
        vec(any_secret(), 0..=2),
    );
    let name = prop_oneof![9 => "[^\\p{C}\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}]{0,20}", 1 => any_text()];
    let rules = (weighted(0.5), weighted(0.9), weighted(0.9));
    let scopes = (any_scope(), any_scope(), rules);
    let method = select(ClientAuthMethod::ALL);
    (any_client_id(), name, method, lists, scopes).prop_map(
        |(id, name, method, (grant_types, uris, resources, secrets), (scope, other, (may, is_within, fits)))| {
            let within = |text: &Scope| {
                if is_within {
                    scope.intersection(text)
                } else {
                    text.clone()
                }
            };
            let client = Client::public(id, name)
                .with_auth_method(method)
                .with_redirect_uris(uris.into_iter().filter_map(|uri| RedirectUri::parse(uri).ok()))
                .with_resources(resources.into_iter().filter_map(|uri| Audience::parse(uri).ok()))
                .with_optional_scope(within(&scope))
                .with_default_scope(within(&other))
                .with_scope(scope);
            if method == ClientAuthMethod::None && fits {
                return client;
            }
            client
                .with_grant_types(grant_types)
                .with_introspection(may)
                .with_secrets(secrets)
        },
    )
}
