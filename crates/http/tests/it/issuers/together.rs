//! Several issuers in one gate, and the users to which their subjects map.

use std::sync::Arc;
use std::time::Duration;

use scopegate_http::domain::{Account, Issuer, KeyId, ScopeLayout, Secret, User, UserId, Username};
use scopegate_http::store::{MemoryStore, Users};
use scopegate_http::token::{Algorithm, KeySet, SigningKey, TokenRules, Verifier};
use scopegate_http::{
    ActiveUser, BuildError, Gate, Guard, Permit, SecurityScheme, get,
    issuers::{Introspection, SubjectMapping},
    site::GateError,
};
use scopegate_issuers::test_provider::{TestProvider, json};

use crate::issuers::common::{LocalIssuer, ask, audience, fetcher, gate, jwks, key, status, token, token_by};
use crate::skip_time::{skip, until};

fn own() -> Issuer {
    Issuer::parse("https://own.example").unwrap()
}

fn own_verifier(key: &SigningKey) -> Verifier {
    Verifier::new(TokenRules::rfc9068(own(), audience()), key.verifying_key())
}

// The keys have the same id, so that only the issuer distinguishes them.
#[tokio::test]
async fn token_is_verified_by_keys_of_its_issuer() {
    for id in ["1", "another for each"] {
        let keys = if id == "1" {
            [key("1"), key("1"), key("1"), key("1")]
        } else {
            [key("a"), key("b"), key("c"), key("d")]
        };
        let (a, b) = (
            LocalIssuer::start(Some(&keys[0])).await,
            LocalIssuer::start(Some(&keys[1])).await,
        );
        let stranger = Issuer::parse("https://stranger.example").unwrap();
        let gate = gate()
            .issuer(
                "oauth",
                a.remote().rate_limit(100, Duration::from_millis(1)).build().unwrap(),
            )
            .bearer("oauth", own_verifier(&keys[2]))
            .issuer(
                "oauth",
                b.remote().rate_limit(100, Duration::from_millis(1)).build().unwrap(),
            )
            .build()
            .unwrap();
        let names = [&a.name, &b.name, &own(), &stranger];
        for (number, issuer) in names.into_iter().enumerate() {
            for (signer, key) in keys.iter().enumerate() {
                let expected = if number == signer && number < 3 { 200 } else { 401 };
                let status = status(&gate, &token(issuer, key, "1")).await;
                assert_eq!(status, expected, "{issuer} signed by key {signer}");
            }
        }
    }
}

#[tokio::test]
async fn issuer_twice_in_a_scheme_is_rejected() {
    let issuer = LocalIssuer::start(None).await;
    let remote = || issuer.remote().build().unwrap();
    let key = key("1");
    let twice = gate().issuer("oauth", remote()).issuer("oauth", remote()).build();
    assert!(
        matches!(twice, Err(BuildError::Gate(GateError::IssuerTwice { .. }))),
        "{twice:?}"
    );
    let two = gate()
        .bearer("oauth", own_verifier(&key))
        .issuer("oauth", remote())
        .bearer("oauth", own_verifier(&key))
        .build();
    assert!(
        matches!(two, Err(BuildError::Gate(GateError::TwoVerifiers { .. }))),
        "{two:?}"
    );
    let unknown = gate().issuer("other", remote()).build();
    assert!(
        matches!(unknown, Err(BuildError::Gate(GateError::UndeclaredScheme { .. }))),
        "{unknown:?}"
    );
    let basic = scopegate_http::Catalog::builder()
        .scheme("basic", SecurityScheme::http_basic())
        .build()
        .unwrap();
    let basic = Gate::builder(basic).issuer("basic", remote()).build();
    assert!(
        matches!(basic, Err(BuildError::Gate(GateError::NotBearer { .. }))),
        "{basic:?}"
    );
}

async fn users(ids: &[&str]) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for (number, id) in ids.iter().enumerate() {
        let user = User::new(
            UserId::parse(id).unwrap(),
            Username::parse(&format!("user{number}")).unwrap(),
        );
        let account = Account {
            user,
            password_hash: None,
        };
        Users::add(&store, account).await.unwrap();
    }
    Arc::new(store)
}

#[tokio::test]
async fn equal_subjects_of_two_issuers_are_different_users() {
    let keys = [key("a"), key("b"), key("c")];
    let (a, b) = (
        LocalIssuer::start(Some(&keys[0])).await,
        LocalIssuer::start(Some(&keys[1])).await,
    );
    let linked = format!("{}#1", a.name);
    let tell = |permit: Permit| async move { permit.user().unwrap().id().to_string() };
    let gate = |subjects, users| {
        gate()
            .operation(get("/me").guard(Guard::user().check(ActiveUser)).then(tell))
            .users(users)
            .bearer("oauth", own_verifier(&keys[2]))
            .issuer("oauth", a.remote().map_subjects(subjects).build().unwrap())
            .issuer("oauth", b.remote().build().unwrap())
            .build()
            .unwrap()
    };
    let of = |issuer: &Issuer, number: usize| token(issuer, &keys[number], "1");
    let qualified = gate(SubjectMapping::Qualified, users(&["1"]).await);
    assert_eq!(ask(&qualified, "/me", &of(&own(), 2)).await.2, "1");
    for (issuer, number) in [(&a.name, 0), (&b.name, 1)] {
        assert_eq!(ask(&qualified, "/me", &of(issuer, number)).await.0, 401);
        assert_eq!(
            ask(&qualified, "/reports", &of(issuer, number)).await.2,
            format!("{issuer}#1")
        );
    }
    assert_eq!(ask(&qualified, "/reports", &of(&own(), 2)).await.2, "1");
    // A user that was created for a subject of the other issuer.
    let made = gate(SubjectMapping::Qualified, users(&["1", &linked]).await);
    assert_eq!(ask(&made, "/me", &of(&a.name, 0)).await.2, linked);
    assert_eq!(ask(&made, "/me", &of(&b.name, 1)).await.0, 401);
    // Both share one directory.
    let ours = gate(SubjectMapping::Ours, users(&["1"]).await);
    assert_eq!(ask(&ours, "/me", &of(&a.name, 0)).await.2, "1");
    assert_eq!(ask(&ours, "/me", &of(&b.name, 1)).await.0, 401);
}

#[tokio::test]
async fn client_of_another_issuer_is_not_a_user() {
    let key = key("a");
    let issuer = LocalIssuer::start(Some(&key)).await;
    let linked = ["app", "1"].map(|subject| format!("{}#{subject}", issuer.name));
    let tell = |permit: Permit| async move { permit.user().unwrap().id().to_string() };
    for (subjects, ids) in [
        (SubjectMapping::Qualified, [&*linked[0], &linked[1]]),
        (SubjectMapping::Ours, ["app", "1"]),
    ] {
        let gate = gate()
            .operation(get("/me").guard(Guard::user()).then(tell))
            .users(users(&ids).await)
            .issuer("oauth", issuer.remote().map_subjects(subjects).build().unwrap())
            .build()
            .unwrap();
        assert_eq!(ask(&gate, "/me", &token(&issuer.name, &key, "1")).await.2, ids[1]);
        // The client of the token is `app`.
        let of_client = token(&issuer.name, &key, "app");
        assert_eq!(ask(&gate, "/me", &of_client).await.0, 401);
        assert_eq!(ask(&gate, "/reports", &of_client).await.2, ids[0]);
    }
}

#[tokio::test]
async fn unreachable_issuer_is_503_for_its_tokens_only() {
    let keys = [key("a"), key("b")];
    let down = LocalIssuer::start(None).await;
    let remote = down.remote().build().unwrap();
    let gate = gate()
        .bearer("oauth", own_verifier(&keys[1]))
        .issuer("oauth", remote.clone())
        .build()
        .unwrap();
    assert!(remote.fetch().await.is_err());
    let theirs = token(&down.name, &keys[0], "1");
    let (status_of_theirs, retry, _) = ask(&gate, "/reports", &theirs).await;
    assert_eq!((status_of_theirs, retry.as_deref()), (503, Some("1")));
    assert_eq!(status(&gate, &token(&own(), &keys[1], "1")).await, 200);
    assert_eq!(status(&gate, "made up").await, 401);
    down.publish(Some(jwks(&keys[0])));
    assert_eq!(status(&gate, &theirs).await, 200);
    assert!(remote.fetch().await.is_ok());
}

#[tokio::test]
async fn new_key_works_at_once_and_removed_one_fails() {
    let (old, new) = (key("old"), key("new"));
    let issuer = LocalIssuer::start(Some(&old)).await;
    let gate = gate()
        .issuer("oauth", issuer.remote().build().unwrap())
        .build()
        .unwrap();
    let (first, second) = (token(&issuer.name, &old, "1"), token(&issuer.name, &new, "1"));
    assert_eq!(status(&gate, &first).await, 200);
    issuer.publish(Some(jwks(&new)));
    assert_eq!(status(&gate, &second).await, 200);
    assert_eq!(status(&gate, &first).await, 401, "its key was taken back");
}

#[tokio::test]
async fn unknown_keys_cause_few_fetches_and_no_failure() {
    let good = key("good");
    let issuer = LocalIssuer::start(Some(&good)).await;
    let remote = issuer.remote().rate_limit(4, Duration::from_hours(1));
    let gate = gate().issuer("oauth", remote.build().unwrap()).build().unwrap();
    let known = token(&issuer.name, &good, "1");
    assert_eq!(status(&gate, &known).await, 200);
    for number in 0..300 {
        let made_up = token(&issuer.name, &key(&format!("made up {number}")), "1");
        assert_eq!(status(&gate, &made_up).await, 401);
    }
    assert_eq!(status(&gate, &known).await, 200);
    assert_eq!(issuer.provider.count_of("/jwks"), 4);
}

#[tokio::test]
async fn outage_fails_no_request() {
    let (old, new) = (key("old"), key("new"));
    let issuer = LocalIssuer::start(Some(&old)).await;
    let ttl = Duration::from_mins(5);
    let remote = issuer.remote().key_ttl(ttl, ttl).rate_limit(4, ttl);
    let gate = gate().issuer("oauth", remote.build().unwrap()).build().unwrap();
    let known = token(&issuer.name, &old, "1");
    assert_eq!(status(&gate, &known).await, 200);
    issuer.publish(None);
    for _ in 0..20 {
        let before = issuer.provider.count();
        skip(ttl + Duration::from_secs(1)).await;
        assert_eq!(status(&gate, &known).await, 200);
        until(|| issuer.provider.count() > before).await;
    }
    // The key may exist, so the token is not called invalid.
    assert_eq!(status(&gate, &token(&issuer.name, &new, "1")).await, 503);
}

#[tokio::test]
async fn published_secret_is_not_a_key() {
    let secret = "a secret text of thirty-two bytes";
    let encoded = base64_simd::URL_SAFE_NO_PAD.encode_to_string(secret);
    let issuer = LocalIssuer::start(None).await;
    let private = r#"{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
    issuer.publish(Some(format!(
        r#"{{"keys": [{{"kty":"oct","kid":"1","alg":"HS256","k":"{encoded}"}}, {private}]}}"#
    )));
    let gate = gate()
        .issuer("oauth", issuer.remote().jwt(ScopeLayout::Text).build().unwrap())
        .build()
        .unwrap();
    let key = || SigningKey::hmac(Algorithm::Hs256, &Secret::new(secret.to_owned())).unwrap();
    for key in [key(), key().with_id(KeyId::parse("1").unwrap())] {
        assert_eq!(status(&gate, &token_by(&issuer.name, key, "1")).await, 401);
    }
}

#[tokio::test]
async fn opaque_tokens_are_introspected_and_jwts_are_not() {
    let keys = [key("a")];
    let issuer = LocalIssuer::start(Some(&keys[0])).await;
    let other = TestProvider::start(|request, _| {
        let is_known = request.contains("token=opaque-1&");
        json(&format!(
            r#"{{"active": {is_known}, "aud": "https://api.example", "sub": "1", "scope": "reports:read"}}"#
        ))
    })
    .await;
    let name = Issuer::parse(&format!("http://{}", other.address)).unwrap();
    let introspection = Introspection::builder(name.clone(), audience(), "api", Secret::new("s".to_owned()))
        .endpoint(other.url("/introspect"))
        .fetcher(fetcher())
        .build()
        .unwrap();
    let both = gate()
        .introspection("oauth", introspection.clone())
        .issuer("oauth", issuer.remote().build().unwrap())
        .build()
        .unwrap();
    assert_eq!(ask(&both, "/reports", "opaque-1").await.2, format!("{name}#1"));
    assert_eq!(status(&both, "opaque-2").await, 401);
    assert_eq!(
        ask(&both, "/reports", &token(&issuer.name, &keys[0], "1")).await.2,
        format!("{}#1", issuer.name)
    );
    assert_eq!(status(&both, &token(&name, &keys[0], "1")).await, 401);
    assert_eq!(other.count(), 2);
    // As the only verifier of its scheme it is queried for every token.
    let alone = gate().verifier("oauth", Arc::new(introspection)).build().unwrap();
    assert_eq!(status(&alone, "opaque-1").await, 200);
    assert_eq!(status(&alone, &token(&name, &keys[0], "1")).await, 401);
}

#[tokio::test]
async fn scope_claim_follows_the_configuration() {
    let key = key("a");
    let issuer = LocalIssuer::start(Some(&key)).await;
    let cases = [
        (ScopeLayout::Scp, r#""scp": "x reports:read""#, 200),
        (ScopeLayout::Scp, r#""scp": ["reports:read"]"#, 200),
        (ScopeLayout::Scp, r#""scope": "reports:read""#, 403),
        (ScopeLayout::Permissions, r#""permissions": ["reports:read"]"#, 200),
        (ScopeLayout::Permissions, r#""scp": "reports:read""#, 403),
        (
            ScopeLayout::RealmRoles,
            r#""realm_access": {"roles": ["reports:read"]}"#,
            200,
        ),
        (ScopeLayout::RealmRoles, r#""roles": ["reports:read"]"#, 403),
        (ScopeLayout::Text, r#""scope": "reports:read""#, 200),
        (ScopeLayout::Text, r#""scope": "reports:read", "nonce": "n""#, 401),
    ];
    for (layout, claim, expected) in cases {
        let gate = gate()
            .issuer("oauth", issuer.remote().jwt(layout).build().unwrap())
            .build()
            .unwrap();
        let token = signed(&issuer.name, claim);
        issuer.publish(Some(token.1));
        assert_eq!(status(&gate, &token.0).await, expected, "{layout:?} {claim}");
    }
}

/// Returns a token with this claim, signed by a new key, and the key set that verifies it.
fn signed(issuer: &Issuer, claim: &str) -> (String, String) {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let known = SigningKey::from_pkcs8(Algorithm::Es256, Secret::new(document.as_ref().to_vec())).unwrap();
    let payload = format!(
        r#"{{"iss": "{issuer}", "aud": "https://api.example", "sub": "1", "client_id": "app", "exp": 9999999999, {claim}}}"#
    );
    let encode = |text: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(text);
    let message = format!(
        "{}.{}",
        encode(br#"{"alg": "ES256", "typ": "JWT"}"#),
        encode(payload.as_bytes())
    );
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    (
        format!("{message}.{}", encode(signature.as_ref())),
        KeySet::from(known.verifying_key()).to_jwks(),
    )
}
