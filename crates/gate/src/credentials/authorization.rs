//! The `Authorization` header: [RFC 9110, section
//! 11.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2).

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::dialect::{Dialect, RepeatedAuthorization};

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

/// Reads the header.
pub(crate) fn read<'h>(headers: &'h HeaderMap, dialect: &Dialect) -> Authorization<'h> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    match (values.next(), dialect.repeated_authorization) {
        (None, _) => Authorization::Absent,
        (Some(_), RepeatedAuthorization::Refuse) if values.next().is_some() => Authorization::Several,
        (Some(value), _) => {
            let mut parts = value.as_bytes().splitn(2, |byte| *byte == b' ');
            Authorization::Of(parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        }
    }
}
