//! Token ids (`jti`) that contain the positions in the log of changes at which the token was
//! issued.

use scopegate_domain::{FamilyId, NewsPosition, TokenId};

/// The number of hexadecimal digits before the first dot.
const RANDOM: usize = 32;

/// The number of random hexadecimal digits between a family and the positions.
const RANDOM_OF_FAMILY: usize = 16;

/// The `jti` of this issuer's access tokens: 128 random bits and two positions in the log. They are
/// the last ones in the lanes of the user and of the client, read when the login began.
///
/// All three are hexadecimal, with dots between them. A revocation with a later position in the
/// same lane covers the token: see [`RevokedSet::add_placed`](crate::RevokedSet::add_placed). Other
/// readers treat the whole text as an opaque id. Ids of earlier versions contain no position, or
/// one number that has no meaning now.
///
/// ```
/// use scopegate_domain::{NewsLane, NewsPosition};
/// use scopegate_token::PlacedTokenId;
///
/// let [user, client] = ["u1", "demo-app"].map(|id| NewsPosition::new(NewsLane::of(id), 2));
/// let id = PlacedTokenId::new(1, user, client).unwrap();
/// assert_eq!(id.as_str(), "00000000000000000000000000000001.23.20");
/// assert_eq!(PlacedTokenId::positions_of(id.as_str()), Some([user, client]));
/// assert_eq!(PlacedTokenId::positions_of("another id"), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PlacedTokenId(());

impl PlacedTokenId {
    /// Returns the id with these random bits and these positions. It cannot fail, because the text
    /// is always an identifier.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "an id of this form is a token id like any other")]
    pub fn new(random: u128, user: NewsPosition, client: NewsPosition) -> Option<TokenId> {
        let [user, client] = [user, client].map(|position| position.number().max(0));
        TokenId::parse(&format!("{random:032x}.{user:x}.{client:x}")).ok()
    }

    /// Returns the id of a token of this family, with these random bits and these positions: the
    /// id of [`TokenId::of_family`], then the positions.
    #[must_use]
    pub fn of_family(family: FamilyId, random: [u8; 8], user: NewsPosition, client: NewsPosition) -> Option<TokenId> {
        let id = TokenId::of_family(family, random);
        let [user, client] = [user, client].map(|position| position.number().max(0));
        TokenId::parse(&format!("{id}.{user:x}.{client:x}")).ok()
    }

    /// Returns the positions of user and client, if the id contains them.
    #[must_use]
    pub fn positions_of(id: &str) -> Option<[NewsPosition; 2]> {
        let parts = after_random(id)?.strip_prefix('.')?;
        let (user, client) = match parts.split_once('.')? {
            (random, placed) if random.len() == RANDOM_OF_FAMILY && placed.contains('.') => {
                is_hexadecimal(random).then(|| placed.split_once('.'))??
            }
            placed => placed,
        };
        Some([position(user)?, position(client)?])
    }

    /// Returns whether this version or an earlier one makes such ids.
    #[must_use]
    pub fn is_known(id: &str) -> bool {
        match after_random(id) {
            Some("") => true,
            Some(rest) => {
                let is_known = || rest.strip_prefix('.').and_then(position).is_some();
                Self::positions_of(id).is_some() || TokenId::family_of(id).is_some() || is_known()
            }
            None => false,
        }
    }
}

fn after_random(id: &str) -> Option<&str> {
    let (random, rest) = id.split_at_checked(RANDOM)?;
    is_hexadecimal(random).then_some(rest)
}

fn position(text: &str) -> Option<NewsPosition> {
    let number = is_hexadecimal(text).then(|| i64::from_str_radix(text, 16).ok())?;
    number.map(NewsPosition::from_number)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_back() {
        for number in [0, 1, 255, i64::MAX] {
            for random in [0, u128::MAX] {
                let (one, other) = (NewsPosition::from_number(number), NewsPosition::from_number(77));
                let id = PlacedTokenId::new(random, one, other).unwrap();
                assert_eq!(PlacedTokenId::positions_of(id.as_str()), Some([one, other]), "{id:?}");
                assert!(PlacedTokenId::is_known(id.as_str()));
            }
        }
    }

    #[test]
    fn id_of_a_family_has_both() {
        let family = FamilyId::from_bytes([7; 16]);
        for number in [0, 1, 255, i64::MAX] {
            for random in [[0; 8], [0xFF; 8]] {
                let (one, other) = (NewsPosition::from_number(number), NewsPosition::from_number(77));
                let id = PlacedTokenId::of_family(family, random, one, other).unwrap();
                assert_eq!(PlacedTokenId::positions_of(id.as_str()), Some([one, other]), "{id:?}");
                assert_eq!(TokenId::family_of(id.as_str()), Some(family));
                assert!(PlacedTokenId::is_known(id.as_str()));
                let plain = TokenId::of_family(family, random);
                assert_eq!(PlacedTokenId::positions_of(plain.as_str()), None, "{plain:?}");
                assert!(PlacedTokenId::is_known(plain.as_str()));
                let without = PlacedTokenId::new(u128::from_be_bytes([7; 16]), one, other).unwrap();
                assert_eq!(TokenId::family_of(without.as_str()), None);
            }
        }
    }

    #[test]
    fn another_form_has_no_positions() {
        let zeros = "0".repeat(32);
        for id in [
            "",
            "t1",
            &format!("{zeros}."),
            &format!("{zeros}.."),
            &format!("{zeros}.1."),
            &format!("{zeros}.-1.1"),
            &format!("{zeros}.+1.1"),
            &format!("{zeros}.1F.1"),
            &format!("{zeros}1.1.1"),
            &format!("{zeros}.1.1.1"),
            &format!("{zeros}.{}.1.1.1", "1".repeat(16)),
            &format!("{zeros}.{}.1.", "1".repeat(16)),
            &format!("{zeros}.{}.1.1", "g".repeat(16)),
            &format!("{zeros}.{}.1.1", "1".repeat(17)),
            &format!("{}.1.1", "g".repeat(32)),
            &format!("{zeros}.ffffffffffffffff.1"),
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(PlacedTokenId::positions_of(id), None, "{id}");
            assert!(!PlacedTokenId::is_known(id), "{id}");
        }
    }

    #[test]
    fn ids_of_earlier_versions_are_known_without_positions() {
        let zeros = "0".repeat(32);
        for id in [zeros.clone(), format!("{zeros}.1f")] {
            assert_eq!(PlacedTokenId::positions_of(&id), None, "{id}");
            assert!(PlacedTokenId::is_known(&id), "{id}");
        }
    }
}
