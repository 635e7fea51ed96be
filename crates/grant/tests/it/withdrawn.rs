//! Revocations during a login, and regardless of the clocks.
use std::sync::{Arc, Mutex};

use crate::common::{KEY, NOW, builder, catalog, client, clients, lax, params, scope, store, user};
use scopegate_domain::{
    Audience, Clock, Issuer, Lifetime, ManualClock, NewsLane, PasswordHash, Revocation, Revoked, Secret, SecretDigest,
    Timestamp,
};
use scopegate_grant::{AuthorizationServer, ClientCredentials, GrantError, RevocationWatch, TokenSet};
use scopegate_store::{DisableAndRevoke, MemoryStore, News, Store};
use scopegate_token::{
    PasswordHasher, PasswordPolicy, PayloadBuffer, RandomError, RandomSource, RevokedSet, Signer, SigningKey,
    SubjectClaim, SystemRandomSource, TokenRules, Verifier,
};

const FORM: [(&str, &str); 5] = [
    ("grant_type", "password"),
    ("client_id", "demo-app"),
    ("username", "johndoe"),
    ("password", "secret"),
    ("scope", "me items"),
];

async fn log_in(server: &AuthorizationServer) -> Result<TokenSet, GrantError> {
    server.token(&params(&FORM), &ClientCredentials::Absent).await
}

fn of_john() -> Revoked {
    Revoked::User {
        id: user("johndoe").id().clone(),
        username: user("johndoe").username().clone(),
    }
}

type Change = Box<dyn Fn(&MemoryStore) + Send + Sync>;

/// A random source that runs a change between the read of the account and the end of the login: the
/// new hash requests random bytes then.
struct Meanwhile {
    store: Arc<MemoryStore>,
    change: Mutex<Option<Change>>,
}

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl RandomSource for Meanwhile {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if let Some(change) = self.change.lock().unwrap().take() {
            change(&self.store);
        }
        SystemRandomSource.fill(bytes)
    }
}

/// The future of a store in memory is ready.
fn done(withdrawal: DisableAndRevoke<'_>, whose: Revoked, store: &MemoryStore) {
    let revocation = Revocation::until(whose, NOW);
    let mut change = store.withdraw(withdrawal, &revocation);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(matches!(
        change.as_mut().poll(&mut context),
        std::task::Poll::Ready(Ok(true))
    ));
}

/// Replaces the settings of `demo-app`.
fn update(new: &scopegate_domain::Client, whose: Revoked, store: &MemoryStore) {
    let old = client("demo-app");
    done(DisableAndRevoke::UpdateClient { old: &old, new }, whose, store);
}

fn changes() -> Vec<(&'static str, Change)> {
    let (john, app) = (user("johndoe"), client("demo-app"));
    let of_app = || Revoked::Client(client("demo-app").id().clone());
    let (id, app) = (john.id().clone(), app.id().clone());
    let user_change = |change: fn(&scopegate_domain::UserId, &MemoryStore)| -> Change {
        let id = id.clone();
        Box::new(move |store| change(&id, store))
    };
    let client_change = |change: fn(&scopegate_domain::ClientId, &MemoryStore, Revoked)| -> Change {
        let app = app.clone();
        Box::new(move |store| change(&app, store, of_app()))
    };
    vec![
        (
            "password",
            user_change(|id, store| {
                let hash = PasswordHash::from_stored("other");
                done(DisableAndRevoke::SetPasswordHash(id, Some(&hash)), of_john(), store);
            }),
        ),
        (
            "no password",
            user_change(|id, store| done(DisableAndRevoke::SetPasswordHash(id, None), of_john(), store)),
        ),
        (
            "scope",
            user_change(|id, store| done(DisableAndRevoke::SetUserScope(id, &scope("me")), of_john(), store)),
        ),
        (
            "disabled",
            user_change(|id, store| done(DisableAndRevoke::DisableUser(id), of_john(), store)),
        ),
        (
            "removed",
            user_change(|id, store| done(DisableAndRevoke::RemoveUser(id), of_john(), store)),
        ),
        (
            "client scope",
            client_change(|_, store, whose| update(&client("demo-app").with_scope(scope("me")), whose, store)),
        ),
        (
            "client secret",
            client_change(|_, store, whose| {
                let secret = SecretDigest::from_bytes([1; 32]);
                update(&client("demo-app").with_secret(secret), whose, store);
            }),
        ),
        (
            "client removed",
            client_change(|app, store, whose| done(DisableAndRevoke::RemoveClient(app), whose, store)),
        ),
    ]
}

#[tokio::test]
async fn change_during_login_refuses_it() {
    for is_lax in [false, true] {
        for (name, change) in changes() {
            let store = store().await;
            let meanwhile = Meanwhile {
                store: Arc::clone(&store),
                change: Mutex::new(Some(change)),
            };
            let builder = builder(&store)
                // The stored bcrypt hash is replaced at the login, which requests random bytes.
                .hasher(PasswordHasher::new(PasswordPolicy::argon2id(64, 1, 1).unwrap()))
                .entropy(Arc::new(meanwhile));
            let server = if is_lax {
                builder.dialect(lax()).build()
            } else {
                builder.build()
            };
            assert!(log_in(&server).await.is_err(), "{name}");
        }
    }
}

/// A node with its own clock, on the shared store.
struct Node {
    clock: Arc<ManualClock>,
    server: AuthorizationServer,
    verifier: Verifier,
    watch: RevocationWatch,
}

impl Node {
    fn new(store: &Arc<MemoryStore>, ahead: i64) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(NOW.as_unix() + ahead)));
        let (issuer, audience) = (
            Issuer::parse("https://issuer.example").unwrap(),
            Audience::parse("api").unwrap(),
        );
        let rules = TokenRules::rfc9068(issuer, audience);
        let key = || SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap();
        let behind: Arc<dyn Store> = store.clone();
        let server = AuthorizationServer::builder(behind.clone(), Signer::new(rules.clone(), key()), catalog())
            .password_grant(true)
            .clock(clock.clone())
            .build();
        let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        Self {
            server,
            verifier: Verifier::new(rules, key().verifying_key()),
            watch: RevocationWatch::new(behind, set, clock.clone()),
            clock,
        }
    }

    async fn accepts(&self, tokens: &TokenSet) -> bool {
        self.watch.refresh().await.unwrap();
        let mut scratch = PayloadBuffer::new();
        let now = self.clock.now();
        let claims = self
            .verifier
            .verify(tokens.access_token().expose(), now, &mut scratch)
            .unwrap();
        !self.watch.set().has(&claims)
    }
}

#[tokio::test]
async fn revocation_covers_earlier_tokens_despite_clocks() {
    for (issuing, revoking, verifying) in [
        (0, 0, 0),
        (45, 0, 0),
        (60, 0, 0),
        (0, 60, 30),
        (30, -30, 0),
        (-30, 30, 0),
        (0, 0, 60),
    ] {
        for withdraws in [false, true] {
            let store = store().await;
            let [issuer, revoker, verifier] = [issuing, revoking, verifying].map(|ahead| Node::new(&store, ahead));
            let before = log_in(&issuer.server).await.unwrap();
            assert!(verifier.accepts(&before).await);

            let (john, revocation) = (user("johndoe"), Revocation::until(of_john(), revoker.clock.now()));
            if withdraws {
                let hash = store.users_of("johndoe").await;
                let set = DisableAndRevoke::SetPasswordHash(john.id(), hash.as_ref());
                assert!(store.withdraw(set, &revocation).await.unwrap());
            } else {
                store.revoke(&revocation).await.unwrap();
            }
            let after = log_in(&issuer.server).await.unwrap();
            for node in [&issuer, &revoker, &verifier] {
                // Within the skew that a verifier accepts.
                if (issuing - (node.clock.now().as_unix() - NOW.as_unix())).abs() <= 60 {
                    assert!(!node.accepts(&before).await, "{issuing} {revoking} {verifying}");
                    assert!(node.accepts(&after).await, "a new login, at once: {issuing} {revoking}");
                }
            }
        }
    }
}

trait UsersOf {
    async fn users_of(&self, name: &str) -> Option<PasswordHash>;
}

impl UsersOf for Arc<MemoryStore> {
    async fn users_of(&self, name: &str) -> Option<PasswordHash> {
        let store: &dyn Store = &**self;
        let account = store.users().find_account(user(name).username()).await.unwrap();
        account.unwrap().password_hash
    }
}

/// The stated lifetime is never more than the remaining one.
#[tokio::test]
async fn expires_in_is_rounded_down_from_the_signing() {
    /// A clock that advances by this number of seconds with each call.
    #[derive(Debug)]
    struct Slow(Mutex<i64>, i64);
    impl Clock for Slow {
        fn now(&self) -> Timestamp {
            let mut now = self.0.lock().unwrap();
            *now += self.1;
            Timestamp::from_unix(*now)
        }
    }
    for (step, left) in [(0, 1_800), (1, 1_799), (900, 900), (1_800, 0), (5_000, 0)] {
        let clock = Arc::new(Slow(Mutex::new(NOW.as_unix()), step));
        let server = builder(&store().await).clock(clock).build();
        let said = log_in(&server).await.unwrap().expires_in();
        assert_eq!(said, Lifetime::from_seconds(left), "{step}");
    }
    let server = builder(&store().await)
        .clock(Arc::new(scopegate_domain::SystemClock))
        .build();
    let said = log_in(&server).await.unwrap().expires_in();
    assert!(said < Lifetime::from_minutes(30), "a part of the first second is over");
    assert!(said > Lifetime::from_minutes(29));
}

/// Ten simulated years: a revocation each month, by a server that reads its store and tidies.
#[tokio::test]
async fn revocations_are_forgotten_after_a_year() {
    let (store, clock) = (store().await, Arc::new(ManualClock::at(NOW)));
    let behind: Arc<dyn Store> = store.clone();
    let set = Arc::new(RevokedSet::new(SubjectClaim::Username));
    let watch = RevocationWatch::new(behind.clone(), set, clock.clone());
    watch.refresh().await.unwrap();
    let (mut most, mut most_stored) = (0, 0);
    for month in 0..120 {
        let id = scopegate_domain::TokenId::parse(&month.to_string()).unwrap();
        let end = scopegate_grant::last_expiry(&*behind, clock.now()).await.unwrap();
        let revocation = Revocation::until(Revoked::Token(id), clock.now()).forgotten_at(end);
        store.revoke(&revocation).await.unwrap();
        watch.refresh().await.unwrap();
        most = most.max(watch.set().len());
        clock.advance(Lifetime::from_minutes(30 * 24 * 60));
        watch.tidy().await.unwrap();
        let heads = store.heads().await.unwrap();
        let kept = NewsLane::all().map(|lane| heads.of(lane).last - heads.of(lane).first + 1);
        most_stored = most_stored.max(kept.sum());
    }
    // 366 days and a margin: thirteen months of thirty days, less the one that was just forgotten.
    assert_eq!((most, most_stored), (13, 12));
    assert!(
        clients(&store).list(None, 9).await.unwrap().len() == 1,
        "nothing else is forgotten"
    );
}
