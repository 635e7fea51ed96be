//! The errors of constructing and using a key.

/// The reasons why a key cannot be constructed or used. The error never contains a part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Two keys of a set have the same id and the same algorithm.
    #[error("two keys have the same id and algorithm")]
    DuplicateId,
    /// The operating system gave no randomness.
    #[error("no randomness to make a key or a signature with")]
    Generation,
    /// The text or the bytes are not a key of this kind.
    #[error("not a key of this kind")]
    Malformed,
    /// `use` or `key_ops` forbid the operation.
    #[error("`use` or `key_ops` of the key forbid signatures")]
    OtherUse,
    /// A public place contains a private key, so any reader can sign.
    #[error("private key is published")]
    Published,
    /// An RSA key that is too short.
    #[error("RSA key is shorter than 2048 bits")]
    ShortModulus,
    /// An HMAC secret that is shorter than its hash.
    #[error("secret is shorter than the hash of its algorithm")]
    ShortSecret,
    /// The RSA key is of a library that generates weak primes (CVE-2017-15361): it can be factored.
    #[error("RSA key has the fingerprint of a weak generator (ROCA, CVE-2017-15361)")]
    WeakPrimes,
    /// A secret in a set that may contain only public keys.
    #[error("symmetric key among public ones")]
    Symmetric,
    /// The type of key, the curve or the algorithm is unknown, or it is not supported for this use.
    #[error("type of key or algorithm is not supported")]
    Unsupported,
}
