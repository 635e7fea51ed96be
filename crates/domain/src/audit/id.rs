//! The id of an entry: its time, and random bytes.

use std::fmt;

use crate::Timestamp;

/// The number of microseconds in a day.
const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// The id of an entry of the audit log: microseconds since 1970 in 8 bytes, big-endian, then 8
/// random bytes.
///
/// The order of ids is the order of times, so no sequence is needed, and an id is the cursor of a
/// page. `Display` prints 32 hexadecimal digits.
///
/// ```
/// use scopegate_domain::{AuditId, Timestamp};
///
/// let id = AuditId::new(86_400_000_000, [0; 8]);
/// assert_eq!((id.day(), id.time()), (1, Timestamp::from_unix(86_400)));
/// assert!(AuditId::MIN < id && id < AuditId::MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId {
    microseconds: u64,
    random: [u8; 8],
}

impl AuditId {
    /// An id that is not after any other.
    pub const MIN: Self = Self::new(0, [0; 8]);

    /// An id that is not before any other.
    pub const MAX: Self = Self::new(u64::MAX, [u8::MAX; 8]);

    /// Creates the id of an entry at this time, in microseconds since 1970.
    #[must_use]
    pub const fn new(microseconds: u64, random: [u8; 8]) -> Self {
        Self { microseconds, random }
    }

    /// Returns this id and further ones of the same time, for entries that are written together.
    pub fn following(self) -> impl Iterator<Item = Self> {
        let first = u64::from_be_bytes(self.random);
        (0..u64::MAX).map(move |number| Self::new(self.microseconds, first.wrapping_add(number).to_be_bytes()))
    }

    /// Returns an id that is not after any other id of this time. Times before 1970 are 1970.
    #[must_use]
    pub fn first_at(time: Timestamp) -> Self {
        let seconds = u64::try_from(time.as_unix()).unwrap_or_default();
        Self::new(seconds.saturating_mul(1_000_000), [0; 8])
    }

    /// Creates the id from its stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let all = u128::from_be_bytes(bytes);
        let part = |part: u128| u64::try_from(part & u128::from(u64::MAX)).unwrap_or_default();
        Self::new(part(all >> 64), part(all).to_be_bytes())
    }

    /// Returns the bytes. Their order is the order of ids.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        let random = u64::from_be_bytes(self.random);
        ((u128::from(self.microseconds) << 64) | u128::from(random)).to_be_bytes()
    }

    /// Returns the time in microseconds since 1970.
    #[must_use]
    pub const fn microseconds(self) -> u64 {
        self.microseconds
    }

    /// Returns the time in whole seconds.
    #[must_use]
    pub fn time(self) -> Timestamp {
        let seconds = i64::try_from(self.microseconds / 1_000_000);
        seconds.map_or(Timestamp::MAX, Timestamp::from_unix)
    }

    /// Returns the day (UTC), in days since 1970.
    #[must_use]
    pub fn day(self) -> i64 {
        i64::try_from(self.microseconds / DAY).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_bytes_is_order_of_times() {
        let ids = [
            AuditId::MIN,
            AuditId::new(0, [0, 0, 0, 0, 0, 0, 0, 1]),
            AuditId::new(255, [255; 8]),
            AuditId::new(256, [0; 8]),
            AuditId::first_at(Timestamp::from_unix(1)),
            AuditId::new(DAY, [3; 8]),
            AuditId::MAX,
        ];
        assert!(ids.is_sorted());
        assert!(ids.map(AuditId::to_bytes).is_sorted());
        assert!(ids.map(|id| id.to_string()).is_sorted());
        assert_eq!(ids.map(|id| AuditId::from_bytes(id.to_bytes())), ids);
    }

    #[test]
    fn following_ids_differ_and_have_one_time() {
        let ids: Vec<_> = AuditId::new(7, [u8::MAX; 8]).following().take(3).collect();
        let random = [[u8::MAX; 8], [0; 8], [0, 0, 0, 0, 0, 0, 0, 1]];
        assert_eq!(ids, random.map(|random| AuditId::new(7, random)));
    }

    #[test]
    fn day_begins_at_midnight() {
        for (microseconds, day) in [(0, 0), (DAY - 1, 0), (DAY, 1)] {
            assert_eq!(AuditId::new(microseconds, [9; 8]).day(), day);
        }
        assert_eq!(AuditId::first_at(Timestamp::from_unix(-1)), AuditId::MIN);
    }
}
