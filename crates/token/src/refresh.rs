//! Refresh tokens: a secret and a generation with a MAC, in place of a row for each token.

use std::fmt;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use scopegate_domain::{Day, FamilyId, Generation, NewFamily, Secret, SecretDigest};
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::opaque::{FORMAT, REFRESH_PREFIX as PREFIX};
use crate::{RandomError, RandomSource, SecretRing};

const SECRET_LEN: usize = 32;
const MAC_LEN: usize = 16;

/// The length of the bytes before the MAC: format, day, family, generation, secret.
const BODY_LEN: usize = 1 + 2 + 16 + 4 + SECRET_LEN;

/// A refresh token: [RFC 6749, section
/// 1.5](https://www.rfc-editor.org/rfc/rfc6749#section-1.5).
///
/// | bytes, in base64url after `sgrt_` | what |
/// |---|---|
/// | 1 | format and number of the database: 0 |
/// | 2 | day of the end, big-endian |
/// | 16 | id of the family |
/// | 4 | generation, big-endian |
/// | 32 | secret: random, the same in all generations of the family |
/// | 16 | MAC: the first bytes of HMAC-SHA-256 over `sgrt` and all bytes before it |
///
/// The row of the family has the digest of the secret and the valid generation, so any older token
/// is recognized without a row of its own. A token without a valid MAC costs no query.
///
/// ```
/// use scopegate_domain::{Day, FamilyId, Generation, SecretPurpose};
/// use scopegate_token::{RefreshToken, SecretRing, ServerSecret, SystemRandomSource};
///
/// let ring = SecretRing::new([ServerSecret::generate(SecretPurpose::Mac, 1, &SystemRandomSource)?])?;
/// let first = RefreshToken::begin(FamilyId::from_bytes([1; 16]), Day::from_number(20_000), &SystemRandomSource)?;
/// let text = first.to_text(&ring);
/// assert_eq!(text.expose().len(), 100);
///
/// let presented = RefreshToken::parse(text.expose(), &ring)?;
/// assert_eq!(presented.generation(), Generation::FIRST);
/// let next = presented.successor().ok_or("the last generation")?;
/// assert_eq!(next.secret_digest(), first.secret_digest());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RefreshToken {
    ends_on: Day,
    family: FamilyId,
    generation: Generation,
    secret: Secret<[u8; SECRET_LEN]>,
}

impl RefreshToken {
    /// The length of the text, in bytes.
    pub const LEN: usize = PREFIX.len() + URL_SAFE_NO_PAD.encoded_length(BODY_LEN + MAC_LEN);

    /// Generates the first token of a family whose row ends on this day.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if no random bytes are available.
    pub fn begin(family: FamilyId, ends_on: Day, entropy: &dyn RandomSource) -> Result<Self, RandomError> {
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        entropy.fill(secret.as_mut_slice())?;
        Ok(Self {
            ends_on,
            family,
            generation: Generation::FIRST,
            secret: Secret::new(*secret),
        })
    }

    /// Reads a token that was presented. Nothing of it is returned before its MAC is verified by a
    /// live version of the secret.
    ///
    /// # Errors
    ///
    /// [`InvalidRefreshToken`] for every text that this issuer did not make, and for every token of
    /// a version that is no longer live.
    pub fn parse(text: &str, ring: &SecretRing) -> Result<Self, InvalidRefreshToken> {
        Self::read(text, ring).ok_or(InvalidRefreshToken)
    }

    fn read(text: &str, ring: &SecretRing) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX).filter(|_| text.len() == Self::LEN)?;
        let mut buffer = Zeroizing::new([0; BODY_LEN + MAC_LEN]);
        URL_SAFE_NO_PAD
            .decode(encoded.as_bytes(), buffer.as_mut_slice().as_out())
            .ok()?;
        let (body, mac) = buffer.split_first_chunk::<BODY_LEN>()?;
        let mac = <&[u8; MAC_LEN]>::try_from(mac).ok()?;
        if !ring.verifies_short(&*authenticated(body), mac) {
            return None;
        }
        let (head, rest) = body.split_first_chunk::<3>()?;
        let [format, day @ ..] = *head;
        let (family, rest) = rest.split_first_chunk::<16>()?;
        let (generation, secret) = rest.split_first_chunk::<4>()?;
        let secret = <&[u8; SECRET_LEN]>::try_from(secret).ok()?;
        (format == FORMAT).then(|| Self {
            ends_on: Day::from_number(u16::from_be_bytes(day)),
            family: FamilyId::from_bytes(*family),
            generation: Generation::from_number(u32::from_be_bytes(*generation)),
            secret: Secret::new(*secret),
        })
    }

    /// Returns the token of the next generation. `None` after the last one.
    #[must_use]
    pub fn successor(&self) -> Option<Self> {
        Some(Self {
            generation: self.generation.next()?,
            secret: self.secret.clone(),
            ..*self
        })
    }

    /// Returns the text for the client, with the MAC of the newest version.
    #[must_use]
    pub fn to_text(&self, ring: &SecretRing) -> Secret<String> {
        let body = self.body();
        let mac: [u8; MAC_LEN] = ring.short_tag(&*authenticated(&body));
        let bytes = Zeroizing::new([body.as_slice(), &mac].concat());
        let mut text = String::with_capacity(Self::LEN);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_append(bytes.as_slice(), &mut text);
        Secret::new(text)
    }

    fn body(&self) -> Zeroizing<[u8; BODY_LEN]> {
        let mut body = Zeroizing::new([0; BODY_LEN]);
        let day = self.ends_on.number().to_be_bytes();
        let generation = self.generation.number().to_be_bytes();
        let parts: [&[u8]; 5] = [
            &[FORMAT],
            &day,
            self.family.as_bytes(),
            &generation,
            self.secret.expose(),
        ];
        for (to, from) in body.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        body
    }

    /// Returns the day of the end of the family's row.
    #[must_use]
    pub const fn ends_on(&self) -> Day {
        self.ends_on
    }

    /// Returns the family.
    #[must_use]
    pub const fn family(&self) -> FamilyId {
        self.family
    }

    /// Returns the generation.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Returns the digest of the secret, which the family's row contains.
    #[must_use]
    pub fn secret_digest(&self) -> SecretDigest {
        SecretDigest::from_bytes(sha256(self.secret.expose()))
    }

    /// Whether this is a first token of this new family.
    #[must_use]
    pub fn begins(&self, family: &NewFamily) -> bool {
        (self.family, self.ends_on, self.generation) == (family.id, family.ends_on(), Generation::FIRST)
            && self.secret_digest() == family.secret_digest
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, {}, ..)", self.family, self.generation)
    }
}

/// The bytes that the MAC authenticates: the kind of the value, then all bytes before the MAC.
fn authenticated(body: &[u8; BODY_LEN]) -> Zeroizing<[u8; 4 + BODY_LEN]> {
    let mut bytes = Zeroizing::new([0; 4 + BODY_LEN]);
    for (to, from) in bytes.iter_mut().zip(b"sgrt".iter().chain(body)) {
        *to = *from;
    }
    bytes
}

/// The text is not a refresh token of this issuer. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token")]
#[non_exhaustive]
pub struct InvalidRefreshToken;
