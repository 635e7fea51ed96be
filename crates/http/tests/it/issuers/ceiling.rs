//! Ceilings limit the scopes of foreign issuers.

use std::sync::Arc;
use std::time::Duration;

use scopegate_http::domain::{
    AccessTokenClaims, ClientId, Clock as _, Issuer, Lifetime, ScopeLayout, Secret, SystemClock, TokenId,
};
use scopegate_http::token::{Signer, SigningKey, TokenRules, Verifier};
use scopegate_http::{
    Catalog, Gate, GateBuilder, Guard, Permit, ScopeToken, SecurityScheme, get,
    issuers::{Introspection, IntrospectionBuilder, RemoteIssuerBuilder},
};
use scopegate_issuers::test_provider::{TestProvider, json};

use crate::issuers::common::{LocalIssuer, READ, ask, audience, fetcher, key, token};

const WRITE: ScopeToken = ScopeToken::from_static("reports:write");
const ADMIN: ScopeToken = ScopeToken::from_static("admin");

/// `admin` implies both others; each has an operation, and one requires only a token.
fn gate() -> GateBuilder {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_client_credentials("/token"))
        .scope(READ, "Read reports.")
        .scope(WRITE, "Write reports.")
        .scope(ADMIN, "Do anything.")
        .implies(ADMIN, READ)
        .implies(ADMIN, WRITE)
        .build()
        .unwrap();
    let open = |path: &'static str, guard: Guard| get(path).guard(guard).then(|_: Permit| async { "in" });
    Gate::builder(catalog)
        .operation(open("/any", Guard::authenticated()))
        .operation(open("/read", Guard::requires([READ])))
        .operation(open("/write", Guard::requires([WRITE])))
        .operation(open("/admin", Guard::requires([ADMIN])))
}

/// Returns the paths that a token opens. Each request is sent twice: the second one uses the cache.
async fn opens(gate: &Gate, token: &str) -> Vec<&'static str> {
    let mut open = Vec::new();
    for path in ["/any", "/read", "/write", "/admin"] {
        let first = ask(gate, path, token).await.0;
        assert_eq!(ask(gate, path, token).await.0, first, "{path}");
        assert!([200, 403].contains(&first), "{path} {first}");
        if first == 200 {
            open.push(path);
        }
    }
    open
}

/// A token by RFC 9068, which is also one of an issuer whose tokens are JWTs with a `scope`.
fn signed(issuer: &Issuer, key: SigningKey, scopes: &[ScopeToken]) -> String {
    let rules = TokenRules::rfc9068(issuer.clone(), audience());
    let claims = AccessTokenClaims::new("1", SystemClock.now(), Lifetime::from_minutes(10))
        .with_scopes(scopes.iter().cloned())
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t").unwrap());
    Signer::new(rules, key).issue(&claims).unwrap().expose().to_owned()
}

/// A ceiling, the scopes of a token, and the paths that it opens.
type Case = (Option<Vec<ScopeToken>>, Vec<ScopeToken>, Vec<&'static str>);

fn cases() -> [Case; 7] {
    [
        (None, vec![ADMIN], vec!["/any", "/read", "/write", "/admin"]),
        (Some(vec![]), vec![ADMIN, READ], vec!["/any"]),
        (Some(vec![READ]), vec![READ, WRITE], vec!["/any", "/read"]),
        (Some(vec![READ]), vec![WRITE], vec!["/any"]),
        // A scope is compared by its own name, before it implies another.
        (Some(vec![READ, WRITE]), vec![ADMIN], vec!["/any"]),
        (Some(vec![READ, WRITE]), vec![ADMIN, WRITE], vec!["/any", "/write"]),
        (
            Some(vec![ADMIN]),
            vec![ADMIN],
            vec!["/any", "/read", "/write", "/admin"],
        ),
    ]
}

#[tokio::test]
async fn jwt_scopes_are_within_the_ceiling() {
    for (ceiling, says, expected) in cases() {
        for cache_bytes in [0, 64 * 1024] {
            for layout in [None, Some(ScopeLayout::Text)] {
                let signing = key("1");
                let issuer = LocalIssuer::start(Some(&signing)).await;
                let remote = issuer.remote().cache_bytes(cache_bytes);
                let remote = layout.into_iter().fold(remote, RemoteIssuerBuilder::jwt);
                let remote = ceiling.iter().cloned().fold(remote, RemoteIssuerBuilder::scopes);
                let gate = gate().issuer("oauth", remote.build().unwrap()).build().unwrap();
                let token = signed(&issuer.name, signing, &says);
                assert_eq!(opens(&gate, &token).await, expected, "{ceiling:?} {says:?} {layout:?}");
            }
        }
    }
}

#[tokio::test]
async fn introspected_scopes_are_within_the_ceiling() {
    for (ceiling, says, expected) in cases() {
        let says: Vec<_> = says.iter().map(ScopeToken::as_str).collect();
        let body = format!(
            r#"{{"active": true, "aud": "https://api.example", "sub": "1", "scope": "{}"}}"#,
            says.join(" ")
        );
        let provider = TestProvider::start(move |_, _| json(&body)).await;
        let name = Issuer::parse(&format!("http://{}", provider.address)).unwrap();
        let asked = Introspection::builder(name, audience(), "api", Secret::new("s".to_owned()))
            .endpoint(provider.url("/introspect"))
            .fetcher(fetcher());
        let asked = ceiling.iter().cloned().fold(asked, IntrospectionBuilder::scopes);
        let gate = gate().introspection("oauth", asked.build().unwrap()).build().unwrap();
        assert_eq!(opens(&gate, "opaque").await, expected, "{ceiling:?} {says:?}");
        assert_eq!(provider.count(), 1, "cached");
    }
}

/// The ceiling of one issuer affects neither our tokens nor those of another issuer.
#[tokio::test]
async fn ceiling_limits_only_its_issuer() {
    let keys = [key("a"), key("b"), key("c")];
    let (limited, other) = (
        LocalIssuer::start(Some(&keys[0])).await,
        LocalIssuer::start(Some(&keys[1])).await,
    );
    let own = Issuer::parse("https://own.example").unwrap();
    let verifier = Verifier::new(TokenRules::rfc9068(own.clone(), audience()), keys[2].verifying_key());
    let remote = |issuer: &LocalIssuer| issuer.remote().rate_limit(100, Duration::from_millis(1));
    let gate = gate()
        .bearer("oauth", Arc::new(verifier))
        .issuer("oauth", remote(&limited).scopes([]).build().unwrap())
        .issuer("oauth", remote(&other).build().unwrap())
        .build()
        .unwrap();
    for (issuer, key, expected) in [
        (&limited.name, &keys[0], vec!["/any"]),
        (&other.name, &keys[1], vec!["/any", "/read"]),
        (&own, &keys[2], vec!["/any", "/read"]),
    ] {
        assert_eq!(opens(&gate, &token(issuer, key, "1")).await, expected, "{issuer}");
    }
}
