//! A claim whose value is a string or an array of strings (`aud`, `amr`).

use std::borrow::Cow;
use std::slice;

use serde::ser::{Serialize, Serializer};

use super::ClaimsError;
use crate::json::{Kind, Reader};

/// One text or a list of texts.
#[derive(Clone, Debug)]
pub(super) enum TextList<'a> {
    /// `"a"`; the empty text is an empty list.
    One(Cow<'a, str>),
    /// `["a", "b"]`, between the brackets; none of the texts holds an escape.
    Plain(&'a str),
    /// A list with escapes in it, decoded.
    Decoded(Vec<String>),
}

impl<'a> TextList<'a> {
    /// Reads a list; `text` is what the reader reads.
    pub(super) fn read(claim: &'static str, text: &'a str, reader: &mut Reader<'a>) -> Result<Self, ClaimsError> {
        let start = reader.position();
        let mut decoded: Option<Vec<String>> = None;
        reader.array(|reader| {
            if reader.kind()? != Kind::Text {
                return Err(ClaimsError::WrongType { claim });
            }
            let before = text.get(start + 1..reader.position()).unwrap_or_default();
            match (reader.text()?, &mut decoded) {
                (Cow::Borrowed(_), None) => {}
                (item, Some(list)) => list.push(item.into_owned()),
                (item, None) => {
                    decoded = Some(
                        TextListIter::plain(before)
                            .map(str::to_owned)
                            .chain([item.into_owned()])
                            .collect(),
                    );
                }
            }
            Ok(())
        })?;
        Ok(match decoded {
            Some(list) => Self::Decoded(list),
            None => Self::Plain(text.get(start + 1..reader.position() - 1).unwrap_or_default()),
        })
    }

    pub(super) fn iter(&self) -> TextListIter<'_> {
        match self {
            Self::One(text) => TextListIter(Inner::One(Some(text.as_ref()).filter(|text| !text.is_empty()))),
            Self::Plain(inside) => TextListIter::plain(inside),
            Self::Decoded(list) => TextListIter(Inner::Decoded(list.iter())),
        }
    }
}

impl PartialEq for TextList<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Serialize for TextList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(text) => serializer.serialize_str(text),
            Self::Plain(_) | Self::Decoded(_) => serializer.collect_seq(self.iter()),
        }
    }
}

/// The texts of a claim, one after the other.
#[derive(Clone, Debug)]
pub struct TextListIter<'c>(Inner<'c>);

#[derive(Clone, Debug)]
enum Inner<'c> {
    One(Option<&'c str>),
    /// The rest of words between spaces.
    Words(&'c str),
    /// The rest of texts between quotes.
    Plain(&'c str),
    Decoded(slice::Iter<'c, String>),
}

impl<'c> TextListIter<'c> {
    pub(super) const fn none() -> Self {
        Self(Inner::One(None))
    }

    /// The words of a text delimited by spaces.
    pub(super) const fn words(text: &'c str) -> Self {
        Self(Inner::Words(text))
    }

    /// The texts between the brackets of a list without escapes: every second piece between quotes.
    const fn plain(inside: &'c str) -> Self {
        Self(Inner::Plain(inside))
    }
}

impl<'c> Iterator for TextListIter<'c> {
    type Item = &'c str;

    fn next(&mut self) -> Option<&'c str> {
        match &mut self.0 {
            Inner::One(text) => text.take(),
            Inner::Words(rest) => loop {
                if rest.is_empty() {
                    return None;
                }
                let (word, after) = cut(rest, b' ');
                *rest = after;
                if !word.is_empty() {
                    return Some(word);
                }
            },
            Inner::Plain(rest) => {
                let (_, quoted) = cut(rest, b'"');
                if quoted.is_empty() {
                    return None;
                }
                let (text, after) = cut(quoted, b'"');
                *rest = after;
                Some(text)
            }
            Inner::Decoded(list) => list.next().map(String::as_str),
        }
    }
}

/// The text before and after the first of these ASCII bytes. Byte by byte, because the texts of a
/// token are a few bytes long.
#[inline]
fn cut(text: &str, at: u8) -> (&str, &str) {
    let Some(end) = text.bytes().position(|byte| byte == at) else {
        return (text, "");
    };
    (
        text.get(..end).unwrap_or_default(),
        text.get(end + 1..).unwrap_or_default(),
    )
}
