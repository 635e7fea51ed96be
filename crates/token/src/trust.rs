//! The current keys of a verifier. They can be replaced during verification.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::header::{Header, HeaderBuffer, encode_header};
use crate::{Algorithm, KeySet, TokenRules, VerifyError, VerifyingKey};

/// The keys of a verifier. They can be replaced during verification.
pub(crate) struct TrustedKeys {
    current: ArcSwap<KeySnapshot>,
    epoch: AtomicU64,
}

/// A set of keys, with the headers that identify a key without parsing.
#[derive(Debug)]
pub(crate) struct KeySnapshot {
    keys: KeySet,
    usual: Vec<ExpectedHeader>,
}

/// The header that a signer of these rules writes with this key. It is compared as text. Parsed, it
/// takes 1,317 instructions more: a verification takes 18,755, and its limit is 18,700.
#[derive(Debug)]
struct ExpectedHeader {
    header: String,
    key: VerifyingKey,
}

impl TrustedKeys {
    pub(crate) fn new(rules: &TokenRules, keys: KeySet) -> Self {
        Self {
            current: ArcSwap::from_pointee(KeySnapshot::new(rules, keys)),
            epoch: AtomicU64::new(0),
        }
    }

    /// The same keys with no usual header: every header is read.
    #[cfg(test)]
    pub(crate) fn without_shortcuts(keys: KeySet) -> Self {
        let usual = Vec::new();
        Self {
            current: ArcSwap::from_pointee(KeySnapshot { keys, usual }),
            epoch: AtomicU64::new(0),
        }
    }

    // INVARIANT: the epoch grows when the keys are there. A reader that reads it before verifying
    // then never mistakes the result of an old key for that of a new one
    // (`an_epoch_read_before_verifying_is_never_too_young`).
    //
    // Equal keys stay, and with them the epoch: the tokens that they verified stay verified.
    pub(crate) fn replace(&self, rules: &TokenRules, keys: KeySet) {
        if self.current().keys.is_same(&keys) {
            return;
        }
        self.current.store(KeySnapshot::new(rules, keys).into());
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    #[inline]
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn current(&self) -> arc_swap::Guard<std::sync::Arc<KeySnapshot>> {
        self.current.load()
    }
}

impl fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedKeys")
            .field("keys", &self.current().keys)
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

impl KeySnapshot {
    fn new(rules: &TokenRules, keys: KeySet) -> Self {
        let mut trusted = Self {
            keys,
            usual: Vec::new(),
        };
        trusted.usual = trusted.usual_headers(rules).collect();
        trusted
    }

    /// The headers that a signer of these rules writes, each with its key.
    ///
    /// SECURITY: only an acceptable header is listed, with the key that parsing it finds
    /// (`es256_is_verified_and_never_for_a_shared_secret`).
    fn usual_headers(&self, rules: &TokenRules) -> impl Iterator<Item = ExpectedHeader> {
        self.keys.iter().filter_map(|key| {
            let header = encode_header(key.algorithm(), rules.token_type(), key.id());
            let key = self.read_header(rules, &header).ok()?.clone();
            Some(ExpectedHeader { header, key })
        })
    }

    pub(crate) const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Returns the key of a header. A typical header is found by its text; any other is parsed.
    pub(crate) fn key_for(&self, rules: &TokenRules, encoded_header: &str) -> Result<&VerifyingKey, VerifyError> {
        match self.usual.iter().find(|usual| usual.header == encoded_header) {
            Some(usual) => Ok(&usual.key),
            None => self.read_header(rules, encoded_header),
        }
    }

    fn read_header(&self, rules: &TokenRules, encoded_header: &str) -> Result<&VerifyingKey, VerifyError> {
        let mut buffer = HeaderBuffer::new();
        let header = Header::parse(buffer.decode(encoded_header)?)?;
        let algorithm = check_header(rules, &header)?;
        self.keys.find(header.key_id.as_deref(), algorithm)
    }
}

/// Checks the requirements for a header that do not depend on the key.
pub(crate) fn check_header(rules: &TokenRules, header: &Header<'_>) -> Result<Algorithm, VerifyError> {
    rules.check_type(header.token_type.as_deref())?;
    let algorithm = header.algorithm.as_deref().and_then(Algorithm::find);
    match algorithm {
        Some(algorithm) if rules.allow_algorithm(algorithm) => Ok(algorithm),
        _ => Err(VerifyError::Algorithm),
    }
}
