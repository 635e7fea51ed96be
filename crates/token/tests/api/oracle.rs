//! Beside jsonwebtoken: what we accept it accepts, in its strictest setting, with the same claims.

use std::sync::LazyLock;

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use proptest::prelude::*;
use scopegate_domain::Timestamp;
use scopegate_token::{KeySet, Scratch, TokenRules, Verifier};
use serde_json::{Map, Value, json};

use crate::forge::{Es256, Kind, SECRET, es256, hs256, hs256_key};
use crate::provider;

static PAIR: LazyLock<Es256> = LazyLock::new(Es256::generate);

fn present() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

/// What jsonwebtoken says to a token: its claims, or nothing.
fn oracle(kind: &Kind, algorithm: jsonwebtoken::Algorithm, token: &str) -> Option<Map<String, Value>> {
    provider::install();
    let key = match algorithm {
        jsonwebtoken::Algorithm::ES256 => DecodingKey::from_ec_der(PAIR.verifying_key().point().unwrap()),
        _ => DecodingKey::from_secret(SECRET.as_bytes()),
    };
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.validate_nbf = true;
    if kind.rules == TokenRules::tutorial() {
        validation.set_required_spec_claims(&["exp", "sub"]);
    } else {
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        validation.set_issuer(&["https://issuer.example"]);
        validation.set_audience(&["https://api.example"]);
    }
    jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation)
        .ok()
        .map(|data| data.claims)
}

/// Good claims with a few things changed; times keep away from the present, which moves on between the two verdicts.
fn claims(kind: &Kind) -> impl Strategy<Value = Value> + use<> {
    let base = kind.claims.clone();
    let time = prop_oneof![
        4 => prop_oneof![-9_000i64..-10, 10i64..9_000].prop_map(|offset| json!(present() + offset)),
        1 => Just(json!(1e300)),
        1 => Just(json!("4102444800")),
        1 => (10.5f64..9_000.0).prop_map(|offset| json!(4_102_444_800.0 + offset)),
        1 => Just(Value::Null),
        1 => any::<i64>().prop_map(Value::from),
    ];
    let change = prop_oneof![
        3 => ("exp|nbf|iat", time),
        1 => ("iss|aud|sub|jti|client_id", prop_oneof![
            any::<String>().prop_map(|text| if text.is_empty() { json!("x") } else { json!(text) }),
            Just(json!(["https://api.example", "other"])),
            Just(json!("https://api.example")),
            Just(json!(7)),
        ]),
        2 => ("[a-d]", any::<String>().prop_map(Value::from)),
    ];
    proptest::collection::vec(change, 0..3).prop_map(move |changes| {
        let mut claims = base.as_object().unwrap().clone();
        claims.insert("exp".to_owned(), json!(present() + 1_800));
        claims.extend(changes);
        Value::Object(claims)
    })
}

fn header(kind: &Kind, algorithm: &'static str) -> impl Strategy<Value = Value> + use<> {
    let base = kind.header.clone();
    let change = prop_oneof![
        6 => Just(None),
        1 => "none|HS256|HS384|ES256|RS256".prop_map(|name| Some(("alg", json!(name)))),
        1 => "JWT|at\\+jwt|x".prop_map(|name| Some(("typ", json!(name)))),
        1 => Just(Some(("crit", json!(["exp"])))),
        1 => any::<String>().prop_map(|name| Some(("kid", json!(name)))),
    ];
    change.prop_map(move |change| {
        let mut header = base.clone();
        header["alg"] = json!(algorithm);
        if let Some((name, value)) = change {
            header[name] = value;
        }
        header
    })
}

#[derive(Clone, Debug)]
enum Damage {
    None,
    Replace(prop::sample::Index, char),
    Cut(prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        6 => Just(Damage::None),
        1 => (any::<prop::sample::Index>(), prop_oneof![Just('='), Just('.'), Just('A'), Just('_'), Just('+')])
            .prop_map(|(at, character)| Damage::Replace(at, character)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
    ]
}

impl Damage {
    fn to(&self, token: String) -> String {
        match self {
            Self::None => token,
            Self::Replace(at, with) => {
                let at = at.index(token.len());
                format!("{}{with}{}", &token[..at], &token[at + 1..])
            }
            Self::Cut(at) => token[..at.index(token.len())].to_owned(),
        }
    }
}

/// Asserts the implication and tells whether the token was accepted.
fn compare(kind: &Kind, keys: KeySet, algorithm: jsonwebtoken::Algorithm, token: &str) -> Result<bool, TestCaseError> {
    let verifier = Verifier::new(kind.rules.clone(), keys);
    let mut scratch = Scratch::new();
    let Ok(ours) = verifier.verify(token, Timestamp::from_unix(present()), &mut scratch) else {
        return Ok(false);
    };
    let theirs = oracle(kind, algorithm, token);
    prop_assert!(theirs.is_some(), "accepted here alone: {token}");
    let theirs = theirs.unwrap();
    prop_assert_eq!(ours.subject(), theirs["sub"].as_str());
    prop_assert_eq!(ours.token_id(), theirs.get("jti").and_then(Value::as_str));
    prop_assert_eq!(
        ours.expires_at().map(Timestamp::as_unix),
        theirs["exp"].as_f64().map(|number| number.trunc() as i64)
    );
    Ok(true)
}

fn any_token(kind: &Kind, algorithm: &'static str) -> impl Strategy<Value = (Value, Value, Damage)> + use<> {
    (header(kind, algorithm), claims(kind), damage())
}

proptest! {
    #[test]
    fn what_we_accept_of_hs256_it_accepts(
        tutorial in any_token(&Kind::tutorial(), "HS256"),
        rfc9068 in any_token(&Kind::rfc9068(), "HS256"),
    ) {
        for (kind, (header, claims, damage)) in [(Kind::tutorial(), tutorial), (Kind::rfc9068(), rfc9068)] {
            let token = damage.to(hs256(&header.to_string(), &claims.to_string()));
            compare(&kind, hs256_key().verifying_key().into(), jsonwebtoken::Algorithm::HS256, &token)?;
        }
    }

    #[test]
    fn what_we_accept_of_es256_it_accepts((header, claims, damage) in any_token(&Kind::rfc9068(), "ES256")) {
        let token = damage.to(es256(&PAIR, &header.to_string(), &claims.to_string()));
        compare(&Kind::rfc9068(), PAIR.verifying_key().into(), jsonwebtoken::Algorithm::ES256, &token)?;
    }
}

/// The implication above would hold for a verifier that refuses everything.
#[test]
fn what_it_issues_we_accept() {
    provider::install();
    for (kind, name, algorithm, key, keys) in [
        (
            Kind::tutorial(),
            "JWT",
            jsonwebtoken::Algorithm::HS256,
            EncodingKey::from_secret(SECRET.as_bytes()),
            None,
        ),
        (
            Kind::rfc9068(),
            "at+jwt",
            jsonwebtoken::Algorithm::HS256,
            EncodingKey::from_secret(SECRET.as_bytes()),
            None,
        ),
        (
            Kind::rfc9068(),
            "at+jwt",
            jsonwebtoken::Algorithm::ES256,
            EncodingKey::from_ec_der(&PAIR.pkcs8),
            Some(KeySet::from(PAIR.verifying_key())),
        ),
    ] {
        let mut header = Header::new(algorithm);
        header.typ = Some(name.to_owned());
        let mut claims = kind.claims.clone();
        claims["exp"] = json!(present() + 1_800);
        let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let keys = keys.unwrap_or_else(|| hs256_key().verifying_key().into());
        let is_accepted = compare(&kind, keys, algorithm, &token).unwrap();
        assert!(is_accepted, "{} {algorithm:?}", kind.name);
    }
}
