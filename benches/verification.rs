//! The verifiers of one token as lanes of a race. Other verifiers can be added.

use std::fmt;
use std::sync::Arc;

use scopegate_token::{Algorithm, HeapSize, PayloadBuffer, RevokedSet, SubjectClaim, TokenRejected, VerifiedCache};
use serde::Deserialize;

use crate::{Limit, Race, TokenFixture};

/// The name of a race for each algorithm.
pub const ALGORITHMS: [(&str, Algorithm); 12] = [
    ("verify HS256", Algorithm::Hs256),
    ("verify HS384", Algorithm::Hs384),
    ("verify HS512", Algorithm::Hs512),
    ("verify RS256", Algorithm::Rs256),
    ("verify RS384", Algorithm::Rs384),
    ("verify RS512", Algorithm::Rs512),
    ("verify PS256", Algorithm::Ps256),
    ("verify PS384", Algorithm::Ps384),
    ("verify PS512", Algorithm::Ps512),
    ("verify ES256", Algorithm::Es256),
    ("verify ES384", Algorithm::Es384),
    ("verify EdDSA", Algorithm::EdDsa),
];

/// Bytes of the cache.
const BYTES: usize = 1024 * 1024;
/// The maximum cost of a token that was verified before.
const SEEN_BEFORE: Limit = Limit::Nanoseconds(150.0);
/// The maximum cost of a forged token, relative to a valid one.
const FORGED: Limit = Limit::RatioTo(OURS, 1.02);
const OURS: &str = "ours";

/// The claims as an application of another library would read them.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Read {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    scope: String,
    iat: i64,
    exp: i64,
    jti: String,
}

/// A value that is made from a token and contains nothing.
struct Nothing;

impl HeapSize for Nothing {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A token, and the values to verify it with each library.
pub struct Verification {
    algorithm: Algorithm,
    fixture: TokenFixture,
    signature: Vec<u8>,
    forged: String,
    cache: VerifiedCache<Nothing>,
}

impl Verification {
    /// A token that is signed with this algorithm.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        crate::jsonwebtoken_on_ring();
        let fixture = TokenFixture::of(algorithm);
        let revoked = RevokedSet::new(SubjectClaim::UserId);
        let cache = VerifiedCache::new(Arc::new(fixture.verifier().clone()), Arc::new(revoked), BYTES);
        let kept = cache.verify(fixture.token(), fixture.now(), |_| Ok::<_, TokenRejected>(Nothing));
        assert!(kept.is_ok());
        Self {
            algorithm,
            signature: fixture.signature(),
            forged: fixture.forged(),
            fixture,
            cache,
        }
    }

    /// The token.
    #[must_use]
    pub const fn fixture(&self) -> &TokenFixture {
        &self.fixture
    }

    /// Returns the maximum cost of a Scopegate lane, relative to the limit.
    const fn at_most(&self) -> Limit {
        // A hash is so short that the time of the claims is visible.
        Limit::Ratio(if self.algorithm.is_symmetric() { 1.6 } else { 1.05 })
    }

    /// The minimum of every verifier, ours, and jsonwebtoken.
    pub fn race(&self, name: &'static str) -> Race<'_> {
        let Self {
            fixture, forged, cache, ..
        } = self;
        let (key, validation) = fixture.jsonwebtoken();
        let (mut scratch, mut scratch_for_forged) = (PayloadBuffer::new(), PayloadBuffer::new());
        let (verifier, now) = (fixture.verifier(), fixture.now());
        Race::new(name)
            .lane("limit: ring and base64-simd", || fixture.limit())
            .lane("ring alone", || {
                fixture.raw(fixture.signed().0.as_bytes(), &self.signature)
            })
            .lane_within(OURS, self.at_most(), move || {
                verifier.verify(fixture.token(), now, &mut scratch).is_ok()
            })
            .lane_within("ours, forged", FORGED, move || {
                verifier.verify(forged, now, &mut scratch_for_forged).is_err()
            })
            .lane_within("ours with its cache, seen before", SEEN_BEFORE, move || {
                cache.find(fixture.token(), now).is_some()
            })
            .lane("jsonwebtoken on ring", move || {
                jsonwebtoken::decode::<Read>(fixture.token(), key, validation).is_ok()
            })
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
