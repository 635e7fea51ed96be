//! Client authentication: every kind of wrong client.
use crate::common::{builder, client, clients, params, scope, store};
use scopegate_domain::{Client, ClientAuthMethod, ClientId, ErrorCode, Secret};
use scopegate_grant::{
    AuthorizationServer, ClientCredentials, GrantError, InvalidClientCause, InvalidRequestCause, TokenSet,
};
use scopegate_token::{ClientSecret, SystemRandomSource};

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
        ("web\0", secret),
    ] {
        let in_form = [("client_id", id), ("client_secret", secret)];
        for (header, form) in [(basic(id, secret), &[][..]), (ClientCredentials::Absent, &in_form)] {
            let refused = setup.ask(&header, form).await.unwrap_err();
            assert!(
                matches!(refused, GrantError::InvalidClient(InvalidClientCause::Refused)),
                "{id:?}: {refused}"
            );
            assert_eq!(refused.code(), ErrorCode::InvalidClient);
            let told = "client is unknown, or it did not authenticate as it is registered";
            assert_eq!(refused.to_string(), told);
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
