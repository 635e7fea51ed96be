//! Tokens of clients that act for themselves.

use std::sync::Arc;

use scopegate_domain::{Audience, Clock, ErrorCode, GrantType, Issuer, Lifetime, Secret, SystemClock};
use scopegate_grant::{AuthorizationServer, ClientCredentials, Dialect, GrantError, TokenSet};
use scopegate_store::MemoryStore;
use scopegate_token::{PayloadBuffer, Signer, SigningKey, TokenRules, Verifier};

use crate::common::{KEY, builder, catalog, client, clients, lax, params, scope, service, store};

/// The store of users, with the service `billing`.
async fn with_service(ceiling: &str) -> (Arc<MemoryStore>, ClientCredentials) {
    let store = store().await;
    let (client, header) = service("billing", ceiling.parse().unwrap());
    clients(&store).add(client).await.unwrap();
    (store, header)
}

async fn ask(
    server: &AuthorizationServer,
    header: &ClientCredentials,
    fields: &[(&str, &str)],
) -> Result<TokenSet, GrantError> {
    let fields = [&[("grant_type", "client_credentials")], fields].concat();
    server.token(&params(&fields), header).await
}

#[tokio::test]
async fn token_is_about_the_client() {
    let (store, header) = with_service("me items").await;
    let (issuer, audience) = (
        Issuer::parse("https://issuer.example").unwrap(),
        Audience::parse("https://api.example").unwrap(),
    );
    for rules in [TokenRules::rfc9068(issuer, audience), TokenRules::shared_secret()] {
        let key = || SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap();
        let verifier = Verifier::new(rules.clone(), key().verifying_key());
        // The clock is that of the system.
        let server = AuthorizationServer::builder(store.clone(), Signer::new(rules, key()), catalog()).build();
        let tokens = ask(&server, &header, &[("scope", "items")]).await.unwrap();
        let mut scratch = PayloadBuffer::new();
        let now = SystemClock.now();
        let claims = verifier
            .verify(tokens.access_token().expose(), now, &mut scratch)
            .unwrap();
        assert_eq!(claims.subject(), Some("billing"));
        assert_eq!(claims.client_id(), Some("billing"));
        assert!(claims.token_id().is_some() && claims.issued_at().is_some());
        assert_eq!(claims.scopes().collect::<Vec<_>>(), ["items"]);
        assert_eq!(tokens.scope(), &scope("items"));
    }
}

#[tokio::test]
async fn scope_is_within_the_ceiling_in_each_dialect() {
    let (store, header) = with_service("items undeclared").await;
    for dialect in [Dialect::rfc(), lax()] {
        let server = builder(&store).dialect(dialect).build();
        for (asked, granted) in [("", "items"), ("me items", "items"), ("items items", "items")] {
            let tokens = ask(&server, &header, &[("scope", asked)]).await.unwrap();
            assert_eq!(tokens.scope(), &scope(granted), "{asked}");
            assert_eq!(tokens.expires_in(), Lifetime::from_minutes(10));
        }
        for asked in ["me", "undeclared", "items  me", "\"items\""] {
            let refused = ask(&server, &header, &[("scope", asked)]).await.unwrap_err();
            assert_eq!(refused.code(), ErrorCode::InvalidScope, "{asked}");
        }
    }
}

#[tokio::test]
async fn client_without_scope_gets_no_token_for_itself() {
    let (store, header) = with_service("").await;
    let refused = ask(&builder(&store).build(), &header, &[]).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidScope);
}

#[tokio::test]
async fn request_without_scope_gets_the_default_scope() {
    let store = store().await;
    let (service, header) = service("billing", scope("me items"));
    clients(&store)
        .add(service.with_default_scope(scope("items")))
        .await
        .unwrap();
    let server = builder(&store).build();
    for (asked, granted) in [("", "items"), ("me", "me"), ("me items", "me items")] {
        let tokens = ask(&server, &header, &[("scope", asked)]).await.unwrap();
        assert_eq!(tokens.scope(), &scope(granted), "{asked}");
    }
}

#[tokio::test]
async fn user_gets_no_token_of_the_client_of_its_name() {
    let store = store().await;
    clients(&store).add(client("johndoe")).await.unwrap();
    clients(&store).add(client("id-of-johndoe")).await.unwrap();
    let issuer = Issuer::parse("https://issuer.example").unwrap();
    let audience = Audience::parse("https://api.example").unwrap();
    let login = async |rules: TokenRules, dialect, client| {
        let key = SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap();
        let server = AuthorizationServer::builder(store.clone(), Signer::new(rules, key), catalog())
            .password_grant(true)
            .dialect(dialect)
            .build();
        let fields = [
            ("grant_type", "password"),
            ("username", "johndoe"),
            ("password", "secret"),
            ("client_id", client),
        ];
        let answer = server.token(&params(&fields), &ClientCredentials::Absent).await;
        answer.map(drop).map_err(|refused| refused.code())
    };
    let refused = Err(ErrorCode::UnauthorizedClient);
    for (dialect, equal, other) in [
        (Dialect::rfc(), "id-of-johndoe", "johndoe"),
        (lax(), "johndoe", "id-of-johndoe"),
    ] {
        let rules = TokenRules::rfc9068(issuer.clone(), audience.clone());
        assert_eq!(login(rules.clone(), dialect, equal).await, refused);
        assert_eq!(login(rules, dialect, other).await, Ok(()));
        // These tokens of users do not name the client.
        assert_eq!(login(TokenRules::shared_secret(), dialect, equal).await, Ok(()));
    }
}

#[tokio::test]
async fn grant_must_be_registered() {
    let (store, header) = with_service("me").await;
    let (other, other_header) = service("reports", scope("me"));
    clients(&store)
        .add(other.with_grant_types([GrantType::Password]))
        .await
        .unwrap();
    let server = builder(&store).build();
    let refused = ask(&server, &other_header, &[]).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnauthorizedClient);
    // The service has no password grant.
    let login = [
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", "secret"),
    ];
    let refused = server.token(&params(&login), &header).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnauthorizedClient);
}

#[tokio::test]
async fn secret_of_another_client_is_refused() {
    let (store, _) = with_service("me").await;
    let (other, other_header) = service("reports", scope("me"));
    clients(&store).add(other).await.unwrap();
    let server = builder(&store).throttled(false).build();
    let ClientCredentials::Basic { secret, .. } = other_header else {
        unreachable!("a service has a secret")
    };
    for (id, secret) in [
        ("billing", secret),
        ("billing", Secret::new(String::new())),
        ("nobody", Secret::new("sgcs_x".to_owned())),
    ] {
        let header = ClientCredentials::Basic {
            id: id.to_owned(),
            secret,
        };
        let refused = ask(&server, &header, &[]).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidClient, "{id}");
    }
}
