//! The endpoints for people, as a browser sees them: users, clients and a server with all pages.

mod account;
mod browser;
mod flows;
mod forms;
mod html;
mod life;
mod logout;
mod metadata;
mod table;
mod tabs;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use scopegate_domain::{
    Account, Audience, Catalog, Client, ClientAuthMethod, ClientId, GrantType, Issuer, Lifetime, ManualClock,
    RedirectUri, Resource, Resources, ScopeToken, SecurityScheme, User, UserId, Username,
};
use scopegate_gate::policy::OperationTable;
use scopegate_gate::{BearerTokens, BodyError, Gate, GateBuilder, Guard, Operation, RequestHead};
use scopegate_portal::grant::{
    AccessTokens, AuthorizationServer, HashingLimits, RevocationWatch, SecretRings, ServerSecrets,
};
use scopegate_portal::{
    ApiDescription, ApiDescriptions, IntrospectionEndpoint, PeopleEndpoints, PortalSite, ServerMetadata, TokenEndpoint,
};
use scopegate_store::{MemoryStore, Store, Users};
use scopegate_token::{
    PasswordHasher, RevokedSet, Signer, SigningKey, SubjectClaim, SystemRandomSource, TokenRules, Verifier,
};

pub(crate) use self::browser::Browser;
use crate::node::{NOW, basic, hash, new_secret, policy};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const LOOPBACK_ISSUER: &str = "http://127.0.0.1:8000/tenant";
pub(crate) const SHIPS: &str = "https://api.example/ships";
pub(crate) const OTHER: &str = "https://api.example/other";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

static ME: ScopeToken = ScopeToken::from_static("me");
static ITEMS: ScopeToken = ScopeToken::from_static("items");
static CARGO: ScopeToken = ScopeToken::from_static("cargo");

/// A client with its redirect URI.
pub(crate) const CLIENTS: [(&str, &str); 4] = [
    ("web", "https://web.example/cb"),
    ("page", "https://page.example/cb"),
    ("tool", "http://127.0.0.1/cb"),
    ("app", "com.example.app:/cb"),
];

pub(crate) fn uri_of(client: &str) -> &'static str {
    CLIENTS.iter().find(|(id, _)| *id == client).unwrap().1
}

/// A server with all endpoints at one gate.
pub(crate) struct People {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) gate: Gate,
    /// The `Authorization` header of `web`.
    pub(crate) web: String,
    pub(crate) base: &'static str,
}

impl People {
    pub(crate) async fn new() -> Self {
        Self::at(ISSUER).await
    }

    /// A server with this issuer: `johndoe`, `jane`, the clients, and two APIs.
    pub(crate) async fn at(issuer: &'static str) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::at(NOW));
        for name in ["johndoe", "jane"] {
            let user = User::new(
                UserId::parse(&format!("id-of-{name}")).unwrap(),
                Username::parse(name).unwrap(),
            );
            let user = user.with_scope("me items cargo offline_access".parse().unwrap());
            let account = Account {
                user,
                password_hash: Some(hash("secret")),
            };
            Users::add(&*store, account).await.unwrap();
        }
        let web = add_clients(&*store).await;
        let issuer_value = Issuer::parse(issuer).unwrap();
        let rules = TokenRules::rfc9068(issuer_value.clone(), Audience::parse(SHIPS).unwrap());
        let key = SigningKey::es256_generate().unwrap();
        let verifier = Verifier::new(rules.clone(), key.verifying_key());
        let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let watch = Arc::new(RevocationWatch::new(store.clone(), Arc::clone(&set), clock.clone()));
        let secrets = Arc::new(ServerSecrets::new(SecretRings::generate(&SystemRandomSource).unwrap()));
        let server = AuthorizationServer::builder(store.clone(), Signer::new(rules, key), catalog())
            .resources(resources())
            .code_grant(issuer_value.clone(), secrets)
            .revocations(watch.clone())
            .hasher(PasswordHasher::new(policy()))
            .hashing_limits(HashingLimits { slots: 2, queue: 100 })
            .clock(clock.clone())
            .build();
        let tokens = AccessTokens::new(server.clone(), &verifier, watch, store.clone());
        let bearer = BearerTokens::new(verifier).revoked(set);
        let gate = Gate::builder(catalog())
            .bearer("login", bearer)
            .users(store.clone())
            .clock(clock.clone())
            .operation(Operation::get("/user").guard(Guard::requires([ME.clone()])))
            .site(IntrospectionEndpoint::new("/introspect", tokens));
        let gate = with_pages(gate, &issuer_value, &server).build().unwrap();
        Self {
            store,
            clock,
            gate,
            web,
            base: if issuer == ISSUER { "" } else { "/tenant" },
        }
    }

    pub(crate) fn advance(&self, seconds: u32) {
        self.clock.advance(Lifetime::from_seconds(seconds));
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) async fn change_client(&self, id: &str, change: impl FnOnce(Client) -> Client) {
        let clients = self.store().clients();
        let old = clients.find(&ClientId::parse(id).unwrap()).await.unwrap().unwrap();
        let new = change(old.clone());
        assert!(clients.update(&old, &new).await.unwrap());
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, ());
        let head = RequestHead::of(&request).from_peer(Some([192, 0, 2, 7].into()));
        let routed = match self.gate.route(&head) {
            Ok(routed) => routed,
            Err(refusal) => return refusal,
        };
        let mut answer = match routed.authorize(&head).await {
            Ok(Some(_)) => Response::new(Bytes::new()),
            Ok(None) if routed.site_reads_body() && body.len() > routed.site_body_limit(1 << 20) => {
                routed.respond_body_error(BodyError::TooLarge)
            }
            Ok(None) => routed.answer_site(&head, body.into()).await,
            Err(refusal) => refusal,
        };
        routed.finish(&mut answer);
        answer
    }

    /// Requests a token, or introspects one.
    pub(crate) async fn post(&self, path: &str, client: &str, fields: &[(&str, &str)]) -> serde_json::Value {
        let fields = match client {
            "web" => fields.to_vec(),
            client => [fields, &[("client_id", client)]].concat(),
        };
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let request = match client {
            "web" => request.header("authorization", &self.web),
            _ => request,
        };
        let answer = self.send(request.body(encode(&fields).into_bytes()).unwrap()).await;
        serde_json::from_slice(answer.body()).unwrap()
    }

    pub(crate) async fn redeem(&self, client: &str, code: &str) -> serde_json::Value {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", uri_of(client)),
            ("code_verifier", VERIFIER),
        ];
        self.post("/token", client, &fields).await
    }

    pub(crate) async fn refresh(&self, client: &str, token: &str) -> serde_json::Value {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post("/token", client, &fields).await
    }
}

fn catalog() -> Catalog {
    let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token"));
    let catalog = catalog.scope(ME.clone(), "Read your profile");
    catalog.scope(ITEMS.clone(), "Read your items").build().unwrap()
}

fn resources() -> Resources {
    let audience = |name| Audience::of_resource(name).unwrap();
    let ships = Resource::new(audience(SHIPS), "Ships")
        .with_scope(ME.clone(), "Read your profile")
        .with_scope(ITEMS.clone(), "Read your items")
        .with_own(true);
    let other = Resource::new(audience(OTHER), "Other").with_scope(CARGO.clone(), "Move cargo");
    Resources::new([ships, other]).unwrap()
}

fn descriptions() -> ApiDescriptions {
    let table = OperationTable::builder(catalog())
        .operation(Operation::get("/user").guard(Guard::requires([ME.clone()])))
        .operation(Operation::delete("/items/{id}").guard(Guard::requires([ITEMS.clone()])));
    let ships = ApiDescription::new("Ships", table.build().unwrap());
    ApiDescriptions::new([ships.audience(Audience::of_resource(SHIPS).unwrap())])
}

fn with_pages(gate: GateBuilder, issuer: &Issuer, server: &AuthorizationServer) -> GateBuilder {
    let site = PortalSite::new(issuer).unwrap().apis(descriptions());
    let people = PeopleEndpoints::new(&site, server).unwrap();
    let token = TokenEndpoint::new("/token", server.clone());
    let metadata = ServerMetadata::new(issuer, server, &token).unwrap();
    let gate = gate.site(token).site(metadata.authorization(people.authorize()));
    people.into_sites().into_iter().fold(gate, GateBuilder::site)
}

/// Adds the clients, and returns the `Authorization` header of `web`.
async fn add_clients(store: &dyn Store) -> String {
    let secret = new_secret();
    for (id, uri) in CLIENTS {
        let client = Client::public(ClientId::parse(id).unwrap(), format!("Application {id}"))
            .with_redirect_uris([RedirectUri::parse(uri).unwrap()])
            .with_grant_types([GrantType::AuthorizationCode, GrantType::RefreshToken])
            .with_resources([Audience::of_resource(SHIPS).unwrap()])
            .with_scope("me items offline_access".parse().unwrap());
        let client = match id {
            "web" => client
                .with_secret(secret.digest())
                .with_auth_method(ClientAuthMethod::SecretBasic)
                .with_introspection(true),
            _ => client,
        };
        store.clients().add(client).await.unwrap();
    }
    basic("web", secret.expose())
}

/// The parameters of a request of this client, with these in addition or instead.
pub(crate) fn request<'a>(client: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("client_id", client),
        ("redirect_uri", uri_of(client)),
        ("response_type", "code"),
        ("scope", "me items"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual
        .iter()
        .filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes).copied().collect()
}

pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// The decoded value of a parameter of a URL, which occurs at most once.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(given, _)| given == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    assert!(values.next().is_none(), "{name} occurs once in {url}");
    value
}
