//! Client authentication: every kind of wrong client.
use std::sync::Arc;

use crate::common::{KEY, NOW, builder, client, clients, params, scope, store};
use scopegate_domain::{
    Client, ClientAuthMethod, ClientId, ErrorCode, Lifetime, ManualClock, RegisteredSecret, Secret,
};
use scopegate_grant::{
    AccessTokens, AuthorizationServer, ClientCredentials, GrantError, InvalidClientCause, InvalidRequestCause,
    RevocationWatch, TokenSet,
};
use scopegate_store::MemoryStore;
use scopegate_token::{ClientSecret, RevokedSet, SigningKey, SubjectClaim, SystemRandomSource, TokenRules, Verifier};

struct Setup {
    server: AuthorizationServer,
    secret: ClientSecret,
    other_secret: ClientSecret,
}

/// The public clients `demo-app` and `idle`, which may use no grant; the confidential clients `web`
/// and `other`.
async fn setup() -> Setup {
    let store = store().await;
    let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    let other_secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    let clients = clients(&store);
    let id = |id| ClientId::parse(id).unwrap();
    clients.add(web(&secret)).await.unwrap();
    clients
        .add(client("other").with_secret(other_secret.digest()))
        .await
        .unwrap();
    clients
        .add(Client::public(id("idle"), "idle").with_scope(scope("me")))
        .await
        .unwrap();
    Setup {
        server: builder(&store).build(),
        secret,
        other_secret,
    }
}

/// A client of an earlier release, whose secret may be in the header or in the form.
fn web(secret: &ClientSecret) -> Client {
    client("web")
        .with_secret(secret.digest())
        .with_auth_method(ClientAuthMethod::AnySecret)
}

impl Setup {
    async fn ask(&self, header: &ClientCredentials, form: &[(&str, &str)]) -> Result<TokenSet, GrantError> {
        let login = [
            ("grant_type", "password"),
            ("username", "johndoe"),
            ("password", "secret"),
        ];
        self.server.token(&params(&[&login, form].concat()), header).await
    }
}

fn basic(id: &str, secret: &str) -> ClientCredentials {
    ClientCredentials::Basic {
        id: id.to_owned(),
        secret: Secret::new(secret.to_owned()),
    }
}

/// An assertion is refused together with every other way to authenticate, and alone.
#[tokio::test]
async fn an_assertion_is_never_ignored() {
    const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let setup = setup().await;
    let (secret, wrong) = (setup.secret.expose().to_owned(), "e30.e30.x");
    let ways = [
        (ClientCredentials::Absent, vec![("client_id", "demo-app")]),
        (
            ClientCredentials::Absent,
            vec![("client_id", "web"), ("client_secret", &secret)],
        ),
        (ClientCredentials::Absent, vec![]),
        (basic("web", &secret), vec![]),
    ];
    for (header, form) in &ways {
        for assertion in [
            vec![("client_assertion", wrong), ("client_assertion_type", TYPE)],
            vec![("client_assertion", wrong)],
            vec![("client_assertion_type", TYPE)],
        ] {
            let fault = setup
                .ask(header, &[form.as_slice(), &assertion].concat())
                .await
                .unwrap_err();
            assert!(
                matches!(fault, GrantError::InvalidClient(InvalidClientCause::Assertion)),
                "{form:?}: {fault}"
            );
        }
    }
}

#[tokio::test]
async fn client_authenticates_by_header_or_form() {
    let setup = setup().await;
    let secret = setup.secret.expose();
    for (header, form) in [
        (basic("web", secret), &[][..]),
        (basic("web", secret), &[("client_id", "web")]),
        (
            ClientCredentials::Absent,
            &[("client_id", "web"), ("client_secret", secret)],
        ),
        (basic("demo-app", ""), &[]),
        (
            basic("demo-app", ""),
            &[("client_id", "demo-app"), ("client_secret", "")],
        ),
        (ClientCredentials::Absent, &[("client_id", "demo-app")]),
        (
            ClientCredentials::Absent,
            &[("client_id", "demo-app"), ("client_secret", "")],
        ),
    ] {
        assert!(setup.ask(&header, form).await.is_ok(), "{header:?} {form:?}");
    }
}

/// Every method with every place of the secret, at each endpoint.
#[tokio::test]
async fn client_authenticates_by_its_registered_method() {
    let store = store().await;
    let [secret, other] = [(); 2].map(|()| ClientSecret::generate(&SystemRandomSource).unwrap());
    for method in ClientAuthMethod::ALL {
        let is_public = *method == ClientAuthMethod::None;
        let secrets = (!is_public).then(|| RegisteredSecret::new(secret.digest()));
        let client = client(method.as_str()).with_auth_method(*method).with_secrets(secrets);
        clients(&store)
            .add(client.with_introspection(!is_public))
            .await
            .unwrap();
    }
    let server = builder(&store).throttled(false).build();
    let tokens = endpoints(server.clone(), &store);
    for method in ClientAuthMethod::ALL {
        let id = method.as_str();
        let (right, wrong) = (secret.expose(), other.expose());
        let requests = [
            (basic(id, right), vec![], method.allows_header()),
            (basic(id, right), vec![("client_id", id)], method.allows_header()),
            (basic(id, wrong), vec![], false),
            (basic(id, ""), vec![], *method == ClientAuthMethod::None),
            (
                ClientCredentials::Absent,
                vec![("client_id", id), ("client_secret", right)],
                method.allows_form(),
            ),
            (
                ClientCredentials::Absent,
                vec![("client_id", id), ("client_secret", wrong)],
                false,
            ),
            (
                ClientCredentials::Absent,
                vec![("client_id", id)],
                *method == ClientAuthMethod::None,
            ),
            (basic(id, right), vec![("client_secret", right)], false),
            (basic(id, ""), vec![("client_secret", right)], false),
        ];
        for (header, form, is_accepted) in requests {
            let login = [
                ("grant_type", "password"),
                ("username", "johndoe"),
                ("password", "secret"),
            ];
            let asked = params(&[&[("token", "x")], &login[..], &form].concat());
            let answers = [
                server.token(&asked, &header).await.map(drop),
                tokens.introspect(&asked, &header, None).await.map(drop),
                tokens.revoke(&asked, &header, None).await,
            ];
            for (endpoint, answer) in answers.into_iter().enumerate() {
                let refused = answer.map_err(|refused| refused.to_string());
                let expected = if is_accepted { Ok(()) } else { Err(REFUSED.to_owned()) };
                assert_eq!(refused, expected, "{endpoint} {header:?} {form:?}");
            }
        }
    }
}

/// A client has two secrets while one replaces the other, and an ended one is refused.
#[tokio::test]
async fn each_secret_is_accepted_until_it_ends() {
    let store = store().await;
    let [first, second] = [(); 2].map(|()| ClientSecret::generate(&SystemRandomSource).unwrap());
    let end = NOW + Lifetime::from_seconds(10);
    let secrets = [
        RegisteredSecret::new(first.digest()).with_ends_at(end),
        RegisteredSecret::new(second.digest()),
    ];
    clients(&store)
        .add(client("web").with_secret(first.digest()).with_secrets(secrets))
        .await
        .unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let server = builder(&store).clock(clock.clone()).build();
    let login = params(&[
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", "secret"),
    ]);
    let ask = async |secret: &ClientSecret| server.token(&login, &basic("web", secret.expose())).await;
    for (now, is_accepted) in [(NOW, true), (NOW + Lifetime::from_seconds(9), true), (end, false)] {
        clock.set(now);
        assert_eq!(ask(&first).await.is_ok(), is_accepted, "{now}");
        assert!(ask(&second).await.is_ok());
    }
    assert_eq!(ask(&first).await.unwrap_err().to_string(), REFUSED);
}

const REFUSED: &str = "client is unknown, or it did not authenticate as it is registered";

/// The endpoints that answer questions about the tokens of a server.
fn endpoints(server: AuthorizationServer, store: &Arc<MemoryStore>) -> AccessTokens {
    let key = SigningKey::hs256(&Secret::new(KEY.to_owned())).unwrap();
    let verifier = Arc::new(Verifier::new(TokenRules::shared_secret(), key.verifying_key()));
    let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let watch = RevocationWatch::new(store.clone(), revoked, Arc::new(ManualClock::at(NOW)));
    AccessTokens::new(server, &verifier, Arc::new(watch), store.clone())
}

#[tokio::test]
async fn every_wrong_client_is_refused_alike() {
    let setup = setup().await;
    let (secret, other) = (setup.secret.expose(), setup.other_secret.expose());
    let truncated = secret.get(..secret.len() - 1).unwrap();
    let longer = format!("{secret}A");
    for (id, secret) in [
        ("web", ""),
        ("web", "x"),
        ("web", other),
        ("web", truncated),
        ("web", &longer),
        ("web", &secret.to_uppercase()),
        ("other", secret),
        ("demo-app", "x"),
        ("demo-app", secret),
        ("nobody", ""),
        ("nobody", secret),
        ("WEB", secret),
        ("web ", secret),
        ("wéb", secret),
        ("web\u{7f}", secret),
    ] {
        let in_form = [("client_id", id), ("client_secret", secret)];
        for (header, form) in [(basic(id, secret), &[][..]), (ClientCredentials::Absent, &in_form)] {
            let refused = setup.ask(&header, form).await.unwrap_err();
            assert!(
                matches!(refused, GrantError::InvalidClient(InvalidClientCause::Refused)),
                "{id:?}: {refused}"
            );
            assert_eq!(refused.code(), ErrorCode::InvalidClient);
            assert_eq!(refused.to_string(), REFUSED);
        }
    }
}

#[tokio::test]
async fn unidentified_client_is_refused() {
    let setup = setup().await;
    let secret = setup.secret.expose();
    for (header, form, fault) in [
        (ClientCredentials::Absent, &[][..], InvalidClientCause::Missing),
        (
            ClientCredentials::Absent,
            &[("client_id", "")],
            InvalidClientCause::Missing,
        ),
        (
            ClientCredentials::Absent,
            &[("client_secret", secret)],
            InvalidClientCause::Missing,
        ),
        (
            ClientCredentials::Malformed,
            &[("client_id", "demo-app")],
            InvalidClientCause::Malformed,
        ),
    ] {
        let refused = setup.ask(&header, form).await.unwrap_err();
        assert!(
            matches!(refused, GrantError::InvalidClient(found) if found == fault),
            "{form:?}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_client_authenticates_in_one_way_only() {
    let setup = setup().await;
    let secret = setup.secret.expose();
    for form in [
        &[("client_id", "web"), ("client_secret", secret)][..],
        &[("client_secret", secret)],
        &[("client_secret", "x")],
    ] {
        for header in [basic("web", secret), basic("web", ""), basic("web", "x")] {
            let refused = setup.ask(&header, form).await.unwrap_err();
            let expected = matches!(refused, GrantError::InvalidClient(InvalidClientCause::Refused));
            assert!(expected, "{form:?}: {refused}");
        }
    }
    let other = [("client_id", "demo-app")];
    let refused = setup.ask(&basic("web", secret), &other).await.unwrap_err();
    let expected = matches!(refused, GrantError::InvalidRequest(InvalidRequestCause::TwoClients));
    assert!(expected, "{refused}");
}

#[tokio::test]
async fn a_client_uses_only_what_it_was_given() {
    let setup = setup().await;
    let refused = setup
        .ask(&ClientCredentials::Absent, &[("client_id", "idle")])
        .await
        .unwrap_err();
    assert!(matches!(refused, GrantError::UnauthorizedClient));
}

#[tokio::test]
async fn client_without_a_secret_must_be_public_and_allowed() {
    let store = store().await;
    let clients = clients(&store);
    let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    clients.add(client("web").with_secret(secret.digest())).await.unwrap();
    clients
        .add(Client::public(ClientId::parse("idle").unwrap(), "").with_grant_types([]))
        .await
        .unwrap();
    for (id, code) in [
        ("web", ErrorCode::InvalidClient),
        ("gone", ErrorCode::InvalidClient),
        ("idle", ErrorCode::UnauthorizedClient),
    ] {
        let server = builder(&store).build();
        let login = [("username", "johndoe"), ("password", "secret")];
        let form = params(&[&[("grant_type", "password"), ("client_id", id)], &login[..]].concat());
        let Err(refused) = server.token(&form, &ClientCredentials::Absent).await else {
            panic!("{id} got a token")
        };
        assert_eq!(refused.code(), code, "{id}");
    }
}
