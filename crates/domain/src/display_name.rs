//! The rule of names that people read.

use crate::visible::is_hidden;

/// The maximum length of a name, in bytes.
const MAX_LEN: usize = 200;

/// Checks the name of a client or user as people read it: at most 200 bytes, without control,
/// bidirectional and zero-width characters.
///
/// ```
/// use scopegate_domain::{InvalidDisplayName, check_display_name};
///
/// assert_eq!(check_display_name("Büro (Test)"), Ok(()));
/// assert_eq!(check_display_name("a\u{200b}b"), Err(InvalidDisplayName::Character('\u{200b}')));
/// assert_eq!(check_display_name(&"a".repeat(201)), Err(InvalidDisplayName::TooLong));
/// ```
///
/// # Errors
///
/// [`InvalidDisplayName`] names the rule.
pub fn check_display_name(text: &str) -> Result<(), InvalidDisplayName> {
    if text.len() > MAX_LEN {
        return Err(InvalidDisplayName::TooLong);
    }
    match text.chars().find(|character| is_hidden(*character)) {
        Some(character) => Err(InvalidDisplayName::Character(character)),
        None => Ok(()),
    }
}

/// The reason that a text is not a name. Its message follows a noun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDisplayName {
    /// A character that is invisible, or changes the order of the text around it.
    #[error("contains the character `U+{:04X}`, which is invisible or changes the order of the text; leave it out", u32::from(*.0))]
    Character(char),
    /// The name is longer than 200 bytes.
    #[error("is longer than {MAX_LEN} bytes; shorten it")]
    TooLong,
}
