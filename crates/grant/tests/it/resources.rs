//! Tokens for several resources, and what a resource server reads about them.

use std::sync::Arc;

use scopegate_domain::{Audience, ErrorCode, GrantType, Issuer, ManualClock, Resource, Resources, ScopeToken, Secret};
use scopegate_grant::{
    AccessTokens, AuthorizationServer, ClientCredentials, GrantError, MAX_RESOURCES, Params, RevocationWatch, TokenSet,
};
use scopegate_store::{MemoryStore, Users};
use scopegate_token::{PayloadBuffer, RevokedSet, Signer, SigningKey, SubjectClaim, TokenRules, Verifier};

use crate::common::{KEY, NOW, catalog, client, clients, params, scope, service, store, user};

const SHIPS: &str = "https://api.example/ships";
const PORTS: &str = "https://api.example/ports";
const CREWS: &str = "https://api.example/crews";

fn audience(text: &str) -> Audience {
    Audience::of_resource(text).unwrap()
}

fn resource(text: &str, scopes: &[&str]) -> Resource {
    let resource = Resource::new(audience(text), text);
    scopes.iter().fold(resource, |resource, name| {
        resource.with_scope(ScopeToken::parse(name).unwrap(), "")
    })
}

/// `shared` is declared by ships and ports, `crews` by a resource that no client has.
fn resources() -> Resources {
    Resources::new([
        resource(SHIPS, &["ships", "shared"]),
        resource(PORTS, &["ports", "shared"]),
        resource(CREWS, &["crews"]),
    ])
    .unwrap()
}

struct ResourceFixture {
    server: AuthorizationServer,
    tokens: AccessTokens,
    verifier: Verifier,
    store: Arc<MemoryStore>,
    /// A service with tokens for ships and ports.
    fleet: ClientCredentials,
}

fn key() -> SigningKey {
    SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap()
}

async fn fixture() -> ResourceFixture {
    let issuer = Issuer::parse("https://issuer.example").unwrap();
    let rules = TokenRules::rfc9068(issuer, audience("https://issuer.example"));
    fixture_with(rules, resources()).await
}

async fn fixture_with(rules: TokenRules, resources: Resources) -> ResourceFixture {
    let store = store().await;
    let (fleet, header) = service("fleet", scope("ships ports shared crews"));
    let fleet = fleet.with_resources([SHIPS, PORTS].map(audience));
    clients(&store).add(fleet).await.unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let server = AuthorizationServer::builder(store.clone(), Signer::new(rules.clone(), key()), catalog())
        .resources(resources)
        .password_grant(true)
        .throttled(false)
        .clock(clock.clone())
        .build();
    let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let watch = Arc::new(RevocationWatch::new(store.clone(), set, clock));
    let verifier = Verifier::new(rules, key().verifying_key());
    ResourceFixture {
        tokens: AccessTokens::new(server.clone(), &verifier, watch, store.clone()),
        server,
        verifier: verifier.for_any_audience(),
        store,
        fleet: header,
    }
}

impl ResourceFixture {
    async fn request(&self, scope: &str, resources: &[&str]) -> Result<TokenSet, GrantError> {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        let resources = resources.iter().map(|name| ("resource", *name));
        let form: Params = fields.into_iter().chain(resources).collect();
        self.server.token(&form, &self.fleet).await
    }

    /// The scope of the answer, and the audiences of the token.
    async fn granted(&self, scope: &str, resources: &[&str]) -> (String, Vec<String>) {
        let tokens = self.request(scope, resources).await.unwrap();
        let mut scratch = PayloadBuffer::new();
        let claims = self.verifier.verify(tokens.access_token().expose(), NOW, &mut scratch);
        let claims = claims.unwrap();
        let scopes: Vec<&str> = claims.scopes().collect();
        assert_eq!(scopes.join(" "), tokens.scope().to_string());
        (
            tokens.scope().to_string(),
            claims.audiences().map(str::to_owned).collect(),
        )
    }

    /// Adds a resource server with these resources, and returns its credentials.
    async fn resource_server(&self, id: &str, resources: &[&str]) -> ClientCredentials {
        let (client, header) = service(id, scope(""));
        let client = client.with_introspection(true);
        let client = client.with_resources(resources.iter().map(|name| audience(name)));
        clients(&self.store).add(client).await.unwrap();
        header
    }

    async fn is_active(&self, header: &ClientCredentials, token: &str) -> bool {
        let found = self.tokens.introspect(&params(&[("token", token)]), header, None).await;
        found.unwrap().is_some()
    }
}

fn code(refused: Result<TokenSet, GrantError>) -> ErrorCode {
    refused.unwrap_err().code()
}

#[tokio::test]
async fn audience_is_the_resources_of_granted_scopes() {
    let fixture = fixture().await;
    for (scope, named, granted, audiences) in [
        ("", &[][..], "ships ports shared", &[SHIPS, PORTS][..]),
        ("ships", &[], "ships", &[SHIPS]),
        ("shared", &[], "shared", &[SHIPS, PORTS]),
        ("crews ports", &[], "ports", &[PORTS]),
        ("ships shared ports", &[PORTS], "shared ports", &[PORTS]),
        ("ships ports", &[PORTS, SHIPS], "ships ports", &[PORTS, SHIPS]),
        ("ships", &[SHIPS, PORTS, SHIPS], "ships", &[SHIPS]),
        ("unknown ships", &[SHIPS], "ships", &[SHIPS]),
    ] {
        let expected = audiences.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            fixture.granted(scope, named).await,
            (granted.to_owned(), expected),
            "{scope} {named:?}"
        );
    }
}

#[tokio::test]
async fn other_targets_are_refused() {
    let fixture = fixture().await;
    for named in [
        "/ships",
        "ships",
        "https://api.example/ships#x",
        "https://API.example/ships",
        "https://api.example/ships/",
        "https://api.example/unknown",
        "https://issuer.example",
        CREWS,
        "\u{e9}",
    ] {
        assert_eq!(
            code(fixture.request("ships", &[named]).await),
            ErrorCode::InvalidTarget,
            "{named}"
        );
        assert_eq!(
            code(fixture.request("ships", &[SHIPS, named]).await),
            ErrorCode::InvalidTarget,
            "{named}"
        );
    }
    let most = [SHIPS; MAX_RESOURCES];
    assert_eq!(fixture.granted("ships", &most).await.1, [SHIPS]);
    let more = fixture.request("ships", &[SHIPS; MAX_RESOURCES + 1]).await;
    assert_eq!(code(more), ErrorCode::InvalidTarget);
    assert_eq!(code(fixture.request("ports", &[SHIPS]).await), ErrorCode::InvalidScope);
    assert_eq!(code(fixture.request("crews", &[]).await), ErrorCode::InvalidScope);
    let twice = params(&[
        ("grant_type", "client_credentials"),
        ("scope", "ships"),
        ("scope", "ships"),
    ]);
    assert_eq!(
        code(fixture.server.token(&twice, &fixture.fleet).await),
        ErrorCode::InvalidRequest
    );
    let nul = params(&[("grant_type", "client_credentials"), ("x", "a\0")]);
    assert_eq!(
        code(fixture.server.token(&nul, &fixture.fleet).await),
        ErrorCode::InvalidRequest
    );
}

#[tokio::test]
async fn client_without_resources_gets_no_token() {
    let fixture = fixture().await;
    let (client_without, header) = service("lonely", scope("ships"));
    clients(&fixture.store).add(client_without).await.unwrap();
    let form = params(&[("grant_type", "client_credentials")]);
    assert_eq!(
        code(fixture.server.token(&form, &header).await),
        ErrorCode::InvalidScope
    );
    let public = client("page").with_scope(scope("ships"));
    clients(&fixture.store)
        .add(public.with_grant_types([GrantType::Password]))
        .await
        .unwrap();
    let login = params(&[
        ("grant_type", "password"),
        ("client_id", "page"),
        ("username", "johndoe"),
        ("password", "secret"),
    ]);
    let refused = fixture.server.token(&login, &ClientCredentials::Absent).await;
    assert_eq!(code(refused), ErrorCode::InvalidScope);
}

/// Parameters that no request has.
const UNKNOWN: [&str; 10] = [
    "sub", "aud", "audience", "client", "user", "act", "exp", "iss", "request", "claims",
];

/// A request is a closed set of parameters: all others change nothing.
#[tokio::test]
async fn unknown_parameters_change_nothing() {
    let fixture = fixture().await;
    for name in UNKNOWN.into_iter().chain(["username"]) {
        let form = params(&[("grant_type", "client_credentials"), ("scope", "ships"), (name, PORTS)]);
        let tokens = fixture.server.token(&form, &fixture.fleet).await.unwrap();
        let mut scratch = PayloadBuffer::new();
        let claims = fixture
            .verifier
            .verify(tokens.access_token().expose(), NOW, &mut scratch)
            .unwrap();
        assert_eq!(
            (claims.subject(), claims.client_id()),
            (Some("fleet"), Some("fleet")),
            "{name}"
        );
        assert_eq!(claims.audiences().collect::<Vec<_>>(), [SHIPS], "{name}");
        assert_eq!(tokens.scope(), &scope("ships"));
    }
}

/// The same for the tokens of users, and for questions about tokens.
#[tokio::test(start_paused = true)]
async fn unknown_parameters_change_no_other_request() {
    let fixture = fixture().await;
    let page = client("page")
        .with_scope(scope("ships"))
        .with_grant_types([GrantType::Password]);
    let page = page.with_resources([Audience::parse(SHIPS).unwrap()]);
    clients(&fixture.store).add(page).await.unwrap();
    let (john, ships) = (user("johndoe"), scope("ships"));
    assert!(Users::set_scope(&*fixture.store, john.id(), &ships).await.unwrap());
    let api = fixture.resource_server("api", &[SHIPS]).await;
    let token = fixture.request("ships", &[]).await.unwrap();
    let token = token.access_token().expose();
    for name in UNKNOWN.into_iter().chain(["id", "jti", "token_id"]) {
        let login = params(&[
            ("grant_type", "password"),
            ("client_id", "page"),
            ("username", "johndoe"),
            ("password", "secret"),
            (name, PORTS),
        ]);
        let tokens = fixture.server.token(&login, &ClientCredentials::Absent).await.unwrap();
        let mut scratch = PayloadBuffer::new();
        let issued = tokens.access_token().expose();
        let claims = fixture.verifier.verify(issued, NOW, &mut scratch).unwrap();
        assert_eq!(
            (claims.subject(), claims.client_id()),
            (Some("id-of-johndoe"), Some("page")),
            "{name}"
        );
        assert_eq!(claims.audiences().collect::<Vec<_>>(), [SHIPS], "{name}");

        for (asked, is_active) in [((token.as_str(), PORTS), true), (("unknown", token.as_str()), false)] {
            let form = params(&[("token", asked.0), (name, asked.1)]);
            let found = fixture.tokens.introspect(&form, &api, None).await.unwrap();
            assert_eq!(found.is_some(), is_active, "{name}");
        }
        let form = params(&[("token", "unknown"), (name, token)]);
        fixture.tokens.revoke(&form, &fixture.fleet, None).await.unwrap();
        assert!(fixture.is_active(&api, token).await, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn introspection_answers_for_own_resources_only() {
    let fixture = fixture().await;
    let token = fixture.request("ships", &[]).await.unwrap();
    let token = token.access_token().expose();
    let both = fixture.request("shared", &[]).await.unwrap();
    for (id, own, of_ships, of_both) in [
        ("ships", &[SHIPS][..], true, true),
        ("ports", &[PORTS], false, true),
        ("crews", &[CREWS], false, false),
        ("none", &[], false, false),
        ("all", &[CREWS, SHIPS], true, true),
    ] {
        let header = fixture.resource_server(id, own).await;
        assert_eq!(fixture.is_active(&header, token).await, of_ships, "{id}");
        assert_eq!(
            fixture.is_active(&header, both.access_token().expose()).await,
            of_both,
            "{id}"
        );
    }
    // A token of any resource is revoked by its client.
    fixture
        .tokens
        .revoke(&params(&[("token", token)]), &fixture.fleet, None)
        .await
        .unwrap();
    let header = fixture.resource_server("later", &[SHIPS]).await;
    assert!(!fixture.is_active(&header, token).await);
}

/// The tokens of a shared secret name no audience: they are for the own API.
#[tokio::test(start_paused = true)]
async fn token_without_audience_is_for_the_own_api() {
    let own = resource(SHIPS, &["ships"]);
    let other = resource(PORTS, &["ports"]);
    for (resources, is_active) in [
        (vec![own.clone().with_own(true)], true),
        (vec![own.clone().with_own(true), other.clone()], true),
        (vec![own.clone(), other.clone().with_own(true)], false),
        (vec![own, other], false),
    ] {
        let rules = TokenRules::shared_secret();
        let fixture = fixture_with(rules, Resources::new(resources).unwrap()).await;
        let token = fixture.request("ships", &[]).await.unwrap();
        let header = fixture.resource_server("reader", &[SHIPS]).await;
        assert_eq!(
            fixture.is_active(&header, token.access_token().expose()).await,
            is_active
        );
        let stranger = fixture.resource_server("none", &[]).await;
        assert!(!fixture.is_active(&stranger, token.access_token().expose()).await);
    }
}

#[tokio::test(start_paused = true)]
async fn replaced_resources_are_used_at_once() {
    let fixture = fixture().await;
    let header = fixture.resource_server("ships", &[SHIPS, PORTS]).await;
    let token = fixture.request("ships", &[]).await.unwrap();
    fixture
        .server
        .replace_resources(Resources::new([resource(PORTS, &["ports", "ships"])]).unwrap());
    assert_eq!(
        fixture.granted("", &[]).await,
        ("ships ports".to_owned(), vec![PORTS.to_owned()])
    );
    assert_eq!(code(fixture.request("ships", &[SHIPS]).await), ErrorCode::InvalidTarget);
    assert!(!fixture.is_active(&header, token.access_token().expose()).await);
    let declared: Vec<String> = fixture.server.scopes().iter().map(ToString::to_string).collect();
    assert_eq!(declared, ["ports", "ships"]);
}

#[tokio::test]
async fn one_api_accepts_its_own_audience() {
    let store = store().await;
    let (billing, header) = service("billing", scope("me"));
    clients(&store).add(billing).await.unwrap();
    let issuer = Issuer::parse("https://issuer.example").unwrap();
    let rules = TokenRules::rfc9068(issuer, audience(SHIPS));
    let server = AuthorizationServer::builder(store, Signer::new(rules, key()), catalog());
    let server = server.build();
    for (named, is_granted) in [(SHIPS, true), (PORTS, false)] {
        let form = params(&[("grant_type", "client_credentials"), ("resource", named)]);
        let answer = server.token(&form, &header).await;
        assert_eq!(answer.is_ok(), is_granted, "{named}");
    }
}
