//! Identifiers, each kind with its own type.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The maximum length of an identifier, in bytes.
const MAX_LEN: usize = 512;

/// The reason why a text is not an identifier: empty, too long, or with a byte outside printable
/// ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidIdentifier {
    /// A byte outside `%x20-7E`.
    #[error("byte 0x{byte:02x} at position {position} is not allowed in an identifier")]
    Byte {
        /// The position of the byte, from the start.
        position: usize,
        /// The byte.
        byte: u8,
    },
    /// The identifier is empty.
    #[error("identifier is empty")]
    Empty,
    /// The identifier is longer than 512 bytes.
    #[error("identifier is longer than {MAX_LEN} bytes")]
    TooLong,
}

fn check(text: &str) -> Result<(), InvalidIdentifier> {
    if text.is_empty() {
        return Err(InvalidIdentifier::Empty);
    }
    if text.len() > MAX_LEN {
        return Err(InvalidIdentifier::TooLong);
    }
    match text.bytes().enumerate().find(|(_, byte)| !(0x20..=0x7E).contains(byte)) {
        Some((position, byte)) => Err(InvalidIdentifier::Byte { position, byte }),
        None => Ok(()),
    }
}

impl TokenId {
    /// Creates an id from a text of this crate that satisfies the rules.
    pub(crate) fn from_checked(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl Acr {
    /// Returns the class of a login with a password: `1`.
    #[must_use]
    pub fn password() -> Self {
        Self(Arc::from("1"))
    }
}

macro_rules! identifier {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Between 1 and 512 bytes of printable ASCII (`VSCHAR`), compared byte for byte; cheap to
        /// clone.
        ///
        /// ```
        #[doc = concat!("use scopegate_domain::", stringify!($name), ";")]
        ///
        #[doc = concat!("assert_eq!(", stringify!($name), "::parse(\"s6BhdRkqt3\")?.as_str(), \"s6BhdRkqt3\");")]
        #[doc = concat!("assert!(", stringify!($name), "::parse(\"\").is_err());")]
        /// # Ok::<(), scopegate_domain::InvalidIdentifier>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text.
            ///
            /// # Errors
            ///
            /// [`InvalidIdentifier`] if the text is empty, longer than 512 bytes or not printable
            /// ASCII.
            pub fn parse(text: &str) -> Result<Self, InvalidIdentifier> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidIdentifier;

            fn from_str(text: &str) -> Result<Self, InvalidIdentifier> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    )*};
}

identifier! {
    /// An authentication context class: the `acr` of a login ([OpenID Connect Core, section
    /// 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
    Acr;
    /// A resource server that is a recipient of a token: the `aud` claim ([RFC 7519, section
    /// 4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
    Audience;
    /// A registered client ([RFC 6749, section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc6749#section-2.2)).
    ClientId;
    /// An authorization server: the `iss` claim, compared exactly ([RFC 8414, section
    /// 2](https://www.rfc-editor.org/rfc/rfc8414#section-2)).
    Issuer;
    /// A key: the `kid` header ([RFC 7515, section
    /// 4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)).
    KeyId;
    /// A request: the header `x-request-id` of its answer, which the log contains, too. The server
    /// makes it.
    RequestId;
    /// A security scheme in the `OpenAPI` document, such as `OAuth2PasswordBearer`.
    SchemeName;
    /// The id of a token: the `jti` claim ([RFC 7519, section
    /// 4.1.7](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.7)).
    TokenId;
    /// A permanent id of a user, independent of the name: the `sub` of this issuer's access tokens.
    UserId;
}
