//! Whole requests through a gate, without a socket.
//!
//! Measures the cost of the number of operations, and the cost of a guarded one.
#![expect(clippy::unwrap_used, reason = "a bench without its fixture is no bench")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use hyper::service::Service as _;
use scopegate_benches::{Limit, Race, TokenFixture};
use scopegate_http::domain::{Account, User, UserId, Username};
use scopegate_http::store::{MemoryStore, Users as _};
use scopegate_http::{
    ActiveUser, Catalog, CurrentUser, Gate, Guard, Path, ScopeToken, SecurityScheme, answer::StatusCode, get,
    site::GateService,
};

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// A service of this number of public operations, half of them with a parameter in the path.
fn public(operations: usize) -> GateService {
    let operation = |number: usize| match number % 2 {
        0 => get(format!("/api/v1/resource-{number}/list"))
            .public()
            .then(|| async { "list" }),
        _ => get(format!("/api/v1/resource-{number}/{{id}}/one"))
            .public()
            .then(|Path(_): Path<u32>| async { "one" }),
    };
    let catalog = Catalog::builder().build().unwrap();
    Gate::builder(catalog)
        .operations((0..operations).map(operation))
        .build()
        .unwrap()
        .service()
}

/// The tutorial's `GET /users/me/items/`.
fn tutorial(fixture: &TokenFixture) -> GateService {
    let store = MemoryStore::new();
    let user = User::new(UserId::parse("johndoe").unwrap(), Username::parse("johndoe").unwrap());
    store
        .add(Account {
            user,
            password_hash: None,
        })
        .now_or_never()
        .unwrap()
        .unwrap();
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ME, "")
        .scope(ITEMS, "")
        .build()
        .unwrap();
    let active = Guard::requires([ME]).check(ActiveUser).depends_on(&Guard::user());
    let items = get("/users/me/items/")
        .guard(Guard::requires([ITEMS]).depends_on(&active))
        .then(|user: CurrentUser| async move { user.user().username().as_str().to_owned() });
    Gate::builder(catalog)
        .bearer("oauth", fixture.verifier().clone())
        .users(Arc::new(store))
        .operation(items)
        .build()
        .unwrap()
        .service()
}

/// Calls a service whose answer does not have to be waited for.
fn status(service: &GateService, path: &str, authorization: Option<&str>) -> StatusCode {
    let mut request = http::Request::get(path);
    if let Some(value) = authorization {
        request = request.header(http::header::AUTHORIZATION, value);
    }
    let answer = service.call(request.body(String::new()).unwrap()).now_or_never();
    answer.unwrap().unwrap().status()
}

fn number_of_operations(criterion: &mut Criterion) {
    let services = [5, 50, 500].map(public);
    let [few, some, many] = &services;
    for (service, last) in services.iter().zip([3, 49, 499]) {
        assert_eq!(
            status(service, &format!("/api/v1/resource-{last}/7/one"), None),
            StatusCode::OK
        );
    }
    Race::new("one request among so many operations")
        .lane("5", || status(few, "/api/v1/resource-3/7/one", None))
        .lane_within("50", Limit::Ratio(1.25), || {
            status(some, "/api/v1/resource-49/7/one", None)
        })
        .lane_within("500", Limit::Ratio(1.25), || {
            status(many, "/api/v1/resource-499/7/one", None)
        })
        .lane("500, unknown path", || status(many, "/api/v1/resource-499/7/two", None))
        .run(criterion);
}

fn guarded(criterion: &mut Criterion) {
    let fixture = TokenFixture::hs256();
    let service = tutorial(&fixture);
    let authorization = format!("Bearer {}", fixture.token());
    let path = "/users/me/items/";
    assert_eq!(status(&service, path, Some(&authorization)), StatusCode::OK);
    let mut scratch = scopegate_http::token::PayloadBuffer::new();
    Race::new("one guarded request")
        .lane("the verifier alone", || {
            fixture
                .verifier()
                .verify(fixture.token(), fixture.now(), &mut scratch)
                .is_ok()
        })
        .lane("the whole gate", || status(&service, path, Some(&authorization)))
        .lane("refused: no credential", || status(&service, path, None))
        .run(criterion);
}

criterion_group! { name = benches; config = scopegate_benches::criterion(); targets = number_of_operations, guarded }
criterion_main!(benches);
