//! Cached tokens and users: the same answers as with a new verification and query, and refused as
//! soon.

mod history;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use scopegate_http::credential::BearerTokens;
use scopegate_http::domain::{
    AccessTokenClaims, Audience, ClientId, Issuer, Lifetime, ManualClock, Revocation, Revoked, Secret, Timestamp,
    TokenId, UserId, UserStatus,
};
use scopegate_http::policy::{Fact, Rule};
use scopegate_http::store::{Store, Users, UsersCache};
use scopegate_http::token::{AcceptedTokens, RevokedSet, Signer, SigningKey, SubjectClaim, TokenRules, Verifier};
use scopegate_http::{ActiveUser, Catalog, Gate, GateBuilder, Guard, SecurityScheme, get};

use crate::common::{self, ITEMS, ME, NOW, get_with, remembering};

fn rules() -> TokenRules {
    TokenRules::rfc9068(
        Issuer::parse("https://issuer.example").unwrap(),
        Audience::parse("https://api.example").unwrap(),
    )
}

fn key(text: &str) -> SigningKey {
    SigningKey::hs256(&Secret::new(text.repeat(32))).unwrap()
}

fn verifier(text: &str) -> Verifier {
    Verifier::new(rules(), key(text).verifying_key())
}

fn claims(subject: &str, now: Timestamp) -> AccessTokenClaims {
    AccessTokenClaims::new(subject, now, Lifetime::from_minutes(60))
        .with_scopes([ME])
        .with_client_id(ClientId::parse("c1").unwrap())
        .with_token_id(TokenId::parse(&format!("{subject} {now}")).unwrap())
}

fn token(subject: &str) -> String {
    let signer = Signer::new(rules(), key("a"));
    signer.issue(&claims(subject, NOW)).unwrap().expose().to_owned()
}

/// Two schemes with the same scopes.
fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ME, "")
        .scope(ITEMS, "")
        .scheme("other", SecurityScheme::oauth2_password("token"))
        .scope(ME, "")
        .build()
        .unwrap()
}

fn builder(clock: &Arc<ManualClock>) -> GateBuilder {
    Gate::builder(catalog()).clock(Arc::<ManualClock>::clone(clock))
}

fn of_scheme(guard: Guard, name: &str) -> Guard {
    guard.with_scheme(name)
}

#[tokio::test]
async fn each_verifier_remembers_for_itself() {
    let gate = builder(&common::clock())
        .bearer("oauth", remembering(verifier("a")))
        .bearer("other", remembering(verifier("b")))
        .operation(
            get("/a")
                .guard(of_scheme(Guard::requires([ME]), "oauth"))
                .then(|| async { "a" }),
        )
        .operation(
            get("/b")
                .guard(of_scheme(Guard::requires([ME]), "other"))
                .then(|| async { "b" }),
        )
        .operation(
            get("/items")
                .guard(of_scheme(Guard::requires([ITEMS]), "oauth"))
                .then(|| async { "" }),
        )
        .build()
        .unwrap();
    let token = token("johndoe");
    for _ in 0..3 {
        assert_eq!(get_with(&gate, "/b", &token).await.status, 401);
        assert_eq!(get_with(&gate, "/a", &token).await.status, 200);
        assert_eq!(
            get_with(&gate, "/items", &token).await.status,
            403,
            "what it may do is decided each time"
        );
    }
}

/// `key("a")`, `rules()`, issued to `johndoe` for `me` at [`NOW`], with a login at [`NOW`]; it is
/// valid for an hour.
const LOGGED_IN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaHR0cHM6Ly9hcGkuZXhhbXBsZSIsInN1YiI6ImpvaG5kb2UiLCJjbGllbnRfaWQiOiJjMSIsImp0aSI6InQxIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDM2MDAsImF1dGhfdGltZSI6MTcwMDAwMDAwMCwic2NvcGUiOiJtZSJ9.qlBS4kRnjOtR6iv06km35XgnvAySCoDL-XnKA25Ppsk";

#[tokio::test]
async fn age_of_a_login_is_not_cached() {
    let clock = common::clock();
    let fresh = Guard::rule(Rule::Fact(Fact::AgeAtMost(Lifetime::from_minutes(5)))).with_scheme("oauth");
    let gate = builder(&clock)
        .bearer("oauth", remembering(verifier("a")))
        .operation(get("/transfer").guard(fresh).then(|| async { "done" }))
        .operation(
            get("/a")
                .guard(of_scheme(Guard::requires([ME]), "oauth"))
                .then(|| async { "a" }),
        )
        .build()
        .unwrap();
    clock.advance(Lifetime::from_minutes(5));
    assert_eq!(get_with(&gate, "/transfer", LOGGED_IN).await.status, 200);
    clock.advance(Lifetime::from_seconds(1));
    let answered = get_with(&gate, "/transfer", LOGGED_IN).await;
    assert_eq!(answered.status, 401);
    assert!(
        answered
            .challenges()
            .iter()
            .any(|text| text.contains("insufficient_user_authentication")),
        "{:?}",
        answered.challenges()
    );
    assert_eq!(get_with(&gate, "/a", LOGGED_IN).await.status, 200);
    clock.advance(Lifetime::from_minutes(55));
    assert_eq!(get_with(&gate, "/a", LOGGED_IN).await.status, 401, "it has expired");
}

/// A gate with users that are cached for five seconds, and the number of queries to the store.
struct CachedUsersGate {
    clock: Arc<ManualClock>,
    counted: Arc<common::Counted>,
    users: Arc<UsersCache>,
    revoked: Arc<RevokedSet>,
    gate: Gate,
}

async fn known() -> CachedUsersGate {
    let clock = common::clock();
    let counted = Arc::new(common::Counted::new(common::users().await));
    let behind: Arc<dyn Store> = Arc::<common::Counted>::clone(&counted);
    let age = Lifetime::from_seconds(5);
    let users = Arc::new(UsersCache::new(behind, Arc::<ManualClock>::clone(&clock), age));
    let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let tokens = remembering(verifier("a")).revoked(Arc::clone(&revoked));
    let active = Guard::requires([ME])
        .check(ActiveUser)
        .depends_on(&Guard::user())
        .with_scheme("oauth");
    let gate = builder(&clock)
        .bearer("oauth", tokens)
        .users(Arc::<UsersCache>::clone(&users))
        .operation(get("/me").guard(active).then(|| async { "me" }))
        .build()
        .unwrap();
    CachedUsersGate {
        clock,
        counted,
        users,
        revoked,
        gate,
    }
}

impl CachedUsersGate {
    async fn status(&self, token: &str) -> u16 {
        get_with(&self.gate, "/me", token).await.status.as_u16()
    }

    fn queries(&self) -> usize {
        self.counted.reads.swap(0, Ordering::Relaxed)
    }
}

fn john() -> UserId {
    UserId::parse("johndoe").unwrap()
}

#[tokio::test]
async fn cached_token_of_a_cached_user_needs_no_query() {
    let known = known().await;
    let token = token("johndoe");
    assert_eq!(known.status(&token).await, 200);
    assert_eq!(known.queries(), 1);
    for _ in 0..100 {
        assert_eq!(known.status(&token).await, 200);
    }
    assert_eq!(known.queries(), 0);
    known.clock.advance(Lifetime::from_seconds(5));
    assert_eq!(known.status(&token).await, 200);
    assert_eq!(known.queries(), 1);
}

#[tokio::test]
async fn a_user_who_is_disabled_here_is_refused_at_once() {
    let known = known().await;
    let token = token("johndoe");
    assert_eq!(known.status(&token).await, 200);
    Users::set_status(&*known.users, &john(), UserStatus::Disabled)
        .await
        .unwrap();
    assert_eq!(known.status(&token).await, 403);
    Users::set_status(&*known.users, &john(), UserStatus::Active)
        .await
        .unwrap();
    assert_eq!(known.status(&token).await, 200);
}

#[tokio::test]
async fn a_user_who_is_disabled_elsewhere_is_refused_within_the_age() {
    let known = known().await;
    let token = token("johndoe");
    assert_eq!(known.status(&token).await, 200);
    Users::set_status(&*known.counted, &john(), UserStatus::Disabled)
        .await
        .unwrap();
    known.clock.advance(Lifetime::from_seconds(4));
    assert_eq!(known.status(&token).await, 200);
    known.clock.advance(Lifetime::from_seconds(1));
    assert_eq!(known.status(&token).await, 403);
}

#[tokio::test]
async fn revoked_token_is_refused_at_once() {
    let known = known().await;
    let old = token("johndoe");
    assert_eq!(known.status(&old).await, 200);
    known.clock.advance(Lifetime::from_seconds(10));
    let now = NOW + Lifetime::from_seconds(10);
    let client = Revoked::Client(ClientId::parse("c1").unwrap());
    known.revoked.add([Revocation::until(client, now)]);
    let answered = get_with(&known.gate, "/me", &old).await;
    assert_eq!(answered.status, 401);
    assert!(answered.challenges()[0].contains("invalid_token"), "{answered:?}");
    known.clock.advance(Lifetime::from_seconds(1));
    let new = claims("johndoe", now + Lifetime::from_seconds(1));
    let new = Signer::new(rules(), key("a")).issue(&new).unwrap();
    assert_eq!(known.status(new.expose()).await, 200);
    assert_eq!(known.status(&old).await, 401);
}

#[tokio::test]
async fn token_is_unavailable_while_revocations_are_outdated() {
    let clock = common::clock();
    let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let tokens = |key| remembering(verifier(key)).revoked(Arc::clone(&revoked));
    let either = || Guard::requires([ME]).with_any_scheme(["oauth", "other"].map(String::from));
    let gate = builder(&clock)
        .bearer("oauth", tokens("a"))
        .bearer("other", tokens("b"))
        .operation(
            get("/one")
                .guard(of_scheme(Guard::requires([ME]), "oauth"))
                .then(|| async { "one" }),
        )
        .operation(get("/either").guard(either()).then(|| async { "either" }))
        .operation(get("/open").guard(Guard::public()).then(|| async { "open" }))
        .build()
        .unwrap();
    let (known, new) = (token("johndoe"), token("alice"));
    for path in ["/one", "/either"] {
        assert_eq!(get_with(&gate, path, &known).await.status, 200);
    }
    for (accepted, expected) in [
        (AcceptedTokens::None, 503),
        (AcceptedTokens::IssuedUntil(NOW), 200),
        (
            AcceptedTokens::IssuedUntil(Timestamp::from_unix(NOW.as_unix() - 1)),
            503,
        ),
        (AcceptedTokens::All, 200),
    ] {
        revoked.accept(accepted);
        for path in ["/one", "/either"] {
            for token in [&known, &new] {
                let answered = get_with(&gate, path, token).await;
                assert_eq!(answered.status, expected, "{accepted:?} {path}: {answered:?}");
                let (retry, challenges) = (answered.header("retry-after"), answered.challenges());
                assert_eq!((retry, challenges.len()), (Some("1").filter(|_| expected == 503), 0));
            }
            assert_eq!(get_with(&gate, path, "nonsense").await.status, 401);
        }
        assert_eq!(get_with(&gate, "/open", &known).await.status, 200);
    }
}
