//! The values of kept claims.

use std::sync::Arc;

use super::{ClaimNames, ClaimsError};

/// The claims of one payload that are kept, and the names that were to be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KeptClaims<'a> {
    names: ClaimNames,
    values: Vec<(Arc<str>, &'a str)>,
    len: usize,
}

impl<'a> KeptClaims<'a> {
    /// Nothing is kept.
    pub(super) const NONE: Self = Self {
        names: ClaimNames::NONE,
        values: Vec::new(),
        len: 0,
    };

    pub(super) fn of(names: &ClaimNames) -> Self {
        Self {
            names: names.clone(),
            ..Self::NONE
        }
    }

    /// Returns the shared text of a name, if its claim must be kept.
    pub(super) fn find(&self, name: &str) -> Option<Arc<str>> {
        self.names.find(name).cloned()
    }

    /// Keeps the text of a value.
    // SECURITY: a token with more is refused, because a cut value would have another meaning.
    // Tested by `kept_claims_are_bounded`.
    pub(super) fn keep(&mut self, name: Arc<str>, json: &'a str) -> Result<(), ClaimsError> {
        self.len += json.len();
        if self.len > ClaimNames::MAX_VALUES {
            return Err(ClaimsError::KeptTooLong);
        }
        self.values.push((name, json));
        Ok(())
    }

    pub(super) const fn names(&self) -> &ClaimNames {
        &self.names
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &'a str)> {
        self.values.iter().map(|(name, json)| (&**name, *json))
    }
}
