//! Sealed texts: bytes that a page carries, encrypted and authenticated.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use ring::aead::{Aad, NONCE_LEN, Nonce};
use scopegate_domain::{Day, Issuer, Secret, Timestamp};
use zeroize::Zeroizing;

use crate::opaque::FORMAT;
use crate::{RandomError, RandomSource, SecretRing};

/// The length of the head: format and day.
const HEAD_LEN: usize = 1 + 2;
const TAG_LEN: usize = 16;

/// Encrypts bytes that leave the server and come back, such as an authorization request in a page.
/// AES-256-GCM; purpose and issuer are authenticated.
///
/// | bytes, in base64url | what |
/// |---|---|
/// | 1 | format: 0 |
/// | 2 | day of the sealing, big-endian; each day has its own key |
/// | 12 | random nonce |
/// | the rest | AES-256-GCM of the bytes, with its tag of 16 bytes |
///
/// A sealed text has no end: the bytes contain one, and the caller compares it with its time.
///
/// ```
/// use scopegate_domain::{Issuer, SecretPurpose, Timestamp};
/// use scopegate_token::{Sealer, SecretRing, ServerSecret, SystemRandomSource};
///
/// let ring = SecretRing::new([ServerSecret::generate(SecretPurpose::Flow, 1, &SystemRandomSource)?])?;
/// let sealer = Sealer::new(ring, Issuer::parse("https://issuer.example")?);
/// let text = sealer.seal(b"a request", Timestamp::from_unix(1_700_000_000), &SystemRandomSource)?;
/// assert_eq!(sealer.open(&text)?.expose(), b"a request");
/// assert!(sealer.open(&text.replacen('A', "B", 1)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Sealer {
    ring: SecretRing,
    issuer: Issuer,
}

impl Sealer {
    /// The maximum number of bytes that are sealed: 24 KiB.
    pub const MAX_LEN: usize = 24 * 1024;

    /// Creates a sealer for the purpose of the ring.
    #[must_use]
    pub const fn new(ring: SecretRing, issuer: Issuer) -> Self {
        Self { ring, issuer }
    }

    /// Encrypts bytes with the key of the newest version for this day.
    ///
    /// # Errors
    ///
    /// [`SealError`] if no random bytes are available, or the bytes are too many.
    pub fn seal(&self, plain: &[u8], now: Timestamp, entropy: &dyn RandomSource) -> Result<String, SealError> {
        if plain.len() > Self::MAX_LEN {
            return Err(SealError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce)?;
        let day = Day::of(now);
        let [high, low] = day.number().to_be_bytes();
        let head = [FORMAT, high, low];
        let mut body = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_LEN));
        body.extend_from_slice(plain);
        let cipher = self.ring.newest_cipher(day).ok_or(SealError::TooLong)?;
        let nonce_bytes = Nonce::assume_unique_for_key(nonce);
        cipher
            .seal_in_place_append_tag(nonce_bytes, self.bound(head), &mut *body)
            .map_err(|_| SealError::TooLong)?;
        Ok(URL_SAFE_NO_PAD.encode_to_string([&head, nonce.as_slice(), &body].concat()))
    }

    /// Decrypts a text that a live version has sealed, for this purpose and this issuer.
    ///
    /// # Errors
    ///
    /// [`InvalidSealed`] for every other text.
    pub fn open(&self, text: &str) -> Result<Secret<Vec<u8>>, InvalidSealed> {
        self.opened(text).ok_or(InvalidSealed)
    }

    fn opened(&self, text: &str) -> Option<Secret<Vec<u8>>> {
        if text.len() > URL_SAFE_NO_PAD.encoded_length(HEAD_LEN + NONCE_LEN + Self::MAX_LEN + TAG_LEN) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
        let (head, rest) = bytes.split_first_chunk::<HEAD_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let [format, day @ ..] = *head;
        if format != FORMAT {
            return None;
        }
        let day = Day::from_number(u16::from_be_bytes(day));
        self.ring.ciphers(day).find_map(|cipher| {
            let mut body = Zeroizing::new(sealed.to_vec());
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let plain = cipher.open_in_place(nonce, self.bound(*head), &mut body).ok()?;
            Some(Secret::new(plain.to_vec()))
        })
    }

    /// The data that a text is bound to: the head, the purpose and the issuer. No purpose contains
    /// a NUL character.
    fn bound(&self, head: [u8; HEAD_LEN]) -> Aad<Vec<u8>> {
        let purpose = self.ring.purpose().as_str().as_bytes();
        Aad::from([&head, purpose, &[0], self.issuer.as_str().as_bytes()].concat())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("ring", &self.ring)
            .field("issuer", &self.issuer)
            .finish()
    }
}

/// The reason why bytes were not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// No random bytes are available.
    #[error(transparent)]
    RandomSource(#[from] RandomError),
    /// The bytes are more than [`Sealer::MAX_LEN`].
    #[error("cannot seal more than {} bytes", Sealer::MAX_LEN)]
    TooLong,
}

/// The text was not sealed here for this purpose, or it was changed. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sealed text of this issuer and purpose")]
#[non_exhaustive]
pub struct InvalidSealed;
