//! The audit log of tokens, logins and failed attempts.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use scopegate_domain::{
    Audience, AuditDetail, AuditEntry, AuditEvent, AuditOutcome, ClientId, ErrorCode, GrantType, Issuer, Lifetime,
    LoginFailure, ManualClock, RequestId, Secret, UserStatus,
};
use scopegate_grant::{
    AccessTokens, AuditLog, AuditMode, AuthorizationServer, ClientCredentials, GrantError, Params, RequestOrigin,
    RevocationWatch, TokenSet,
};
use scopegate_store::{Audit, AuditQuery, MemoryStore, Users};
use scopegate_token::{
    RandomError, RandomSource, RevokedSet, Signer, SigningKey, SubjectClaim, SystemRandomSource, TokenRules, Verifier,
    short_digest,
};

use crate::common::{KEY, NOW, catalog, clients, params, scope, service, store, user};

struct AuditFixture {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    log: AuditLog,
    server: AuthorizationServer,
    tokens: AccessTokens,
    billing: ClientCredentials,
    api: ClientCredentials,
}

/// A random source that fails.
#[derive(Debug)]
struct NoRandomness;

impl RandomSource for NoRandomness {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError)
    }
}

fn key() -> SigningKey {
    SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap()
}

impl AuditFixture {
    async fn new(mode: AuditMode) -> Self {
        Self::with_entropy(mode, Arc::new(SystemRandomSource)).await
    }

    async fn with_entropy(mode: AuditMode, entropy: Arc<dyn RandomSource>) -> Self {
        let (store, clock) = (store().await, Arc::new(ManualClock::at(NOW)));
        let (billing_client, billing) = service("billing", scope("me items"));
        let (api_client, api) = service("api", scope(""));
        clients(&store).add(billing_client).await.unwrap();
        clients(&store).add(api_client.with_introspection(true)).await.unwrap();
        let issuer = Issuer::parse("https://issuer.example").unwrap();
        let rules = TokenRules::rfc9068(issuer, Audience::parse("https://api.example").unwrap());
        let log = AuditLog::new(store.clone(), mode, clock.clone(), entropy);
        let server = AuthorizationServer::builder(store.clone(), Signer::new(rules.clone(), key()), catalog())
            .password_grant(true)
            .clock(clock.clone())
            .audit(log.clone())
            .build();
        let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let watch = Arc::new(RevocationWatch::new(store.clone(), set, clock.clone()));
        let verifier = Arc::new(Verifier::new(rules, key().verifying_key()));
        Self {
            tokens: AccessTokens::new(server.clone(), &verifier, watch, store.clone()),
            store,
            clock,
            log,
            server,
            billing,
            api,
        }
    }

    /// Requests a token from the same address each time.
    async fn ask(&self, form: &Params, header: &ClientCredentials) -> Result<TokenSet, GrantError> {
        self.server.token_from(form, header, origin("192.0.2.1")).await
    }

    async fn of_billing(&self) -> Result<TokenSet, GrantError> {
        let form = params(&[("grant_type", "client_credentials"), ("scope", "items")]);
        self.ask(&form, &self.billing).await
    }

    async fn log_in(&self, name: &str, password: &str) -> Result<TokenSet, GrantError> {
        let form = params(&[
            ("grant_type", "password"),
            ("client_id", "demo-app"),
            ("username", name),
            ("password", password),
        ]);
        self.ask(&form, &ClientCredentials::Absent).await
    }

    async fn entries(&self) -> Vec<AuditEntry> {
        self.store.entries(&AuditQuery::default(), u16::MAX).await.unwrap()
    }

    /// Returns the entries after the counters were written: event, user, client, count.
    async fn written(&self) -> Vec<(AuditEvent, Option<String>, Option<String>, u32)> {
        self.log.write().await;
        let entries = self.entries().await;
        let of = |entry: &AuditEntry| {
            let user = entry.user().map(ToString::to_string);
            (
                entry.event(),
                user,
                entry.client().map(ToString::to_string),
                entry.count(),
            )
        };
        let mut all: Vec<_> = entries.iter().map(of).collect();
        all.sort();
        all
    }
}

fn origin(address: &str) -> RequestOrigin {
    RequestOrigin {
        address: Some(address.parse().unwrap()),
        request: Some(RequestId::parse("00000001-0123456789abcdef").unwrap()),
    }
}

fn wrong(id: &str) -> ClientCredentials {
    ClientCredentials::Basic {
        id: id.to_owned(),
        secret: Secret::new("wrong".to_owned()),
    }
}

fn row(event: AuditEvent, user: &str, client: &str, count: u32) -> (AuditEvent, Option<String>, Option<String>, u32) {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (event, text(user), text(client), count)
}

#[tokio::test]
async fn equal_events_are_one_entry_each_minute() {
    let fixture = AuditFixture::new(AuditMode::Standard).await;
    for _ in 0..1_000 {
        fixture.of_billing().await.unwrap();
    }
    assert_eq!(fixture.entries().await, []);
    assert_eq!(
        fixture.written().await,
        [row(AuditEvent::TokenIssued, "", "billing", 1_000)]
    );
    let [entry] = &fixture.entries().await[..] else {
        panic!("one entry")
    };
    assert_eq!(entry.detail(), Some(&AuditDetail::Grant(GrantType::ClientCredentials)));
    assert_eq!(
        entry.address().map(|address| address.to_string()).as_deref(),
        Some("192.0.2.1")
    );
    assert_eq!((entry.request(), entry.id().time()), (None, NOW));

    fixture.clock.advance(Lifetime::from_minutes(1));
    fixture.of_billing().await.unwrap();
    fixture.log.write().await;
    fixture.log.write().await;
    assert_eq!(fixture.entries().await.len(), 2);
}

#[tokio::test]
async fn unknown_names_add_no_entry() {
    for mode in [AuditMode::Standard, AuditMode::Strict] {
        let fixture = AuditFixture::new(mode).await;
        for number in 0..200_u8 {
            let from = origin(&format!("192.0.2.{number}"));
            let form = params(&[("grant_type", "client_credentials")]);
            let client = wrong(&format!("invented {number}"));
            fixture
                .server
                .token_from(&form, &client, from.clone())
                .await
                .unwrap_err();
            let name = format!("invented{number}");
            let form = params(&[
                ("grant_type", "password"),
                ("client_id", "demo-app"),
                ("username", &name),
                ("password", "secret"),
            ]);
            if number < 20 {
                let failed = fixture.server.token_from(&form, &ClientCredentials::Absent, from).await;
                assert!(matches!(failed, Err(GrantError::InvalidGrant)), "{failed:?}");
            }
        }
        assert_eq!(fixture.written().await, [], "{mode:?}");
    }
}

#[tokio::test]
async fn failed_attempts_of_known_names_are_counted() {
    let fixture = AuditFixture::new(AuditMode::Standard).await;
    for _ in 0..12 {
        fixture.log_in("johndoe", "wrong").await.unwrap_err();
    }
    fixture.log_in("alice", "secret").await.unwrap_err();
    let form = params(&[("grant_type", "client_credentials")]);
    fixture.ask(&form, &wrong("billing")).await.unwrap_err();
    fixture.ask(&form, &wrong("demo-app")).await.unwrap_err();
    let expected = [
        row(AuditEvent::ClientAuthenticationFailed, "", "billing", 1),
        row(AuditEvent::ClientAuthenticationFailed, "", "demo-app", 1),
        row(AuditEvent::LoginFailed, "id-of-alice", "demo-app", 1),
        row(AuditEvent::LoginFailed, "id-of-johndoe", "demo-app", 10),
        row(AuditEvent::LoginThrottled, "id-of-johndoe", "demo-app", 2),
    ];
    assert_eq!(fixture.written().await, expected);
    let details: Vec<_> = fixture
        .entries()
        .await
        .iter()
        .filter_map(|entry| entry.detail().cloned())
        .collect();
    for cause in [LoginFailure::WrongPassword, LoginFailure::DisabledUser] {
        assert!(details.contains(&AuditDetail::Cause(cause)), "{details:?}");
    }
    assert!(
        fixture
            .entries()
            .await
            .iter()
            .all(|entry| entry.outcome() == AuditOutcome::Refused)
    );
}

#[tokio::test]
async fn login_and_its_token_are_two_events() {
    let fixture = AuditFixture::new(AuditMode::Standard).await;
    fixture.log_in("johndoe", "secret").await.unwrap();
    let expected = [
        row(AuditEvent::TokenIssued, "id-of-johndoe", "demo-app", 1),
        row(AuditEvent::LoginSucceeded, "id-of-johndoe", "demo-app", 1),
    ];
    assert_eq!(fixture.written().await, expected);
}

#[tokio::test]
async fn refused_requests_of_a_client_are_counted() {
    let fixture = AuditFixture::new(AuditMode::Standard).await;
    for scope in ["admin", "undeclared", "\u{7f}"] {
        let form = params(&[("grant_type", "client_credentials"), ("scope", scope)]);
        fixture.ask(&form, &fixture.billing).await.unwrap_err();
    }
    let form = params(&[
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", "secret"),
    ]);
    fixture.ask(&form, &fixture.billing).await.unwrap_err();
    let expected = [
        row(AuditEvent::TokenRefused, "", "billing", 1),
        row(AuditEvent::TokenRefused, "", "billing", 3),
    ];
    assert_eq!(fixture.written().await, expected);
    let entries = fixture.entries().await;
    for (count, code) in [(1, ErrorCode::UnauthorizedClient), (3, ErrorCode::InvalidScope)] {
        let entry = entries.iter().find(|entry| entry.count() == count).unwrap();
        assert_eq!(entry.detail(), Some(&AuditDetail::Error(code)));
    }
}

#[tokio::test]
async fn introspection_is_counted_and_revocation_written() {
    let fixture = AuditFixture::new(AuditMode::Standard).await;
    let token = fixture.of_billing().await.unwrap().access_token().expose().clone();
    let form = params(&[("token", &token)]);
    let from = || origin("2001:db8:1:2:3::4");
    let found = fixture
        .tokens
        .introspect(&form, &fixture.api, from())
        .await
        .unwrap()
        .unwrap();
    let id = found.token().token_id().unwrap().to_owned();
    // The question of a client without the right is not an event.
    assert!(
        fixture
            .tokens
            .introspect(&form, &fixture.billing, from())
            .await
            .unwrap()
            .is_none()
    );

    fixture.tokens.revoke(&form, &fixture.api, from()).await.unwrap();
    assert_eq!(fixture.entries().await, [], "the token of another client is counted");
    for _ in 0..2 {
        fixture.tokens.revoke(&form, &fixture.billing, from()).await.unwrap();
    }
    let [revoked] = &fixture.entries().await[..] else {
        panic!("one entry, also if the token is revoked twice")
    };
    assert_eq!(revoked.event(), AuditEvent::TokenRevoked);
    assert_eq!(revoked.outcome(), AuditOutcome::Succeeded);
    assert_eq!(revoked.client(), Some(&ClientId::parse("billing").unwrap()));
    assert_eq!(revoked.detail(), Some(&AuditDetail::Digest(short_digest(&id))));
    assert_eq!(revoked.address().unwrap().to_string(), "2001:db8:1:2::/64");
    assert_eq!(revoked.request(), from().request.as_ref());

    let expected = [
        row(AuditEvent::TokenIssued, "", "billing", 1),
        row(AuditEvent::TokenRevoked, "", "api", 1),
        row(AuditEvent::TokenRevoked, "", "billing", 1),
        row(AuditEvent::TokenIntrospected, "", "api", 1),
    ];
    assert_eq!(fixture.written().await, expected);
}

/// The log must not become the place that an attacker fills: addresses beyond a limit share one
/// counter.
#[tokio::test]
async fn many_addresses_of_one_user_share_counters() {
    let fixture = AuditFixture::new(AuditMode::Standard).await;
    let form = params(&[("grant_type", "client_credentials")]);
    let without_secret = ClientCredentials::Basic {
        id: "billing".to_owned(),
        secret: Secret::new(String::new()),
    };
    for number in 0..1_000_u32 {
        let from = Some(IpAddr::from((0x0A00_0000 + number).to_be_bytes()));
        let failed = fixture.server.token_from(&form, &without_secret, from);
        failed.await.unwrap_err();
    }
    let written = fixture.written().await;
    assert_eq!(written.len(), 17, "{written:?}");
    assert_eq!(written.iter().map(|(.., count)| count).sum::<u32>(), 1_000);
    let shared: Vec<_> = fixture
        .entries()
        .await
        .into_iter()
        .filter(|entry| entry.address().is_none())
        .collect();
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0].count(), 984);
}

#[tokio::test]
async fn strict_mode_writes_each_event() {
    let fixture = AuditFixture::new(AuditMode::Strict).await;
    for _ in 0..3 {
        fixture.of_billing().await.unwrap();
    }
    let entries = fixture.entries().await;
    assert_eq!(entries.len(), 3, "written before the answer");
    assert!(
        entries
            .iter()
            .all(|entry| entry.request() == origin("::").request.as_ref())
    );
    fixture.log_in("johndoe", "wrong").await.unwrap_err();
    fixture.log.has_entry().await;
    assert_eq!(fixture.written().await.len(), 4);
}

#[tokio::test]
async fn strict_mode_issues_no_unrecorded_token() {
    let fixture = AuditFixture::with_entropy(AuditMode::Strict, Arc::new(NoRandomness)).await;
    let refused = fixture.of_billing().await;
    assert!(matches!(refused, Err(GrantError::Unavailable(_))), "{refused:?}");
    let refused = fixture.log_in("johndoe", "secret").await;
    assert!(matches!(refused, Err(GrantError::Unavailable(_))), "{refused:?}");
    // A failed login keeps its answer, because the answer must not depend on the name.
    let failed = fixture.log_in("johndoe", "wrong").await;
    assert!(matches!(failed, Err(GrantError::InvalidGrant)), "{failed:?}");
}

/// A revocation without its entry is not made.
#[tokio::test]
async fn token_stays_valid_if_its_entry_is_not_made() {
    let fixture = AuditFixture::with_entropy(AuditMode::Standard, Arc::new(NoRandomness)).await;
    let token = fixture.of_billing().await.unwrap().access_token().expose().clone();
    let form = params(&[("token", &token)]);
    let refused = fixture.tokens.revoke(&form, &fixture.billing, None).await;
    assert!(matches!(refused, Err(GrantError::Unavailable(_))), "{refused:?}");
    assert!(
        fixture
            .tokens
            .introspect(&form, &fixture.api, None)
            .await
            .unwrap()
            .is_some()
    );
}

/// A random source that counts its uses and can fail.
#[derive(Debug, Default)]
struct CountedEntropy {
    uses: AtomicUsize,
    has_failed: AtomicBool,
}

impl RandomSource for CountedEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.uses.fetch_add(1, Ordering::Relaxed);
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(RandomError);
        }
        SystemRandomSource.fill(bytes)
    }
}

#[tokio::test]
async fn counted_event_needs_no_random_bytes() {
    let entropy = Arc::new(CountedEntropy::default());
    let fixture = AuditFixture::with_entropy(AuditMode::Standard, entropy.clone()).await;
    for _ in 0..5 {
        fixture.of_billing().await.unwrap();
        fixture.log_in("johndoe", "secret").await.unwrap();
    }
    assert_eq!(entropy.uses.load(Ordering::Relaxed), 0);
    entropy.has_failed.store(true, Ordering::Relaxed);
    assert_eq!(fixture.written().await, []);
    fixture.of_billing().await.unwrap();
    entropy.has_failed.store(false, Ordering::Relaxed);
    let written = [
        row(AuditEvent::TokenIssued, "", "billing", 6),
        row(AuditEvent::TokenIssued, "id-of-johndoe", "demo-app", 5),
        row(AuditEvent::LoginSucceeded, "id-of-johndoe", "demo-app", 5),
    ];
    assert_eq!(fixture.written().await, written);
    // The ids of entries that are written together differ.
    let ids: BTreeSet<_> = fixture.entries().await.iter().map(AuditEntry::id).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn server_without_a_log_records_nothing() {
    let store = store().await;
    store.set_status(user("alice").id(), UserStatus::Active).await.unwrap();
    let server = crate::common::builder(&store).build();
    let form = params(&[
        ("grant_type", "password"),
        ("client_id", "demo-app"),
        ("username", "alice"),
        ("password", "secret"),
    ]);
    server.token(&form, &ClientCredentials::Absent).await.unwrap();
    AuditLog::default().write().await;
    assert_eq!(store.entries(&AuditQuery::default(), 1).await.unwrap(), []);
}
