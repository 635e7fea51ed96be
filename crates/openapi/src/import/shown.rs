//! Text of a document in a message.

use std::fmt;

/// Text of a document in a message: on one line, without control characters, and of limited length.
pub(super) struct QuotedValue<'a>(pub(super) &'a str);

impl fmt::Display for QuotedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 200;
        for character in self.0.chars().take(MOST) {
            if character.is_control() || matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if self.0.chars().nth(MOST).is_some() {
            f.write_str("..")?;
        }
        Ok(())
    }
}
