//! The cost that a shadow policy adds to a request.
#![expect(clippy::unwrap_used, reason = "a bench without its fixture is no bench")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use hyper::service::Service as _;
use scopegate_benches::{Limit, Race, TokenFixture, Tutorial};
use scopegate_http::domain::{Account, User, UserId, Username};
use scopegate_http::policy::{Operation, OperationTable, PresentedCredentials, Shadow, ShadowVerdict, authorize};
use scopegate_http::store::{MemoryStore, Users as _};
use scopegate_http::token::PayloadBuffer;
use scopegate_http::{
    ActiveUser, Catalog, CurrentUser, Gate, Guard, ScopeToken, SecurityScheme, answer::StatusCode, get,
    site::GateService,
};

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");
const ADMIN: ScopeToken = ScopeToken::from_static("admin");
const PATH: &str = "/users/me/items/";

fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ADMIN, "")
        .scope(ME, "")
        .scope(ITEMS, "")
        .build()
        .unwrap()
}

fn guard(scope: ScopeToken) -> Guard {
    let active = Guard::requires([ME]).check(ActiveUser).depends_on(&Guard::user());
    Guard::requires([scope]).depends_on(&active)
}

/// The tutorial's items behind this scope.
fn proposed(scope: ScopeToken) -> OperationTable {
    let operation = Operation::get(PATH).guard(guard(scope));
    OperationTable::builder(catalog()).operation(operation).build().unwrap()
}

fn verdict(criterion: &mut Criterion) {
    let fixture = TokenFixture::hs256();
    let tutorial = Tutorial::new(&fixture);
    let mut scratch = PayloadBuffer::new();
    let claims = fixture
        .verifier()
        .verify(fixture.token(), fixture.now(), &mut scratch)
        .unwrap();
    let user = User::new(UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
    let user = Arc::new(user);
    let shadows = [ITEMS, ADMIN].map(|scope| Shadow::new(tutorial.table(), proposed(scope)));
    let ask = |shadow: &Shadow, presented: &PresentedCredentials<'_>| {
        let scheme = shadow.scheme(tutorial.scheme()).unwrap();
        let facts = shadow.proposed().token_facts(scheme, &claims).unwrap();
        let beside = PresentedCredentials::new(fixture.now())
            .with_token(&facts, "johndoe")
            .with_user(Arc::clone(&user));
        shadow.counterpart(0).unwrap().ask(Some(presented), &beside)
    };
    let [same, other] = &shadows;
    let presented = tutorial.presented();
    assert_eq!(ask(same, &presented), ShadowVerdict::Allow);
    assert_eq!(ask(other, &presented), ShadowVerdict::Deny);
    Race::new("what a shadow adds to one request of the tutorial")
        .lane("authorize alone, with what is presented", || {
            authorize(tutorial.operation(), &tutorial.presented()).is_ok()
        })
        .lane_within("the shadow alone, from the claims", Limit::Nanoseconds(1_000.0), || {
            ask(same, &presented)
        })
        .lane_within("the same where it would deny", Limit::Nanoseconds(1_000.0), || {
            ask(other, &presented)
        })
        .run(criterion);
}

/// The tutorial's items behind a gate, perhaps with a shadow.
fn service(fixture: &TokenFixture, proposed: Option<OperationTable>) -> GateService {
    let store = MemoryStore::new();
    let user = User::new(UserId::parse("johndoe").unwrap(), Username::parse("johndoe").unwrap());
    let password_hash = None;
    let added = store.add(Account { user, password_hash }).now_or_never();
    added.unwrap().unwrap();
    let items = get(PATH)
        .guard(guard(ITEMS))
        .then(|user: CurrentUser| async move { user.user().username().as_str().to_owned() });
    let gate = Gate::builder(catalog())
        .bearer("oauth", fixture.verifier().clone())
        .users(Arc::new(store))
        .operation(items);
    let gate = match proposed {
        Some(proposed) => gate.shadow(proposed),
        None => gate,
    };
    gate.build().unwrap().service()
}

fn status(service: &GateService, authorization: &str) -> StatusCode {
    let request = http::Request::get(PATH).header(http::header::AUTHORIZATION, authorization);
    let answer = service.call(request.body(String::new()).unwrap()).now_or_never();
    answer.unwrap().unwrap().status()
}

/// Creates a gate whose log is discarded. Lines are bounded, and counts have no recorder.
fn whole_gate(criterion: &mut Criterion) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(std::io::sink)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let fixture = TokenFixture::hs256();
    let authorization = format!("Bearer {}", fixture.token());
    let services = [None, Some(ITEMS), Some(ADMIN)].map(|scope| service(&fixture, scope.map(proposed)));
    for service in &services {
        assert_eq!(status(service, &authorization), StatusCode::OK);
    }
    let [alone, same, flip] = &services;
    Race::new("one guarded request with a shadow")
        .lane("the gate alone", || status(alone, &authorization))
        .lane("with a shadow that says the same", || status(same, &authorization))
        .lane("with a shadow that would deny", || status(flip, &authorization))
        .run(criterion);
}

criterion_group! { name = benches; config = scopegate_benches::criterion(); targets = verdict, whole_gate }
criterion_main!(benches);
