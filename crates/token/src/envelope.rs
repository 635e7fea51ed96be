//! Private keys at rest: encrypted under a key that is not stored with them.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use scopegate_domain::{KeyId, Secret};
use zeroize::{Zeroize, Zeroizing};

use crate::digest::sha256;
use crate::{RandomError, RandomSource};

/// Length of a key-encryption key, in bytes.
const KEY_LEN: usize = 32;

/// The form below is the first there is.
const VERSION: u8 = 1;

/// The length of each mark in bytes: digests that identify the key-encryption key and the row.
const MARK_LEN: usize = 8;

/// The length of the head: version, mark of the key-encryption key, mark of the row, nonce.
const HEAD_LEN: usize = 1 + MARK_LEN + MARK_LEN + NONCE_LEN;

const TAG_LEN: usize = 16;

/// The maximum length of a key, in bytes. An RSA key of 8,192 bits has less than 5,000.
const MAX_KEY: usize = 16 * 1024;

/// The key under which stored private keys are encrypted.
///
/// The output is bound to the id and the algorithm of the key, so one row cannot replace another.
/// Two marks distinguish a wrong key and a wrong row from changed bytes. They are for the operator;
/// no decision trusts them.
///
/// | bytes | what |
/// |---|---|
/// | 1 | version |
/// | 8 | mark of the key-encryption key |
/// | 8 | mark of id and algorithm |
/// | 12 | random nonce |
/// | the rest | AES-256-GCM of the key, with its tag of 16 bytes; all bytes before it, id and algorithm are authenticated |
///
/// ```
/// use scopegate_domain::{KeyId, Secret};
/// use scopegate_token::{EnvelopeError, KeyEncryptionKey, SystemRandomSource};
///
/// let kek = KeyEncryptionKey::generate(&SystemRandomSource)?;
/// let (first, second) = (KeyId::parse("first")?, KeyId::parse("second")?);
/// let sealed = kek.seal(&first, "ES256", &Secret::new(b"private".to_vec()), &SystemRandomSource)?;
///
/// assert_eq!(kek.open(&first, "ES256", &sealed)?.expose(), b"private");
/// assert_eq!(kek.open(&second, "ES256", &sealed).unwrap_err(), EnvelopeError::OtherRow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyEncryptionKey {
    bytes: Secret<[u8; KEY_LEN]>,
    mark: [u8; MARK_LEN],
}

impl KeyEncryptionKey {
    /// Reads 32 bytes, written as 43 characters of base64url (a `=` behind them is let pass) or as
    /// 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`InvalidKeyEncryptionKey`], which does not repeat the text.
    pub fn parse(text: &Secret<String>) -> Result<Self, InvalidKeyEncryptionKey> {
        let text = text.expose().as_str();
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_LEN));
        if text.len() == 2 * KEY_LEN {
            for pair in text.as_bytes().chunks_exact(2) {
                bytes.push(hexadecimal(pair).ok_or(InvalidKeyEncryptionKey)?);
            }
        } else {
            let text = text.strip_suffix('=').unwrap_or(text);
            let mut decoded = URL_SAFE_NO_PAD
                .decode_to_vec(text)
                .map_err(|_| InvalidKeyEncryptionKey)?;
            bytes.extend_from_slice(&decoded);
            decoded.zeroize();
        }
        <[u8; KEY_LEN]>::try_from(bytes.as_slice())
            .map(Self::new)
            .map_err(|_| InvalidKeyEncryptionKey)
    }

    /// Generates a new key.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if no random bytes are available.
    pub fn generate(entropy: &dyn RandomSource) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        entropy.fill(&mut *bytes)?;
        Ok(Self::new(*bytes))
    }

    fn new(bytes: [u8; KEY_LEN]) -> Self {
        let bytes = Secret::new(bytes);
        let text = Zeroizing::new([b"scopegate key-encryption key".as_slice(), bytes.expose()].concat());
        let mark = mark(&text);
        Self { bytes, mark }
    }

    /// Returns the text that [`KeyEncryptionKey::parse`] reads. Keep it secret.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode_to_string(self.bytes.expose()))
    }

    /// Encrypts a key.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::RandomSource`] if no random bytes are available; [`EnvelopeError::TooLong`]
    /// for bytes that are longer than any key.
    pub fn seal(
        &self,
        id: &KeyId,
        algorithm: &str,
        key: &Secret<Vec<u8>>,
        entropy: &dyn RandomSource,
    ) -> Result<Vec<u8>, EnvelopeError> {
        let key = key.expose();
        if key.len() > MAX_KEY {
            return Err(EnvelopeError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce).map_err(EnvelopeError::RandomSource)?;
        let row = row(id, algorithm);
        let mut sealed = Vec::with_capacity(HEAD_LEN + key.len() + TAG_LEN);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.mark);
        sealed.extend_from_slice(&mark(&row));
        sealed.extend_from_slice(&nonce);
        let bound = [sealed.as_slice(), &row].concat();
        // Encrypted in place, so that no copy of the key is left behind.
        let mut body = Zeroizing::new(Vec::with_capacity(key.len() + TAG_LEN));
        body.extend_from_slice(key);
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut body)
            .map_err(|_| EnvelopeError::TooLong)?;
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Decrypts a key.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] names the reason, as far as it can be determined.
    pub fn open(&self, id: &KeyId, algorithm: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, EnvelopeError> {
        let (head, body) = sealed.split_at_checked(HEAD_LEN).ok_or(EnvelopeError::TooShort)?;
        let row = row(id, algorithm);
        let nonce = self.check_head(head, &mark(&row))?;
        if body.len() > MAX_KEY + TAG_LEN {
            return Err(EnvelopeError::TooLong);
        }
        let bound = [head, &row].concat();
        let mut body = Zeroizing::new(body.to_vec());
        let opened = self
            .cipher()?
            .open_in_place(nonce, Aad::from(bound), &mut body)
            .map_err(|_| EnvelopeError::Tampered)?;
        Ok(Secret::new(opened.to_vec()))
    }

    /// Whether the mark of these sealed bytes is that of this key-encryption key.
    #[must_use]
    pub fn has_sealed(&self, sealed: &[u8]) -> bool {
        sealed.get(1..=MARK_LEN) == Some(&self.mark)
    }

    fn check_head(&self, head: &[u8], row: &[u8]) -> Result<Nonce, EnvelopeError> {
        let (version, rest) = head.split_first().ok_or(EnvelopeError::TooShort)?;
        if *version != VERSION {
            return Err(EnvelopeError::Version { found: *version });
        }
        let (own, rest) = rest.split_at_checked(MARK_LEN).ok_or(EnvelopeError::TooShort)?;
        let (of_row, nonce) = rest.split_at_checked(MARK_LEN).ok_or(EnvelopeError::TooShort)?;
        if own != self.mark {
            return Err(EnvelopeError::OtherKey);
        }
        if of_row != row {
            return Err(EnvelopeError::OtherRow);
        }
        Nonce::try_assume_unique_for_key(nonce).map_err(|_| EnvelopeError::TooShort)
    }

    fn cipher(&self) -> Result<LessSafeKey, EnvelopeError> {
        let key = UnboundKey::new(&AES_256_GCM, self.bytes.expose()).map_err(|_| EnvelopeError::Tampered)?;
        Ok(LessSafeKey::new(key))
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(..)")
    }
}

/// Returns the bytes that a row is bound to. The length of the id comes first, so no other pair has
/// the same bytes.
fn row(id: &KeyId, algorithm: &str) -> Vec<u8> {
    let length = u16::try_from(id.as_str().len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), id.as_str().as_bytes(), algorithm.as_bytes()].concat()
}

fn mark(bytes: &[u8]) -> [u8; MARK_LEN] {
    let mut mark = [0; MARK_LEN];
    for (to, from) in mark.iter_mut().zip(sha256(bytes)) {
        *to = from;
    }
    mark
}

fn hexadecimal(pair: &[u8]) -> Option<u8> {
    let mut value = 0;
    for digit in pair {
        let digit = u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
        value = value << 4 | digit;
    }
    Some(value)
}

/// A text is not a key-encryption key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key-encryption key is {KEY_LEN} bytes, as 43 characters of base64url or 64 hexadecimal digits")]
#[non_exhaustive]
pub struct InvalidKeyEncryptionKey;

/// The reasons why a key was not sealed or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// No random bytes are available.
    #[error(transparent)]
    RandomSource(RandomError),
    /// The key was sealed with another key-encryption key.
    #[error("stored key was sealed with another key-encryption key")]
    OtherKey,
    /// The key was sealed for another id or another algorithm.
    #[error("stored key was sealed as another key")]
    OtherRow,
    /// The sealed bytes were changed.
    #[error("stored key was tampered with")]
    Tampered,
    /// The text is longer than any sealed key.
    #[error("key is longer than {MAX_KEY} bytes")]
    TooLong,
    /// The text is shorter than any sealed key.
    #[error("stored key was cut short")]
    TooShort,
    /// The version of the envelope is unknown.
    #[error("stored key has version `{found}`, and this program knows `{VERSION}` alone")]
    Version {
        /// The version that was found.
        found: u8,
    },
}

#[cfg(test)]
mod tests;
