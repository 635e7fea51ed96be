//! Guessing passwords and client secrets is limited wherever a secret is presented.
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::common::{KEY, NOW, builder, client, clients, lax, params, store};
use scopegate_domain::{ClientAuthMethod, ErrorCode, GrantType, Lifetime, ManualClock, Secret};
use scopegate_grant::{AccessTokens, AuthorizationServer, ClientCredentials, Dialect, GrantError, RevocationWatch};
use scopegate_store::ClientsCache;
use scopegate_token::{ClientSecret, RevokedSet, SigningKey, SubjectClaim, SystemRandomSource, TokenRules, Verifier};

/// A way to present a secret.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Password,
    LaxPassword,
    /// The secret of a client, for this request.
    Basic(Asked),
    Form(Asked),
}

/// What a client requests.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    UserToken,
    OwnToken,
    Introspection,
    Revocation,
}

const ASKED: [Asked; 4] = [
    Asked::UserToken,
    Asked::OwnToken,
    Asked::Introspection,
    Asked::Revocation,
];

struct GuessingFixture {
    rfc: AuthorizationServer,
    lax: AuthorizationServer,
    tokens: AccessTokens,
    secret: ClientSecret,
    /// The cache of clients, if the server has one.
    cache: Option<Arc<ClientsCache>>,
}

impl GuessingFixture {
    async fn new() -> Self {
        Self::with_cache(false).await
    }

    async fn with_cache(has_cache: bool) -> Self {
        let store = store().await;
        let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
        let web = client("web").with_secret(secret.digest());
        let web = web
            .with_auth_method(ClientAuthMethod::AnySecret)
            .with_grant_types([GrantType::Password, GrantType::ClientCredentials])
            .with_introspection(true);
        clients(&store).add(web).await.unwrap();
        let cache = Arc::new(ClientsCache::new(store.clone(), Lifetime::from_minutes(1)));
        let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let clock = Arc::new(ManualClock::at(NOW));
        let watch = RevocationWatch::new(store.clone(), set, clock).clients(Arc::clone(&cache));
        watch.refresh().await.unwrap();
        let rfc = builder(&store);
        let rfc = if has_cache {
            rfc.clients(Arc::clone(&cache))
        } else {
            rfc
        }
        .build();
        let key = SigningKey::hs256(&Secret::new(KEY.to_owned())).unwrap();
        let verifier = Arc::new(Verifier::new(TokenRules::shared_secret(), key.verifying_key()));
        Self {
            tokens: AccessTokens::new(rfc.clone(), &verifier, Arc::new(watch), store.clone()),
            rfc,
            lax: builder(&store).dialect(lax()).build(),
            secret,
            cache: has_cache.then_some(cache),
        }
    }

    /// Presents a secret from an address that ends with this number.
    async fn present(&self, way: Way, is_right: bool, from: u8) -> Result<(), GrantError> {
        let is_of_user = matches!(way, Way::Password | Way::LaxPassword);
        self.present_as(if is_of_user { "johndoe" } else { "web" }, way, is_right, from)
            .await
    }

    /// Presents the secret of the user or client of this name.
    async fn present_as(&self, name: &str, way: Way, is_right: bool, from: u8) -> Result<(), GrantError> {
        let from = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, from)));
        let user = |name, password| vec![("grant_type", "password"), ("username", name), ("password", password)];
        let (Way::Basic(asked) | Way::Form(asked)) = way else {
            let mut form = user(name, if is_right { "secret" } else { "wrong" });
            form.push(("client_id", "demo-app"));
            let server = if way == Way::Password { &self.rfc } else { &self.lax };
            let answer = server
                .token_from(&params(&form), &ClientCredentials::Absent, from)
                .await;
            return answer.map(|_| ());
        };
        let secret = if is_right { self.secret.expose() } else { "wrong" };
        let mut form = match asked {
            Asked::UserToken => user("johndoe", "secret"),
            Asked::OwnToken => vec![("grant_type", "client_credentials")],
            Asked::Introspection | Asked::Revocation => vec![("token", "unknown")],
        };
        let mut header = ClientCredentials::Absent;
        if let Way::Basic(_) = way {
            let (id, secret) = (name.to_owned(), Secret::new(secret.to_owned()));
            header = ClientCredentials::Basic { id, secret };
        } else {
            form.extend([("client_id", name), ("client_secret", secret)]);
        }
        let form = params(&form);
        match asked {
            Asked::Introspection => self.tokens.introspect(&form, &header, from).await.map(|_| ()),
            Asked::Revocation => self.tokens.revoke(&form, &header, from).await,
            Asked::UserToken | Asked::OwnToken => self.rfc.token_from(&form, &header, from).await.map(|_| ()),
        }
    }
}

/// Returns all ways to present the secret of a client.
fn ways_of_clients() -> impl Iterator<Item = Way> + Clone {
    ASKED
        .into_iter()
        .flat_map(|asked| [Way::Basic(asked), Way::Form(asked)])
}

fn is_throttled<T>(answer: &Result<T, GrantError>) -> bool {
    matches!(answer, Err(GrantError::Throttled { retry_after }) if retry_after.as_seconds() > 0)
}

/// Of a way, 10 attempts are refused, and further ones are throttled, except those of the owner.
async fn assert_throttled(stage: &GuessingFixture, way: Way) {
    assert!(stage.present(way, true, 1).await.is_ok(), "{way:?}");
    if let Some(cache) = &stage.cache {
        assert!(
            way == Way::Password
                || cache
                    .cached("web", u64::try_from(NOW.as_unix()).unwrap() * 1_000_000)
                    .is_some()
        );
    }
    for attempt in 0..10 {
        let refused = stage.present(way, false, 2).await;
        assert!(refused.is_err() && !is_throttled(&refused), "{way:?} {attempt}");
    }
    // The right secret, too: the response reveals nothing.
    for is_right in [false, true] {
        let refused = stage.present(way, is_right, 3).await;
        assert!(is_throttled(&refused), "{way:?}");
        assert_eq!(refused.unwrap_err().code(), ErrorCode::TemporarilyUnavailable);
    }
    assert!(
        stage.present(way, true, 1).await.is_ok(),
        "{way:?}: the owner, from a known address"
    );
}

#[tokio::test]
async fn every_way_to_present_a_secret_is_throttled() {
    for has_cache in [false, true] {
        let ways = [Way::Password, Way::LaxPassword].into_iter().chain(ways_of_clients());
        for way in ways {
            let stage = GuessingFixture::with_cache(has_cache && way != Way::LaxPassword).await;
            assert_throttled(&stage, way).await;
        }
    }
}

/// Guesses at many accounts are limited by their address.
#[tokio::test]
async fn guesses_at_many_clients_are_throttled() {
    for has_cache in [false, true] {
        for way in ways_of_clients() {
            let stage = GuessingFixture::with_cache(has_cache).await;
            for number in 0..30 {
                let refused = stage.present_as(&format!("invented{number}"), way, false, 1).await;
                assert!(refused.is_err() && !is_throttled(&refused), "{way:?} {number}");
            }
            let refused = stage.present_as("invented30", way, false, 1).await;
            assert!(is_throttled(&refused), "{way:?}");
            assert!(is_throttled(&stage.present(way, true, 1).await), "{way:?}");
            assert!(stage.present(way, true, 2).await.is_ok(), "{way:?}: another address");
        }
    }
}

/// Spellings of one name.
const SPELLINGS: [&str; 5] = ["JohnDoe", "johndoe", "JOHNDOE", "ｊｏｈｎｄｏｅ", "JohnDoＥ"];

#[tokio::test]
async fn spellings_of_one_name_log_in() {
    for name in SPELLINGS {
        let stage = GuessingFixture::new().await;
        assert!(stage.present_as(name, Way::Password, true, 1).await.is_ok(), "{name}");
        let exact = stage.present_as(name, Way::LaxPassword, true, 1).await;
        assert_eq!(exact.is_ok(), name == "johndoe", "{name}");
    }
}

#[tokio::test]
async fn spellings_of_one_name_share_a_limit() {
    for way in [Way::Password, Way::LaxPassword] {
        let stage = GuessingFixture::new().await;
        for attempt in 0..10 {
            let name = SPELLINGS[attempt % SPELLINGS.len()];
            assert!(!is_throttled(&stage.present_as(name, way, false, 1).await));
        }
        for name in SPELLINGS {
            let refused = stage.present_as(name, way, true, 2).await;
            assert!(is_throttled(&refused), "{way:?} {name}");
        }
    }
}

/// One bucket for all endpoints and places.
#[tokio::test]
async fn all_attempts_of_a_client_share_one_bucket() {
    for has_cache in [false, true] {
        let stage = GuessingFixture::with_cache(has_cache).await;
        for way in ways_of_clients().cycle().take(10) {
            assert!(!is_throttled(&stage.present(way, false, 1).await), "{way:?}");
        }
        for way in ways_of_clients() {
            assert!(is_throttled(&stage.present(way, true, 2).await), "{way:?}");
        }
        assert!(stage.present(Way::Password, true, 2).await.is_ok(), "another account");
    }
}

#[tokio::test]
async fn unknown_names_are_throttled_like_known_ones() {
    let server = builder(&store().await).build();
    for name in ["johndoe", "nobody", "alice", "no\u{7f}body", &"long".repeat(500)] {
        let form = [
            ("grant_type", "password"),
            ("client_id", "demo-app"),
            ("username", name),
            ("password", "wrong"),
        ];
        let mut throttled = Vec::new();
        for _ in 0..12 {
            let refused = server.token(&params(&form), &ClientCredentials::Absent).await;
            throttled.push(is_throttled(&refused));
        }
        assert_eq!(throttled, [[false; 10].as_slice(), &[true; 2]].concat(), "{name}");
    }
}

#[tokio::test]
async fn concurrent_guesses_count_like_sequential_guesses() {
    let server = builder(&store().await).build();
    let form = [
        ("grant_type", "password"),
        ("client_id", "demo-app"),
        ("username", "johndoe"),
        ("password", "wrong"),
    ];
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let server = server.clone();
        guesses.spawn(async move {
            let refused = server.token(&params(&form), &ClientCredentials::Absent).await;
            is_throttled(&refused)
        });
    }
    let compared = guesses.join_all().await.into_iter().filter(|throttled| !throttled);
    assert_eq!(compared.count(), 10);
}

#[tokio::test]
async fn concurrent_correct_logins_are_admitted() {
    let stage = GuessingFixture::new().await;
    let stage = Arc::new(stage);
    let mut logins = tokio::task::JoinSet::new();
    // More than the limit of guesses, and fewer than the queue of one hashing slot admits.
    for _ in 0..30 {
        let stage = Arc::clone(&stage);
        logins.spawn(async move { stage.present(Way::Password, true, 1).await });
    }
    for login in logins.join_all().await {
        assert!(login.is_ok(), "{login:?}");
    }
}

#[tokio::test]
async fn throttling_can_be_switched_off() {
    let store = store().await;
    for dialect in [Dialect::rfc(), lax()] {
        let server = builder(&store).dialect(dialect).throttled(false).build();
        let form = [
            ("grant_type", "password"),
            ("client_id", "demo-app"),
            ("username", "johndoe"),
            ("password", "wrong"),
        ];
        for _ in 0..30 {
            let refused = server.token(&params(&form), &ClientCredentials::Absent).await;
            assert!(!is_throttled(&refused));
        }
    }
}
