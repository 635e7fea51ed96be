//! Tests of the cache's rules. A property in the gate's tests compares it with the verifier.

use std::hash::Hasher;

use scopegate_domain::{
    AccessTokenClaims, Audience, ClientId, Issuer, Lifetime, Revocation, Revoked, ScopeToken, Secret, TokenId, UserId,
    Username,
};

use super::*;
use crate::{AcceptedTokens, Signer, SigningKey, SubjectClaim, TokenRules};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

#[derive(Debug, PartialEq)]
struct Subject(String);

impl HeapSize for Subject {
    fn heap_bytes(&self) -> usize {
        self.0.len()
    }
}

fn key(text: &str) -> SigningKey {
    SigningKey::hs256(&Secret::new(text.repeat(32))).unwrap()
}

fn rules() -> TokenRules {
    TokenRules::rfc9068(
        Issuer::parse("https://issuer.example").unwrap(),
        Audience::parse("https://api.example").unwrap(),
    )
}

/// A token of this subject, which expires a minute after [`NOW`].
fn token(subject: &str) -> String {
    let claims = AccessTokenClaims::new(subject, NOW, Lifetime::from_minutes(1))
        .with_scopes([ScopeToken::from_static("me")])
        .with_client_id(ClientId::parse("c1").unwrap())
        .with_token_id(TokenId::parse(&format!("jti of {subject}")).unwrap());
    let signer = Signer::new(rules(), key("a"));
    signer.issue(&claims).unwrap().expose().to_owned()
}

struct CacheFixture<S = RandomState> {
    verifier: Arc<Verifier>,
    revoked: Arc<RevokedSet>,
    cache: VerifiedCache<Subject, S>,
}

fn stage_with<S: BuildHasher + Clone>(bytes: usize, hasher: S) -> CacheFixture<S> {
    let verifier = Arc::new(Verifier::new(rules(), key("a").verifying_key()));
    let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    CacheFixture {
        cache: VerifiedCache::with_hasher(Arc::clone(&verifier), Arc::clone(&revoked), bytes, hasher),
        verifier,
        revoked,
    }
}

fn fixture() -> CacheFixture {
    stage_with(1024 * 1024, RandomState::new())
}

impl<S: BuildHasher + Clone> CacheFixture<S> {
    fn find(&self, token: &str, now: Timestamp) -> Option<String> {
        Some(self.cache.find(token, now)?.0.clone())
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<String, TokenRejected> {
        let subject =
            |claims: &Verified<Claims<'_>>| Ok::<_, TokenRejected>(Subject(claims.subject().unwrap().to_owned()));
        Ok(self.cache.verify(token, now, subject)?.0.clone())
    }
}

fn later(seconds: u32) -> Timestamp {
    NOW + Lifetime::from_seconds(seconds)
}

#[test]
fn what_was_verified_is_found() {
    let fixture = fixture();
    let token = token("johndoe");
    assert_eq!(fixture.find(&token, NOW), None);
    assert_eq!(fixture.verify(&token, NOW).unwrap(), "johndoe");
    assert_eq!(fixture.find(&token, NOW).unwrap(), "johndoe");
    assert_eq!(fixture.find(token.get(1..).unwrap(), NOW), None);
    assert_eq!(fixture.find(&format!("{token}a"), NOW), None);
    assert_eq!(fixture.cache.figures().entries, 1);
}

#[test]
fn only_what_was_verified_is_kept() {
    let fixture = fixture();
    let good = token("johndoe");
    let (signed, _) = good.rsplit_once('.').unwrap();
    let other = token("alice");
    let (_, signature) = other.rsplit_once('.').unwrap();
    for (bad, fault) in [
        (format!("{signed}.{signature}"), VerifyError::Signature),
        (signed.to_owned(), VerifyError::Segments),
        (String::new(), VerifyError::Segments),
    ] {
        assert_eq!(fixture.verify(&bad, NOW), Err(fault.into()), "{bad}");
        assert_eq!(fixture.find(&bad, NOW), None);
    }
    assert_eq!(fixture.verify(&good, later(60)), Err(VerifyError::Expired.into()));
    assert_eq!(fixture.find(&good, NOW), None);
    // What the caller refuses is refused.
    let refused = fixture
        .cache
        .verify(&good, NOW, |_| Err::<Subject, TokenRejected>(TokenRevoked.into()));
    assert!(refused.is_err());
    assert_eq!(fixture.cache.figures(), CacheStats::default());
}

/// A hasher that returns the same hash for all texts.
#[derive(Clone)]
struct Same;

impl BuildHasher for Same {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self
    }
}

impl Hasher for Same {
    fn finish(&self) -> u64 {
        7
    }

    fn write(&mut self, _: &[u8]) {}
}

#[test]
fn tokens_with_the_same_hash_are_two_tokens() {
    let fixture = stage_with(1024 * 1024, Same);
    let (john, alice) = (token("johndoe"), token("alice"));
    fixture.verify(&john, NOW).unwrap();
    assert_eq!(fixture.find(&alice, NOW), None);
    fixture.verify(&alice, NOW).unwrap();
    assert_eq!(fixture.find(&john, NOW).unwrap(), "johndoe");
    assert_eq!(fixture.find(&alice, NOW).unwrap(), "alice");
    assert_eq!(fixture.find(&john.replace('A', "B"), NOW), None);
}

#[test]
fn a_token_expires_in_the_cache() {
    let fixture = fixture();
    let token = token("johndoe");
    fixture.verify(&token, NOW).unwrap();
    assert!(fixture.find(&token, later(59)).is_some());
    assert_eq!(fixture.find(&token, later(60)), None);
    assert_eq!(fixture.verify(&token, later(60)), Err(VerifyError::Expired.into()));
    assert_eq!(fixture.cache.figures().entries, 0, "it is evicted at once");
}

#[test]
fn a_token_is_not_valid_before_its_time_in_the_cache_either() {
    let payload = format!(
        r#"{{"iss":"https://issuer.example","aud":"https://api.example","sub":"u","client_id":"c","jti":"j","iat":{now},"nbf":{now},"exp":{end}}}"#,
        now = NOW.as_unix(),
        end = later(60).as_unix()
    );
    let header = base64_simd::URL_SAFE_NO_PAD.encode_to_string(r#"{"alg":"HS256","typ":"at+jwt"}"#);
    let message = format!("{header}.{}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(payload));
    let raw = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, "a".repeat(32).as_bytes());
    let signature = base64_simd::URL_SAFE_NO_PAD.encode_to_string(ring::hmac::sign(&raw, message.as_bytes()));
    let token = format!("{message}.{signature}");

    let fixture = fixture();
    let before = Timestamp::from_unix(NOW.as_unix() - 1);
    assert_eq!(fixture.verify(&token, before), Err(VerifyError::NotYetValid.into()));
    fixture.verify(&token, NOW).unwrap();
    assert_eq!(fixture.find(&token, before), None, "a clock that was set back");
}

#[test]
fn a_key_that_was_removed_is_removed_for_the_cache_too() {
    let fixture = fixture();
    let token = token("johndoe");
    fixture.verify(&token, NOW).unwrap();
    fixture.verifier.replace_keys(key("b").verifying_key());
    assert_eq!(fixture.find(&token, NOW), None);
    assert_eq!(fixture.verify(&token, NOW), Err(VerifyError::Signature.into()));
    fixture.verifier.replace_keys(key("a").verifying_key());
    assert_eq!(fixture.find(&token, NOW), None, "it is verified again, not found again");
    fixture.verify(&token, NOW).unwrap();
    assert!(fixture.find(&token, NOW).is_some());
}

fn user(id: &str) -> Revocation {
    let whose = Revoked::User {
        id: UserId::parse(id).unwrap(),
        username: Username::parse(id).unwrap(),
    };
    Revocation::until(whose, NOW)
}

#[test]
fn revoked_token_is_not_found() {
    let by_token = Revoked::Token(TokenId::parse("jti of johndoe").unwrap());
    let by_client = Revoked::Client(ClientId::parse("c1").unwrap());
    let (by_token, by_client) = (Revocation::until(by_token, NOW), Revocation::until(by_client, NOW));
    for (revocation, takes_alice) in [(by_token, false), (by_client, true), (user("johndoe"), false)] {
        let fixture = fixture();
        let (john, alice) = (token("johndoe"), token("alice"));
        fixture.verify(&john, NOW).unwrap();
        fixture.verify(&alice, NOW).unwrap();
        fixture.revoked.add([revocation]);
        assert_eq!(fixture.find(&john, NOW), None);
        assert_eq!(fixture.verify(&john, NOW), Err(TokenRevoked.into()));
        assert_eq!(fixture.find(&john, NOW), None);
        assert_eq!(fixture.find(&alice, NOW).is_none(), takes_alice);
        assert_eq!(
            fixture.find(&alice, NOW).is_none(),
            takes_alice,
            "searched once, then by the version"
        );
        fixture.revoked.add([user("alice")]);
        assert_eq!(fixture.find(&alice, NOW), None);
    }
}

#[test]
fn what_changes_while_a_token_is_verified_counts() {
    let fixture = fixture();
    let (john, alice) = (token("johndoe"), token("alice"));
    let subject = |claims: &Verified<Claims<'_>>| Subject(claims.subject().unwrap().to_owned());
    let taken_back = fixture.cache.verify(&john, NOW, |claims| {
        fixture.revoked.add([user("johndoe")]);
        Ok::<_, TokenRejected>(subject(claims))
    });
    assert!(taken_back.is_ok(), "it was checked before");
    assert_eq!(fixture.find(&john, NOW), None);
    let rotated = fixture.cache.verify(&alice, NOW, |claims| {
        fixture.verifier.replace_keys(key("b").verifying_key());
        Ok::<_, TokenRejected>(subject(claims))
    });
    assert!(rotated.is_ok(), "it was checked before");
    assert_eq!(fixture.find(&alice, NOW), None);
}

#[test]
fn each_verifier_has_a_cache_of_its_own() {
    let (one, other) = (fixture(), fixture());
    let token = token("johndoe");
    one.verify(&token, NOW).unwrap();
    assert!(one.find(&token, NOW).is_some());
    assert_eq!(other.find(&token, NOW), None);
}

#[test]
fn a_cache_of_no_bytes_keeps_nothing_and_refuses_the_same() {
    let fixture = stage_with(0, RandomState::new());
    let token = token("johndoe");
    assert_eq!(fixture.verify(&token, NOW).unwrap(), "johndoe");
    assert_eq!(fixture.find(&token, NOW), None);
    fixture.revoked.add([user("johndoe")]);
    assert_eq!(fixture.verify(&token, NOW), Err(TokenRevoked.into()));
    assert_eq!(fixture.cache.figures(), CacheStats::default());
}

#[test]
fn unused_tokens_are_evicted() {
    let bytes = 64 * 1024;
    let fixture = stage_with(bytes, RandomState::new());
    let asked_for = token("asked for");
    fixture.verify(&asked_for, NOW).unwrap();
    for number in 0..500 {
        assert!(fixture.find(&asked_for, NOW).is_some(), "{number}");
        fixture.verify(&token(&format!("u{number}")), NOW).unwrap();
        assert!(fixture.cache.figures().bytes <= bytes.try_into().unwrap());
    }
    let figures = fixture.cache.figures();
    assert!(figures.entries > 20 && figures.evictions > 300, "{figures:?}");
    assert_eq!(u64::try_from(figures.entries).unwrap() + figures.evictions, 501);
}

#[test]
fn nothing_prints_a_token() {
    let fixture = fixture();
    let token = token("johndoe");
    let known = fixture
        .cache
        .verify(&token, NOW, |_| Ok::<_, TokenRejected>(Subject(String::new())))
        .unwrap();
    let printed = format!("{:?} {known:?} {:?}", fixture.cache, fixture.revoked);
    assert_eq!(
        printed,
        "VerifiedCache { is_on: true, .. } CachedToken { .. } RevokedSet { entries: 0, .. }"
    );
}

#[test]
fn valid_token_waits_for_recent_revocations() {
    for bytes in [1024 * 1024, 0] {
        let fixture = stage_with(bytes, RandomState::new());
        let (token, revoked) = (token("johndoe"), token("alice"));
        for text in [&token, &revoked] {
            fixture.verify(text, NOW).unwrap();
        }
        fixture.revoked.add([user("alice")]);
        let cached = fixture.cache.figures().entries;
        for (accepted, is_found) in [
            (AcceptedTokens::None, false),
            (
                AcceptedTokens::IssuedUntil(Timestamp::from_unix(NOW.as_unix() - 1)),
                false,
            ),
            (AcceptedTokens::IssuedUntil(NOW), true),
        ] {
            fixture.revoked.accept(accepted);
            assert_eq!(
                fixture.find(&token, NOW).is_some(),
                is_found && bytes > 0,
                "{accepted:?}"
            );
            let expected = Some(String::from("johndoe")).filter(|_| is_found);
            assert_eq!(fixture.verify(&token, NOW), expected.ok_or(RevocationsOutdated.into()));
            // The reason to refuse a token is known without recent revocations.
            assert_eq!(fixture.find(&revoked, NOW), None);
            assert_eq!(fixture.verify(&revoked, NOW), Err(TokenRevoked.into()));
            assert_eq!(fixture.verify(&token, later(60)), Err(VerifyError::Expired.into()));
        }
        fixture.revoked.accept(AcceptedTokens::None);
        assert_eq!(fixture.cache.figures().entries, cached, "the token stays cached");
        fixture.revoked.accept(AcceptedTokens::All);
        assert_eq!(fixture.find(&token, NOW).is_some(), bytes > 0);
        assert!(fixture.verify(&token, NOW).is_ok());
    }
}
