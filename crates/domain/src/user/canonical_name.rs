//! The form of a user name in which two names are the same.

use std::fmt;

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

use super::Username;

/// The canonical form of a user name: normalization form KC, then case folding. Two users of a
/// store have different canonical names.
///
/// A login finds its user by this form, so `JohnDoe` logs in as `johndoe`. Failed logins count by
/// it, so another spelling does not allow further guesses.
///
/// ```
/// use scopegate_domain::{CanonicalName, Username};
///
/// let name = Username::parse("JohnDoe")?;
/// assert_eq!(name.canonical(), CanonicalName::of("johndoe"));
/// assert_eq!(CanonicalName::of("Straße"), CanonicalName::of("STRASSE"));
/// # Ok::<(), scopegate_domain::InvalidUsername>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalName(Box<str>);

impl CanonicalName {
    /// Returns the canonical form of a text, which need not be a valid name.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(text.to_ascii_lowercase().into());
        }
        // Folding twice, because a folded text can have parts that normalization joins to another
        // letter.
        let once = folded(&text.nfkc().collect::<String>());
        Self(folded(&once).into())
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the text with folded case, in form KC.
fn folded(text: &str) -> String {
    UniCase::unicode(text).to_folded_case().nfkc().collect()
}

impl fmt::Display for CanonicalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Username {
    /// Returns the canonical form of the name.
    #[must_use]
    pub fn canonical(&self) -> CanonicalName {
        CanonicalName::of(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for [one, other] in [
            ["johndoe", "JohnDoe"],
            ["straße", "STRASSE"],
            ["Zoe\u{308}", "ZO\u{cb}"],
            ["ｊｏｈｎ", "John"],
            ["ﬁnn", "FINN"],
            ["σας", "ΣΑΣ"],
            ["\u{212a}elvin", "kelvin"],
            ["\u{1e9e}", "ss"],
            ["ᏸ", "Ᏸ"],
        ] {
            assert_eq!(CanonicalName::of(one), CanonicalName::of(other), "{one} {other}");
        }
    }

    #[test]
    fn other_names_stay_different() {
        for [one, other] in [
            ["johndoe", "john.doe"],
            ["zoe", "zoë"],
            // Latin and Cyrillic.
            ["paul", "р\u{430}ul"],
            // The Turkish letter without a dot is another letter.
            ["ılker", "ilker"],
        ] {
            assert_ne!(CanonicalName::of(one), CanonicalName::of(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn canonical_form_is_stable(text in "\\PC{0,20}") {
            let canonical = CanonicalName::of(&text);
            prop_assert_eq!(CanonicalName::of(canonical.as_str()), canonical);
        }

        #[test]
        fn upper_case_has_the_same_form(text in "[a-zA-Z0-9äöüßéñçøåœ]{1,20}") {
            let canonical = CanonicalName::of(&text);
            prop_assert_eq!(CanonicalName::of(&text.to_uppercase()), canonical.clone());
            prop_assert_eq!(CanonicalName::of(&text.to_lowercase()), canonical);
        }
    }
}
