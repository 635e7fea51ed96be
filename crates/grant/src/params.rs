//! The parameters of a request, as names and values.

use std::collections::HashSet;
use std::fmt;

use scopegate_domain::Secret;

use crate::InvalidRequestCause;

/// The decoded fields of a form, in the order of the request.
///
/// Any value may be a password, so none is ever printed. A field without a value counts as absent
/// ([RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
///
/// ```
/// use scopegate_grant::Params;
///
/// let params = Params::from_iter([("username", "johndoe"), ("scope", "")]);
/// assert_eq!(params.text("username"), Some("johndoe"));
/// assert_eq!(params.text("scope"), None);
/// assert!(params.each_once().is_ok());
/// ```
#[derive(Clone, Default)]
pub struct Params(Vec<(String, Secret<String>)>);

impl Params {
    /// Returns the value of the last field with this name; `None` if that field is absent or empty.
    ///
    /// In the RFC a name occurs once: [`Params::each_once`].
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret<String>> {
        let (_, value) = self.0.iter().rev().find(|(given, _)| given == name)?;
        (!value.expose().is_empty()).then_some(value)
    }

    /// Returns a value like [`Params::secret`], if it need not be hidden.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.secret(name).map(|value| value.expose().as_str())
    }

    /// Returns the values of all fields with this name, in the order of the request, without empty
    /// ones.
    pub fn texts<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        let named = self.0.iter().filter(move |(given, _)| given == name);
        named
            .map(|(_, value)| value.expose().as_str())
            .filter(|value| !value.is_empty())
    }

    /// Returns all names and values, in the order of the request, also empty ones.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), value.expose().as_str()))
    }

    /// Returns the length of all names and values, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Returns how often a name occurs, also without a value.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(given, _)| given == name).count()
    }

    /// Whether a name or a value contains a NUL character.
    #[must_use]
    pub fn has_nul(&self) -> bool {
        self.0
            .iter()
            .any(|(name, value)| name.contains('\0') || value.expose().contains('\0'))
    }

    /// Checks that no name occurs twice, known or not: [RFC 6749, section
    /// 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).
    ///
    /// # Errors
    ///
    /// [`InvalidRequestCause::Repeated`].
    pub fn each_once(&self) -> Result<(), InvalidRequestCause> {
        self.each_once_except("")
    }

    /// Checks that no name except this one occurs twice: [RFC 8707, section
    /// 2](https://www.rfc-editor.org/rfc/rfc8707#section-2) lets `resource` repeat.
    ///
    /// # Errors
    ///
    /// [`InvalidRequestCause::Repeated`].
    pub fn each_once_except(&self, repeatable: &str) -> Result<(), InvalidRequestCause> {
        // SECURITY: two readers that pick different ones of two values can be exploited. Tested by
        // `repeated_parameter_is_refused` below.
        let mut seen = HashSet::with_capacity(self.0.len());
        let mut names = self.0.iter().map(|(name, _)| name.as_str());
        if names.all(|name| seen.insert(name) || (name == repeatable && !name.is_empty())) {
            Ok(())
        } else {
            Err(InvalidRequestCause::Repeated)
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), Secret::new(value.into())))
                .collect(),
        )
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Params({} fields)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_one_wins_even_if_it_is_empty() {
        let params = Params::from_iter([("a", "1"), ("a", "2"), ("b", "1"), ("b", "")]);
        assert_eq!(params.text("a"), Some("2"));
        assert_eq!(params.text("b"), None);
        assert_eq!(params.text("c"), None);
    }

    #[test]
    fn nothing_is_printed() {
        let params = Params::from_iter([("password", "hunter2")]);
        assert_eq!(format!("{params:?}"), "Params(1 fields)");
    }

    proptest! {
        #[test]
        fn repeated_parameter_is_refused(names in proptest::collection::vec("[a-c]{0,2}", 0..8)) {
            let distinct = names.iter().collect::<std::collections::BTreeSet<_>>().len();
            let params: Params = names.iter().map(|name| (name.as_str(), "x")).collect();
            prop_assert_eq!(params.each_once().is_ok(), distinct == names.len());
        }
    }
}
