//! Claims that a verifier keeps for handlers.

use scopegate_domain::{ClaimNames, ClaimsError};
use scopegate_token::{PayloadBuffer, SigningKey, Verifier, VerifyError};
use serde_json::json;

use crate::forge::{Kind, hs256, hs256_key, merged, now};

fn verifier(kind: &Kind) -> Verifier {
    let names = ClaimNames::new(["tenant"]).unwrap();
    Verifier::new(kind.rules.clone(), hs256_key().verifying_key()).with_kept_claims(names)
}

fn token(kind: &Kind, tenant: &str) -> String {
    let claims = merged(&kind.claims, &json!({"tenant": tenant, "other": 1}));
    hs256(&kind.header.to_string(), &claims.to_string())
}

#[test]
fn verifier_keeps_the_named_claims() {
    for kind in Kind::both() {
        let mut scratch = PayloadBuffer::new();
        let claims = verifier(&kind)
            .verify(&token(&kind, "acme"), now(), &mut scratch)
            .unwrap();
        assert!(claims.kept().eq([("tenant", r#""acme""#)]));
        let rules = kind
            .rules
            .clone()
            .with_kept_claims(ClaimNames::new(["tenant"]).unwrap());
        assert_eq!(verifier(&kind).rules(), &rules);
    }
}

#[test]
fn too_long_kept_claims_are_refused_after_the_signature() {
    for kind in Kind::both() {
        let verify = |token: &str| {
            verifier(&kind)
                .verify(token, now(), &mut PayloadBuffer::new())
                .map(drop)
        };
        let long = token(&kind, &"x".repeat(4095));
        let fault = verify(&long).unwrap_err();
        assert_eq!(fault, VerifyError::Claims(ClaimsError::KeptTooLong));
        assert_eq!(
            (fault.label(), fault.to_string().as_str()),
            ("kept_claims_length", "kept claims are longer than 4096 bytes")
        );
        assert_eq!(kind.verify(&long), Ok(()), "no limit without kept claims");
        let (signed, _) = long.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{}", "A".repeat(43));
        assert_eq!(verify(&forged), Err(VerifyError::Signature));
    }
}

#[test]
fn keeping_claims_changes_no_key() {
    let kind = Kind::rfc9068();
    let original = Verifier::new(kind.rules.clone(), hs256_key().verifying_key());
    let keeping = original.clone().with_kept_claims(ClaimNames::new(["tenant"]).unwrap());
    let other = SigningKey::hs256(&scopegate_domain::Secret::new("o".repeat(32))).unwrap();
    original.replace_keys(other.verifying_key());
    assert_eq!(keeping.key_epoch(), 1);
    let verdict = keeping
        .verify(&token(&kind, "acme"), now(), &mut PayloadBuffer::new())
        .map(drop);
    assert_eq!(verdict, Err(VerifyError::Signature));
}
