//! The counted calls, with fixed times and a fixed key, so that each count is the same.
#![expect(clippy::unwrap_used, reason = "a bench without its fixture is no bench")]

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use scopegate_domain::{
    AccessTokenClaims, Account, Audience, Catalog, ClientId, Issuer, Lifetime, ManualClock, SchemeName, ScopeToken,
    Secret, SecurityScheme, Timestamp, TokenId, User, UserId, Username,
};
use scopegate_policy::{ActiveUser, Guard, Operation, OperationTable, SchemeId, TokenFacts};
use scopegate_store::{BoxFuture, MemoryStore, Users, UsersCache};
use scopegate_token::{
    HeapSize, RevokedSet, PayloadBuffer, Signer, SigningKey, SubjectClaim, TokenRules, VerifiedCache, Verifier,
};
use tracing::field::Empty;

/// The formatter of the server.
#[path = "../../crates/server/src/telemetry/fields.rs"]
mod fields;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example/items";
const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// The time of all tokens and checks.
pub const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// An access token by RFC 9068 with its eight claims, and its verifier.
pub struct Token {
    /// Whether it is genuine.
    pub verifier: Verifier,
    /// The token.
    pub text: String,
    /// Buffer for its claims.
    pub scratch: Box<PayloadBuffer>,
}

impl Token {
    /// A valid token.
    pub fn good() -> Self {
        let rules = TokenRules::rfc9068(Issuer::parse(ISSUER).unwrap(), Audience::parse(AUDIENCE).unwrap());
        let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes"))).unwrap();
        let verifier = Verifier::new(rules.clone(), key.verifying_key());
        let claims = AccessTokenClaims::new("johndoe", NOW, Lifetime::from_minutes(30))
            .with_client_id(ClientId::parse("demo-app").unwrap())
            .with_token_id(TokenId::parse("0123456789abcdef0123456789abcdef").unwrap())
            .with_scopes([ME, ITEMS]);
        let text = Signer::new(rules, key).issue(&claims).unwrap().expose().to_owned();
        Self {
            verifier,
            text,
            scratch: Box::default(),
        }
    }

    /// Returns a token with another signature.
    pub fn forged() -> Self {
        let mut token = Self::good();
        let (signed, _) = token.text.rsplit_once('.').unwrap();
        token.text = format!("{signed}.{}", "A".repeat(43));
        token
    }

    /// Returns the payload of a token as bytes.
    pub fn payload() -> Vec<u8> {
        format!(
            r#"{{"iss":"{ISSUER}","sub":"johndoe","aud":"{AUDIENCE}","exp":1700001800,"iat":1700000000,"jti":"0123456789abcdef0123456789abcdef","client_id":"demo-app","scope":"items me"}}"#
        )
        .into_bytes()
    }
}

/// The value cached with a token: none.
pub struct Nothing;

impl HeapSize for Nothing {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A token that was verified, and is remembered.
pub struct Seen {
    /// The cache of verified tokens.
    pub cache: VerifiedCache<Nothing>,
    /// The token.
    pub text: String,
}

impl Seen {
    /// A token that was seen just now.
    pub fn new() -> Self {
        let Token { verifier, text, .. } = Token::good();
        let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let cache = VerifiedCache::new(Arc::new(verifier), revoked, 1024 * 1024);
        let known = cache.verify(&text, NOW, |_| Ok::<_, scopegate_token::TokenRejected>(Nothing));
        assert!(known.is_ok());
        Self { cache, text }
    }
}

impl Default for Seen {
    fn default() -> Self {
        Self::new()
    }
}

/// A cache that contains the user with the id `u1`.
pub fn users() -> UsersCache {
    let store = MemoryStore::new();
    let (id, name) = (UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
    let account = Account {
        user: User::new(id.clone(), name),
        password_hash: None,
    };
    ready(Users::add(&store, account)).unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let users = UsersCache::new(Arc::new(store), clock, Lifetime::from_minutes(1));
    assert!(ready(users.find_by_id(&id)).unwrap().is_some());
    users
}

/// The result of a future that never waits.
fn ready<T>(mut future: BoxFuture<'_, T>) -> T {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the memory store does not wait"),
    }
}

/// Starts a log of level `info`, as the server starts it.
pub fn start_log() {
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::sink);
    log.fmt_fields(fields::PlainFields::default()).init();
    trace_request();
}

/// Creates the span of a request and records its outcome, as the gate does.
pub fn trace_request() {
    let span = tracing::info_span!(
        "request",
        request_id = "0123456789abcdef0123456789abcdef",
        method = "GET",
        route = "/users/me/items/",
        peer = "127.0.0.1",
        operation = "read_own_items",
        decision = Empty,
        user = Empty,
        status = Empty,
    );
    tracing::record_all!(span, decision = "allow", user = Some("u1"));
    span.record("status", 200_u16);
}

/// The tutorial's policy, with johndoe and the facts of the token.
pub struct Policy {
    /// The table of the operations.
    pub table: OperationTable,
    /// The scheme of the scopes.
    pub scheme: SchemeId,
    /// The facts of the token.
    pub facts: TokenFacts,
    /// The user.
    pub user: Arc<User>,
}

impl Policy {
    /// The policy.
    pub fn new() -> Self {
        let catalog = Catalog::builder()
            .scheme("oauth", SecurityScheme::oauth2_password("token"))
            .scope(ME, "")
            .scope(ITEMS, "")
            .build()
            .unwrap();
        let active = Guard::requires([ME]).check(ActiveUser);
        let items = Guard::requires([ITEMS]).depends_on(&active);
        let table = OperationTable::builder(catalog)
            .operation(Operation::get("/users/me/items/").guard(items))
            .build()
            .unwrap();
        let scheme = table.scheme_id(&SchemeName::parse("oauth").unwrap()).unwrap();
        let mut token = Token::good();
        let claims = token.verifier.verify(&token.text, NOW, &mut token.scratch).unwrap();
        let facts = table.token_facts(scheme, &claims).unwrap();
        let user = User::new(UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
        Self {
            table,
            scheme,
            facts,
            user: Arc::new(user),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}
