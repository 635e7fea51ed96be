//! Logins by the RFC and in another dialect.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::common::{BCRYPT, KEY, NOW, add_user, builder, catalog, client, clients, lax, params, scope, store, user};
use proptest::prelude::*;
use scopegate_domain::{
    Audience, ClientId, Clock, ErrorCode, Issuer, Lifetime, ManualClock, PasswordHash, Revocation, Revoked, Secret,
    Timestamp, Username,
};
use scopegate_grant::{AuthorizationServer, ClientCredentials, Dialect, GrantError, HashingLimits, TokenSet};
use scopegate_store::{MemoryStore, Store};
use scopegate_token::{
    PasswordHasher, PasswordPolicy, PayloadBuffer, RevokedSet, Signer, SigningKey, SubjectClaim, TokenRules, Verifier,
};

async fn ask(server: &AuthorizationServer, fields: &[(&str, &str)]) -> Result<TokenSet, GrantError> {
    server.token(&params(fields), &ClientCredentials::Absent).await
}

/// Logs in by the RFC, as the client `demo-app`.
async fn by_the_rfc(server: &AuthorizationServer, fields: &[(&str, &str)]) -> Result<TokenSet, GrantError> {
    ask(
        server,
        &[&[("grant_type", "password"), ("client_id", "demo-app")], fields].concat(),
    )
    .await
}

/// Returns subject and scopes of a token.
fn read(tokens: &TokenSet) -> (String, Vec<String>) {
    let key = SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap();
    let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
    let mut scratch = PayloadBuffer::new();
    let claims = verifier
        .verify(tokens.access_token().expose(), NOW, &mut scratch)
        .unwrap();
    assert_eq!(claims.expires_at(), Some(NOW + Lifetime::from_minutes(30)));
    (
        claims.subject().unwrap().to_owned(),
        claims.scopes().map(ToString::to_string).collect(),
    )
}

async fn hash_of(store: &Arc<MemoryStore>, name: &str) -> String {
    let store: &dyn Store = &**store;
    let account = store
        .users()
        .find_account(&Username::parse(name).unwrap())
        .await
        .unwrap();
    account.unwrap().password_hash.unwrap().expose().to_owned()
}

const JOHN: [(&str, &str); 2] = [("username", "johndoe"), ("password", "secret")];
const ALICE: [(&str, &str); 2] = [("username", "alice"), ("password", "secret")];

#[tokio::test]
async fn list_keeps_order_and_repetition_in_the_token() {
    let server = builder(&store().await).dialect(lax()).build();
    let tokens = by_the_rfc(&server, &[&JOHN[..], &[("scope", "items me items admin")]].concat())
        .await
        .unwrap();
    assert_eq!(tokens.scope(), &scope("items me"));
    assert_eq!(
        read(&tokens),
        (
            "johndoe".to_owned(),
            ["items", "me", "items"].map(str::to_owned).to_vec()
        )
    );
    assert!(read(&by_the_rfc(&server, &JOHN).await.unwrap()).1.is_empty());
}

#[tokio::test]
async fn dialect_decides_about_disabled_users() {
    let store = store().await;
    let server = builder(&store).dialect(lax()).build();
    assert_eq!(read(&by_the_rfc(&server, &ALICE).await.unwrap()).0, "alice");
    let refused = by_the_rfc(&builder(&store).build(), &ALICE).await.unwrap_err();
    assert!(matches!(refused, GrantError::InvalidGrant));
}

#[tokio::test]
async fn failed_logins_have_one_error() {
    let store = store().await;
    add_user(&*store, user("locked"), None).await;
    add_user(&*store, user("foreign"), Some("$6$c2FsdA$aGFzaA")).await;
    let servers = [Dialect::rfc(), lax()].map(|dialect| builder(&store).dialect(dialect).build());
    let long = "a".repeat(5000);
    for (username, password) in [
        ("johndoe", "wrong"),
        ("johndoe", "secret "),
        ("johndoe", "SECRET"),
        ("johndoe", &long),
        ("nobody", "secret"),
        ("nobody", &long),
        ("JOHNDOE", "SECRET"),
        (" johndoe", "secret"),
        (&long, "secret"),
        ("日本", "secret"),
        ("alice", "wrong"),
        ("locked", "secret"),
        ("foreign", "secret"),
    ] {
        let login = [("username", username), ("password", password)];
        for server in &servers {
            let refused = by_the_rfc(server, &login).await.unwrap_err();
            assert_eq!(
                (refused.code(), refused.to_string().as_str()),
                (ErrorCode::InvalidGrant, "user name or password is wrong"),
                "{username:?}"
            );
        }
    }
}

#[tokio::test]
async fn nul_character_is_refused_by_the_dialect() {
    let store = store().await;
    for (dialect, code) in [
        (Dialect::rfc(), ErrorCode::InvalidRequest),
        (lax(), ErrorCode::InvalidGrant),
    ] {
        let server = builder(&store).dialect(dialect).build();
        for (username, password) in [("johndoe", "secret\0"), ("johndoe\0", "secret")] {
            let login = [("username", username), ("password", password)];
            assert_eq!(by_the_rfc(&server, &login).await.unwrap_err().code(), code);
        }
    }
}

#[tokio::test]
async fn unknown_grant_types_are_unsupported() {
    let server = builder(&store().await).build();
    for grant_type in [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        let refused = ask(&server, &[&[("grant_type", grant_type)], &JOHN[..]].concat())
            .await
            .unwrap_err();
        assert_eq!(refused.code(), ErrorCode::UnsupportedGrantType, "{grant_type}");
    }
}

#[tokio::test]
async fn rfc_response_states_granted_scope() {
    let server = builder(&store().await).build();
    for (asked, granted) in [("", "me items"), ("items", "items"), ("admin items me", "items me")] {
        let tokens = by_the_rfc(&server, &[&JOHN[..], &[("scope", asked)]].concat())
            .await
            .unwrap();
        assert_eq!(tokens.expires_in(), Lifetime::from_minutes(30));
        assert_eq!(tokens.scope().to_string(), granted);
    }
}

/// A clock that advances by a second with each call.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

#[tokio::test]
async fn revocation_during_login_covers_its_token() {
    let issuer = Issuer::parse("https://issuer.example").unwrap();
    let audience = Audience::parse("https://api.example").unwrap();
    let lifetime = Lifetime::from_minutes(10);
    for (rules, dialect, subjects) in [
        (
            TokenRules::rfc9068(issuer, audience),
            Dialect::rfc(),
            SubjectClaim::UserId,
        ),
        (TokenRules::shared_secret(), lax(), SubjectClaim::Username),
    ] {
        let key = SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap();
        let verifier = Verifier::new(rules.clone(), key.verifying_key());
        let store: Arc<dyn Store> = store().await;
        let server = AuthorizationServer::builder(store, Signer::new(rules, key), catalog())
            .password_grant(true)
            .dialect(dialect)
            .clock(Arc::new(Ticking(AtomicI64::new(NOW.as_unix()))))
            .build();
        let tokens = by_the_rfc(&server, &JOHN).await.unwrap();
        let mut scratch = PayloadBuffer::new();
        let claims = verifier
            .verify(tokens.access_token().expose(), NOW, &mut scratch)
            .unwrap();
        assert_eq!(claims.expires_at(), Some(NOW + lifetime));
        // The clock has advanced by the time at which the token is signed.
        assert!(tokens.expires_in() < lifetime);
        let revoked = RevokedSet::new(subjects);
        let client = Revoked::Client(ClientId::parse("demo-app").unwrap());
        revoked.add([Revocation::until(client, Timestamp::from_unix(NOW.as_unix() - 1))]);
        assert!(!revoked.has(&claims));
        revoked.add([Revocation::until(
            Revoked::User {
                id: user("johndoe").id().clone(),
                username: user("johndoe").username().clone(),
            },
            NOW,
        )]);
        assert!(revoked.has(&claims));
    }
}

#[tokio::test]
async fn rfc_refusals_have_error_codes() {
    let server = builder(&store().await).build();
    for (fields, code) in [
        (&[("username", "johndoe")][..], ErrorCode::InvalidRequest),
        (&[("password", "secret")], ErrorCode::InvalidRequest),
        (&[JOHN[0], JOHN[1], ("x", "1"), ("x", "1")], ErrorCode::InvalidRequest),
        (
            &[JOHN[0], JOHN[1], ("scope", "me"), ("scope", "")],
            ErrorCode::InvalidRequest,
        ),
        (&[JOHN[0], JOHN[1], ("scope", "me  items")], ErrorCode::InvalidScope),
        (&[JOHN[0], JOHN[1], ("scope", "\"me\"")], ErrorCode::InvalidScope),
        (&[JOHN[0], JOHN[1], ("scope", "admin")], ErrorCode::InvalidScope),
    ] {
        assert_eq!(
            by_the_rfc(&server, fields).await.unwrap_err().code(),
            code,
            "{fields:?}"
        );
    }
    for (grant_type, code) in [
        ("", ErrorCode::InvalidRequest),
        ("Password", ErrorCode::UnsupportedGrantType),
    ] {
        let refused = ask(
            &server,
            &[("grant_type", grant_type), ("client_id", "demo-app"), JOHN[0], JOHN[1]],
        )
        .await;
        assert_eq!(refused.unwrap_err().code(), code, "{grant_type}");
    }
}

#[tokio::test]
async fn password_grant_is_disabled_by_default() {
    let server = builder(&store().await).password_grant(false).build();
    assert_eq!(
        by_the_rfc(&server, &JOHN).await.unwrap_err().code(),
        ErrorCode::UnsupportedGrantType
    );
}

#[tokio::test]
async fn rfc_token_names_subject_client_and_id() {
    let (issuer, audience) = (
        Issuer::parse("https://issuer.example").unwrap(),
        Audience::parse("api").unwrap(),
    );
    let rules = TokenRules::rfc9068(issuer, audience);
    let key = SigningKey::es256_generate().unwrap();
    let verifier = Verifier::new(rules.clone(), key.verifying_key());
    let store: Arc<dyn Store> = store().await;
    let server = AuthorizationServer::builder(store, Signer::new(rules, key), catalog())
        .password_grant(true)
        .clock(Arc::new(ManualClock::at(NOW)))
        .lifetime(Lifetime::from_minutes(5))
        .build();
    let tokens = by_the_rfc(&server, &JOHN).await.unwrap();
    let mut scratch = PayloadBuffer::new();
    let claims = verifier
        .verify(tokens.access_token().expose(), NOW, &mut scratch)
        .unwrap();
    assert_eq!(claims.subject(), Some("id-of-johndoe"));
    assert_eq!(claims.client_id(), Some("demo-app"));
    assert_eq!(claims.expires_at(), Some(NOW + Lifetime::from_minutes(5)));
    assert!(claims.scopes().eq(["me", "items"]));
    let first_id = claims.token_id().unwrap().to_owned();
    let tokens = by_the_rfc(&server, &JOHN).await.unwrap();
    let mut scratch = PayloadBuffer::new();
    let claims = verifier
        .verify(tokens.access_token().expose(), NOW, &mut scratch)
        .unwrap();
    assert_ne!(claims.token_id().unwrap(), first_id);
}

#[tokio::test]
async fn only_successful_login_replaces_weak_hash() {
    let store = store().await;
    let server = builder(&store).build();
    assert!(by_the_rfc(&server, &[JOHN[0], ("password", "wrong")]).await.is_err());
    assert_eq!(hash_of(&store, "johndoe").await, BCRYPT);
    assert!(by_the_rfc(&server, &JOHN).await.is_ok());
    assert!(hash_of(&store, "johndoe").await.starts_with("$argon2id$"));
    assert!(by_the_rfc(&server, &JOHN).await.is_ok());
    assert!(by_the_rfc(&server, &ALICE).await.is_err());
    assert_eq!(hash_of(&store, "alice").await, BCRYPT);
}

#[tokio::test]
async fn rehashing_can_be_switched_off() {
    let store = store().await;
    let server = builder(&store)
        .hasher(PasswordHasher::new(PasswordPolicy::default().without_rehash()))
        .build();
    assert!(by_the_rfc(&server, &JOHN).await.is_ok());
    assert_eq!(hash_of(&store, "johndoe").await, BCRYPT);
}

// On one thread, all logins begin before the first of them can end.
#[tokio::test]
async fn login_burst_beyond_queue_is_busy() {
    let store = store().await;
    let argon2id = PasswordHasher::new(PasswordPolicy::default());
    let hash: PasswordHash = argon2id
        .hash(&Secret::new("secret".into()), &scopegate_token::SystemRandomSource)
        .unwrap();
    add_user(&*store, user("bob"), Some(hash.expose())).await;
    let server = builder(&store)
        .hashing_limits(HashingLimits { slots: 1, queue: 2 })
        .build();
    let burst = (0..12).map(|_| {
        let server = server.clone();
        tokio::spawn(async move { by_the_rfc(&server, &[("username", "bob"), ("password", "secret")]).await })
    });
    let (mut answered, mut busy) = (0, 0);
    for login in burst.collect::<Vec<_>>() {
        match login.await.unwrap() {
            Ok(_) => answered += 1,
            Err(GrantError::Busy { retry_after }) if retry_after > Lifetime::from_seconds(0) => busy += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(answered + busy, 12);
    assert!(answered >= 3 && busy >= 1, "{answered} answered, {busy} busy");
    assert!(
        by_the_rfc(&server, &[("username", "bob"), ("password", "secret")])
            .await
            .is_ok()
    );
}

fn ceiling() -> impl Strategy<Value = String> {
    proptest::sample::subsequence(vec!["me", "items", "admin"], 0..=3).prop_map(|names| names.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn token_contains_exactly_the_granted_scope(
        asked in "(me|items|admin|x)( (me|items|admin|x)){0,4}",
        client_may in ceiling(),
        user_may in ceiling(),
        is_list: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Arc::new(MemoryStore::new());
            add_user(&*store, user("johndoe").with_scope(scope(&user_may)), Some(BCRYPT)).await;
            let store_clients = clients(&store);
            store_clients.add(client("demo-app").with_scope(scope(&client_may))).await.unwrap();
            let hasher = PasswordHasher::new(PasswordPolicy::default().without_rehash());
            let server = builder(&store).hasher(hasher);
            let server = if is_list { server.dialect(lax()) } else { server }.build();

            let words = asked.split(' ').map(str::to_owned);
            let may = |word: &String| ["me", "items"].contains(&word.as_str())
                && [&client_may, &user_may].iter().all(|ceiling| ceiling.split(' ').any(|name| name == word));
            let expected: Vec<String> = words.filter(may).collect();
            match by_the_rfc(&server, &[&JOHN[..], &[("scope", &asked)]].concat()).await {
                Ok(tokens) if is_list => assert_eq!(read(&tokens).1, expected),
                Ok(tokens) => {
                    let spelled = read(&tokens).1.join(" ");
                    assert_eq!(tokens.scope(), &scope(&spelled));
                    assert_eq!(scope(&spelled), scope(&expected.join(" ")));
                    assert_eq!(spelled.split(' ').count(), tokens.scope().len());
                }
                Err(refused) => {
                    assert_eq!(refused.code(), ErrorCode::InvalidScope);
                    assert!(expected.is_empty() && !is_list);
                }
            }
        });
    }
}
