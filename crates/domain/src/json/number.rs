//! Numbers.

/// A number that was read.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a>(Written<'a>);

#[derive(Clone, Copy, Debug)]
enum Written<'a> {
    /// A number with a fraction or an exponent, as written.
    Decimal(&'a str),
    /// A number without fraction and exponent. All values beyond [`Number::MAX_SAFE`] are equal.
    Integer(i64),
}

impl<'a> Number<'a> {
    /// The largest magnitude that [`Number::truncated`] returns: up to this value every JSON reader
    /// agrees on each integer ([RFC 8259, section
    /// 6](https://www.rfc-editor.org/rfc/rfc8259#section-6)).
    pub const MAX_SAFE: i64 = (1 << 53) - 1;

    /// An integer of more digits is beyond [`Number::MAX_SAFE`]. An integer of this many digits
    /// cannot overflow.
    pub(super) const MAX_SAFE_DIGITS: usize = 16;

    pub(super) const fn decimal(literal: &'a str) -> Self {
        Self(Written::Decimal(literal))
    }

    pub(super) const fn integer(number: i64) -> Self {
        Self(Written::Integer(number))
    }

    /// The number without its fraction; none beyond [`Number::MAX_SAFE`].
    #[inline]
    #[must_use]
    pub fn truncated(&self) -> Option<i64> {
        let number = match self.0 {
            Written::Decimal(literal) => whole(literal)?,
            Written::Integer(number) => number,
        };
        (-Self::MAX_SAFE..=Self::MAX_SAFE).contains(&number).then_some(number)
    }
}

#[cold]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the only way from a float to an integer; it saturates, and the caller checks the range"
)]
fn whole(literal: &str) -> Option<i64> {
    let number: f64 = literal.parse().ok()?;
    number.is_finite().then_some(number.trunc() as i64)
}
