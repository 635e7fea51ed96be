//! Sets of JWKs: [RFC 7517, section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).

use scopegate_domain::json::{JsonError, Kind, MemberNames, Reader};
use serde_json::{Value, json};

use super::KeySet;
use crate::key::Jwk;
use crate::{JwksPolicy, KeyError, VerifyingKey};

/// The keys of a set of JWKs that was read.
///
/// ```
/// use scopegate_token::{JwksPolicy, KeyError, KeySet, SigningKey};
///
/// let own = KeySet::from(SigningKey::es256_generate().unwrap().verifying_key());
/// let jwks = KeySet::from_jwks(own.to_jwks().as_bytes(), JwksPolicy::PUBLIC_ONLY)?;
/// assert_eq!((jwks.keys().iter().count(), jwks.skipped().len()), (1, 0));
///
/// let jwks = KeySet::from_jwks(br#"{"keys": [{"kty": "EC", "crv": "P-521", "x": "", "y": ""}]}"#, JwksPolicy::PUBLIC_ONLY)?;
/// assert_eq!(jwks.skipped(), [KeyError::Unsupported]);
/// # Ok::<(), scopegate_token::JwksError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Jwks {
    keys: KeySet,
    skipped: Vec<KeyError>,
}

impl Jwks {
    /// The keys that can be used.
    #[must_use]
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// The keys that can be used, without the rest.
    #[must_use]
    pub fn into_keys(self) -> KeySet {
        self.keys
    }

    /// Returns the reason why each of the other keys cannot be used: unknown type, other use, too
    /// weak, malformed or duplicate.
    #[must_use]
    pub fn skipped(&self) -> &[KeyError] {
        &self.skipped
    }
}

impl KeySet {
    /// The maximum length of a JWK set, in bytes.
    pub const MAX_JWKS: usize = 256 * 1024;
    /// The maximum number of keys in a set.
    pub const MAX_JWKS_KEYS: usize = 128;

    /// Reads a set of JWKs. A key that cannot be used is skipped; a text that is not a set is an
    /// error.
    ///
    /// Keys with one `kid` and different algorithms are different keys: the `alg` of a token
    /// selects one. Of several keys with one `kid` and one algorithm the first counts. The others
    /// are skipped with [`KeyError::DuplicateId`].
    ///
    /// # Errors
    ///
    /// [`JwksError`] if the text is too long, is not a set of JWKs, or has too many keys.
    pub fn from_jwks(json: &[u8], usage: JwksPolicy) -> Result<Jwks, JwksError> {
        if json.len() > Self::MAX_JWKS {
            return Err(JwksError::TooLong);
        }
        let text = std::str::from_utf8(json).map_err(|_| JwksError::NotJson)?;
        let (mut keys, mut skipped) = (Self::default(), Vec::new());
        for jwk in read(text)? {
            match jwk.verifying_keys(usage) {
                Ok(several) => {
                    if !keys.add_new(several) {
                        skipped.push(KeyError::DuplicateId);
                    }
                }
                Err(fault) => skipped.push(fault),
            }
        }
        Ok(Jwks { keys, skipped })
    }

    /// Returns the public keys as a JWK set, in their order. HMAC keys, which are secrets, are
    /// omitted.
    #[must_use]
    pub fn to_jwks(&self) -> String {
        let keys: Vec<_> = self
            .iter()
            .filter_map(VerifyingKey::to_jwk)
            .map(Value::Object)
            .collect();
        json!({ "keys": keys }).to_string()
    }
}

fn read(text: &str) -> Result<Vec<Jwk<'_>>, JwksError> {
    let mut reader = Reader::new(text);
    let (mut seen, mut keys) = (MemberNames::default(), None);
    if reader.kind()? != Kind::Object {
        return Err(JwksError::NoKeys);
    }
    reader.object(|reader, name| {
        let is_keys = name == "keys";
        if !seen.insert(name) {
            return Err(JwksError::NotJson);
        }
        match reader.kind()? {
            Kind::Array if is_keys => keys = Some(read_keys(reader)?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    reader.finish()?;
    keys.ok_or(JwksError::NoKeys)
}

fn read_keys<'a>(reader: &mut Reader<'a>) -> Result<Vec<Jwk<'a>>, JwksError> {
    let mut keys = Vec::new();
    reader.array(|reader| {
        if keys.len() == KeySet::MAX_JWKS_KEYS {
            return Err(JwksError::TooManyKeys);
        }
        if reader.kind()? != Kind::Object {
            return Err(JwksError::NoKeys);
        }
        keys.push(Jwk::read(reader)?);
        Ok(())
    })?;
    Ok(keys)
}

/// The reason why a text is not accepted as a JWK set. The error never contains a part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// The text is not an object with a list of objects in `keys`.
    #[error("text holds no list of keys")]
    NoKeys,
    /// The text is not JSON.
    #[error("text is not JSON")]
    NotJson,
    /// The text is longer than [`KeySet::MAX_JWKS`].
    #[error("text is longer than {} bytes", KeySet::MAX_JWKS)]
    TooLong,
    /// The set has more keys than [`KeySet::MAX_JWKS_KEYS`].
    #[error("more than {} keys", KeySet::MAX_JWKS_KEYS)]
    TooManyKeys,
}

impl From<JsonError> for JwksError {
    fn from(_: JsonError) -> Self {
        Self::NotJson
    }
}
