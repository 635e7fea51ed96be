//! Handlers with typed inputs: next to axum with a cached token, and next to `serde_json` alone.
#![expect(clippy::unwrap_used, reason = "a bench without its fixture is no bench")]

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use axum::extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery, State as AxumState};
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::service::Service as _;
use jsonwebtoken::{DecodingKey, Validation};
use scopegate_benches::{Limit, Race, TokenFixture};
use scopegate_http::domain::{Clock as _, SystemClock};
use scopegate_http::site::GateService;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Catalog, Gate, Guard, Json, Path, Permit, Query, ScopeToken, SecurityScheme, State, get, post};
use serde::{Deserialize, Serialize};

const ITEMS: ScopeToken = ScopeToken::from_static("items");
const PATH: &str = "/notes/7?limit=10&after=first";

struct App {
    prefix: String,
}

#[derive(Deserialize, ToSchema)]
struct Page {
    limit: u8,
    after: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Note {
    id: u64,
    title: String,
    tags: Vec<String>,
}

fn note(app: &App, id: u64, page: Page) -> Note {
    Note {
        id,
        title: format!("{} {}", app.prefix, page.after.unwrap_or_default()),
        tags: vec!["tag".to_owned(); usize::from(page.limit)],
    }
}

fn ours(fixture: &TokenFixture, app: Arc<App>) -> GateService {
    async fn read(_: Permit, State(app): State<Arc<App>>, Path(id): Path<u64>, Query(page): Query<Page>) -> Json<Note> {
        Json(note(&app, id, page))
    }
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ITEMS, "")
        .build()
        .unwrap();
    Gate::builder(catalog)
        .bearer("oauth", fixture.verifier().clone())
        .state(app)
        .operation(get("/notes/{id}").guard(Guard::requires([ITEMS])).then(read))
        .build()
        .unwrap()
        .service()
}

#[derive(Clone, Deserialize)]
struct PeerClaims {
    exp: i64,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    scopes: Vec<String>,
}

/// What an application writes with axum and jsonwebtoken: a verified token is remembered.
#[derive(Clone)]
struct Peer {
    app: Arc<App>,
    key: Arc<DecodingKey>,
    rules: Arc<Validation>,
    known: Arc<RwLock<HashMap<String, Arc<PeerClaims>>>>,
}

struct Caller;

impl FromRequestParts<Peer> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, peer: &Peer) -> Result<Self, StatusCode> {
        let value = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let known = peer.known.read().unwrap().get(token).cloned();
        let claims = match known {
            Some(claims) => claims,
            None => peer.verify(token).ok_or(StatusCode::UNAUTHORIZED)?,
        };
        let now = SystemClock.now().as_unix();
        let is_allowed =
            claims.scope.split(' ').any(|scope| scope == "items") || claims.scopes.iter().any(|scope| scope == "items");
        if claims.exp <= now {
            return Err(StatusCode::UNAUTHORIZED);
        }
        if is_allowed {
            Ok(Self)
        } else {
            Err(StatusCode::FORBIDDEN)
        }
    }
}

impl Peer {
    fn verify(&self, token: &str) -> Option<Arc<PeerClaims>> {
        let claims = jsonwebtoken::decode::<PeerClaims>(token, &self.key, &self.rules)
            .ok()?
            .claims;
        let claims = Arc::new(claims);
        self.known
            .write()
            .unwrap()
            .insert(token.to_owned(), Arc::clone(&claims));
        Some(claims)
    }
}

fn axum_router(fixture: &TokenFixture, app: Arc<App>) -> axum::Router {
    async fn read(
        _: Caller,
        AxumState(peer): AxumState<Peer>,
        AxumPath(id): AxumPath<u64>,
        AxumQuery(page): AxumQuery<Page>,
    ) -> axum::Json<Note> {
        axum::Json(note(&peer.app, id, page))
    }
    let (key, rules) = fixture.jsonwebtoken();
    let peer = Peer {
        app,
        key: Arc::new(key.clone()),
        rules: Arc::new(rules.clone()),
        known: Arc::default(),
    };
    axum::Router::new()
        .route("/notes/{id}", axum::routing::get(read))
        .with_state(peer)
}

fn request(authorization: &str) -> Request<Full<Bytes>> {
    let request = Request::get(PATH).header(AUTHORIZATION, authorization);
    request.body(Full::default()).unwrap()
}

/// Returns status and body of an answer that does not have to be waited for.
fn read_answer<B>(answer: http::Response<B>) -> (StatusCode, Bytes)
where
    B: hyper::body::Body<Error: std::fmt::Debug>,
{
    let status = answer.status();
    let body = answer.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
    (status, body)
}

fn ask_ours(service: &GateService, authorization: &str) -> (StatusCode, Bytes) {
    read_answer(service.call(request(authorization)).now_or_never().unwrap().unwrap())
}

fn ask_axum(router: &axum::Router, authorization: &str) -> (StatusCode, Bytes) {
    let request = request(authorization).map(axum::body::Body::new);
    let mut router = router.clone();
    let answer = tower_service::Service::call(&mut router, request)
        .now_or_never()
        .unwrap()
        .unwrap();
    read_answer(answer)
}

fn guarded_handler(criterion: &mut Criterion) {
    scopegate_benches::jsonwebtoken_on_ring();
    let fixture = TokenFixture::hs256();
    let app = Arc::new(App {
        prefix: "note".to_owned(),
    });
    let (service, router) = (ours(&fixture, Arc::clone(&app)), axum_router(&fixture, app));
    let authorization = format!("Bearer {}", fixture.token());
    let (expected, answered) = (ask_axum(&router, &authorization), ask_ours(&service, &authorization));
    assert_eq!(expected.0, StatusCode::OK);
    assert_eq!(answered, expected);
    Race::new("a guarded GET with path, query, state and JSON")
        .lane("axum 0.8, token in a map", || ask_axum(&router, &authorization))
        .lane_within("ours", Limit::Ratio(1.10), || ask_ours(&service, &authorization))
        .run(criterion);
}

/// Returns a note of about this many bytes as JSON.
fn json_of(bytes: usize) -> Bytes {
    let tags = vec!["0123456789abcdef".to_owned(); bytes / 19];
    let note = Note {
        id: 7,
        title: "title".to_owned(),
        tags,
    };
    Bytes::from(serde_json::to_vec(&note).unwrap())
}

fn json_bodies(criterion: &mut Criterion) {
    async fn write(Json(note): Json<Note>) -> String {
        note.tags.len().to_string()
    }
    async fn write_alone(body: Bytes) -> String {
        let note: Note = serde_json::from_slice(&body).unwrap();
        note.tags.len().to_string()
    }
    let gate = Gate::builder(Catalog::builder().build().unwrap())
        .body_limit(4 * 1024 * 1024)
        .operation(post("/notes").public().then(write))
        .operation(post("/alone").public().then(write_alone))
        .build()
        .unwrap();
    let service = gate.service();
    // A body has a time limit.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    for (name, bytes) in [("a JSON body of 1 KiB", 1024), ("a JSON body of 1 MiB", 1024 * 1024)] {
        let body = json_of(bytes);
        let send = |path: &str| {
            let request = Request::post(path).header("content-type", "application/json");
            let request = request.body(Full::new(body.clone())).unwrap();
            service.call(request).now_or_never().unwrap().unwrap().status()
        };
        assert_eq!((send("/notes"), send("/alone")), (StatusCode::OK, StatusCode::OK));
        Race::new(name)
            .lane("the bytes and serde_json alone", || send("/alone"))
            .lane_within("ours", Limit::Ratio(1.05), || send("/notes"))
            .run(criterion);
    }
}

criterion_group!(benches, guarded_handler, json_bodies);
criterion_main!(benches);
