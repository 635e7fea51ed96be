//! Third-party text, without hidden characters.

use std::borrow::Cow;
use std::fmt;

use scopegate_domain::visible;

/// Third-party text: a name, a description, a user agent.
///
/// Characters that are invisible, or that change the order of the text around them, are escaped.
///
/// ```
/// use scopegate_portal::page::PlainText;
///
/// assert_eq!(PlainText::from("My\u{202e}App").to_string(), r"My\u{202e}App");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainText<'p>(Cow<'p, str>);

impl PlainText<'_> {
    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the text contains this one.
    pub(crate) fn contains(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Returns the first letter or digit of a name, in upper case.
    pub(crate) fn initial(&self) -> Option<String> {
        let first = self.0.chars().find(|character| character.is_alphanumeric())?;
        Some(first.to_uppercase().collect())
    }
}

impl<'p> From<&'p str> for PlainText<'p> {
    fn from(text: &'p str) -> Self {
        Self(visible(text))
    }
}

impl fmt::Display for PlainText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
