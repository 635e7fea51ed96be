//! Claims of tokens of other issuers: signed, and opaque.

use base64_simd::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use scopegate_http::domain::{
    Audience, ClaimLayout, ClientClaim, Clock as _, Issuer, ScopeLayout, Secret, SystemClock,
};
use scopegate_http::issuers::Introspection;
use scopegate_http::token::SigningKey;
use scopegate_http::{Gate, Guard, get};
use scopegate_issuers::test_provider::{TestProvider, json as answer_json};
use serde_json::{Value, json};

use crate::claims::tell;
use crate::issuers::common::{AUDIENCE, LocalIssuer, ask, fetcher, gate as empty_gate, key};

fn gate(add: impl FnOnce(scopegate_http::GateBuilder) -> scopegate_http::GateBuilder) -> Gate {
    let builder = empty_gate().operation(get("/claims").guard(Guard::authenticated()).then(tell));
    add(builder).build().unwrap()
}

async fn read(gate: &Gate, token: &str) -> Value {
    let first = ask(gate, "/claims", token).await;
    assert_eq!(ask(gate, "/claims", token).await, first, "cached or not");
    assert_eq!(first.0, 200, "{first:?}");
    serde_json::from_str(&first.2).unwrap()
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode_to_string(text);
    let id = key.verifying_key().id().unwrap().as_str().to_owned();
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": id}).to_string();
    let message = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let (random, document) = (SystemRandom::new(), key.to_pkcs8().unwrap());
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.expose(), &random).unwrap();
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    format!("{message}.{}", encode(signature.as_ref()))
}

#[tokio::test]
async fn claims_of_a_remote_issuer_are_kept() {
    let key = key("k1");
    let issuer = LocalIssuer::start(Some(&key)).await;
    let layout = ClaimLayout::new(ScopeLayout::Scp).with_client(ClientClaim::Azp);
    let remote = || issuer.remote().jwt(layout);
    let keeping = remote().keep_claim("tenant").keep_claim("plan").build().unwrap();
    let gate = gate(|gate| gate.issuer("oauth", keeping));
    let now = SystemClock.now().as_unix();
    let claims = |tenant: Value| {
        json!({
            "iss": issuer.name.as_str(), "aud": AUDIENCE, "sub": "1", "azp": "app", "exp": now + 600, "jti": "t1",
            "tenant": tenant,
        })
    };
    let told = read(&gate, &signed(&key, &claims(json!(["a"])))).await;
    assert_eq!(told["sub"], format!("{}#1", issuer.name), "the local subject");
    assert_eq!(
        (&told["client"], &told["tenant"], &told["plan"]),
        (&json!("app"), &json!(["a"]), &Value::Null)
    );
    assert_eq!(told["iss"], issuer.name.as_str());
    let long = signed(&key, &claims(json!("x".repeat(4095))));
    assert_eq!(ask(&gate, "/claims", &long).await.0, 401);

    let fault = remote()
        .keep_claim("azp")
        .keep_claim("exp")
        .build()
        .unwrap_err()
        .to_string();
    assert!(fault.starts_with("claim `exp` cannot be kept: "), "{fault}");
    // The double of several issuers knows the claims of each.
    let test = gate.testing().subject("1").claim("tenant", 7).gate();
    let answered = crate::common::get(&test, "/claims").await;
    assert_eq!(
        (&answered.json()["tenant"], &answered.json()["plan"]),
        (&json!(7), &Value::Null)
    );
}

#[tokio::test]
async fn claims_of_an_introspected_token_are_kept() {
    let now = SystemClock.now().as_unix();
    let body = json!({
        "active": true, "sub": "1", "client_id": "app", "aud": AUDIENCE, "exp": now + 600, "iat": now, "jti": "t1",
        "username": "joe", "other": 1,
    });
    let provider = TestProvider::start(move |_, _| answer_json(&body.to_string())).await;
    let issuer = Issuer::parse(&format!("http://{}", provider.address)).unwrap();
    let builder = || {
        let secret = Secret::new("secret".to_owned());
        Introspection::builder(issuer.clone(), Audience::parse(AUDIENCE).unwrap(), "api", secret)
            .endpoint(format!("{issuer}/introspect"))
            .fetcher(fetcher())
    };
    let keeping = builder().keep_claim("tenant").keep_claim("plan").build().unwrap();
    let gate = gate(|gate| gate.introspection("oauth", keeping));
    let told = read(&gate, "opaque").await;
    assert_eq!(
        (&told["sub"], &told["client"]),
        (&json!(format!("{issuer}#1")), &json!("app"))
    );
    assert_eq!(
        (&told["id"], &told["iat"], &told["exp"]),
        (&json!("t1"), &json!(now), &json!(now + 600))
    );
    assert_eq!((&told["aud"], &told["tenant"]), (&json!([AUDIENCE]), &Value::Null));
    assert_eq!(provider.count(), 1, "the claims are cached with the answer");
    assert!(builder().keep_claim("sub").build().is_err());
}

#[tokio::test]
async fn gate_keeps_a_claim_of_each_issuer_of_a_scheme() {
    let key = key("k1");
    let issuer = LocalIssuer::start(Some(&key)).await;
    let now = SystemClock.now().as_unix();
    let claims = json!({
        "iss": issuer.name.as_str(), "aud": AUDIENCE, "sub": "1", "exp": now + 600, "tenant": "signed", "plan": "gold",
    });
    let opaque = json!({ "active": true, "sub": "1", "aud": AUDIENCE, "exp": now + 600, "tenant": "opaque" });
    let provider = TestProvider::start(move |_, _| answer_json(&opaque.to_string())).await;
    let name = Issuer::parse(&format!("http://{}", provider.address)).unwrap();
    let audience = Audience::parse(AUDIENCE).unwrap();
    let introspection = Introspection::builder(name.clone(), audience, "api", Secret::new("secret".to_owned()))
        .endpoint(format!("{name}/introspect"))
        .fetcher(fetcher())
        .build()
        .unwrap();
    let layout = ClaimLayout::new(ScopeLayout::Scp);
    let remote = || issuer.remote().jwt(layout).keep_claim("plan").build().unwrap();
    let gate = |issuer, claim: &str| {
        let gate = empty_gate().operation(get("/claims").guard(Guard::authenticated()).then(tell));
        let gate = gate
            .issuer("oauth", issuer)
            .introspection("oauth", introspection.clone());
        gate.keep_claim(claim).build()
    };
    let keeping = gate(remote(), "tenant").unwrap();
    let signed = signed(&key, &claims);
    let told = read(&keeping, &signed).await;
    assert_eq!((&told["tenant"], &told["plan"]), (&json!("signed"), &json!("gold")));
    assert_eq!(read(&keeping, "opaque").await["tenant"], "opaque");
    // A gate with the same sources keeps what it names.
    let other = gate(remote(), "other").unwrap();
    let told = read(&other, "opaque").await["tenant"].to_string();
    assert!(told.contains("claim `tenant` is not kept"), "{told}");
    let fault = gate(remote(), "sub").unwrap_err().to_string();
    assert!(
        fault.starts_with("tokens of scheme `oauth`: claim `sub` cannot be kept"),
        "{fault}"
    );
}
