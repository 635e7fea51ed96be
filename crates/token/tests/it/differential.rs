//! The inputs of the fuzzer that asks jsonwebtoken too, and more of their kind.
#![expect(
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "oracle/jsonwebtoken_on_ring.rs"]
mod jsonwebtoken_on_ring;
#[path = "oracle/differential.rs"]
mod oracle;
#[path = "oracle/shaped.rs"]
mod shaped;
#[path = "oracle/strict.rs"]
mod strict;

use std::fs;
use std::path::Path;

use jsonwebtoken::{AlgorithmFamily, EncodingKey, Header};
use proptest::prelude::*;

const GOOD: &str = r#"{"iss":"https://issuer.example","aud":"https://api.example","sub":"u1","client_id":"app","iat":1,"exp":4102444800,"jti":"t1"}"#;

#[test]
fn every_saved_input_holds_the_property() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/differential");
    let (mut count, mut accepted) = (0, 0);
    for file in fs::read_dir(corpus).unwrap() {
        count += 1;
        accepted += usize::from(oracle::differential(&fs::read(file.unwrap().path()).unwrap()));
    }
    assert!(count > 10, "hardly any seeds");
    assert!(
        accepted > 3,
        "{accepted} of {count} are accepted: the implication says little"
    );
}

proptest! {
    #[test]
    fn what_we_accept_it_accepts(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        oracle::differential(&bytes);
        scopegate_token::fuzzing::compact_jws(shaped::token_of(&bytes).as_bytes());
        scopegate_domain::fuzzing::claims(shaped::payload_of(&bytes).as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_we_accept_of_each_algorithm_it_accepts(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for pair in &*strict::PAIRS {
            for profile in strict::Profile::ALL {
                oracle::differential_of(profile, pair, &bytes);
            }
        }
    }
}

#[test]
fn what_it_issues_we_accept() {
    for pair in &*strict::PAIRS {
        let key = match (pair.ours.to_pkcs8(), pair.algorithm.family()) {
            (None, _) => EncodingKey::from_secret(&[7; 64]),
            (Some(pkcs8), AlgorithmFamily::Rsa) => EncodingKey::from_rsa_der(pkcs8.expose()),
            (Some(pkcs8), AlgorithmFamily::Ec) => EncodingKey::from_ec_der(pkcs8.expose()),
            (Some(pkcs8), _) => EncodingKey::from_ed_der(pkcs8.expose()),
        };
        let mut header = Header::new(pair.algorithm);
        header.typ = Some("at+jwt".to_owned());
        let claims: serde_json::Value = serde_json::from_str(GOOD).unwrap();
        let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        assert!(
            strict::implies(strict::Profile::Rfc9068, pair, &token),
            "{:?}",
            pair.algorithm
        );
    }
}

/// The implication would hold for a verifier that refuses everything.
#[test]
fn good_tokens_of_every_algorithm_are_accepted() {
    for pair in &*strict::PAIRS {
        let algorithm = pair.ours.algorithm();
        for (profile, typ) in [(strict::Profile::Rfc9068, "at+jwt"), (strict::Profile::Jwt, "JWT")] {
            let header = format!(r#"{{"alg":"{algorithm}","typ":"{typ}"}}"#);
            let token = scopegate_token::fuzzing::forge(&pair.ours, header, GOOD);
            assert!(strict::implies(profile, pair, &token), "{profile:?} {algorithm}");
        }
    }
}

/// Tokens left out of the comparison show nothing, so there must be few.
#[test]
fn only_what_it_cannot_read_is_left_out() {
    let of = |members: &str| {
        let header = format!(r#"{{"typ":"at+jwt"{members}}}"#);
        scopegate_token::fuzzing::forge(&strict::PAIRS[3].ours, header, GOOD)
    };
    for compared in [
        r#","alg":"HS256""#,
        r#","alg":"HS256","jku":"https://evil.example","cty":"x","x":1"#,
        r#","alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"x5c":["AAAA"],"nonce":"n","zip":"DEF""#,
        // The comparison reports an implementation that accepts one of these.
        r#","alg":"HS256","alg":"HS256""#,
        r#","alg":"none""#,
        r#","alg":"HS256","kid":1"#,
        r#","alg":"HS256","crit":1"#,
        r#","alg":"HS256","jku":1,"kid":1"#,
        r#","alg":"HS256","jku":1,"typ":"at+jwt""#,
    ] {
        assert!(strict::is_comparable(&of(compared)), "{compared}");
    }
    for left_out in [
        r#","alg":"Ed25519""#,
        r#","alg":"HS256","x":1e999"#,
        r#","alg":"HS256","jku":1"#,
        r#","alg":"HS256","jwk":[]"#,
        r#","alg":"HS256","x5c":"AAAA""#,
    ] {
        assert!(!strict::is_comparable(&of(left_out)), "{left_out}");
    }
}
