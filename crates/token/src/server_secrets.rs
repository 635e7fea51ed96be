//! Server secrets: random bytes for one purpose, in versions.

use std::fmt;

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::{hkdf, hmac};
use scopegate_domain::{Day, KeyId, SealedSecret, Secret, SecretPurpose, Timestamp};
use zeroize::Zeroizing;

use crate::{EnvelopeError, KeyEncryptionKey, RandomError, RandomSource};

/// The length of a server secret, in bytes.
const SECRET_LEN: usize = 32;

/// A version of a server secret: 32 random bytes for one purpose.
///
/// ```
/// use scopegate_domain::{SealedSecret, SecretPurpose, Timestamp};
/// use scopegate_token::{KeyEncryptionKey, SecretRing, ServerSecret, SystemRandomSource};
///
/// let kek = KeyEncryptionKey::generate(&SystemRandomSource)?;
/// let secret = ServerSecret::generate(SecretPurpose::Mac, 1, &SystemRandomSource)?;
/// let now = Timestamp::from_unix(1_700_000_000);
/// let row = SealedSecret {
///     purpose: SecretPurpose::Mac,
///     version: 1,
///     created_at: now,
///     verifies_until: None,
///     sealed: secret.seal(&kek, &SystemRandomSource)?,
/// };
/// let ring = SecretRing::new([ServerSecret::open(&kek, &row)?])?;
/// assert_eq!(ring.newest_version(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ServerSecret {
    purpose: SecretPurpose,
    version: u32,
    bytes: Secret<[u8; SECRET_LEN]>,
}

impl ServerSecret {
    /// Generates a secret.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if no random bytes are available.
    pub fn generate(purpose: SecretPurpose, version: u32, entropy: &dyn RandomSource) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; SECRET_LEN]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self {
            purpose,
            version,
            bytes: Secret::new(*bytes),
        })
    }

    /// Encrypts the secret for its row. The result opens for this purpose and version only.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::RandomSource`] if no random bytes are available.
    pub fn seal(&self, kek: &KeyEncryptionKey, entropy: &dyn RandomSource) -> Result<Vec<u8>, EnvelopeError> {
        let bytes = Secret::new(self.bytes.expose().to_vec());
        kek.seal(&row_id(self.purpose, self.version)?, ENVELOPE, &bytes, entropy)
    }

    /// Decrypts the secret of a row.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] names the reason, as far as it can be determined.
    pub fn open(kek: &KeyEncryptionKey, row: &SealedSecret) -> Result<Self, EnvelopeError> {
        let opened = kek.open(&row_id(row.purpose, row.version)?, ENVELOPE, &row.sealed)?;
        let bytes = <[u8; SECRET_LEN]>::try_from(opened.expose().as_slice()).map(Zeroizing::new);
        Ok(Self {
            purpose: row.purpose,
            version: row.version,
            bytes: Secret::new(*bytes.map_err(|_| EnvelopeError::Tampered)?),
        })
    }

    /// Returns the purpose.
    #[must_use]
    pub const fn purpose(&self) -> SecretPurpose {
        self.purpose
    }

    /// Returns the version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerSecret({}.{}, ..)", self.purpose, self.version)
    }
}

/// What the envelope names in place of the algorithm of a signing key, so that neither replaces the
/// other.
const ENVELOPE: &str = "server secret";

fn row_id(purpose: SecretPurpose, version: u32) -> Result<KeyId, EnvelopeError> {
    KeyId::parse(&format!("{purpose}.{version}")).map_err(|_| EnvelopeError::TooLong)
}

/// The live versions of the secret of one purpose, the newest first. The newest one makes values,
/// and each verifies them.
///
/// Keys that encrypt are derived for each day with HKDF-SHA-256, so none encrypts 2^32 texts.
#[derive(Clone)]
pub struct SecretRing {
    purpose: SecretPurpose,
    newest: Version,
    older: Vec<Version>,
}

#[derive(Clone)]
struct Version {
    number: u32,
    mac: hmac::Key,
    derivation: hkdf::Prk,
}

impl SecretRing {
    /// The maximum number of live versions. Each costs a verification.
    pub const MAX_VERSIONS: usize = 3;

    /// Collects the versions of one purpose, in any order.
    ///
    /// # Errors
    ///
    /// [`SecretRingError`] if the secrets are none, more than three, or do not belong together.
    pub fn new(secrets: impl IntoIterator<Item = ServerSecret>) -> Result<Self, SecretRingError> {
        let mut secrets: Vec<ServerSecret> = secrets.into_iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.version));
        let (newest, older) = secrets.split_first().ok_or(SecretRingError::Empty)?;
        if older.len() >= Self::MAX_VERSIONS {
            return Err(SecretRingError::TooMany);
        }
        if older.iter().any(|secret| secret.purpose != newest.purpose) {
            return Err(SecretRingError::TwoPurposes);
        }
        if !secrets.is_sorted_by(|one, next| one.version > next.version) {
            return Err(SecretRingError::VersionTwice);
        }
        Ok(Self {
            purpose: newest.purpose,
            newest: Version::of(newest),
            older: older.iter().map(Version::of).collect(),
        })
    }

    /// Decrypts the rows of a purpose that are live at this time. Other rows are ignored.
    ///
    /// # Errors
    ///
    /// [`SecretRingError`], also if a row cannot be decrypted.
    pub fn open(
        kek: &KeyEncryptionKey,
        purpose: SecretPurpose,
        rows: &[SealedSecret],
        now: Timestamp,
    ) -> Result<Self, SecretRingError> {
        let live = rows.iter().filter(|row| row.purpose == purpose && row.is_live(now));
        let secrets: Result<Vec<ServerSecret>, EnvelopeError> = live.map(|row| ServerSecret::open(kek, row)).collect();
        Self::new(secrets?)
    }

    /// Returns the purpose.
    #[must_use]
    pub const fn purpose(&self) -> SecretPurpose {
        self.purpose
    }

    /// Returns the version that makes new values.
    #[must_use]
    pub const fn newest_version(&self) -> u32 {
        self.newest.number
    }

    /// Authenticates a message with the newest version. `None` for the day means a value that ends
    /// by another rule.
    ///
    /// The message is a list of parts. Their lengths are authenticated, too.
    #[must_use]
    pub fn tag(&self, day: Option<Day>, parts: &[&[u8]]) -> [u8; 32] {
        first(self.newest.sign(self.purpose, day, parts).as_ref())
    }

    /// Whether a live version has authenticated the message.
    #[must_use]
    pub fn verifies(&self, day: Option<Day>, parts: &[&[u8]], tag: &[u8; 32]) -> bool {
        let tag = Secret::new(*tag);
        let mut versions = self.versions();
        versions.any(|version| Secret::new(first(version.sign(self.purpose, day, parts).as_ref())).same_as(&tag))
    }

    /// The first bytes of the HMAC of the newest version over the bytes as they are.
    pub(crate) fn short_tag<const N: usize>(&self, message: &[u8]) -> [u8; N] {
        first(hmac::sign(&self.newest.mac, message).as_ref())
    }

    /// Whether the bytes are the first ones of the HMAC of a live version.
    pub(crate) fn verifies_short<const N: usize>(&self, message: &[u8], tag: &[u8; N]) -> bool {
        let tag = Secret::new(*tag);
        let mut versions = self.versions();
        versions.any(|version| Secret::new(first::<N>(hmac::sign(&version.mac, message).as_ref())).same_as(&tag))
    }

    /// The AES-256-GCM key of the newest version for this day.
    pub(crate) fn newest_cipher(&self, day: Day) -> Option<LessSafeKey> {
        self.newest.cipher(self.purpose, day)
    }

    /// The AES-256-GCM keys of all versions for this day, the newest first.
    pub(crate) fn ciphers(&self, day: Day) -> impl Iterator<Item = LessSafeKey> {
        self.versions()
            .filter_map(move |version| version.cipher(self.purpose, day))
    }

    fn versions(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

impl Version {
    fn of(secret: &ServerSecret) -> Self {
        let bytes = secret.bytes.expose();
        Self {
            number: secret.version,
            mac: hmac::Key::new(hmac::HMAC_SHA256, bytes),
            derivation: hkdf::Salt::new(hkdf::HKDF_SHA256, b"scopegate server secret").extract(bytes),
        }
    }

    /// Authenticates the purpose, the day and the parts, each after its length, so that no other
    /// list has the same bytes.
    fn sign(&self, purpose: SecretPurpose, day: Option<Day>, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.mac);
        let day = day.map(|day| day.number().to_be_bytes());
        let day = day.as_ref().map_or(&[][..], |day| day.as_slice());
        for part in [purpose.as_str().as_bytes(), day].iter().chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }

    /// Derives the key of a day. HKDF makes keys of up to 8,160 bytes, so there always is one.
    fn cipher(&self, purpose: SecretPurpose, day: Day) -> Option<LessSafeKey> {
        let number = day.number().to_be_bytes();
        let info = [b"aead".as_slice(), purpose.as_str().as_bytes(), &number];
        let key = self.derivation.expand(&info, &AES_256_GCM).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(key)))
    }
}

impl fmt::Debug for SecretRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<u32> = self.versions().map(|version| version.number).collect();
        write!(f, "SecretRing({}, {versions:?}, ..)", self.purpose)
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut first = [0; N];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    first
}

/// The reason why secrets are not a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretRingError {
    /// There is no live secret.
    #[error("no live version of the server secret")]
    Empty,
    /// A row cannot be decrypted.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// There are more than three live versions.
    #[error("more than {} live versions of a server secret", SecretRing::MAX_VERSIONS)]
    TooMany,
    /// The secrets have different purposes.
    #[error("server secrets have two purposes")]
    TwoPurposes,
    /// A version occurs twice.
    #[error("a version of a server secret occurs twice")]
    VersionTwice,
}
