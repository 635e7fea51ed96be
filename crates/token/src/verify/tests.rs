use proptest::prelude::*;
use scopegate_domain::{AccessTokenClaims, Lifetime, Secret};

use super::*;
use crate::{Signer, SigningKey};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

/// A verifier with its shortcuts, the same without, and a token that both take.
fn ways() -> (Verifier, Verifier, String) {
    let rules = TokenRules::shared_secret().with_limits(400, 200);
    let key = SigningKey::hs256(&Secret::new("0".repeat(32))).unwrap();
    let usual = Verifier::new(rules.clone(), key.verifying_key());
    let slow = Verifier {
        rules: rules.clone(),
        trust: Arc::new(TrustedKeys::without_shortcuts(key.verifying_key().into())),
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
