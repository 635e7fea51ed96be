//! One span for each request, with the id of its answer, and no secret in any log record.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, MutexGuard};

use http::Request;
use scopegate_http::domain::{
    Account, Client, ClientId, GrantType, PasswordHash, Secret, SecretDigest, User, UserId, Username,
};
use scopegate_http::store::{BoxFuture, MemoryStore, Store, StoreError};
use scopegate_http::token::{ClientSecret, Signer, SigningKey, SystemRandomSource, TokenRules, Verifier};
use scopegate_http::{
    Catalog, Gate, Guard, HandledOperation, Json, Path, ScopeToken, SecurityScheme,
    credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier},
    domain::ApiKeyLocation,
    get, post,
};
use scopegate_portal::TokenEndpoint;
use scopegate_portal::grant::AuthorizationServer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::common::{Answered, listen, remembering, send};

const READ: ScopeToken = ScopeToken::from_static("read");

/// bcrypt of `secret`, cost 4.
const HASH: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";

/// The number of the good login among the requests below.
const LOGIN: usize = 18;

/// Part of every secret that the requests below hold.
const MARK: &str = "swordfish";

/// All log records, of every level.
#[derive(Clone, Default)]
pub(crate) struct RecordedLog(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    spans: Vec<(&'static str, BTreeMap<&'static str, String>)>,
    text: String,
}

impl RecordedLog {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap()
    }

    /// All of it, a line each.
    pub(crate) fn text(&self) -> String {
        self.lines().text.clone()
    }

    /// The fields of the one span that has this id.
    fn span(&self, request_id: &str) -> BTreeMap<&'static str, String> {
        let lines = self.lines();
        let mut spans = lines
            .spans
            .iter()
            .filter(|(name, fields)| *name == "request" && fields.get("request_id").is_some_and(|id| id == request_id));
        let (_, fields) = spans.next().unwrap();
        assert!(spans.next().is_none(), "two spans for `{request_id}`");
        fields.clone()
    }
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for RecordedLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = BTreeMap::new();
        span.record(&mut Fields(&mut fields));
        let mut lines = self.lines();
        writeln!(lines.text, "{} {fields:?}", span.metadata().name()).unwrap();
        lines.spans.push((span.metadata().name(), fields));
        Id::from_u64(lines.spans.len().try_into().unwrap())
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let number = usize::try_from(span.into_u64()).unwrap() - 1;
        let mut lines = self.lines();
        values.record(&mut Fields(&mut lines.spans[number].1));
        let fields = format!("{:?}", lines.spans[number].1);
        writeln!(lines.text, "{fields}").unwrap();
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        writeln!(self.lines().text, "{} {fields:?}", event.metadata().target()).unwrap();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Logs at level `info` and above, as a program does by default.
struct Informed(RecordedLog);

impl Subscriber for Informed {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.0.record(span, values);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Knows the user `u1` with this secret.
struct SecretVerifier;

impl CredentialVerifier for SecretVerifier {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let is_good = credential.secret().same_as(&Secret::new("good-swordfish".to_owned()));
        Box::pin(async move {
            if credential.secret().expose().starts_with("down") {
                return Err(StoreError::unavailable("the disk is gone"));
            }
            Ok(if is_good {
                CredentialCheck::Valid(AuthenticatedCredential::of_subject("u1"))
            } else {
                CredentialCheck::Invalid
            })
        })
    }
}

const KEYS: [(&str, ApiKeyLocation); 3] = [
    ("header", ApiKeyLocation::Header),
    ("query", ApiKeyLocation::Query),
    ("cookie", ApiKeyLocation::Cookie),
];

async fn store(secret: SecretDigest) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let user = User::new(UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
    let password_hash = Some(PasswordHash::from_stored(HASH));
    let user = user.with_scope("read".parse().unwrap());
    store.users().add(Account { user, password_hash }).await.unwrap();
    let client = Client::confidential(ClientId::parse("app").unwrap(), "app", secret);
    let client = client
        .with_grant_types([GrantType::Password])
        .with_scope("read".parse().unwrap());
    store.clients().add(client).await.unwrap();
    store
}

/// The credentials that grant access.
struct Secrets {
    client: String,
    token: String,
}

/// A gate with everything, and the credentials that grant access.
async fn gate() -> (Gate, Secrets) {
    let mut catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(READ, "Read.")
        .scheme("basic", SecurityScheme::http_basic());
    for (name, location) in KEYS {
        catalog = catalog.scheme(name, SecurityScheme::api_key(location, "x-key"));
    }
    let catalog = catalog.build().unwrap();
    let key = || SigningKey::hs256(&Secret::new("a key of 32 bytes and a swordfish".to_owned())).unwrap();
    let client_secret = ClientSecret::generate(&SystemRandomSource).unwrap();
    let rules = TokenRules::shared_secret();
    let store = store(client_secret.digest()).await;
    let server = AuthorizationServer::builder(Arc::clone(&store), Signer::new(rules.clone(), key()), catalog.clone());
    let mut gate = Gate::builder(catalog)
        .bearer("oauth", remembering(Verifier::new(rules, key().verifying_key())))
        .verifier("basic", Arc::new(SecretVerifier))
        .users(store)
        .docs()
        .site(TokenEndpoint::new("/token", server.password_grant(true).build()))
        .operations(operations());
    for (name, _) in KEYS {
        gate = gate.verifier(name, Arc::new(SecretVerifier));
    }
    let gate = gate.build().unwrap();
    let client = client_secret.expose().to_owned();
    let (request, _) = requests(&Secrets {
        client: client.clone(),
        token: String::new(),
    })
    .remove(LOGIN);
    let answer = send(&gate, request).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    (gate, Secrets { client, token })
}

fn operations() -> Vec<HandledOperation> {
    let of_scheme = |name: &str| {
        let guard = Guard::authenticated().with_scheme(name);
        get(format!("/{name}")).guard(guard).then(|| async { "in" })
    };
    let mut operations = vec![
        get("/bearer")
            .named("read_it")
            .guard(Guard::requires([READ]))
            .then(|| async { "in" }),
        get("/number/{number}")
            .public()
            .then(|Path(_): Path<u32>| async { "in" }),
        post("/panic")
            .guard(Guard::requires([READ]))
            .then(|Json(texts): Json<Vec<String>>| async move {
                assert!(texts.is_empty(), "{texts:?}");
                "in"
            }),
        post("/body").public().then(|Json(_): Json<Vec<u32>>| async { "in" }),
        of_scheme("basic"),
    ];
    operations.extend(KEYS.map(|(name, _)| of_scheme(name)));
    operations
}

/// Requests with a secret in every place that has one, good and bad.
fn requests(secrets: &Secrets) -> Vec<(Request<String>, u16)> {
    let Secrets { client, token } = secrets;
    let get = |path: &str| Request::get(path);
    let plain = |request: http::request::Builder| request.body(String::new()).unwrap();
    let with = |path: &str, name: &str, value: &str| plain(get(path).header(name, value));
    let form = |form: &str, basic: &str| {
        Request::post("/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {}", base64(basic)))
            .body(form.to_owned())
            .unwrap()
    };
    let login = "grant_type=password&username=johndoe&password";
    let basic = |secret: &str| format!("Basic {}", base64(&format!("u1:{secret}")));
    vec![
        (with("/bearer", "authorization", &format!("Bearer {token}")), 200),
        (with("/bearer", "authorization", "Bearer swordfish"), 401),
        (
            with("/bearer", "authorization", &format!("Bearer {token}swordfish")),
            401,
        ),
        (
            with("/bearer?access_token=swordfish", "cookie", "session=swordfish"),
            401,
        ),
        (with("/basic", "authorization", &basic("good-swordfish")), 200),
        (with("/basic", "authorization", &basic("bad-swordfish")), 401),
        (with("/basic", "authorization", &basic("down-swordfish")), 503),
        (with("/header", "x-key", "good-swordfish"), 200),
        (with("/header", "x-key", "bad-swordfish"), 401),
        (with("/cookie", "cookie", "x-key=good-swordfish"), 200),
        (with("/cookie", "cookie", "x-key=bad-swordfish"), 401),
        (plain(get("/query?x-key=good-swordfish")), 200),
        (plain(get("/query?x-key=bad-swordfish")), 401),
        (plain(get("/number/swordfish")), 400),
        (plain(get("/swordfish")), 404),
        (plain(get("/docs").header("x-request-id", "swordfish")), 200),
        (plain(Request::builder().method("swordfish").uri("/bearer")), 405),
        (
            Request::post("/body")
                .header("content-type", "application/json")
                .body("[\"swordfish\"]".into())
                .unwrap(),
            400,
        ),
        (form(&format!("{login}=secret"), &format!("app:{client}")), 200),
        (form(&format!("{login}=swordfish"), &format!("app:{client}")), 400),
        (form(&format!("{login}=secret"), "app:other-swordfish"), 401),
        (form("grant_type=swordfish", &format!("app:{client}")), 400),
        // The handler panics with a text of the body.
        (
            Request::post("/panic?key=swordfish")
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .header("cookie", "session=swordfish")
                .body("[\"swordfish\"]".into())
                .unwrap(),
            500,
        ),
    ]
}

fn base64(text: &str) -> String {
    base64_simd::STANDARD.encode_to_string(text)
}

#[tokio::test]
async fn every_request_has_one_span_with_the_id_of_its_answer() {
    let told = RecordedLog::default();
    let _guard = listen(told.clone());
    let (gate, secrets) = gate().await;
    let mut asked = 1;
    for (request, status) in requests(&secrets) {
        let place = format!("{} {}", request.method(), request.uri());
        let answer = send(&gate, request).await;
        assert_eq!(answer.status, status, "{place}: {}", answer.body);
        let span = told.span(answer.header("x-request-id").unwrap());
        assert_eq!(span["status"], status.to_string(), "{place}");
        asked += 1;
    }
    assert_eq!(
        told.lines().spans.iter().filter(|(name, _)| *name == "request").count(),
        asked
    );
}

#[tokio::test]
async fn span_has_the_operation_and_its_outcome() {
    let told = RecordedLog::default();
    let _guard = listen(told.clone());
    let (gate, secrets) = gate().await;
    let mut requests = requests(&secrets).into_iter();
    let mut next = async |number| {
        let answer: Answered = send(&gate, requests.nth(number).unwrap().0).await;
        let mut span = told.span(answer.header("x-request-id").unwrap());
        span.remove("request_id");
        span
    };
    let fields = |fields: &[(&'static str, &str)]| -> BTreeMap<&'static str, String> {
        fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    };
    let bearer = [("method", "GET"), ("route", "/bearer"), ("operation", "read_it")];
    assert_eq!(
        next(0).await,
        fields(&[&bearer[..], &[("decision", "allow"), ("status", "200")]].concat())
    );
    assert_eq!(
        next(0).await,
        fields(&[&bearer[..], &[("decision", "invalid_token"), ("status", "401")]].concat())
    );
    let unknown = [("method", "GET"), ("route", "(unknown)"), ("status", "404")];
    assert_eq!(next(12).await, fields(&unknown));
    let odd = [("method", "other"), ("route", "(unknown)"), ("status", "405")];
    assert_eq!(next(1).await, fields(&odd));
}

#[tokio::test]
async fn a_span_has_its_status_at_level_info() {
    let told = RecordedLog::default();
    let _guard = listen(Informed(told.clone()));
    let (gate, _) = gate().await;
    let answer = send(&gate, Request::get("/number/x").body(String::new()).unwrap()).await;
    let span = told.span(answer.header("x-request-id").unwrap());
    assert_eq!(span["status"], answer.status.as_u16().to_string());
    assert!(!told.text().contains("scopegate_http::access"), "{}", told.text());
}

#[tokio::test]
async fn a_refused_input_has_its_cause_and_place_in_the_log() {
    let told = RecordedLog::default();
    let _guard = listen(told.clone());
    let (gate, _) = gate().await;
    for (request, place, status) in [
        (Request::get("/number/x").body(String::new()), "path", 400),
        (
            Request::post("/body")
                .header("content-type", "application/json")
                .body("{".to_owned()),
            "body",
            400,
        ),
        (Request::post("/body").body("x".to_owned()), "application/json", 415),
    ] {
        let before = told.text().len();
        let answer = send(&gate, request.unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{place}");
        let text = told.text().split_off(before);
        let id = answer.header("x-request-id").unwrap();
        let line = text
            .lines()
            .find(|line| line.contains("was refused"))
            .unwrap_or_else(|| panic!("{text}"));
        assert!(
            line.contains(id) && line.contains("cause") && line.contains(place),
            "{line}"
        );
    }
}

#[tokio::test]
async fn log_contains_no_secret() {
    let told = RecordedLog::default();
    let _guard = listen(told.clone());
    let (gate, secrets) = gate().await;
    for (request, _) in requests(&secrets) {
        let place = format!("{} {}", request.method(), request.uri());
        let is_login = request.uri() == "/token";
        let answer = send(&gate, request).await;
        // A client that sends a text instead of a number gets it back, as with FastAPI.
        let is_shown = place.contains("/number/") || place.contains("/body");
        let headers = format!("{:?}", answer.headers);
        assert!(
            !headers.contains(MARK) && (is_shown || !answer.body.contains(MARK)),
            "{place}: {answer:?}"
        );
        assert!(is_login || !answer.body.contains(&secrets.token), "{place}");
    }
    let lines = told.lines();
    for secret in [MARK, &secrets.token, &secrets.client, "c3dvcmRmaXNo", "good-", HASH] {
        assert!(!lines.text.contains(secret), "`{secret}` in:\n{}", lines.text);
    }
    assert!(lines.text.contains("answered"), "nothing was told");
    assert!(lines.text.contains("panic"), "the panic was not told: {}", lines.text);
}

#[tokio::test]
async fn the_peer_is_in_the_span_and_in_the_refusal() {
    let told = RecordedLog::default();
    let _guard = listen(told.clone());
    let (gate, _) = gate().await;
    let service = gate.service().from_peer("192.0.2.7".parse().unwrap());
    let request = Request::get("/bearer").body(String::new()).unwrap();
    let answer = hyper::service::Service::call(&service, request).await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(answer.status(), 401);
    assert_eq!(told.span(&id)["peer"], "192.0.2.7");
    let text = told.text();
    let mut refusals = text
        .lines()
        .filter(|line| line.contains(r#""refused""#) || line.contains("cause"));
    let refusal = refusals.next().unwrap();
    assert!(refusal.contains("192.0.2.7") && refusal.contains(&id), "{refusal}");
}
