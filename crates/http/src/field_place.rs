//! The places of a request that a structure of fields is read from.

use std::borrow::Cow;

/// A place of a request that a structure of fields is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldPlace {
    Path,
    Query,
    Header,
    Cookie,
    Form,
}

impl FieldPlace {
    /// Returns the first step of a location, and the value of `in` in a document.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Form => "body",
        }
    }

    /// Returns the subject of a sentence about the place.
    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Self::Path => "the path",
            Self::Query => "the query",
            Self::Header => "the headers",
            Self::Cookie => "the cookies",
            Self::Form => "the form",
        }
    }

    /// Returns the name in the request of a field: a header has hyphens, and a name in Rust cannot.
    pub(crate) fn name_of(self, field: &str) -> Cow<'_, str> {
        match self {
            Self::Header if field.contains('_') => field.replace('_', "-").into(),
            Self::Path | Self::Query | Self::Header | Self::Cookie | Self::Form => field.into(),
        }
    }
}
