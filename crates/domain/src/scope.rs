//! Scope tokens and scopes: [RFC 6749, section
//! 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A scope token: one scope name, such as `me` or `items:read`.
///
/// ```abnf
/// scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
/// ```
///
/// Valid characters are printable ASCII without the space, the double quote and the backslash. A
/// literal is checked at compile time. [`ScopeToken::parse`] checks text at run time.
///
/// ```
/// use scopegate_domain::ScopeToken;
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// assert_eq!(ME, ScopeToken::parse("me")?);
/// assert_eq!(ScopeToken::parse("m e").unwrap_err().to_string(), "byte 0x20 at position 1 is not allowed in a scope token");
/// # Ok::<(), scopegate_domain::InvalidScope>(())
/// ```
///
/// ```compile_fail
/// const WRONG: scopegate_domain::ScopeToken = scopegate_domain::ScopeToken::from_static("m e");
/// ```
#[derive(Clone)]
pub struct ScopeToken(Text);

#[derive(Clone)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl ScopeToken {
    /// The scope of access while the user is absent: [OpenID Connect Core, section
    /// 11](https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess). The authorization
    /// server declares it, and it belongs to no resource.
    pub const OFFLINE_ACCESS: Self = Self::from_static("offline_access");

    /// The maximum length of a scope token, in bytes.
    pub const MAX_LEN: usize = 1024;

    /// A scope token from a literal.
    ///
    /// # Panics
    ///
    /// If the text is not a scope token. In a `const` this is a compile-time error.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        assert!(first_fault(text).is_none(), "not a scope token: RFC 6749, section 3.3");
        Self(Text::Static(text))
    }

    /// A scope token from text that came from outside.
    ///
    /// # Errors
    ///
    /// [`InvalidScope`] if the text is empty, longer than [`ScopeToken::MAX_LEN`], or contains a
    /// byte outside the grammar.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        match first_fault(text) {
            None => Ok(Self(Text::Shared(Arc::from(text)))),
            Some(fault) => Err(fault),
        }
    }

    /// The text of the token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(text) => text,
            Text::Shared(text) => text,
        }
    }
}

/// The first fault of a scope token, from the left.
#[expect(
    clippy::indexing_slicing,
    reason = "the loop's bound is the slice's length; iterators do not run in a const"
)]
const fn first_fault(text: &str) -> Option<InvalidScope> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Some(InvalidScope::Empty { position: 0 });
    }
    if bytes.len() > ScopeToken::MAX_LEN {
        return Some(InvalidScope::NameTooLong { len: bytes.len() });
    }
    let mut position = 0;
    while position < bytes.len() {
        if !matches!(bytes[position], 0x21 | 0x23..=0x5B | 0x5D..=0x7E) {
            return Some(InvalidScope::Byte {
                position,
                byte: bytes[position],
            });
        }
        position += 1;
    }
    None
}

impl AsRef<str> for ScopeToken {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for ScopeToken {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ScopeToken {}

impl PartialOrd for ScopeToken {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ScopeToken {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for ScopeToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for ScopeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ScopeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl FromStr for ScopeToken {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::parse(text)
    }
}

impl Serialize for ScopeToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ScopeToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// A set of scope tokens that keeps the order in which they were first named.
///
/// Scopes are compared as sets: `required <= granted` means that no scope is missing. The text form
/// is a list delimited by single spaces. The empty text is the empty scope.
///
/// ```
/// use scopegate_domain::Scope;
///
/// let granted: Scope = "items me items".parse()?;
/// assert_eq!(granted.to_string(), "items me");
/// assert_eq!(granted, "me items".parse()?);
/// assert!(Scope::default() <= granted);
/// assert!(!("admin".parse::<Scope>()? <= granted));
/// # Ok::<(), scopegate_domain::InvalidScope>(())
/// ```
#[derive(Clone, Default)]
pub struct Scope(Vec<ScopeToken>);

impl Scope {
    /// The scope without a member.
    pub const EMPTY: Self = Self(Vec::new());
    /// The maximum length of a scope text, in bytes.
    pub const MAX_LEN: usize = 8 * 1024;
    /// The maximum number of scope tokens in a scope text.
    pub const MAX_TOKENS: usize = 256;

    /// Parses a scope: `scope = scope-token *( SP scope-token )`, or the empty text.
    ///
    /// # Errors
    ///
    /// [`InvalidScope`] with the position in the whole text, also above [`Scope::MAX_LEN`] or
    /// [`Scope::MAX_TOKENS`].
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.len() > Self::MAX_LEN {
            return Err(InvalidScope::TooLong { len: text.len() });
        }
        let mut scope = Self::default();
        let mut position = 0;
        for (index, word) in text.split(' ').enumerate() {
            if index >= Self::MAX_TOKENS {
                let count = text.split(' ').count();
                return Err(InvalidScope::TooMany { count });
            }
            scope.insert(ScopeToken::parse(word).map_err(|fault| fault.shifted(position))?);
            position += word.len() + 1;
        }
        Ok(scope)
    }

    /// Adds a token at the end; `false` if it was there.
    pub fn insert(&mut self, token: ScopeToken) -> bool {
        let is_new = !self.contains(&token);
        if is_new {
            self.0.push(token);
        }
        is_new
    }

    /// Whether the token is a member.
    #[must_use]
    pub fn contains(&self, token: &ScopeToken) -> bool {
        self.0.contains(token)
    }

    /// The members of both, in the order of `self`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|token| other.contains(token)).cloned().collect())
    }

    /// Returns the scope tokens, in the order in which they were first named.
    pub fn iter(&self) -> std::slice::Iter<'_, ScopeToken> {
        self.0.iter()
    }

    /// Returns the number of scope tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|token| other.contains(token))
    }
}

impl FromIterator<ScopeToken> for Scope {
    fn from_iter<I: IntoIterator<Item = ScopeToken>>(tokens: I) -> Self {
        let mut scope = Self::default();
        for token in tokens {
            scope.insert(token);
        }
        scope
    }
}

impl<'a> IntoIterator for &'a Scope {
    type Item = &'a ScopeToken;
    type IntoIter = std::slice::Iter<'a, ScopeToken>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.is_subset_of(other)
    }
}

impl Eq for Scope {}

impl PartialOrd for Scope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.is_subset_of(other), other.is_subset_of(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.0).finish()
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::parse(text)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// The reason why a text is not a scope. Positions count bytes from 0; the text itself is not
/// repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidScope {
    /// A byte outside the grammar of a scope token.
    #[error("byte 0x{byte:02x} at position {position} is not allowed in a scope token")]
    Byte {
        /// The position of the byte, from the start of the text.
        position: usize,
        /// The byte.
        byte: u8,
    },
    /// A scope token is empty: two spaces in a row, or a space at an end.
    #[error("empty scope token at position {position}")]
    Empty {
        /// The position, in bytes from the start of the text.
        position: usize,
    },
    /// A scope token is longer than [`ScopeToken::MAX_LEN`].
    #[error("scope token has {len} bytes; at most {} are possible", ScopeToken::MAX_LEN)]
    NameTooLong {
        /// Its length, in bytes.
        len: usize,
    },
    /// The text is longer than [`Scope::MAX_LEN`].
    #[error("scope has {len} bytes; at most {} are possible", Scope::MAX_LEN)]
    TooLong {
        /// Its length, in bytes.
        len: usize,
    },
    /// The text has more tokens than [`Scope::MAX_TOKENS`].
    #[error("scope has {count} scope tokens; at most {} are possible", Scope::MAX_TOKENS)]
    TooMany {
        /// The number of tokens, each repetition counted.
        count: usize,
    },
}

impl InvalidScope {
    fn shifted(self, by: usize) -> Self {
        match self {
            Self::Byte { position, byte } => Self::Byte {
                position: position + by,
                byte,
            },
            Self::Empty { position } => Self::Empty {
                position: position + by,
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
