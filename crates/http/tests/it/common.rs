//! Gates to try, and a way to ask them without a socket.

mod counted;

use std::sync::{Arc, Once};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::Service;
use scopegate_http::credential::BearerTokens;
use scopegate_http::domain::{
    AccessTokenClaims, Account, Lifetime, ManualClock, Secret, Timestamp, User, UserId, UserStatus, Username,
};
use scopegate_http::store::{MemoryStore, Users};
use scopegate_http::token::{Signer, SigningKey, TokenRules, Verifier};
use scopegate_http::{Catalog, Gate, GateBuilder, ScopeToken, SecurityScheme, site::Dialect};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Event, Metadata, Subscriber};

pub(crate) use self::counted::Counted;
use crate::uncached::is_cached;

pub(crate) const ME: ScopeToken = ScopeToken::from_static("me");
pub(crate) const ITEMS: ScopeToken = ScopeToken::from_static("items");
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

const SECRET: &str = "a secret text of thirty-two bytes";

pub(crate) fn key() -> SigningKey {
    SigningKey::hs256(&Secret::new(SECRET.to_owned())).unwrap()
}

/// The tutorial's two scopes.
pub(crate) fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(ME, "Read information about the current user.")
        .scope(ITEMS, "Read items.")
        .build()
        .unwrap()
}

/// `johndoe`, who is active, and `alice`, who is not. Their ids are their names.
pub(crate) async fn users() -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for (name, status) in [("johndoe", UserStatus::Active), ("alice", UserStatus::Disabled)] {
        let user = User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap()).with_status(status);
        Users::add(
            &store,
            Account {
                user,
                password_hash: None,
            },
        )
        .await
        .unwrap();
    }
    Arc::new(store)
}

/// The dialects of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Rfc,
    Tutorial,
}

impl Profile {
    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::Rfc => Dialect::rfc(),
            Self::Tutorial => scopegate_fastapi::gate_dialect(),
        }
    }
}

/// A gate without an operation, whose clock is at [`NOW`].
pub(crate) async fn gate(profile: Profile) -> GateBuilder {
    with_catalog(catalog(), profile).await
}

pub(crate) async fn with_catalog(catalog: Catalog, profile: Profile) -> GateBuilder {
    Gate::builder(catalog)
        .dialect(profile.dialect())
        .bearer("OAuth2PasswordBearer", verifier())
        .users(users().await)
        .clock(clock())
}

/// Knows the tokens of [`token`].
pub(crate) fn verifier() -> BearerTokens {
    remembering(Verifier::new(TokenRules::shared_secret(), key().verifying_key()))
}

/// Returns tokens by this verifier, cached unless this process is to run without a cache.
pub(crate) fn remembering(verifier: Verifier) -> BearerTokens {
    let tokens = BearerTokens::new(verifier);
    if is_cached() { tokens } else { tokens.cache_bytes(0) }
}

/// A clock at [`NOW`].
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW))
}

/// A token with these scopes, valid for half an hour from [`NOW`].
pub(crate) fn token(subject: &str, scopes: &[ScopeToken]) -> String {
    let claims = AccessTokenClaims::new(subject, NOW, Lifetime::from_minutes(30)).with_scopes(scopes.iter().cloned());
    Signer::new(TokenRules::shared_secret(), key())
        .issue(&claims)
        .unwrap()
        .expose()
        .to_owned()
}

/// A token that [`verifier`] knows, with claims that our own tokens do not have.
pub(crate) fn signed(claims: &serde_json::Value) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let message = format!(
        "{}.{}",
        encode(br#"{"alg":"HS256","typ":"JWT"}"#),
        encode(claims.to_string().as_bytes())
    );
    let signature = ring::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", encode(signature.as_ref()))
}

/// An answer, whole.
#[derive(Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Where a redirect leads, for a client that sent this request target.
    pub(crate) fn redirected(&self, target: &str) -> Option<String> {
        self.header("location").map(|location| resolved(target, location))
    }

    /// The challenges, each of which follows the grammar.
    pub(crate) fn challenges(&self) -> Vec<&str> {
        let values: Vec<&str> = self
            .headers
            .get_all("www-authenticate")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        for value in &values {
            let read = scopegate_http::fuzzing::grammar::challenges(value.as_bytes());
            assert_eq!(read.map(|challenges| challenges.len()), Some(1), "{value}");
        }
        values
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn whole<B: BodyExt<Error: std::fmt::Debug>>(response: http::Response<B>) -> Answered {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answered {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

pub(crate) async fn send(gate: &Gate, request: Request<impl Into<Bytes>>) -> Answered {
    let request = request.map(|body| Full::new(body.into()));
    whole(gate.service().call(request).await.unwrap()).await
}

pub(crate) async fn get(gate: &Gate, path: &str) -> Answered {
    send(gate, Request::get(path).body(String::new()).unwrap()).await
}

pub(crate) async fn get_once_with(gate: &Gate, path: &str, token: &str) -> Answered {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    send(gate, request.body(String::new()).unwrap()).await
}

/// Asks twice, and answers what both answers are.
pub(crate) async fn get_with(gate: &Gate, path: &str, token: &str) -> Answered {
    let first = get_once_with(gate, path, token).await;
    let second = get_once_with(gate, path, token).await;
    // The second token was seen before.
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(first.challenges(), second.challenges());
    second
}

/// A subscriber that ignores all events, but is called for each one. Without it, another thread may
/// reach a log statement first. Then tracing would cache that the statement has no subscriber.
struct Deaf;

impl Subscriber for Deaf {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Listens on this thread to all that is logged, while the guard lives.
pub(crate) fn listen(subscriber: impl Subscriber + Send + Sync) -> DefaultGuard {
    static EVERYWHERE: Once = Once::new();
    EVERYWHERE.call_once(|| tracing::subscriber::set_global_default(Deaf).unwrap());
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    guard
}

/// A relative reference as a client resolves it against the target of its request.
pub(crate) fn resolved(target: &str, reference: &str) -> String {
    let path = target.split('?').next().unwrap();
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    let mut rest = reference;
    loop {
        rest = match (rest.strip_prefix("./"), rest.strip_prefix("../")) {
            (Some(behind), _) => behind,
            (_, Some(behind)) => {
                assert!(folders.len() > 1, "{reference} leaves {target}");
                folders.pop();
                behind
            }
            _ => return format!("{}/{rest}", folders.join("/")),
        };
    }
}
