//! jsonwebtoken in its strictest setting, as the oracle: what we accept, it accepts, with the same
//! claims.

use std::sync::LazyLock;

use base64_simd::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, Validation};
use scopegate_domain::{Audience, Issuer, Secret, Timestamp};
use scopegate_token::{Algorithm, PayloadBuffer, SigningKey, TokenRules, Verifier};
use serde::Deserialize;
use serde_json::Value;

use super::jsonwebtoken_on_ring;

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

/// A key for both, and the verifiers of each profile: made once, because a fuzzer needs them some
/// thousand times a second.
pub(crate) struct Pair {
    pub(crate) ours: SigningKey,
    pub(crate) theirs: DecodingKey,
    pub(crate) algorithm: jsonwebtoken::Algorithm,
    verifiers: [Verifier; 3],
    validations: [Validation; 3],
}

/// A key for each algorithm, in the order of [`Algorithm::ALL`].
pub(crate) static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    jsonwebtoken_on_ring::install();
    Algorithm::ALL.map(Pair::new).into()
});

impl Pair {
    fn new(algorithm: Algorithm) -> Self {
        let secret = vec![7; 64];
        let ours = match algorithm {
            Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384 => SigningKey::generate(algorithm).unwrap(),
            algorithm if algorithm.is_symmetric() => SigningKey::hmac(algorithm, &Secret::new(secret.clone())).unwrap(),
            _ => {
                let jwk = include_bytes!("../../data/rfc7515_a2.jwk.json").to_vec();
                let key = SigningKey::from_jwk(&Secret::new(jwk)).unwrap();
                key.with_algorithm(algorithm).unwrap()
            }
        };
        let theirs = algorithm.as_str().parse().unwrap();
        Self {
            verifiers: Profile::ALL.map(|profile| Verifier::new(profile.rules(), ours.verifying_key())),
            validations: Profile::ALL.map(|profile| profile.validation(theirs)),
            theirs: decoding_key(&ours, &secret),
            algorithm: theirs,
            ours,
        }
    }
}

fn decoding_key(key: &SigningKey, secret: &[u8]) -> DecodingKey {
    let public = key.verifying_key();
    let Some(jwk) = public.to_jwk() else {
        return DecodingKey::from_secret(secret);
    };
    let bytes = |name: &str| {
        URL_SAFE_NO_PAD
            .decode_to_vec(jwk.get(name).and_then(Value::as_str).unwrap())
            .unwrap()
    };
    match public.point() {
        Some(point) => DecodingKey::from_ec_der(point),
        None if jwk.contains_key("n") => DecodingKey::from_rsa_raw_components(&bytes("n"), &bytes("e")),
        None => DecodingKey::from_ed_der(&bytes("x")),
    }
}

/// The profile whose rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Jwt,
    Rfc9068,
    Tutorial,
}

impl Profile {
    pub(crate) const ALL: [Self; 3] = [Self::Jwt, Self::Rfc9068, Self::Tutorial];

    /// What one of three is for this one.
    fn of<T>(self, [jwt, rfc9068, tutorial]: &[T; 3]) -> &T {
        match self {
            Self::Jwt => jwt,
            Self::Rfc9068 => rfc9068,
            Self::Tutorial => tutorial,
        }
    }

    fn rules(self) -> TokenRules {
        let (issuer, audience) = (Issuer::parse(ISSUER).unwrap(), Audience::parse(AUDIENCE).unwrap());
        match self {
            Self::Jwt => TokenRules::jwt(issuer, audience),
            Self::Rfc9068 => TokenRules::rfc9068(issuer, audience),
            Self::Tutorial => TokenRules::shared_secret(),
        }
    }

    /// The checks that jsonwebtoken makes.
    fn validation(self, algorithm: jsonwebtoken::Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.validate_nbf = false;
        match self {
            Self::Tutorial => validation.set_required_spec_claims(&["exp", "sub"]),
            Self::Rfc9068 => validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]),
            Self::Jwt => validation.set_required_spec_claims(&["exp", "iss", "aud"]),
        }
        if self == Self::Tutorial {
            // It would refuse an empty one, too.
            validation.validate_aud = false;
        } else {
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
        }
        validation
    }
}

pub(crate) fn present() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

/// The compared claims. Other claims are read and dropped, as they are here.
#[derive(Deserialize)]
struct Said {
    iss: Option<String>,
    sub: Option<String>,
    jti: Option<String>,
    exp: Value,
    aud: Option<Value>,
    nbf: Option<Value>,
}

impl Said {
    /// Whether it is valid by now. It reads times as numbers without a sign, and refuses one before
    /// 1970.
    fn has_begun(&self) -> bool {
        let now = f64::from(u32::try_from(present()).unwrap());
        let begins = |nbf: &Value| nbf.as_f64().is_some_and(|nbf| nbf <= now);
        self.nbf.as_ref().is_none_or(begins)
    }

    /// Whether it has no particular audience: what the tutorial's library accepts, which checks
    /// whether the claim is "true".
    fn has_no_audience(&self) -> bool {
        match &self.aud {
            None => true,
            Some(audience) => audience == "" || audience.as_array().is_some_and(Vec::is_empty),
        }
    }
}

/// What jsonwebtoken says to a token: its claims, or nothing.
fn strict(profile: Profile, pair: &Pair, token: &str) -> Option<Said> {
    jsonwebtoken::decode::<Said>(token, &pair.theirs, profile.of(&pair.validations))
        .ok()
        .map(|data| data.claims)
        .filter(|said| said.has_begun() && (profile != Profile::Tutorial || said.has_no_audience()))
}

/// What both read of a header, as jsonwebtoken reads it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "whether it can be read is all that is asked")]
struct ReadByBoth {
    alg: jsonwebtoken::Algorithm,
    crit: Option<Vec<String>>,
    kid: Option<String>,
    typ: Option<String>,
}

/// Whether jsonwebtoken can say anything to this token. It knows `Ed25519` by its other name alone,
/// and `serde_json` refuses a text with a number that it cannot represent, at any position.
pub(crate) fn is_comparable(token: &str) -> bool {
    let decode = |segment| URL_SAFE_NO_PAD.decode_to_vec(segment).unwrap_or_default();
    let segments: Vec<Vec<u8>> = token.split('.').take(2).map(decode).collect();
    let texts: Vec<_> = segments.iter().map(|text| serde_json::from_slice(text)).collect();
    let is_beyond = |error: &serde_json::Error| error.to_string().contains("number out of range");
    if texts.iter().filter_map(|text| text.as_ref().err()).any(is_beyond) {
        return false;
    }
    match (&segments[..], &texts[..]) {
        ([header, ..], [Ok(Value::Object(read)), ..]) => {
            read.get("alg").is_none_or(|name| name != "Ed25519") && !is_refused_there_alone(token, header)
        }
        _ => true,
    }
}

/// Whether jsonwebtoken refuses a header because of members that it alone reads: `jku`, `jwk`,
/// `x5c` and others. Here they are ignored, with any type; there each has its type.
fn is_refused_there_alone(token: &str, header: &[u8]) -> bool {
    jsonwebtoken::decode_header(token).is_err() && serde_json::from_slice::<ReadByBoth>(header).is_ok()
}

/// Asserts the implication, and returns whether the token was accepted.
///
/// It reads the clock itself, so a token counts as accepted if it is valid now and two seconds
/// later.
pub(crate) fn implies(profile: Profile, pair: &Pair, token: &str) -> bool {
    let verifier = profile.of(&pair.verifiers);
    let present = present();
    let mut scratch = PayloadBuffer::new();
    if verifier
        .verify(token, Timestamp::from_unix(present + 2), &mut scratch)
        .is_err()
    {
        return false;
    }
    let Ok(ours) = verifier.verify(token, Timestamp::from_unix(present), &mut scratch) else {
        return false;
    };
    if !is_comparable(token) {
        return true;
    }
    let Some(theirs) = strict(profile, pair, token) else {
        panic!("accepted here alone: {profile:?} {:?} {token}", pair.algorithm);
    };
    assert_eq!(ours.subject(), theirs.sub.as_deref(), "{token}");
    assert_eq!(ours.token_id(), theirs.jti.as_deref(), "{token}");
    assert_eq!(ours.issuer(), theirs.iss.as_deref(), "{token}");
    let expiry = theirs.exp.as_f64().map(|time| time.trunc().to_string());
    let seconds = ours.expires_at().map(|time| time.as_unix().to_string());
    assert_eq!(seconds, expiry, "{token}");
    true
}
