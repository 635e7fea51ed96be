//! The kinds of opaque values: a prefix, and what precedes the random bits.

use scopegate_domain::Day;

/// The number of the format, which is reserved for the number of a database. There is one of each.
pub(crate) const FORMAT: u8 = 0;

/// A kind of opaque value. The kinds of this crate are all that exist.
pub trait OpaqueKind: sealed::Sealed {
    /// The first characters of each value.
    const PREFIX: &str;
    /// The kind, with its article, for errors.
    const NAME: &str;
    /// What precedes the random bits: nothing, or the day of the end.
    type Head: OpaqueHead;
}

/// What precedes the random bits of an opaque value.
pub trait OpaqueHead: sealed::Sealed + Copy {
    /// The length in bytes.
    const LEN: usize;

    #[doc(hidden)]
    fn write(self, to: &mut Vec<u8>);

    #[doc(hidden)]
    fn read(bytes: &[u8]) -> Option<Self>;
}

mod sealed {
    /// Only this crate adds kinds.
    #[expect(
        unnameable_types,
        reason = "a trait that no other crate can name, so that none implements it"
    )]
    pub trait Sealed {}
}

impl sealed::Sealed for () {}

impl OpaqueHead for () {
    const LEN: usize = 0;

    fn write(self, _: &mut Vec<u8>) {}

    fn read(_: &[u8]) -> Option<Self> {
        Some(())
    }
}

impl sealed::Sealed for Day {}

impl OpaqueHead for Day {
    const LEN: usize = 3;

    fn write(self, to: &mut Vec<u8>) {
        to.push(FORMAT);
        to.extend_from_slice(&self.number().to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let ([format, day @ ..], _) = bytes.split_first_chunk::<3>()?;
        (*format == FORMAT).then(|| Self::from_number(u16::from_be_bytes(*day)))
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $prefix:literal, $name:literal, $head:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[expect(clippy::exhaustive_enums, reason = "the type has no value")]
        pub enum $kind {}

        impl sealed::Sealed for $kind {}

        impl OpaqueKind for $kind {
            const PREFIX: &str = $prefix;
            const NAME: &str = $name;
            type Head = $head;
        }
    )*

    /// The prefixes of the kinds.
    const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

/// The prefix of refresh tokens. Their format is another one.
pub(crate) const REFRESH_PREFIX: &str = "sgrt_";

/// Returns the prefixes of all secrets with a prefix: client secrets, codes, cookies and refresh
/// tokens. Programs that write logs recognize a secret by them.
///
/// ```
/// let secret = "sgcs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_qsJON";
/// assert!(scopegate_token::secret_prefixes().any(|prefix| secret.starts_with(prefix)));
/// ```
pub fn secret_prefixes() -> impl Iterator<Item = &'static str> {
    PREFIXES.iter().copied().chain([REFRESH_PREFIX])
}

kinds! {
    /// The kind of [`BrowserCookie`](crate::BrowserCookie).
    BrowserCookieKind = "sgbr_", "a browser cookie", ();
    /// The kind of [`ClientSecret`](crate::ClientSecret).
    ClientSecretKind = "sgcs_", "a client secret", ();
    /// The kind of [`IssuedCode`](crate::IssuedCode).
    CodeKind = "sgac_", "an authorization code", Day;
    /// The kind of [`SessionCookie`](crate::SessionCookie).
    SessionCookieKind = "sgss_", "a session cookie", Day;
}
