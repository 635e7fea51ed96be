//! Reads foreign JSON documents strictly: one object, no duplicate name, bounded depth.

use std::borrow::Cow;

use scopegate_domain::json::{JsonError, Kind, MemberNames, Reader};

/// Reads the members of a document. `member` must read the value of the given name.
pub(crate) fn members<'a>(
    bytes: &'a [u8],
    mut member: impl FnMut(&str, &mut Reader<'a>) -> Result<(), InvalidDocument>,
) -> Result<(), InvalidDocument> {
    let text = std::str::from_utf8(bytes).map_err(|_| InvalidDocument::NotJson)?;
    let mut reader = Reader::new(text);
    let mut names = MemberNames::default();
    reader.object(|reader, name: Cow<'a, str>| {
        if !names.insert(name.clone()) {
            return Err(InvalidDocument::Twice);
        }
        member(&name, reader)
    })?;
    Ok(reader.finish()?)
}

/// Reads a text. `name` is the member, for the error.
pub(crate) fn text<'a>(reader: &mut Reader<'a>, name: &'static str) -> Result<Cow<'a, str>, InvalidDocument> {
    if reader.kind()? == Kind::Text {
        Ok(reader.text()?)
    } else {
        Err(InvalidDocument::Member { name })
    }
}

/// Reads a boolean. `name` is the member, for the error.
pub(crate) fn boolean(reader: &mut Reader<'_>, name: &'static str) -> Result<bool, InvalidDocument> {
    if reader.kind()? == Kind::Boolean {
        Ok(reader.boolean()?)
    } else {
        Err(InvalidDocument::Member { name })
    }
}

/// The reason why a document is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDocument {
    /// A member is missing, or has another type.
    #[error("member `{name}` is missing or has the wrong type")]
    Member {
        /// The name of the member.
        name: &'static str,
    },
    /// The text is not a JSON object, or it is nested too deeply.
    #[error("document is not a JSON object")]
    NotJson,
    /// A name occurs twice.
    #[error("document has a duplicate member")]
    Twice,
}

impl From<JsonError> for InvalidDocument {
    fn from(_: JsonError) -> Self {
        Self::NotJson
    }
}
