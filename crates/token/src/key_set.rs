//! The set of keys that a verifier trusts, found by `kid` and `alg`.

mod jwks;

pub use self::jwks::{Jwks, JwksError};
use crate::{Algorithm, KeyError, VerifyError, VerifyingKey};

/// The keys that a verifier trusts, each found by its id.
///
/// During a rotation the set contains the retired, the current and the next key. A token without
/// `kid` selects the key without an id, if there is one, and otherwise the only key of its
/// algorithm.
///
/// ```
/// use scopegate_domain::KeyId;
/// use scopegate_token::{KeySet, SigningKey};
///
/// let (old, new) = (SigningKey::es256_generate()?, SigningKey::es256_generate()?);
/// let keys = KeySet::new([
///     old.with_id(KeyId::parse("2025")?).verifying_key(),
///     new.with_id(KeyId::parse("2026")?).verifying_key(),
/// ])?;
/// assert_eq!(keys.iter().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<VerifyingKey>);

impl KeySet {
    /// A set of keys.
    ///
    /// # Errors
    ///
    /// [`KeyError::DuplicateId`] if two keys have the same id and algorithm, because the key of a
    /// token would be ambiguous.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let name = |key: &'_ VerifyingKey| Some((key.id()?.as_str().to_owned(), key.algorithm().as_str()));
        let mut ids: Vec<_> = keys.iter().filter_map(name).collect();
        ids.sort_unstable();
        if ids.is_sorted_by(|earlier, later| earlier < later) {
            Ok(Self(keys))
        } else {
            Err(KeyError::DuplicateId)
        }
    }

    /// Adds the keys that a token can distinguish from the keys of the set. Returns whether a key
    /// was added.
    ///
    /// Keys without an id differ only by their material, so a token without `kid` is ambiguous.
    pub(crate) fn add_new(&mut self, keys: Vec<VerifyingKey>) -> bool {
        let before = self.0.len();
        for key in keys {
            let is_known = |known: &VerifyingKey| {
                let is_named_alike =
                    key.id().is_some() && known.id() == key.id() && known.algorithm() == key.algorithm();
                is_named_alike || known.is_same(&key)
            };
            if !self.0.iter().any(is_known) {
                self.0.push(key);
            }
        }
        self.0.len() > before
    }

    /// Whether the other set has the same keys, in any order. A set with an HMAC key equals no set.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let has = |set: &Self, key: &VerifyingKey| set.0.iter().any(|one| one.is_same(key));
        self.0.len() == other.0.len()
            && self.0.iter().all(|key| has(other, key))
            && other.0.iter().all(|key| has(self, key))
    }

    /// The keys.
    pub fn iter(&self) -> std::slice::Iter<'_, VerifyingKey> {
        self.0.iter()
    }

    /// Returns the key that a header selects: that of its `kid`; without `kid` the key without an
    /// id, or the only one of its algorithm.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&VerifyingKey, VerifyError> {
        let Some(id) = id else {
            let fitting = || self.0.iter().filter(|key| key.algorithm() == algorithm);
            let has_unnamed = fitting().any(|key| key.id().is_none());
            let mut keys = fitting().filter(|key| key.id().is_none() || !has_unnamed);
            return match (keys.next(), keys.next()) {
                (Some(key), None) => Ok(key),
                (Some(_), Some(_)) => Err(VerifyError::AmbiguousKey),
                (None, _) => Err(VerifyError::Algorithm),
            };
        };
        let is_named = |key: &&VerifyingKey| key.id().is_some_and(|known| known.as_str() == id);
        let mut named = self.0.iter().filter(is_named).peekable();
        named.peek().ok_or(VerifyError::UnknownKey)?;
        // SECURITY: the key says which algorithm, the token may only agree
        // (`an_algorithm_other_than_the_keys_is_refused`).
        named
            .find(|key| key.algorithm() == algorithm)
            .ok_or(VerifyError::Algorithm)
    }
}

impl From<VerifyingKey> for KeySet {
    fn from(key: VerifyingKey) -> Self {
        Self(vec![key])
    }
}

impl<'a> IntoIterator for &'a KeySet {
    type Item = &'a VerifyingKey;
    type IntoIter = std::slice::Iter<'a, VerifyingKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
