//! Numbers.

/// A number as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    literal: &'a str,
    is_integer: bool,
}

impl<'a> Number<'a> {
    /// Largest magnitude that [`Number::truncated`] answers: up to here every JSON reader agrees on each integer
    /// ([RFC 8259, section 6](https://www.rfc-editor.org/rfc/rfc8259#section-6)).
    pub const MAX_SAFE: i64 = (1 << 53) - 1;

    pub(super) const fn new(literal: &'a str, is_integer: bool) -> Self {
        Self { literal, is_integer }
    }

    /// The number without its fraction; none beyond [`Number::MAX_SAFE`].
    #[must_use]
    pub fn truncated(&self) -> Option<i64> {
        let number = if self.is_integer {
            self.literal.parse().ok()?
        } else {
            whole(self.literal.parse().ok()?)?
        };
        (-Self::MAX_SAFE..=Self::MAX_SAFE).contains(&number).then_some(number)
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the only way from a float to an integer; it saturates, and the caller checks the range"
)]
fn whole(number: f64) -> Option<i64> {
    number.is_finite().then_some(number.trunc() as i64)
}
