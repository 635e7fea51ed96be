//! Positions in the log of the changes that other processes must learn of.

/// One of the sequences of the log. All entries of one subject are in the same lane, so they have
/// one order.
///
/// Entries of different lanes have none: writers of one lane wait for each other, and those of
/// different lanes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NewsLane(u8);

impl NewsLane {
    /// The number of lanes. It is a constant of every database.
    pub const COUNT: u8 = 16;

    /// Returns the lane of a user, client or token with this id.
    // INVARIANT: equal in all processes and versions: stored entries depend on it. It is FNV-1a of
    // 64 bits. Tested by `lanes_are_the_same_in_every_version`.
    #[must_use]
    pub fn of(subject: &str) -> Self {
        const BASIS: u64 = 0xCBF2_9CE4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01B3;
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        let [low, ..] = subject.bytes().fold(BASIS, mix).to_le_bytes();
        Self(low % Self::COUNT)
    }

    /// Returns all lanes, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Returns the lane with this number, from 0; `None` for an unknown one.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (number < Self::COUNT).then_some(Self(number))
    }

    /// Returns its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// The position of an entry: its lane, and its place there. The first place is 1, and no place is
/// left out.
///
/// ```
/// use scopegate_domain::{NewsLane, NewsPosition};
///
/// let position = NewsPosition::new(NewsLane::of("u1"), 7);
/// assert_eq!(NewsPosition::from_number(position.number()), position);
/// assert_eq!(position.is_before(NewsPosition::new(position.lane(), 8)), Some(true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewsPosition {
    lane: NewsLane,
    place: i64,
}

impl NewsPosition {
    /// Creates the position.
    #[must_use]
    pub const fn new(lane: NewsLane, place: i64) -> Self {
        Self { lane, place }
    }

    /// Returns the lane.
    #[must_use]
    pub const fn lane(self) -> NewsLane {
        self.lane
    }

    /// Returns the place in the lane; 0 is before the first entry.
    #[must_use]
    pub const fn place(self) -> i64 {
        self.place
    }

    /// Returns lane and place as one number.
    #[must_use]
    pub fn number(self) -> i64 {
        let place = self.place.saturating_mul(i64::from(NewsLane::COUNT));
        place.saturating_add(i64::from(self.lane.0))
    }

    /// Returns the position with this [`number`](Self::number).
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        let count = i64::from(NewsLane::COUNT);
        let lane = u8::try_from(number.rem_euclid(count)).unwrap_or_default();
        Self {
            lane: NewsLane(lane),
            place: number.div_euclid(count),
        }
    }

    /// Returns whether it is before another position; `None` if that is in another lane.
    #[must_use]
    pub fn is_before(self, other: Self) -> Option<bool> {
        (self.lane == other.lane).then_some(self.place < other.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_the_same_in_every_version() {
        let lanes = ["", "u1", "demo-app", "j\u{F6}hn"].map(|subject| NewsLane::of(subject).number());
        assert_eq!(lanes, [5, 3, 0, 14]);
    }

    #[test]
    fn subjects_are_in_all_lanes() {
        let mut counts = [0; 16];
        for subject in 0..1_600 {
            counts[usize::from(NewsLane::of(&format!("{subject:032x}")).number())] += 1;
        }
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_position_is_one_number() {
        for lane in NewsLane::all() {
            for place in [0, 1, 2, i64::from(u32::MAX)] {
                let position = NewsPosition::new(lane, place);
                assert_eq!(NewsPosition::from_number(position.number()), position);
            }
        }
        assert_eq!(NewsPosition::new(NewsLane(3), 2).number(), 35);
        let (one, other) = (NewsPosition::new(NewsLane(3), 2), NewsPosition::new(NewsLane(4), 3));
        assert_eq!(one.is_before(other), None);
        assert_eq!(one.is_before(one), Some(false));
    }
}
