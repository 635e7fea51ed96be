//! Tokens of clients that act for themselves: the subject is the client, and no user.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use scopegate_gate::domain::{
    AccessTokenClaims, Account, ClientId, Clock, Lifetime, ScopeToken, SystemClock, TokenId, User, UserId, Username,
};
use scopegate_gate::policy::{Fact, Guard, Operation, Rule, SubjectKind};
use scopegate_gate::store::{MemoryStore, Users};
use scopegate_gate::token::{Signer, Verifier};
use scopegate_gate::{Catalog, Gate, RequestHead, SecurityScheme};

use crate::tokens::{key, rules};

const READ: ScopeToken = ScopeToken::from_static("reports:read");

/// A gate with the user `billing`, whose id is `billing`, too.
async fn gate() -> Gate {
    let catalog = Catalog::builder()
        .scheme("login", SecurityScheme::oauth2_client_credentials("token"))
        .scope(READ, "");
    let is_service = Guard::rule(Rule::Fact(Fact::Subject(SubjectKind::Service)));
    let users = MemoryStore::new();
    let user = User::new(UserId::parse("billing").unwrap(), Username::parse("billing").unwrap());
    let account = Account {
        user,
        password_hash: None,
    };
    Users::add(&users, account).await.unwrap();
    Gate::builder(catalog.build().unwrap())
        .bearer("login", Verifier::new(rules(), key().verifying_key()))
        .users(Arc::new(users))
        .operation(Operation::get("/reports").guard(Guard::requires([READ])))
        .operation(Operation::get("/me").guard(Guard::user()))
        .operation(Operation::get("/service").guard(is_service))
        .build()
        .unwrap()
}

/// The header of a token.
fn bearer(claims: AccessTokenClaims) -> HeaderMap {
    let claims = claims.with_scopes([READ]).with_token_id(TokenId::parse("t1").unwrap());
    let token = Signer::new(rules(), key()).issue(&claims).unwrap();
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose())).unwrap();
    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
}

async fn status(gate: &Gate, path: &str, headers: &HeaderMap) -> StatusCode {
    let answer = gate.authorize(&RequestHead::new(&Method::GET, path, headers)).await;
    answer.map_or_else(|refusal| refusal.status(), |_| StatusCode::OK)
}

#[tokio::test]
async fn client_is_not_the_user_of_its_name() {
    let (gate, client) = (gate().await, ClientId::parse("billing").unwrap());
    let (now, lifetime) = (SystemClock.now(), Lifetime::from_minutes(5));
    let service = bearer(AccessTokenClaims::of_client(client, now, lifetime));
    let app = ClientId::parse("app").unwrap();
    let user = bearer(AccessTokenClaims::new("billing", now, lifetime).with_client_id(app));
    // Twice, because the second request finds the token and the user in their caches.
    for _ in 0..2 {
        assert_eq!(status(&gate, "/me", &user).await, StatusCode::OK);
        assert_eq!(status(&gate, "/me", &service).await, StatusCode::UNAUTHORIZED);
        for headers in [&user, &service] {
            assert_eq!(status(&gate, "/reports", headers).await, StatusCode::OK);
        }
        assert_eq!(status(&gate, "/service", &user).await, StatusCode::FORBIDDEN);
        assert_eq!(status(&gate, "/service", &service).await, StatusCode::OK);
    }
}
