//! One bounded JSON text, read from left to right: the payload or the header of a token.
//!
//! Tokens are read for every request. So this reader borrows if it can, allocates only for text
//! written with escapes, and reads each byte a fixed number of times. It accepts only [RFC
//! 8259](https://www.rfc-editor.org/rfc/rfc8259): no `NaN`, no comments, no trailing comma, no text
//! after the value.

mod names;
mod number;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;

pub use self::names::MemberNames;
pub use self::number::Number;

/// The maximum depth of nesting. The outermost value has depth 1.
pub const MAX_DEPTH: u8 = 16;

/// Reads one JSON text.
///
/// The caller determines the next value. A text with another value is an error.
///
/// ```
/// use scopegate_domain::json::{JsonError, Reader};
///
/// let mut reader = Reader::new(r#"{"a": 1, "b": [true, null]}"#);
/// let mut names = Vec::new();
/// reader.object(|reader, name| {
///     names.push(name.into_owned());
///     reader.skip()
/// })?;
/// reader.finish()?;
/// assert_eq!(names, ["a", "b"]);
/// # Ok::<(), JsonError>(())
/// ```
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    position: usize,
    depth: u8,
    #[cfg(test)]
    steps: std::cell::Cell<usize>,
}

/// The kind of the next value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "JSON knows these six")]
pub enum Kind {
    /// `[`
    Array,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
    /// A digit or `-`
    Number,
    /// `{`
    Object,
    /// `"`
    Text,
}

impl<'a> Reader<'a> {
    /// A reader at the start of the text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self {
            text,
            position: 0,
            depth: 0,
            #[cfg(test)]
            steps: std::cell::Cell::new(0),
        }
    }

    /// The kind of the next value.
    ///
    /// # Errors
    ///
    /// [`JsonError::Syntax`] if no JSON value begins here.
    #[inline]
    pub fn kind(&mut self) -> Result<Kind, JsonError> {
        self.skip_space();
        match self.byte() {
            Some(b'"') => Ok(Kind::Text),
            Some(b'0'..=b'9') => Ok(Kind::Number),
            other => Self::rarer_kind(other),
        }
    }

    #[cold]
    const fn rarer_kind(byte: Option<u8>) -> Result<Kind, JsonError> {
        match byte {
            Some(b'[') => Ok(Kind::Array),
            Some(b't' | b'f') => Ok(Kind::Boolean),
            Some(b'n') => Ok(Kind::Null),
            Some(b'-') => Ok(Kind::Number),
            Some(b'{') => Ok(Kind::Object),
            _ => Err(JsonError::Syntax),
        }
    }

    /// Reads an object. `member` is called with each name and must read its value.
    ///
    /// # Errors
    ///
    /// [`JsonError`], or the error of `member`.
    #[inline]
    pub fn object<E: From<JsonError>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.members(|reader| {
            let name = reader.name()?;
            member(reader, name)
        })
    }

    /// Reads an object. `member` is called before each name and must read the name and its value.
    #[inline]
    pub(crate) fn members<E: From<JsonError>>(
        &mut self,
        member: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.list(b'{', b'}', member)
    }

    /// Reads a name and its colon.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `Reader::text`")]
    pub(crate) fn name(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let name = self.text()?;
        self.expect_next(b':')?;
        Ok(name)
    }

    /// Reads a name of three bytes and its colon at once, if they are next and `find` knows the
    /// name. Else reads nothing, also at white space. Without it, a token with eight claims takes
    /// 392 instructions more: the claims take 2,933, and their limit is 2,720.
    ///
    /// With this method the processor predicts the end of a name, and its prediction is mostly
    /// right. A search computes the end, and all later work waits for it.
    #[inline]
    pub(crate) fn short_name<T>(&mut self, find: impl FnOnce(&[u8; 3]) -> Option<T>) -> Option<T> {
        let Some([b'"', name @ .., b'"', b':']) = self.rest().first_chunk::<6>() else {
            return None;
        };
        let found = find(name)?;
        self.step(6);
        self.position += 6;
        Some(found)
    }

    /// Reads an array. `item` is called before each value and must read it.
    ///
    /// # Errors
    ///
    /// [`JsonError`], or the error of `item`.
    #[inline]
    pub fn array<E: From<JsonError>>(&mut self, item: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.list(b'[', b']', item)
    }

    #[inline]
    fn list<E: From<JsonError>>(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect_next(open)?;
        if self.depth == MAX_DEPTH {
            return Err(JsonError::Depth.into());
        }
        self.depth += 1;
        if !self.eat_next(close) {
            loop {
                item(self)?;
                if !self.eat_next(b',') {
                    break;
                }
            }
            self.expect_next(close)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a number.
    ///
    /// # Errors
    ///
    /// [`JsonError::Syntax`] if the next value is not a number.
    #[inline]
    pub fn number(&mut self) -> Result<Number<'a>, JsonError> {
        self.number_if_next()?.ok_or(JsonError::Syntax)
    }

    /// Reads a number if one is next; `None` if the next value is another.
    #[inline]
    pub(crate) fn number_if_next(&mut self) -> Result<Option<Number<'a>>, JsonError> {
        self.skip_space();
        if !matches!(self.byte(), Some(b'-' | b'0'..=b'9')) {
            return Ok(None);
        }
        let start = self.position;
        let is_negative = self.eat(b'-');
        let magnitude = if self.eat(b'0') { 0 } else { self.digits()? };
        if let Some(b'.' | b'e' | b'E') = self.byte() {
            self.fraction_and_exponent()?;
            let literal = self.text.get(start..self.position).ok_or(JsonError::Syntax)?;
            return Ok(Some(Number::decimal(literal)));
        }
        Ok(Some(Number::integer(if is_negative { -magnitude } else { magnitude })))
    }

    #[cold]
    fn fraction_and_exponent(&mut self) -> Result<(), JsonError> {
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(())
    }

    /// Returns the value of the digits here, or some value beyond [`Number::MAX_SAFE`] if there are
    /// too many.
    #[inline]
    fn digits(&mut self) -> Result<i64, JsonError> {
        let start = self.position;
        let mut value = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.byte() {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.position += 1;
        }
        match self.position - start {
            0 => Err(JsonError::Syntax),
            1..=Number::MAX_SAFE_DIGITS => Ok(value),
            _ => Ok(i64::MAX),
        }
    }

    /// Reads any value and discards it. It must be valid JSON.
    ///
    /// # Errors
    ///
    /// [`JsonError`] if it is not.
    pub fn skip(&mut self) -> Result<(), JsonError> {
        match self.kind()? {
            Kind::Array => self.array(Self::skip),
            Kind::Object => self.object(|reader, _| reader.skip()),
            Kind::Text => self.text().map(drop),
            Kind::Number => self.number().map(drop),
            Kind::Boolean => self.boolean().map(drop),
            Kind::Null => self.word("null"),
        }
    }

    /// Reads any value and discards it, as [`Reader::skip`] does. No object in it may have a name
    /// twice: two readers could take different members.
    ///
    /// # Errors
    ///
    /// [`JsonError::Duplicate`] if an object has a name twice, and the errors of [`Reader::skip`].
    pub fn skip_unique(&mut self) -> Result<(), JsonError> {
        match self.kind()? {
            Kind::Array => self.array(Self::skip_unique),
            Kind::Object => {
                let mut seen = MemberNames::default();
                self.object(|reader, name| {
                    if seen.insert(name) {
                        reader.skip_unique()
                    } else {
                        Err(JsonError::Duplicate)
                    }
                })
            }
            _ => self.skip(),
        }
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    ///
    /// [`JsonError::Syntax`] if neither is next.
    pub fn boolean(&mut self) -> Result<bool, JsonError> {
        self.skip_space();
        let is_true = self.byte() == Some(b't');
        self.word(if is_true { "true" } else { "false" })?;
        Ok(is_true)
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(JsonError::Syntax);
        }
        self.position += word.len();
        Ok(())
    }

    /// Ends the text: only white space may follow.
    ///
    /// # Errors
    ///
    /// [`JsonError::Syntax`] if anything but white space follows.
    pub fn finish(mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.byte().is_none() {
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }

    /// Returns the number of bytes that were read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.position..).unwrap_or_default()
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.step(1);
        self.text.as_bytes().get(self.position).copied()
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        if self.byte() == Some(byte) {
            self.position += 1;
            true
        } else {
            false
        }
    }

    /// Does the same as [`Reader::eat`] after white space, which is mostly absent.
    #[inline]
    fn eat_next(&mut self, byte: u8) -> bool {
        self.eat(byte) || (self.is_at_space() && self.eat_behind_space(byte))
    }

    #[cold]
    fn eat_behind_space(&mut self, byte: u8) -> bool {
        self.skip_more_space();
        self.eat(byte)
    }

    #[inline]
    fn expect_next(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.eat_next(byte) {
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.eat(byte) { Ok(()) } else { Err(JsonError::Syntax) }
    }

    #[inline]
    fn skip_space(&mut self) {
        if self.is_at_space() {
            self.skip_more_space();
        }
    }

    /// Whether the next byte is white space, or a byte that JSON does not allow between values.
    #[inline]
    fn is_at_space(&self) -> bool {
        self.byte().is_some_and(|byte| byte <= b' ')
    }

    #[cold]
    fn skip_more_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.position += 1;
        }
    }

    #[cfg(test)]
    fn step(&self, count: usize) {
        self.steps.set(self.steps.get() + count);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "counts in tests alone")]
    const fn step(&self, _count: usize) {}
}

/// The reason that a text is not accepted as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a limit, a grammar and a rule for names")]
pub enum JsonError {
    /// The nesting is deeper than [`MAX_DEPTH`].
    #[error("JSON is nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// An object has a name twice, if that is checked.
    #[error("an object of the JSON text has a name twice")]
    Duplicate,
    /// The text is not JSON, or not the expected value.
    #[error("text is not JSON")]
    Syntax,
}
