//! What a handler reads of the credential: claims of tokens, of an application's credentials and of
//! doubles.

use std::convert::Infallible;
use std::sync::Arc;

use http::Request;
use http_body_util::Full;
use hyper::body::Bytes;
use scopegate_http::answer::AnyJson;
use scopegate_http::credential::BearerTokens;
use scopegate_http::credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};
use scopegate_http::domain::{ApiKeyLocation, Lifetime, TokenClaims};
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::token::{TokenRules, Verifier};
use scopegate_http::warp::{self, Filter};
use scopegate_http::{Catalog, Gate, GateBuilder, Guard, Permit, SecurityScheme, get, testing::TestGate};
use serde_json::{Value, json};

use crate::common::{self, Answered, NOW, get_once_with, get_with, listen, remembering, signed, whole};
use crate::trace::RecordedLog;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://api.example";

/// The row of a key, which only the application knows.
struct KeyRow {
    plan: &'static str,
}

/// Everything that a handler can read.
fn summary(permit: &Permit) -> Value {
    let audience: Vec<_> = permit.audience().collect();
    let claim = |name| match permit.claim::<Value>(name) {
        Ok(value) => json!(value),
        Err(error) => json!(error.to_string()),
    };
    json!({
        "sub": permit.subject(), "client": permit.client_id(), "id": permit.token_id(), "iss": permit.issuer(),
        "aud": audience, "acr": permit.acr(), "iat": permit.issued_at(), "exp": permit.expires_at(),
        "auth_time": permit.auth_time(), "tenant": claim("tenant"), "plan": claim("plan"),
        "value": permit.value::<KeyRow>().map(|row| row.plan),
    })
}

pub(crate) async fn tell(permit: Permit) -> AnyJson<Value> {
    AnyJson(summary(&permit))
}

/// Reads a number, as a handler that knows its type.
async fn number(permit: Permit) -> String {
    match permit.claim::<u64>("tenant") {
        Ok(tenant) => format!("{tenant:?}"),
        Err(error) => error.to_string(),
    }
}

/// An operation for each scheme, and one that needs both.
fn catalog() -> Catalog {
    let key = |name| SecurityScheme::api_key(ApiKeyLocation::Header, name);
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scheme("key", key("X-Key"))
        .scheme("app", key("X-App"))
        .without_subject()
        .build()
        .unwrap()
}

fn tokens() -> BearerTokens {
    let rules = TokenRules::jwt(ISSUER.parse().unwrap(), AUDIENCE.parse().unwrap());
    remembering(Verifier::new(rules, common::key().verifying_key()))
}

fn gate(tokens: BearerTokens) -> Gate {
    let of = |scheme: &str| Guard::authenticated().with_scheme(scheme);
    let both = |one: &str, two: &str| Guard::all_of([&of(one), &of(two)]);
    Gate::builder(catalog())
        .bearer("oauth", tokens)
        .verifier("key", Arc::new(Keys))
        .verifier("app", Arc::new(Keys))
        .clock(common::clock())
        .operation(get("/token").guard(of("oauth")).then(tell))
        .operation(get("/number").guard(of("oauth")).then(number))
        .operation(get("/key").guard(of("key")).then(tell))
        .operation(get("/app").guard(of("app")).then(tell))
        .operation(get("/token-and-app").guard(both("oauth", "app")).then(tell))
        .operation(get("/token-and-key").guard(both("oauth", "key")).then(tell))
        .build()
        .unwrap()
}

/// A gate that keeps the claims that [`tell`] reads.
fn keeping() -> Gate {
    gate(tokens().keep_claim("tenant").keep_claim("plan"))
}

/// The claims of a valid token, with some more.
fn payload(more: &Value) -> Value {
    let now = NOW.as_unix();
    let mut claims = json!({
        "iss": ISSUER, "aud": [AUDIENCE, "https://other.example"], "sub": "u1", "client_id": "demo", "jti": "t1",
        "acr": "mfa", "iat": now, "exp": now + 600, "auth_time": now - 60,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// The application's own credentials, by their text.
struct Keys;

impl CredentialVerifier for Keys {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let of = |subject: &str| AuthenticatedCredential::of_subject(subject).with_client_id("program");
        let valid = match credential.secret().expose().as_str() {
            "rich" => of("u1").with_claim("tenant", 9).with_value(KeyRow { plan: "gold" }),
            "plain" => of("u1"),
            "whole" => AuthenticatedCredential::of_claims(
                TokenClaims::new()
                    .with_subject("u1")
                    .with_issuer(ISSUER)
                    .with_audience(AUDIENCE)
                    .with_token_id("k1"),
            ),
            "short" => of("u1").with_expires_at(NOW + Lifetime::from_seconds(10)),
            "registered" => of("u1").with_claim("acr", "mfa"),
            "twice" => of("u1").with_claim("tenant", 1).with_claim("tenant", 1),
            "long" => of("u1").with_claim("tenant", "x".repeat(4095)),
            "many" => (0..17).fold(of("u1"), |credential, number| {
                credential.with_claim(format!("c{number}"), number)
            }),
            _ => return Box::pin(async { Ok(CredentialCheck::Invalid) }),
        };
        Box::pin(async { Ok(CredentialCheck::Valid(valid)) })
    }
}

async fn send(gate: &Gate, path: &str, headers: &[(&str, &str)]) -> Answered {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    common::send(gate, request.body(String::new()).unwrap()).await
}

async fn with_key(gate: &Gate, key: &str) -> Answered {
    send(gate, "/key", &[("x-key", key)]).await
}

/// Sends a request through the filter of warp.
async fn by_filter<F>(filter: F, path: &str, token: &str) -> Answered
where
    F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    F::Extract: warp::Reply + Send,
{
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let request = request.body(Full::new(Bytes::new())).unwrap();
    let mut service = warp::service(filter);
    whole(tower_service::Service::call(&mut service, request).await.unwrap()).await
}

#[tokio::test]
async fn handler_reads_claims_of_a_signed_token() {
    let gate = keeping();
    let token = signed(&payload(&json!({"tenant": {"id": 7, "tags": ["é\n"]}, "other": 1})));
    let now = NOW.as_unix();
    let expected = json!({
        "sub": "u1", "client": "demo", "id": "t1", "iss": ISSUER, "aud": [AUDIENCE, "https://other.example"],
        "acr": "mfa", "iat": now, "exp": now + 600, "auth_time": now - 60,
        "tenant": {"id": 7, "tags": ["é\n"]}, "plan": null, "value": null,
    });
    // Twice each: the second request finds the token in the cache, unless there is none.
    for _ in 0..2 {
        assert_eq!(get_with(&gate, "/token", &token).await.json(), expected);
        assert_eq!(by_filter(gate.site_filter(), "/token", &token).await.json(), expected);
    }
    let bare = signed(&json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "exp": now + 1}));
    let read = get_with(&gate, "/token", &bare).await.json();
    assert_eq!(
        (&read["sub"], &read["aud"], &read["exp"]),
        (&json!("u1"), &json!([AUDIENCE]), &json!(now + 1))
    );
    for absent in ["client", "id", "acr", "iat", "auth_time", "tenant", "plan", "value"] {
        assert_eq!(read[absent], Value::Null, "{absent}");
    }
}

#[tokio::test]
async fn tokens_in_one_cache_have_their_own_claims() {
    let gate = keeping();
    let tokens = [1, 2, 3].map(|tenant| signed(&payload(&json!({"tenant": tenant}))));
    for _ in 0..2 {
        for (token, tenant) in tokens.iter().zip(1..) {
            assert_eq!(
                get_once_with(&gate, "/number", token).await.body,
                format!("Some({tenant})")
            );
        }
    }
}

#[tokio::test]
async fn claim_is_unknown_if_the_gate_does_not_keep_it() {
    let token = signed(&payload(&json!({"tenant": 7, "plan": "gold"})));
    let read = get_with(&gate(tokens().keep_claim("plan")), "/token", &token)
        .await
        .json();
    assert_eq!(read["plan"], "gold");
    let unknown =
        "claim `tenant` is not kept; name it where the verifier is configured, or use the method of the permit";
    assert_eq!(read["tenant"], unknown);
    assert_eq!(get_with(&gate(tokens()), "/number", &token).await.body, unknown);
}

#[tokio::test]
async fn gate_keeps_a_claim_for_each_scheme() {
    let gate = |plan: BearerTokens| {
        let catalog = Catalog::builder()
            .scheme("first", SecurityScheme::http_bearer())
            .scheme("second", SecurityScheme::http_bearer());
        let guard = |scheme: &str| Guard::authenticated().with_scheme(scheme);
        Gate::builder(catalog.build().unwrap())
            .bearer("first", tokens())
            .keep_claim("tenant")
            .bearer("second", plan)
            .clock(common::clock())
            .operation(get("/first").guard(guard("first")).then(tell))
            .operation(get("/second").guard(guard("second")).then(tell))
    };
    let built = gate(tokens().keep_claim("plan").keep_claim("tenant")).build().unwrap();
    let token = signed(&payload(&json!({"tenant": 7, "plan": "gold"})));
    let first = get_with(&built, "/first", &token).await.json();
    assert_eq!(first["tenant"], 7);
    assert!(first["plan"].as_str().unwrap().contains("is not kept"), "{first}");
    let second = get_with(&built, "/second", &token).await.json();
    assert_eq!((&second["tenant"], &second["plan"]), (&json!(7), &json!("gold")));

    let fault = |builder: GateBuilder| builder.build().unwrap_err().to_string();
    let cannot = "tokens of scheme `first`: claim";
    assert_eq!(
        fault(gate(tokens()).keep_claim("tenant")),
        format!("{cannot} `tenant` cannot be kept: it is kept already")
    );
    assert!(fault(gate(tokens()).keep_claim("sub")).starts_with(&format!("{cannot} `sub` cannot be kept")));
    let many = (0..16).fold(tokens(), |tokens, number| tokens.keep_claim(format!("c{number}")));
    assert_eq!(
        fault(gate(many)),
        "tokens of scheme `second`: claim `tenant` cannot be kept: more than 16 claims are kept"
    );
}

#[tokio::test]
async fn claim_of_another_type_is_an_error() {
    let gate = keeping();
    for (value, expected) in [
        (json!(7), "Some(7)"),
        (json!("7"), "claim `tenant` is of another type than the handler reads"),
        (json!(-7), "claim `tenant` is of another type than the handler reads"),
        (Value::Null, "claim `tenant` is of another type than the handler reads"),
    ] {
        let token = signed(&payload(&json!({"tenant": value})));
        assert_eq!(get_with(&gate, "/number", &token).await.body, expected, "{value}");
    }
}

#[tokio::test]
async fn token_with_too_long_kept_claims_is_refused() {
    let gate = keeping();
    let token = |bytes: usize| signed(&payload(&json!({"plan": 1, "tenant": "x".repeat(bytes - 3)})));
    assert_eq!(get_with(&gate, "/token", &token(4096)).await.status, 200);
    let log = RecordedLog::default();
    let guard = listen(log.clone());
    let refused = get_with(&gate, "/token", &token(4097)).await;
    drop(guard);
    assert_eq!(refused.status, 401);
    assert!(
        refused.challenges()[0].contains("error=\"invalid_token\""),
        "{:?}",
        refused.challenges()
    );
    assert!(!refused.body.contains("4096"), "the client does not learn the cause");
    let text = log.text();
    assert!(text.contains("kept claims are longer than 4096 bytes"), "{text}");
    assert_eq!(
        get_with(&self::gate(tokens()), "/token", &token(4097)).await.status,
        200,
        "no claim is kept"
    );
}

#[test]
fn claims_that_cannot_be_kept_are_build_errors() {
    let fault = |tokens: BearerTokens| {
        let gate = Gate::builder(catalog()).bearer("oauth", tokens).build();
        gate.unwrap_err().to_string()
    };
    assert_eq!(
        fault(tokens().keep_claim("tenant").keep_claim("sub")),
        "tokens of scheme `oauth`: claim `sub` cannot be kept: the gate reads this claim itself; use the method of the \
         permit"
    );
    assert_eq!(
        fault(tokens().keep_claim("tenant").keep_claim("tenant")),
        "tokens of scheme `oauth`: claim `tenant` cannot be kept: it is kept already"
    );
    let many = (0..17).fold(tokens(), |tokens, number| tokens.keep_claim(format!("c{number}")));
    assert_eq!(
        fault(many),
        "tokens of scheme `oauth`: claim `c16` cannot be kept: more than 16 claims are kept"
    );
}

#[tokio::test]
async fn credential_of_an_application_has_claims_and_a_value() {
    let gate = keeping();
    let rich = with_key(&gate, "rich").await.json();
    assert_eq!(
        (&rich["sub"], &rich["client"], &rich["tenant"], &rich["value"]),
        (&json!("u1"), &json!("program"), &json!(9), &json!("gold"))
    );
    assert_eq!(rich["plan"], Value::Null, "a claim that it does not state is absent");
    assert_eq!(with_key(&gate, "plain").await.json()["value"], Value::Null);
    let whole = with_key(&gate, "whole").await.json();
    assert_eq!(
        (&whole["iss"], &whole["aud"], &whole["id"]),
        (&json!(ISSUER), &json!([AUDIENCE]), &json!("k1"))
    );
}

#[tokio::test]
async fn credential_without_subject_keeps_its_claims() {
    let read = send(&keeping(), "/app", &[("x-app", "rich")]).await.json();
    assert_eq!(read["sub"], Value::Null, "the scheme has no subject");
    assert_eq!((&read["client"], &read["value"]), (&json!("program"), &json!("gold")));
}

#[tokio::test]
async fn credential_with_invalid_claims_is_refused() {
    for (key, cause) in [
        (
            "registered",
            "the gate reads this claim itself; use the method of the permit",
        ),
        ("twice", "it is kept already"),
        ("long", "kept claims are longer than 4096 bytes"),
        ("many", "more than 16 claims are kept"),
    ] {
        let log = RecordedLog::default();
        let guard = listen(log.clone());
        let refused = with_key(&keeping(), key).await;
        drop(guard);
        assert_eq!(refused.status, 401, "{key}");
        let cause = format!("a claim of the credential cannot be kept: {cause}");
        assert!(log.text().contains(&cause), "{key}: {}", log.text());
    }
}

#[tokio::test]
async fn credential_is_refused_from_its_expiry_on() {
    let clock = common::clock();
    let gate = Gate::builder(catalog())
        .verifier("key", Arc::new(Keys))
        .clock(Arc::<scopegate_http::domain::ManualClock>::clone(&clock))
        .operation(get("/key").guard(Guard::authenticated().with_scheme("key")).then(tell))
        .build()
        .unwrap();
    clock.advance(Lifetime::from_seconds(9));
    let read = with_key(&gate, "short").await.json();
    assert_eq!(read["exp"], NOW.as_unix() + 10);
    clock.advance(Lifetime::from_seconds(1));
    assert_eq!(with_key(&gate, "short").await.status, 401);
    assert_eq!(with_key(&gate, "plain").await.status, 200);
}

#[tokio::test]
async fn claims_of_the_reported_subject_reach_the_handler() {
    let gate = keeping();
    let token = format!("Bearer {}", signed(&payload(&json!({"tenant": 7}))));
    let authorization = ("authorization", token.as_str());
    for _ in 0..2 {
        let read = send(&gate, "/token-and-app", &[authorization, ("x-app", "rich")])
            .await
            .json();
        assert_eq!(
            (&read["sub"], &read["client"], &read["tenant"], &read["value"]),
            (&json!("u1"), &json!("demo"), &json!(7), &Value::Null),
            "the credential without a subject is not read"
        );
        let read = send(&gate, "/token-and-key", &[authorization, ("x-key", "rich")])
            .await
            .json();
        assert_eq!(
            (&read["client"], &read["tenant"]),
            (&json!("demo"), &json!(7)),
            "the first of one subject"
        );
    }
}

/// Asks a double, and returns what the handler reads.
async fn double(test: TestGate, path: &str) -> Answered {
    common::get(&test.gate(), path).await
}

#[tokio::test]
async fn double_answers_like_a_token() {
    let gate = keeping();
    let claims = json!({"tenant": {"id": 7}, "acr": "mfa", "aud": [AUDIENCE], "client_id": "demo"});
    let token = signed(&payload(&claims));
    let test = gate
        .testing()
        .subject("u1")
        .client("demo")
        .claim("tenant", json!({"id": 7}));
    let read = double(test.claim("acr", "mfa").claim("aud", AUDIENCE), "/token")
        .await
        .json();
    let of_token = get_with(&gate, "/token", &token).await.json();
    for name in ["sub", "client", "aud", "acr", "tenant", "plan", "value"] {
        assert_eq!(read[name], of_token[name], "{name}");
    }
    // A claim that the gate does not keep is unknown in the test as well.
    let forgotten = self::gate(tokens());
    let read = double(forgotten.testing().subject("u1").claim("tenant", 7), "/number").await;
    assert!(read.body.starts_with("claim `tenant` is not kept"), "{}", read.body);
    let long = gate.testing().subject("u1").claim("tenant", "x".repeat(4095));
    assert_eq!(double(long, "/token").await.status, 401);
}

#[tokio::test]
async fn double_of_a_key_has_claims_and_a_value() {
    let gate = keeping();
    let test = gate.testing().subject("u1").client("program").claim("tenant", 9);
    let read = double(test.value(KeyRow { plan: "gold" }), "/key").await.json();
    assert_eq!(read, with_key(&gate, "rich").await.json());
    let on_token = gate.testing().subject("u1").value(KeyRow { plan: "gold" });
    assert_eq!(
        double(on_token, "/token").await.json()["value"],
        Value::Null,
        "no token has a value"
    );
    let many = (0..17).fold(gate.testing().subject("u1"), |test, number| {
        test.claim(format!("c{number}"), 1)
    });
    assert_eq!(double(many, "/key").await.status, 401);
}
