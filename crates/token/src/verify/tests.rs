use proptest::prelude::*;
use scopegate_domain::{AccessTokenClaims, Lifetime, Secret};

use super::*;
use crate::{Algorithm, Signer, SigningKey};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// A verifier with its shortcuts, the same without, and a token that both take.
fn ways() -> (Verifier, Verifier, String) {
    let rules = TokenRules::shared_secret().with_limits(400, 200);
    let key = SigningKey::hs256(&Secret::new("0".repeat(32))).unwrap();
    let usual = Verifier::new(rules.clone(), key.verifying_key());
    let slow = Verifier {
        rules: rules.clone(),
        trust: Arc::new(TrustedKeys::without_shortcuts(key.verifying_key().into())),
        recent: None,
    };
    let claims = AccessTokenClaims::new("johndoe", NOW, Lifetime::from_minutes(30));
    let token = Signer::new(rules, key).issue(&claims).unwrap();
    (usual, slow, token.expose().to_owned())
}

fn outcome(verifier: &Verifier, token: &str) -> Result<String, VerifyError> {
    let mut scratch = PayloadBuffer::new();
    let claims = verifier.verify(token, NOW, &mut scratch)?;
    Ok(format!("{claims:?}"))
}

/// The edit of a piece of a token: its replacement by another text.
fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    (
        any::<prop::sample::Index>(),
        0..3_usize,
        "[A-Za-z.é=_-]{0,3}|\\PC{0,60}|[A-Za-z0-9.]{100,300}",
    )
}

#[test]
fn any_audience_is_accepted_but_the_client() {
    let rules = |audience: &str| {
        let issuer = "https://id.example".parse().unwrap();
        TokenRules::rfc9068(issuer, audience.parse().unwrap())
    };
    let key = || SigningKey::hs256(&Secret::new("0".repeat(32))).unwrap();
    let signer = Signer::new(rules("https://a.example"), key());
    let claims = |audiences: &[&str]| {
        AccessTokenClaims::new("johndoe", NOW, Lifetime::from_minutes(30))
            .with_client_id("app".parse().unwrap())
            .with_token_id("t1".parse().unwrap())
            .with_audiences(audiences.iter().map(|audience| audience.parse().unwrap()))
    };
    let one = Verifier::new(rules("https://b.example"), key().verifying_key());
    let any = one.clone().for_any_audience();
    for (audiences, of_one, of_any) in [
        (&["https://a.example"][..], false, true),
        (&["https://a.example", "https://b.example"], true, true),
        (&["app"], false, false),
        (&["app", "https://b.example"], true, false),
    ] {
        let token = signer.issue(&claims(audiences)).unwrap();
        let is_accepted = |verifier: &Verifier| outcome(verifier, token.expose()).is_ok();
        assert_eq!(
            (is_accepted(&one), is_accepted(&any)),
            (of_one, of_any),
            "{audiences:?}"
        );
    }
}

/// Rules of access tokens that an elliptic curve signs.
fn curve_rules() -> TokenRules {
    TokenRules::rfc9068(
        "https://id.example".parse().unwrap(),
        "https://a.example".parse().unwrap(),
    )
}

fn curve_claims() -> AccessTokenClaims {
    AccessTokenClaims::new("johndoe", NOW, Lifetime::from_minutes(30))
        .with_client_id("app".parse().unwrap())
        .with_token_id("t1".parse().unwrap())
}

/// The token with another signature, which is not valid.
fn with_bad_signature(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature: Vec<char> = signature.chars().collect();
    // The last one has bits that must be zero.
    let last = signature.pop();
    signature.reverse();
    signature.extend(last);
    format!("{message}.{}", String::from_iter(signature))
}

#[test]
fn only_the_same_recent_token_is_genuine() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let verifying = key.verifying_key();
    let signer = Signer::new(curve_rules(), key);
    let verifier = Verifier::new(curve_rules(), verifying.clone());
    let before = signer.issue(&curve_claims()).unwrap();
    let recent = Arc::clone(signer.recent_tokens());
    let knowing = verifier.clone().with_recent_tokens(Arc::clone(&recent));
    let token = signer.issue(&curve_claims()).unwrap();
    for (token, is_recent) in [(&before, false), (&token, true)] {
        assert_eq!(recent.contains(token.expose(), &verifying), is_recent);
        assert_eq!(outcome(&knowing, token.expose()), outcome(&verifier, token.expose()));
    }

    // A signature that is not valid shows which tokens need no verification.
    let unsigned = with_bad_signature(token.expose());
    assert_eq!(outcome(&knowing, &unsigned), Err(VerifyError::Signature));
    recent.add(&unsigned, &verifying);
    assert!(outcome(&knowing, &unsigned).is_ok());
    assert_eq!(outcome(&verifier, &unsigned), Err(VerifyError::Signature));
    for place in 0..unsigned.len() {
        let mut edited = unsigned.clone().into_bytes();
        edited[place] = if edited[place] == b'A' { b'B' } else { b'A' };
        let edited = String::from_utf8(edited).unwrap();
        // The edit may repair the signature.
        assert_eq!(outcome(&knowing, &edited), outcome(&verifier, &edited), "{edited}");
    }
    let mut cut = unsigned.clone();
    cut.pop();
    assert!(outcome(&knowing, &cut).is_err());
    let mut scratch = PayloadBuffer::new();
    let expired = knowing.verify(&unsigned, NOW + Lifetime::from_minutes(30), &mut scratch);
    assert_eq!(expired.map(|_| ()), Err(VerifyError::Expired));
}

#[test]
fn recent_token_needs_its_key() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384] {
        let key = || SigningKey::generate(algorithm).unwrap().with_id("k1".parse().unwrap());
        let (first, second) = (key(), key());
        let verifier = Verifier::new(curve_rules(), first.verifying_key());
        let (one, other) = (first.verifying_key(), second.verifying_key());
        let signer = Signer::new(curve_rules(), first);
        let verifier = verifier.with_recent_tokens(Arc::clone(signer.recent_tokens()));
        let token = signer.issue(&curve_claims()).unwrap();
        assert!(signer.recent_tokens().contains(token.expose(), &one));
        assert!(!signer.recent_tokens().contains(token.expose(), &other));
        assert!(outcome(&verifier, token.expose()).is_ok());
        // Another key with the same id.
        verifier.replace_keys(other.clone());
        assert_eq!(outcome(&verifier, token.expose()), Err(VerifyError::Signature));
        signer.replace_key(second);
        let token = signer.issue(&curve_claims()).unwrap();
        assert!(signer.recent_tokens().contains(token.expose(), &other));
        assert!(outcome(&verifier, token.expose()).is_ok());
        verifier.replace_keys(KeySet::default());
        assert_eq!(outcome(&verifier, token.expose()), Err(VerifyError::UnknownKey));
    }
}

#[test]
fn recent_tokens_are_bounded() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
    let recent = RecentTokens::new();
    for number in 0..2 * RecentTokens::CAPACITY {
        recent.add(&number.to_string(), &key);
    }
    let kept = (0..2 * RecentTokens::CAPACITY).filter(|number| recent.contains(&number.to_string(), &key));
    assert!((RecentTokens::CAPACITY / 2..=RecentTokens::CAPACITY).contains(&kept.count()));
    // A MAC costs less than the digest of a token.
    let secret = SigningKey::hs256(&Secret::new("0".repeat(32))).unwrap().verifying_key();
    recent.add("token", &secret);
    assert!(!recent.contains("token", &secret));
}

proptest! {
    #[test]
    fn usual_header_changes_no_outcome(
        edits in prop::collection::vec(edit(), 0..3),
        from_the_end in any::<bool>(),
    ) {
        let (usual, slow, token) = ways();
        let mut edited: Vec<char> = token.chars().collect();
        for (place, taken, put) in edits {
            // Mostly where the last dot and the signature are.
            let len = edited.len();
            let start = if from_the_end { len.saturating_sub(place.index(50)) } else { place.index(len + 1) };
            edited.splice(start..(start + taken).min(len), put.chars());
        }
        let edited = String::from_iter(edited);
        prop_assert_eq!(outcome(&usual, &edited), outcome(&slow, &edited));
    }
}

#[test]
fn third_dot_is_found_at_every_position() {
    let (usual, slow, token) = ways();
    let (message, signature) = token.rsplit_once('.').unwrap();
    assert!(outcome(&usual, &token).is_ok() && outcome(&slow, &token).is_ok());
    for at in 0..signature.len() {
        let mut dotted = signature.to_owned();
        dotted.replace_range(at..=at, ".");
        let dotted = format!("{message}.{dotted}");
        assert_eq!(outcome(&usual, &dotted), Err(VerifyError::Segments), "{at}");
        assert_eq!(outcome(&slow, &dotted), Err(VerifyError::Segments), "{at}");
    }
}
