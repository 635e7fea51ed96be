//! Introspection and revocation of access tokens.

use std::sync::Arc;
use std::time::Instant;

use scopegate_domain::{
    Audience, ClientId, Clock as _, ErrorCode, GrantType, Issuer, Lifetime, ManualClock, Revocation, Revoked, Secret,
    UserStatus,
};
use scopegate_grant::{
    AccessTokens, AuthorizationServer, ClientCredentials, GrantError, IntrospectedToken, RevocationWatch,
};
use scopegate_store::{ClientsCache, MemoryStore, NewsPage, NewsReader, Users};
use scopegate_token::{AcceptedTokens, RevokedSet, Signer, SigningKey, SubjectClaim, TokenRules, Verifier};

use crate::common::{KEY, NOW, catalog, client, clients, params, scope, service, store, user};

struct TokenFixture {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    server: AuthorizationServer,
    tokens: AccessTokens,
    set: Arc<RevokedSet>,
    /// A resource server, which may introspect.
    resource_server: ClientCredentials,
    /// A service with a token of its own.
    billing: ClientCredentials,
}

fn rules(audience: &str) -> TokenRules {
    let issuer = Issuer::parse("https://issuer.example").unwrap();
    TokenRules::rfc9068(issuer, Audience::parse(audience).unwrap())
}

fn key() -> SigningKey {
    SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap()
}

async fn fixture() -> TokenFixture {
    let (store, clock) = (store().await, Arc::new(ManualClock::at(NOW)));
    let (resource_server, header) = service("api", scope(""));
    clients(&store)
        .add(resource_server.with_introspection(true))
        .await
        .unwrap();
    let (billing, billing_header) = service("billing", scope("me items"));
    clients(&store).add(billing).await.unwrap();
    let rules = rules("https://api.example");
    let server = AuthorizationServer::builder(store.clone(), Signer::new(rules.clone(), key()), catalog())
        .password_grant(true)
        .throttled(false)
        .clock(clock.clone());
    let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let cached = Arc::new(ClientsCache::new(store.clone(), Lifetime::from_minutes(60)));
    let watch = RevocationWatch::new(store.clone(), Arc::clone(&set), clock.clone()).clients(Arc::clone(&cached));
    watch.refresh().await.unwrap();
    let (server, watch) = (server.clients(cached), Arc::new(watch));
    let server = server.revocations(Arc::clone(&watch)).build();
    let verifier = Verifier::new(rules, key().verifying_key());
    TokenFixture {
        tokens: AccessTokens::new(server.clone(), &verifier, watch, store.clone()),
        store,
        clock,
        server,
        set,
        resource_server: header,
        billing: billing_header,
    }
}

impl TokenFixture {
    async fn of_billing(&self) -> String {
        let form = params(&[("grant_type", "client_credentials"), ("scope", "items")]);
        let tokens = self.server.token(&form, &self.billing).await.unwrap();
        tokens.access_token().expose().clone()
    }

    async fn of_john(&self) -> String {
        let form = params(&[
            ("grant_type", "password"),
            ("client_id", "demo-app"),
            ("username", "johndoe"),
            ("password", "secret"),
        ]);
        let tokens = self.server.token(&form, &ClientCredentials::Absent).await.unwrap();
        tokens.access_token().expose().clone()
    }

    async fn ask(&self, header: &ClientCredentials, token: &str) -> Result<Option<IntrospectedToken>, GrantError> {
        self.tokens.introspect(&params(&[("token", token)]), header, None).await
    }

    async fn is_active(&self, token: &str) -> bool {
        self.ask(&self.resource_server, token).await.unwrap().is_some()
    }

    async fn revoke(&self, header: &ClientCredentials, token: &str) {
        let form = params(&[("token", token), ("token_type_hint", "refresh_token")]);
        self.tokens.revoke(&form, header, None).await.unwrap();
    }
}

/// The token with one character of its signature changed.
fn forged(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 6);
    let changed: String = last.chars().rev().collect();
    format!("{rest}{}{changed}", if changed == last { "A" } else { "" })
}

#[tokio::test]
async fn active_token_has_its_claims() {
    let fixture = fixture().await;
    let found = fixture.ask(&fixture.resource_server, &fixture.of_billing().await).await;
    let found = found.unwrap().unwrap();
    let token = found.token();
    assert_eq!((token.subject(), token.client_id()), ("billing", Some("billing")));
    assert_eq!((token.scope(), found.username()), ("items", None));
    assert_eq!(token.audience().collect::<Vec<_>>(), ["https://api.example"]);
    assert_eq!(token.issuer(), Some("https://issuer.example"));
    assert_eq!((token.issued_at(), token.token_id().is_some()), (Some(NOW), true));

    let found = fixture.ask(&fixture.resource_server, &fixture.of_john().await).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.token().subject(), "id-of-johndoe");
    assert_eq!(found.username(), Some(user("johndoe").username()));
    assert_eq!(found.token().expires_at(), Some(NOW + Lifetime::from_minutes(10)));
}

#[tokio::test]
async fn invalid_token_is_inactive() {
    let fixture = fixture().await;
    let (token, of_john) = (fixture.of_billing().await, fixture.of_john().await);
    assert!(fixture.is_active(&token).await && fixture.is_active(&of_john).await);
    let elsewhere = AuthorizationServer::builder(
        fixture.store.clone(),
        Signer::new(rules("https://elsewhere.example"), key()),
        catalog(),
    );
    let form = params(&[("grant_type", "client_credentials")]);
    let elsewhere = elsewhere.clock(fixture.clock.clone()).build();
    let elsewhere = elsewhere.token(&form, &fixture.billing).await.unwrap();
    for invalid in [
        "x",
        "",
        ".",
        "a.b.c",
        &forged(&token),
        token.trim_start_matches('e'),
        &format!("{token} "),
        elsewhere.access_token().expose(),
    ] {
        let form = params(&[("token", invalid)]);
        let found = fixture.tokens.introspect(&form, &fixture.resource_server, None).await;
        match found {
            Ok(found) => assert!(found.is_none(), "{invalid}"),
            Err(error) => assert_eq!((invalid, error.code()), ("", ErrorCode::InvalidRequest)),
        }
    }
    // Disabled, removed, revoked, expired.
    let users: &dyn Users = &*fixture.store;
    users
        .set_status(user("johndoe").id(), UserStatus::Disabled)
        .await
        .unwrap();
    assert!(!fixture.is_active(&of_john).await);
    users
        .set_status(user("johndoe").id(), UserStatus::Active)
        .await
        .unwrap();
    assert!(fixture.is_active(&of_john).await);
    users.remove(user("johndoe").id()).await.unwrap();
    assert!(!fixture.is_active(&of_john).await);
    let client = Revoked::Client(ClientId::parse("billing").unwrap());
    fixture.set.add([Revocation::until(client, NOW)]);
    assert!(!fixture.is_active(&token).await);
    let later = fixture.clock.now() + Lifetime::from_seconds(61);
    fixture.clock.set(later);
    let token = fixture.of_billing().await;
    assert!(fixture.is_active(&token).await);
    fixture.clock.set(later + Lifetime::from_minutes(10));
    assert!(!fixture.is_active(&token).await);
}

#[tokio::test]
async fn client_without_the_right_gets_no_answer_about_a_token() {
    let fixture = fixture().await;
    let token = fixture.of_billing().await;
    // Confidential without the right, also about its own token.
    assert!(fixture.ask(&fixture.billing, &token).await.unwrap().is_none());
    // Public.
    clients(&fixture.store).add(client("page")).await.unwrap();
    let form = params(&[("token", &token), ("client_id", "page")]);
    let found = fixture.tokens.introspect(&form, &ClientCredentials::Absent, None).await;
    assert!(found.unwrap().is_none());
    // Not authenticated.
    for form in [
        params(&[("token", &token)]),
        params(&[("token", &token), ("client_id", "api")]),
        params(&[("token", &token), ("client_id", "api"), ("client_secret", "wrong")]),
    ] {
        let refused = fixture.tokens.introspect(&form, &ClientCredentials::Absent, None).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidClient);
        let refused = fixture.tokens.revoke(&form, &ClientCredentials::Absent, None).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidClient);
    }
    assert!(fixture.is_active(&token).await);
}

#[tokio::test]
async fn request_names_one_token() {
    let fixture = fixture().await;
    for fields in [&[][..], &[("token", "")], &[("token", "a"), ("token", "b")]] {
        let form = params(fields);
        let asked = fixture.tokens.introspect(&form, &fixture.resource_server, None).await;
        assert_eq!(asked.unwrap_err().code(), ErrorCode::InvalidRequest, "{fields:?}");
        let asked = fixture.tokens.revoke(&form, &fixture.resource_server, None).await;
        assert_eq!(asked.unwrap_err().code(), ErrorCode::InvalidRequest, "{fields:?}");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the wait is that of a thread")]
async fn inactive_answers_take_one_time() {
    let fixture = fixture().await;
    let (token, of_john) = (fixture.of_billing().await, fixture.of_john().await);
    let users: &dyn Users = &*fixture.store;
    users
        .set_status(user("johndoe").id(), UserStatus::Disabled)
        .await
        .unwrap();
    for (header, token) in [
        (&fixture.resource_server, "x"),
        (&fixture.resource_server, &forged(&token)),
        (&fixture.resource_server, &of_john),
        (&fixture.billing, &token),
    ] {
        let before = Instant::now();
        assert!(fixture.ask(header, token).await.unwrap().is_none());
        assert!(before.elapsed() >= AccessTokens::INACTIVE_TIME, "{token}");
    }
}

#[tokio::test]
async fn revoked_token_is_refused_before_the_answer() {
    let fixture = fixture().await;
    let (token, other, of_john) = (
        fixture.of_billing().await,
        fixture.of_billing().await,
        fixture.of_john().await,
    );
    assert!(fixture.is_active(&token).await);
    fixture.revoke(&fixture.billing, &token).await;
    assert!(!fixture.is_active(&token).await);
    assert!(fixture.is_active(&other).await);
    // A public client identifies itself.
    let form = params(&[("token", &of_john), ("client_id", "demo-app")]);
    fixture
        .tokens
        .revoke(&form, &ClientCredentials::Absent, None)
        .await
        .unwrap();
    assert!(!fixture.is_active(&of_john).await);

    // Another process finds it, and it ends with the token.
    let mut ends = Vec::new();
    let mut add = |page| {
        if let NewsPage::Entries(entries) = page {
            ends.extend(entries.iter().map(|entry| entry.item.ends_at()));
        }
    };
    NewsReader::new().read(&*fixture.store, &mut add).await.unwrap();
    assert_eq!(ends, [NOW + Lifetime::from_minutes(15); 2]);
    // A second revocation adds nothing.
    fixture.revoke(&fixture.billing, &token).await;
    assert_eq!(fixture.set.len(), 2);
}

#[tokio::test]
async fn token_of_another_client_stays_valid() {
    let fixture = fixture().await;
    let (token, of_john) = (fixture.of_billing().await, fixture.of_john().await);
    for (header, token) in [
        (&fixture.resource_server, &token),
        (&fixture.billing, &of_john),
        (&fixture.billing, &forged(&token)),
        (&fixture.billing, &"x".to_owned()),
    ] {
        fixture.revoke(header, token).await;
    }
    assert!(fixture.is_active(&token).await && fixture.is_active(&of_john).await);
    assert!(fixture.set.is_empty());
}

#[tokio::test]
async fn token_without_a_client_belongs_to_the_only_one() {
    let store = store().await;
    let other = client("other").with_grant_types([GrantType::Password]);
    clients(&store).add(other).await.unwrap();
    let signer = Signer::new(TokenRules::shared_secret(), key());
    let server = AuthorizationServer::builder(store.clone(), signer, catalog()).password_grant(true);
    let server = server.clock(Arc::new(ManualClock::at(NOW))).build();
    let set = RevokedSet::new(SubjectClaim::UserId).with_unnamed_client(ClientId::parse("demo-app").unwrap());
    let set = Arc::new(set);
    let watch = RevocationWatch::new(store.clone(), Arc::clone(&set), Arc::new(ManualClock::at(NOW)));
    let verifier = Verifier::new(TokenRules::shared_secret(), key().verifying_key());
    let tokens = AccessTokens::new(server.clone(), &verifier, Arc::new(watch), store);
    let form = params(&[
        ("grant_type", "password"),
        ("client_id", "demo-app"),
        ("username", "johndoe"),
        ("password", "secret"),
    ]);
    let issued = server.token(&form, &ClientCredentials::Absent).await.unwrap();
    for (client, revoked) in [("other", 0), ("demo-app", 1)] {
        let form = params(&[("token", issued.access_token().expose()), ("client_id", client)]);
        tokens.revoke(&form, &ClientCredentials::Absent, None).await.unwrap();
        assert_eq!(set.len(), revoked, "{client}");
    }
}

#[tokio::test]
async fn outdated_revocations_are_unavailable_not_inactive() {
    let fixture = fixture().await;
    let token = fixture.of_billing().await;
    let form = params(&[("grant_type", "client_credentials")]);
    for (accepted, is_answered) in [
        (AcceptedTokens::None, false),
        (AcceptedTokens::IssuedUntil(NOW), true),
        (AcceptedTokens::All, true),
    ] {
        fixture.set.accept(AcceptedTokens::All);
        // The client is cached from here on.
        assert!(fixture.is_active(&token).await);
        fixture.set.accept(accepted);
        let answer = fixture.ask(&fixture.resource_server, &token).await;
        match answer {
            Ok(found) => assert!(is_answered && found.is_some(), "{accepted:?}"),
            Err(error) => assert!(
                !is_answered && matches!(error, GrantError::Unavailable(_)),
                "{accepted:?}: {error}"
            ),
        }
        let forged = fixture.ask(&fixture.resource_server, &forged(&token)).await;
        assert!(forged.unwrap().is_none(), "{accepted:?}");
        let issued = fixture.server.token(&form, &fixture.billing).await;
        let is_refused = matches!(issued, Err(GrantError::Unavailable(_)));
        assert_eq!(is_refused, accepted != AcceptedTokens::All, "{accepted:?}");
    }
}

/// The store may not return a client either, so none is read while revocations are not.
#[tokio::test]
async fn outdated_revocations_precede_the_client() {
    let fixture = fixture().await;
    let token = fixture.of_billing().await;
    let (_, unknown) = service("unknown", scope(""));
    for accepted in [AcceptedTokens::None, AcceptedTokens::IssuedUntil(NOW)] {
        fixture.set.accept(accepted);
        for form in [
            params(&[("token", &token), ("grant_type", "client_credentials")]),
            params(&[("token", "nonsense"), ("grant_type", "password")]),
        ] {
            let asked = fixture.tokens.introspect(&form, &unknown, None).await.err();
            let revoked = fixture.tokens.revoke(&form, &unknown, None).await.err();
            let issued = fixture.server.token(&form, &unknown).await.err();
            for error in [asked, revoked, issued] {
                assert!(
                    matches!(error, Some(GrantError::Unavailable(_))),
                    "{accepted:?}: {error:?}"
                );
            }
        }
        let form = params(&[("token", &token)]);
        let revoked = fixture.tokens.revoke(&form, &fixture.billing, None).await.err();
        assert!(
            matches!(revoked, Some(GrantError::Unavailable(_))),
            "{accepted:?}: {revoked:?}"
        );
    }
    assert_eq!(fixture.set.len(), 0);
}
