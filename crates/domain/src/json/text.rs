//! Texts.

use std::borrow::Cow;

use super::{JsonError, Reader};

impl<'a> Reader<'a> {
    /// Reads a text. Borrowed, unless it was written with escapes.
    ///
    /// # Errors
    ///
    /// [`JsonError::Syntax`] if the next value is not a text, or the text contains a control
    /// character, an unknown escape, or half of a surrogate pair.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "names and values are read by it: a call costs as much as a short text"
    )]
    pub fn text(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.text_if_next()?.ok_or(JsonError::Syntax)
    }

    /// Reads a text if one is next; `None` if the next value is another.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `Reader::text`")]
    pub(crate) fn text_if_next(&mut self) -> Result<Option<Cow<'a, str>>, JsonError> {
        if !self.eat_next(b'"') {
            return Ok(None);
        }
        let start = self.position;
        let end = start + plain_len(self.rest());
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return self.text_with_escapes().map(Some);
        }
        self.step(end - start + 1);
        self.position = end + 1;
        Ok(self.text.get(start..end).map(Cow::Borrowed))
    }

    #[cold]
    #[inline(never)]
    fn text_with_escapes(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let mut decoded = self.plain()?.to_owned();
        while !self.eat(b'"') {
            self.expect(b'\\')?;
            decoded.push(self.escape()?);
            decoded.push_str(self.plain()?);
        }
        Ok(Cow::Owned(decoded))
    }

    /// Reads the characters up to a quote, a backslash or a control character.
    fn plain(&mut self) -> Result<&'a str, JsonError> {
        let start = self.position;
        self.position += plain_len(self.rest());
        self.step(self.position - start);
        self.text.get(start..self.position).ok_or(JsonError::Syntax)
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.byte().ok_or(JsonError::Syntax)?;
        self.position += 1;
        match byte {
            b'"' | b'\\' | b'/' => Ok(char::from(byte)),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.unicode_escape(),
            _ => Err(JsonError::Syntax),
        }
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.hex4()?;
        let code = if (0xD800..0xDC00).contains(&first) {
            self.expect(b'\\')?;
            self.expect(b'u')?;
            let second = self.hex4()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(JsonError::Syntax);
            }
            0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or(JsonError::Syntax)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or(JsonError::Syntax)?;
            self.position += 1;
        }
        Ok(code)
    }
}

/// Returns the number of bytes from the start that need no unescaping: no quote, no backslash, no
/// control character.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let mut len = 0;
    while let Some(word) = bytes.get(len..).and_then(<[u8]>::first_chunk) {
        let stops = stops(u64::from_le_bytes(*word));
        if stops != 0 {
            return len + usize::try_from(stops.trailing_zeros() / 8).unwrap_or_default();
        }
        len += 8;
    }
    len + plain_len_of_few(bytes.get(len..).unwrap_or_default())
}

/// [`plain_len`] if fewer than eight bytes are left.
#[cold]
fn plain_len_of_few(bytes: &[u8]) -> usize {
    let is_plain = |byte: &&u8| !matches!(byte, 0..=0x1F | b'"' | b'\\');
    bytes.iter().take_while(is_plain).count()
}

/// Marks the highest bit of the first of eight bytes that ends a run of plain characters. Later
/// bytes may be marked, too.
///
/// Checks eight bytes at once: a byte `b` is below `n` if `b - n` borrows into its highest bit and
/// `b` itself does not have it. With their second bit inverted, the control characters and the
/// quote are those below 0x21.
const fn stops(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES * 0x80;
    let quotes_and_controls = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslashes = (word ^ (ONES * 0x5C)).wrapping_sub(ONES);
    (quotes_and_controls | backslashes) & !word & HIGHS
}
