//! A node of an authorization server with the gates of two APIs. Several nodes share one store.

use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use scopegate_domain::{
    Account, Audience, Client, ClientId, Clock, GrantType, Issuer, KeyId, Lifetime, ManualClock, PasswordHash,
    Resource, Resources, ScopeToken, Secret, Timestamp, User, UserId, Username,
};
use scopegate_gate::{
    ActiveUser, BearerTokens, Catalog, Gate, GateBuilder, Guard, Operation, RequestHead, SecurityScheme,
};
use scopegate_portal::grant::{AccessTokens, AuthorizationServer, RevocationWatch};
use scopegate_portal::{IntrospectionEndpoint, PublishedKeys, RevocationEndpoint, ServerMetadata, TokenEndpoint};
use scopegate_store::{ClientsCache, MemoryStore, Store, Users, UsersCache};
use scopegate_token::{
    Algorithm, ClientSecret, KeySet, PasswordHasher, PasswordPolicy, RevokedSet, Signer, SigningKey, SubjectClaim,
    SystemRandomSource, TokenRules, Verifier,
};
use serde_json::Value;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
pub(crate) const ISSUER: &str = "https://id.example";

/// The APIs: audience, scope, and the resource server that introspects for it.
pub(crate) static APIS: [Api; 2] = [
    Api {
        audience: "https://api.example",
        scope: ScopeToken::from_static("me"),
        reader: "reader",
    },
    Api {
        audience: "https://ships.example",
        scope: ScopeToken::from_static("ships"),
        reader: "ships-reader",
    },
];

pub(crate) struct Api {
    pub(crate) audience: &'static str,
    pub(crate) scope: ScopeToken,
    pub(crate) reader: &'static str,
}

/// The store and the clock of all nodes.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(ManualClock::at(NOW)),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Clock::now(&*self.clock)
    }

    pub(crate) async fn add_user(&self, name: &str, password: &str) {
        let password_hash = Some(hash(password));
        let account = Account {
            user: user(name),
            password_hash,
        };
        Users::add(&*self.store, account).await.unwrap();
    }

    pub(crate) async fn add_client(&self, client: Client) {
        let store: &dyn Store = &*self.store;
        store.clients().add(client).await.unwrap();
    }

    /// Adds the resource server of each API, and returns their `Authorization` headers.
    pub(crate) async fn add_readers(&self) -> [String; 2] {
        let mut headers = [String::new(), String::new()];
        for (api, header) in APIS.iter().zip(&mut headers) {
            let secret = new_secret();
            let client = Client::confidential(client_id(api.reader), api.reader, secret.digest());
            let client = client.with_resources([audience(api)]).with_introspection(true);
            self.add_client(client).await;
            *header = basic(api.reader, secret.expose());
        }
        headers
    }
}

/// The cheapest policy: the tests log in often.
pub(crate) fn policy() -> PasswordPolicy {
    PasswordPolicy::argon2id(64, 1, 1).unwrap()
}

pub(crate) fn hash(password: &str) -> PasswordHash {
    let password = Secret::new(password.to_owned());
    PasswordHasher::new(policy())
        .hash(&password, &SystemRandomSource)
        .unwrap()
}

pub(crate) fn new_secret() -> ClientSecret {
    ClientSecret::generate(&SystemRandomSource).unwrap()
}

pub(crate) fn client_id(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

pub(crate) fn audience(api: &Api) -> Audience {
    Audience::parse(api.audience).unwrap()
}

/// A user with both scopes.
pub(crate) fn user(name: &str) -> User {
    let id = UserId::parse(&format!("id-of-{name}")).unwrap();
    User::new(id, Username::parse(name).unwrap()).with_scope("me ships".parse().unwrap())
}

/// A client with both APIs and scopes.
pub(crate) fn with_everything(client: Client, grant_types: &[GrantType]) -> Client {
    client
        .with_grant_types(grant_types.iter().copied())
        .with_resources(APIS.iter().map(audience))
        .with_scope("me ships".parse().unwrap())
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", STANDARD.encode_to_string(pair))
}

pub(crate) fn rules(api: &Api) -> TokenRules {
    TokenRules::rfc9068(Issuer::parse(ISSUER).unwrap(), audience(api))
}

/// The signing keys: the last one signs, and all are trusted.
#[derive(Default)]
pub(crate) struct NodeKeys {
    keys: Vec<StoredPkcs8>,
    rotations: u32,
}

struct StoredPkcs8 {
    id: KeyId,
    pkcs8: Secret<Vec<u8>>,
}

impl NodeKeys {
    /// Adds a key, which signs from now on.
    pub(crate) fn rotate(&mut self) {
        self.rotations += 1;
        let id = KeyId::parse(&format!("key-{}", self.rotations)).unwrap();
        let pkcs8 = SigningKey::es256_generate().unwrap().to_pkcs8().unwrap().clone();
        self.keys.push(StoredPkcs8 { id, pkcs8 });
    }

    /// Trusts only the key that signs.
    pub(crate) fn remove_old(&mut self) {
        self.keys.drain(..self.keys.len() - 1);
    }

    pub(crate) fn signing_key(&self) -> SigningKey {
        self.keys.last().unwrap().key()
    }

    fn trusted(&self) -> KeySet {
        KeySet::new(self.keys.iter().map(|stored| stored.key().verifying_key())).unwrap()
    }
}

impl StoredPkcs8 {
    fn key(&self) -> SigningKey {
        let key = SigningKey::from_pkcs8(Algorithm::Es256, self.pkcs8.clone());
        key.unwrap().with_id(self.id.clone())
    }
}

pub(crate) struct Node {
    shared: Shared,
    signer: Arc<Signer>,
    verifiers: [Verifier; 2],
    watch: Arc<RevocationWatch>,
    /// The gate of each API. The first one also has the endpoints.
    pub(crate) gates: [Gate; 2],
}

impl Node {
    /// Starts a node: its caches are empty, and the log of changes is read once.
    pub(crate) async fn start(shared: &Shared, keys: &NodeKeys) -> Self {
        let (store, clock) = (Arc::clone(&shared.store), Arc::clone(&shared.clock));
        let age = Lifetime::from_seconds(5);
        let users = Arc::new(UsersCache::new(store.clone(), clock.clone(), age));
        let clients = Arc::new(ClientsCache::new(store.clone(), age));
        let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let watch = RevocationWatch::new(store.clone(), Arc::clone(&set), clock.clone());
        let watch = Arc::new(watch.users(Arc::clone(&users)).clients(Arc::clone(&clients)));
        watch.refresh().await.unwrap();

        let [own, other] = &APIS;
        let signer = Arc::new(Signer::new(rules(own), keys.signing_key()));
        let verifiers = [own, other].map(|api| Verifier::new(rules(api), keys.trusted()));
        let resource = |api: &Api| Resource::new(audience(api), "").with_scope(api.scope.clone(), "");
        let server = AuthorizationServer::builder(store.clone(), Arc::clone(&signer), catalog(own))
            .resources(Resources::new(APIS.iter().map(resource)).unwrap())
            .clients(clients)
            .hasher(PasswordHasher::new(policy()))
            .password_grant(true)
            .throttled(false)
            .clock(clock.clone())
            .build();
        let tokens = AccessTokens::new(server.clone(), &verifiers[0], Arc::clone(&watch), users.clone());
        // Thousands of answers are about inactive tokens, and their time is tested elsewhere.
        let tokens = tokens.inactive_time(Duration::ZERO);
        let gate = |api: &Api, verifier: &Verifier| {
            let verifier = verifier.clone();
            let bearer = BearerTokens::new(verifier).revoked(Arc::clone(&set));
            let gate = Gate::builder(catalog(api)).bearer("login", bearer);
            let active = Guard::requires([api.scope.clone()])
                .check(ActiveUser)
                .depends_on(&Guard::user());
            gate.users(users.clone())
                .clock(clock.clone())
                .operation(Operation::get("/user").guard(active))
                .operation(Operation::get("/any").guard(Guard::requires([api.scope.clone()])))
        };
        let published = PublishedKeys::new(&keys.trusted());
        let gates = [
            with_endpoints(gate(own, &verifiers[0]), &server, &tokens, published)
                .build()
                .unwrap(),
            gate(other, &verifiers[1]).build().unwrap(),
        ];
        Self {
            shared: shared.clone(),
            signer,
            verifiers,
            watch,
            gates,
        }
    }

    /// Signs with and trusts these keys from now on.
    pub(crate) fn replace_keys(&self, keys: &NodeKeys) {
        for verifier in &self.verifiers {
            verifier.replace_keys(keys.trusted());
        }
        self.signer.replace_key(keys.signing_key());
    }

    /// Reads what other processes changed.
    pub(crate) async fn refresh(&self) {
        self.watch.refresh().await.unwrap();
    }

    /// Starts the node again.
    pub(crate) async fn restart(&mut self, keys: &NodeKeys) {
        *self = Self::start(&self.shared.clone(), keys).await;
    }

    /// Posts a form to an endpoint.
    pub(crate) async fn post(&self, path: &str, authorization: Option<&str>, form: &[(&str, &str)]) -> Response<Bytes> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        answer(&self.gates[0], authorized(request, authorization), form.into()).await
    }

    /// Gets a resource of an API, or a document of the server.
    pub(crate) async fn get(&self, api: usize, path: &str, authorization: Option<&str>) -> Response<Bytes> {
        let request = authorized(Request::get(path), authorization);
        answer(self.gates.get(api).unwrap(), request, Bytes::new()).await
    }

    /// Returns the status of a request with a token.
    pub(crate) async fn status(&self, api: usize, path: &str, token: &str) -> u16 {
        let bearer = format!("Bearer {token}");
        self.get(api, path, Some(&bearer)).await.status().as_u16()
    }
}

fn catalog(api: &Api) -> Catalog {
    let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token"));
    catalog.scope(api.scope.clone(), "").build().unwrap()
}

fn with_endpoints(
    gate: GateBuilder,
    server: &AuthorizationServer,
    tokens: &AccessTokens,
    keys: PublishedKeys,
) -> GateBuilder {
    let introspection = IntrospectionEndpoint::new("/introspect", tokens.clone());
    let revocation = RevocationEndpoint::new("/revoke", tokens.clone());
    let token = TokenEndpoint::new("/token", server.clone());
    let metadata = ServerMetadata::new(&Issuer::parse(ISSUER).unwrap(), server, &token);
    let metadata = metadata.unwrap().introspection(&introspection).revocation(&revocation);
    let metadata = metadata.keys(&keys);
    let gate = gate.site(token).site(introspection).site(revocation);
    gate.site(keys).site(metadata)
}

fn authorized(request: http::request::Builder, authorization: Option<&str>) -> Request<()> {
    let request = authorization
        .into_iter()
        .fold(request, |request, value| request.header("authorization", value));
    request.body(()).unwrap()
}

/// Returns the answer to a request; an operation that runs answers 200 without a body.
async fn answer(gate: &Gate, request: Request<()>, body: Bytes) -> Response<Bytes> {
    let head = RequestHead::of(&request);
    let routed = match gate.route(&head) {
        Ok(routed) => routed,
        Err(refusal) => return refusal,
    };
    let mut answer = match routed.authorize(&head).await {
        Ok(Some(_)) => Response::new(Bytes::new()),
        Ok(None) => routed.answer_site(&head, body).await,
        Err(refusal) => refusal,
    };
    routed.finish(&mut answer);
    answer
}

/// The body as JSON; null if it has none.
pub(crate) fn json(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

/// The text of a member of the body.
pub(crate) fn member(answer: &Response<Bytes>, name: &str) -> Option<String> {
    let body = json(answer);
    body.get(name).and_then(Value::as_str).map(str::to_owned)
}
