//! The `Authorization` header: [RFC 9110, section
//! 11.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2).

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::Profile;

/// The one `Authorization` header of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authorization<'h> {
    /// There is none.
    Absent,
    /// There are several: which of them counts is not for us to guess.
    Several,
    /// The name of a scheme, and what follows the first space.
    Of(&'h [u8], &'h [u8]),
}

/// Reads the header. In the tutorial's profile the first of several counts.
pub(crate) fn read(headers: &HeaderMap, profile: Profile) -> Authorization<'_> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    match (values.next(), profile) {
        (None, _) => Authorization::Absent,
        (Some(_), Profile::Rfc) if values.next().is_some() => Authorization::Several,
        (Some(value), _) => {
            let mut parts = value.as_bytes().splitn(2, |byte| *byte == b' ');
            Authorization::Of(parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        }
    }
}

/// Trims white space at both ends: of ASCII, or in the tutorial's profile as Python defines it for
/// Latin-1.
pub(crate) fn trim(mut text: &[u8], profile: Profile) -> &[u8] {
    if profile == Profile::Rfc {
        return text.trim_ascii();
    }
    while let [b' ' | b'\t' | 0x85 | 0xA0, rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t' | 0x85 | 0xA0] = text {
        text = rest;
    }
    text
}
