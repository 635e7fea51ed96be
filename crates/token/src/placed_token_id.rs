//! Token ids (`jti`) that contain the position of the last revocation before the token was issued.

use scopegate_domain::TokenId;

/// The number of hexadecimal digits before the dot.
const RANDOM: usize = 32;

/// The `jti` of this issuer's access tokens: 128 random bits, a dot, and the position of the last
/// revocation that was stored when the login began.
///
/// Both are hexadecimal. A revocation with a later position covers the token: see
/// [`RevokedSet::add_placed`](crate::RevokedSet::add_placed). Other readers treat the whole text as
/// an opaque id.
///
/// ```
/// use scopegate_token::PlacedTokenId;
///
/// let id = PlacedTokenId::new(1, 31).unwrap();
/// assert_eq!(id.as_str(), "00000000000000000000000000000001.1f");
/// assert_eq!(PlacedTokenId::place_of(id.as_str()), Some(31));
/// assert_eq!(PlacedTokenId::place_of("another id"), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PlacedTokenId(());

impl PlacedTokenId {
    /// Returns the id with these random bits and this position. A position below 0 counts as 0. It
    /// cannot fail, because the text is always an identifier.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "an id of this form is a token id like any other")]
    pub fn new(random: u128, place: i64) -> Option<TokenId> {
        TokenId::parse(&format!("{random:032x}.{:x}", place.max(0))).ok()
    }

    /// Returns the position, if the id contains one.
    #[must_use]
    pub fn place_of(id: &str) -> Option<i64> {
        let (random, place) = id.split_at_checked(RANDOM)?;
        let place = place.strip_prefix('.')?;
        let is_ours = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_ours(random) && is_ours(place)).then_some(())?;
        i64::from_str_radix(place, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back() {
        for place in [0, 1, 255, i64::MAX] {
            for random in [0, u128::MAX] {
                let id = PlacedTokenId::new(random, place).unwrap();
                assert_eq!(PlacedTokenId::place_of(id.as_str()), Some(place), "{id:?}");
            }
        }
    }

    #[test]
    fn another_form_has_no_place() {
        let zeros = "0".repeat(32);
        for id in [
            "",
            "t1",
            &zeros,
            &format!("{zeros}."),
            &format!("{zeros}.-1"),
            &format!("{zeros}.+1"),
            &format!("{zeros}.1F"),
            &format!("{zeros}1.1"),
            &format!("{}.1", "g".repeat(32)),
            &format!("{zeros}.ffffffffffffffff"),
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(PlacedTokenId::place_of(id), None, "{id}");
        }
        assert_eq!(PlacedTokenId::place_of(&format!("{zeros}.1f")), Some(31));
    }
}
