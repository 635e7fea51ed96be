//! JSON Web Keys: [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517), [RFC 7518, section
//! 6](https://www.rfc-editor.org/rfc/rfc7518#section-6).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::KeyId;
use scopegate_domain::json::{JsonError, Kind, Reader};
use zeroize::Zeroizing;

use super::{KeyError, VerifyingKey};
use crate::Algorithm;

/// The supported members except `key_ops`; all are texts.
const TEXTS: [&str; 16] = [
    "alg", "crv", "d", "dp", "dq", "e", "k", "kid", "kty", "n", "p", "q", "qi", "use", "x", "y",
];

/// The keys that a set of JWKs may contain, which depends on the source of the set.
///
/// ```
/// use scopegate_token::{KeySet, JwksPolicy};
///
/// let set = br#"{"keys": [{"kty": "oct", "kid": "s", "alg": "HS256", "k": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY"}]}"#;
/// assert_eq!(KeySet::from_jwks(set, JwksPolicy::PUBLIC_ONLY)?.keys().iter().count(), 0);
/// assert_eq!(KeySet::from_jwks(set, JwksPolicy::LOCAL)?.keys().iter().count(), 1);
/// # Ok::<(), scopegate_token::JwksError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JwksPolicy {
    is_local: bool,
    allows_weak: bool,
    any_algorithm: bool,
}

impl JwksPolicy {
    /// The policy for a set from an issuer: public keys only. A key without `alg` is for the usual
    /// algorithm of its type (`RS256`, `ES256`, `ES384`, `EdDSA`).
    pub const PUBLIC_ONLY: Self = Self {
        is_local: false,
        allows_weak: false,
        any_algorithm: false,
    };

    /// The policy for a local set from a file. It may contain secrets and private keys, whose
    /// public half is used. A key without `alg` is for every algorithm of its type.
    pub const LOCAL: Self = Self {
        is_local: true,
        allows_weak: false,
        any_algorithm: true,
    };

    /// Accepts RSA keys from 1,024 bits (with `RS256` and `RS512`) and short secrets for
    /// verification.
    #[must_use]
    pub const fn allowing_weak_keys(mut self) -> Self {
        self.allows_weak = true;
        self
    }

    /// Accepts a key without `alg` for every algorithm of its type.
    #[must_use]
    pub const fn allowing_any_algorithm(mut self) -> Self {
        self.any_algorithm = true;
        self
    }
}

/// The members of one JWK, not yet checked.
#[derive(Default)]
pub(crate) struct Jwk<'a> {
    texts: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    operations: Option<Vec<Cow<'a, str>>>,
    is_malformed: bool,
}

impl fmt::Debug for Jwk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jwk(..)")
    }
}

impl<'a> Jwk<'a> {
    /// Reads one key. A member that occurs twice or is of another type makes the key malformed, but
    /// not the rest of the set.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, JsonError> {
        let mut jwk = Self::default();
        let mut seen = scopegate_domain::json::MemberNames::default();
        reader.object(|reader, name| {
            jwk.is_malformed |= !seen.insert(name.clone());
            let is_text = TEXTS.contains(&&*name);
            match reader.kind()? {
                Kind::Text if is_text => {
                    jwk.texts.insert(name, reader.text()?);
                    Ok(())
                }
                Kind::Array if name == "key_ops" => jwk.read_operations(reader),
                _ => {
                    jwk.is_malformed |= is_text || name == "key_ops";
                    reader.skip()
                }
            }
        })?;
        Ok(jwk)
    }

    fn read_operations(&mut self, reader: &mut Reader<'a>) -> Result<(), JsonError> {
        let mut operations = Vec::new();
        reader.array(|reader| {
            if reader.kind()? == Kind::Text {
                operations.push(reader.text()?);
                Ok(())
            } else {
                self.is_malformed = true;
                reader.skip()
            }
        })?;
        self.operations = Some(operations);
        Ok(())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(AsRef::as_ref)
    }

    /// The bytes of a member.
    pub(super) fn bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = self.text(name).ok_or(KeyError::Malformed)?;
        URL_SAFE_NO_PAD
            .decode_to_vec(text)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Malformed)
    }

    /// `kid`.
    pub(super) fn id(&self) -> Result<Option<KeyId>, KeyError> {
        self.text("kid")
            .map(|id| KeyId::parse(id).map_err(|_| KeyError::Malformed))
            .transpose()
    }

    /// Whether the key has a private half, or is a secret.
    pub(crate) fn is_private(&self) -> bool {
        ["d", "dp", "dq", "k", "p", "q", "qi"]
            .into_iter()
            .any(|name| self.texts.contains_key(name))
    }

    /// Checks that `use` and `key_ops` of the key allow the operation ([RFC 7517, sections 4.2 and
    /// 4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.2)).
    pub(super) fn check_use(&self, operation: &str) -> Result<(), KeyError> {
        if self.is_malformed {
            return Err(KeyError::Malformed);
        }
        let allows_use = self.text("use").is_none_or(|usage| usage == "sig");
        let allows_operation = |operations: &Vec<Cow<'_, str>>| operations.iter().any(|name| name == operation);
        if allows_use && self.operations.as_ref().is_none_or(allows_operation) {
            Ok(())
        } else {
            Err(KeyError::OtherUse)
        }
    }

    /// Returns the possible algorithms of the key by its type; the first is the usual one.
    pub(super) fn algorithms_of_type(&self) -> Result<&'static [Algorithm], KeyError> {
        match (self.text("kty").ok_or(KeyError::Malformed)?, self.text("crv")) {
            ("EC", Some("P-256")) => Ok(&[Algorithm::Es256]),
            ("EC", Some("P-384")) => Ok(&[Algorithm::Es384]),
            ("OKP", Some("Ed25519")) => Ok(&[Algorithm::EdDsa]),
            ("EC" | "OKP", None) => Err(KeyError::Malformed),
            ("oct", None) => Ok(&[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]),
            ("RSA", None) => Ok(&[
                Algorithm::Rs256,
                Algorithm::Rs384,
                Algorithm::Rs512,
                Algorithm::Ps256,
                Algorithm::Ps384,
                Algorithm::Ps512,
            ]),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Returns the `alg` of the key.
    // SECURITY: a key with `alg` is for no other algorithm (`alg_of_a_key_is_honoured`).
    pub(super) fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let Some(name) = self.text("alg") else { return Ok(None) };
        let algorithm = Algorithm::find(name).ok_or(KeyError::Unsupported)?;
        if self.algorithms_of_type()?.contains(&algorithm) {
            Ok(Some(algorithm))
        } else {
            Err(KeyError::Unsupported)
        }
    }

    /// Returns one key for each of its algorithms.
    pub(crate) fn verifying_keys(&self, usage: JwksPolicy) -> Result<Vec<VerifyingKey>, KeyError> {
        let of_type = self.algorithms_of_type()?;
        self.check_use("verify")?;
        self.check_origin(usage)?;
        let id = self.id()?;
        let named = |key: VerifyingKey| match &id {
            Some(id) => key.with_id(id.clone()),
            None => key,
        };
        let algorithms = match self.algorithm()? {
            Some(algorithm) => &[algorithm][..],
            None if usage.any_algorithm => of_type,
            None => of_type.get(..1).unwrap_or_default(),
        };
        let keys: Vec<_> = algorithms
            .iter()
            .map(|algorithm| self.verifying_key(*algorithm, usage.allows_weak).map(named))
            .collect();
        // A secret can be long enough for one hash and not for another.
        let good: Vec<_> = keys.iter().filter_map(|key| key.as_ref().ok()).cloned().collect();
        match keys.into_iter().next() {
            Some(Err(fault)) if good.is_empty() => Err(fault),
            _ => Ok(good),
        }
    }

    fn check_origin(&self, usage: JwksPolicy) -> Result<(), KeyError> {
        match self.text("kty") {
            _ if usage.is_local => Ok(()),
            Some("oct") => Err(KeyError::Symmetric),
            _ if self.is_private() => Err(KeyError::Published),
            _ => Ok(()),
        }
    }

    fn verifying_key(&self, algorithm: Algorithm, allows_weak: bool) -> Result<VerifyingKey, KeyError> {
        match algorithm {
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
                VerifyingKey::from_point(algorithm, &self.point(algorithm)?)
            }
            algorithm if algorithm.is_symmetric() => {
                VerifyingKey::from_secret(algorithm, &self.bytes("k")?, allows_weak)
            }
            _ => VerifyingKey::from_rsa(algorithm, &self.bytes("n")?, &self.bytes("e")?, allows_weak),
        }
    }

    /// The public key as ring reads it.
    pub(super) fn point(&self, algorithm: Algorithm) -> Result<Vec<u8>, KeyError> {
        let x = self.bytes("x")?;
        let len = match algorithm {
            Algorithm::EdDsa => return Ok(x.to_vec()),
            Algorithm::Es384 => 48,
            _ => 32,
        };
        let y = self.bytes("y")?;
        if x.len() == len && y.len() == len {
            Ok([&[4], x.as_slice(), y.as_slice()].concat())
        } else {
            Err(KeyError::Malformed)
        }
    }
}
