//! Secrets without a meaning: random texts that are looked up by their digest.

mod kind;

use std::fmt;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use scopegate_domain::{CodeId, Day, Secret, SecretDigest, SessionId};
use zeroize::Zeroizing;

pub use self::kind::{
    BrowserCookieKind, ClientSecretKind, CodeKind, OpaqueHead, OpaqueKind, SessionCookieKind, secret_prefixes,
};
#[cfg(feature = "rotation")]
pub(crate) use self::kind::{FORMAT, REFRESH_PREFIX};
use crate::digest::sha256;
use crate::{RandomError, RandomSource};

const RANDOM_LEN: usize = 32;
const CHECKSUM_LEN: usize = 4;

/// The secret of a client: `sgcs_`.
///
/// ```
/// use scopegate_token::{ClientSecret, SystemRandomSource};
///
/// let secret = ClientSecret::generate(&SystemRandomSource)?;
/// let presented = ClientSecret::parse(secret.expose())?;
/// assert_eq!(presented.digest(), secret.digest());
/// assert!(ClientSecret::parse(&secret.expose()[..52]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type ClientSecret = Opaque<ClientSecretKind>;

/// An authorization code, as the client receives it: `sgac_`.
///
/// ```
/// use scopegate_domain::Day;
/// use scopegate_token::{IssuedCode, SystemRandomSource};
///
/// let code = IssuedCode::generate_until(Day::from_number(20_000), &SystemRandomSource)?;
/// assert_eq!(IssuedCode::parse(code.expose())?.id(), code.id());
/// assert_eq!(code.id().ends_on().number(), 20_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type IssuedCode = Opaque<CodeKind>;

/// The cookie of a session: `sgss_`.
pub type SessionCookie = Opaque<SessionCookieKind>;

/// The cookie of a browser, which binds authorization requests to it: `sgbr_`. It is not stored.
pub type BrowserCookie = Opaque<BrowserCookieKind>;

/// A random value that a client or a browser keeps: a prefix, then 256 random bits and their
/// checksum in base64url. Codes and sessions contain the day of their end before the random bits.
///
/// The prefix lets scanners find a leaked value. The checksum distinguishes a truncated or mistyped
/// value from a wrong one without a store query; it protects nothing else. Both depend on the kind,
/// so a value of one kind is never one of another. Only the digest is stored.
///
/// Start with [`ClientSecret`], [`IssuedCode`], [`SessionCookie`] and [`BrowserCookie`].
pub struct Opaque<K: OpaqueKind> {
    text: Secret<String>,
    head: K::Head,
}

impl<K: OpaqueKind> Opaque<K> {
    const ENCODED_LEN: usize = URL_SAFE_NO_PAD.encoded_length(K::Head::LEN + RANDOM_LEN + CHECKSUM_LEN);

    fn with_head(head: K::Head, entropy: &dyn RandomSource) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(K::Head::LEN + RANDOM_LEN + CHECKSUM_LEN));
        head.write(&mut bytes);
        let mut random = Zeroizing::new([0; RANDOM_LEN]);
        entropy.fill(random.as_mut_slice())?;
        bytes.extend_from_slice(random.as_slice());
        let checksum = checksum::<K>(&bytes);
        bytes.extend_from_slice(&checksum);
        let mut text = String::with_capacity(K::PREFIX.len() + Self::ENCODED_LEN);
        text.push_str(K::PREFIX);
        URL_SAFE_NO_PAD.encode_append(bytes.as_slice(), &mut text);
        Ok(Self {
            text: Secret::new(text),
            head,
        })
    }

    /// A value that was presented.
    ///
    /// # Errors
    ///
    /// [`InvalidOpaque`] if the text cannot be a value of this kind: another prefix, length,
    /// alphabet or format, or a checksum that does not match.
    pub fn parse(text: &str) -> Result<Self, InvalidOpaque> {
        let head = Self::read(text).ok_or(InvalidOpaque { kind: K::NAME })?;
        Ok(Self {
            text: Secret::new(text.to_owned()),
            head,
        })
    }

    fn read(text: &str) -> Option<K::Head> {
        let encoded = text.strip_prefix(K::PREFIX)?;
        if encoded.len() != Self::ENCODED_LEN {
            return None;
        }
        let mut buffer = Zeroizing::new([0; 64]);
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded.as_bytes(), buffer.as_mut_slice().as_out())
            .ok()?;
        let (bytes, sum) = bytes.split_last_chunk::<CHECKSUM_LEN>()?;
        let head = K::Head::read(bytes)?;
        (*sum == checksum::<K>(bytes)).then_some(head)
    }

    /// The text, to show once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    fn sha256(&self) -> [u8; 32] {
        sha256(self.expose().as_bytes())
    }
}

impl<K: OpaqueKind<Head = ()>> Opaque<K> {
    /// Generates a value.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if no random bytes are available.
    pub fn generate(entropy: &dyn RandomSource) -> Result<Self, RandomError> {
        Self::with_head((), entropy)
    }

    /// The digest of the value.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::from_bytes(self.sha256())
    }
}

impl<K: OpaqueKind<Head = Day>> Opaque<K> {
    /// Generates a value for a row that ends on this day.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if no random bytes are available.
    pub fn generate_until(ends_on: Day, entropy: &dyn RandomSource) -> Result<Self, RandomError> {
        Self::with_head(ends_on, entropy)
    }
}

impl IssuedCode {
    /// The id of the stored row.
    #[must_use]
    pub fn id(&self) -> CodeId {
        CodeId::new(self.head, self.sha256())
    }
}

impl SessionCookie {
    /// The id of the session.
    #[must_use]
    pub fn id(&self) -> SessionId {
        SessionId::new(self.head, self.sha256())
    }
}

impl<K: OpaqueKind> Clone for Opaque<K> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            head: self.head,
        }
    }
}

impl<K: OpaqueKind> fmt::Debug for Opaque<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opaque({}..)", K::PREFIX)
    }
}

/// The first bytes of the digest of the prefix and all bytes before the checksum.
fn checksum<K: OpaqueKind>(before: &[u8]) -> [u8; CHECKSUM_LEN] {
    let bytes = Zeroizing::new([K::PREFIX.as_bytes(), before].concat());
    let [a, b, c, d, ..] = sha256(&bytes);
    [a, b, c, d]
}

/// The text is not a value of this kind. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {kind}")]
#[non_exhaustive]
pub struct InvalidOpaque {
    /// The kind, with its article.
    pub kind: &'static str,
}
