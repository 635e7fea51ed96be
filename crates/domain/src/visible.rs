//! Escapes third-party text for messages to people.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns the text with characters escaped that are invisible or that change how the text around
/// them is displayed: controls, bidirectional marks, characters without width.
///
/// ```
/// use scopegate_domain::visible;
///
/// assert_eq!(visible("joh\u{200b}ndoe"), r"joh\u{200b}ndoe");
/// assert_eq!(visible("\u{202e}eod"), r"\u{202e}eod");
/// assert_eq!(visible("Zoë"), "Zoë");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            // Writing to a text cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether the character is invisible, or changes the order of the text around it.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}
