//! The ids of token families and their generations, and the ids of their access tokens.

use std::fmt;
use std::str::FromStr;

use crate::TokenId;

/// The number of hexadecimal digits of a family id.
const FAMILY: usize = 32;

/// The number of hexadecimal digits behind it.
const RANDOM: usize = 16;

/// The random id of a token family. It is public: the ids of the family's access tokens begin with
/// it. The text form is 32 hexadecimal digits in lower case.
///
/// ```
/// use scopegate_domain::FamilyId;
///
/// let id = FamilyId::from_bytes([0xAB; 16]);
/// assert_eq!(id.to_string(), "ab".repeat(16));
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyId([u8; 16]);

impl FamilyId {
    /// Creates an id from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for FamilyId {
    type Err = InvalidFamilyId;

    fn from_str(text: &str) -> Result<Self, InvalidFamilyId> {
        let number = (text.len() == FAMILY && is_hexadecimal(text)).then(|| u128::from_str_radix(text, 16).ok());
        let number = number.flatten().ok_or(InvalidFamilyId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// The text is not the id of a token family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a token family: 32 hexadecimal digits in lower case")]
#[non_exhaustive]
pub struct InvalidFamilyId;

/// The number of refreshes of a family, counted from 0. One generation is valid at a time.
///
/// ```
/// use scopegate_domain::Generation;
///
/// assert_eq!(Generation::FIRST.next(), Some(Generation::from_number(1)));
/// assert_eq!(Generation::from_number(u32::MAX).next(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

impl Generation {
    /// The generation of the first refresh token of a family.
    pub const FIRST: Self = Self(0);

    /// Creates a generation from its number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns the generation after this one. `None` after 2^32 - 1 refreshes.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TokenId {
    /// Creates the id of an access token of a family: 32 hexadecimal digits, a dot, 16 digits.
    ///
    /// ```
    /// use scopegate_domain::{FamilyId, TokenId};
    ///
    /// let family = FamilyId::from_bytes([0xAB; 16]);
    /// let id = TokenId::of_family(family, [0; 8]);
    /// assert_eq!(id.as_str(), "abababababababababababababababab.0000000000000000");
    /// assert_eq!(TokenId::family_of(id.as_str()), Some(family));
    /// assert_eq!(TokenId::family_of("another id"), None);
    /// ```
    #[must_use]
    pub fn of_family(family: FamilyId, random: [u8; 8]) -> Self {
        Self::from_checked(&format!("{family}.{:016x}", u64::from_be_bytes(random)))
    }

    /// Returns the family of the token with this id. `None` if no family issued the token.
    ///
    /// Two more parts may follow: the positions in the log of changes.
    #[must_use]
    pub fn family_of(id: &str) -> Option<FamilyId> {
        let (family, rest) = id.split_at_checked(FAMILY)?;
        let (random, positions) = rest.strip_prefix('.')?.split_at_checked(RANDOM)?;
        let is_position = |text: &str| !text.is_empty() && is_hexadecimal(text);
        let has_positions = || {
            let both = positions.strip_prefix('.').and_then(|both| both.split_once('.'));
            both.is_some_and(|(user, client)| is_position(user) && is_position(client))
        };
        let is_known = is_hexadecimal(random) && (positions.is_empty() || has_positions());
        is_known.then(|| family.parse().ok()).flatten()
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn family_is_read_back() {
        for byte in [0, 1, 0x7F, 0xFF] {
            let family = FamilyId::from_bytes([byte; 16]);
            let id = TokenId::of_family(family, [byte; 8]);
            assert_eq!(TokenId::parse(id.as_str()), Ok(id.clone()));
            assert_eq!(TokenId::family_of(id.as_str()), Some(family));
            assert_eq!(TokenId::family_of(&format!("{id}.1f.0")), Some(family));
        }
    }

    #[test]
    fn other_ids_have_no_family() {
        let (zeros, random) = ("0".repeat(32), "1".repeat(16));
        for id in [
            "",
            "t1",
            &zeros,
            &format!("{zeros}."),
            &format!("{zeros}.1f"),
            &format!("{zeros}.1f.2a"),
            &format!("{zeros}.{random}1"),
            &format!("{zeros}.{random}.1"),
            &format!("{zeros}.{random}.1.1.1"),
            &format!("{zeros}.{random}.1."),
            &format!("{zeros}.{random}..1"),
            &format!("{zeros}.{random}.1.g"),
            &format!("{zeros}.{}", "F".repeat(16)),
            &format!("{}.{random}", "A".repeat(32)),
            &format!("0{zeros}.{random}"),
            &format!("+{}.{random}", "0".repeat(31)),
        ] {
            assert_eq!(TokenId::family_of(id), None, "{id}");
        }
    }
}
