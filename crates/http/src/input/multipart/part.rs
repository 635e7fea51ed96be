//! The media type and the fields of `multipart/form-data`.

use std::str;

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;
use scopegate_gate::{InputError, InvalidInput, media_type};

use super::error::MultipartError;

/// The media type of a form with files.
pub(super) const MEDIA_TYPE: &str = "multipart/form-data";

/// The maximum number of fields by default.
pub(super) const FIELD_COUNT: usize = 1_000;

/// The maximum length of a boundary ([RFC 2046, section
/// 5.1.1](https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1)).
const BOUNDARY_LENGTH: usize = 70;

/// A field of a form.
pub(super) struct Part {
    pub(super) field: multer::Field<'static>,
    pub(super) name: String,
}

impl Part {
    /// Creates the field of a parser. The parser omits a name that is not UTF-8, and a file without
    /// its name would be a text.
    ///
    /// # Errors
    ///
    /// [`MultipartError::Malformed`].
    pub(super) fn new(field: multer::Field<'static>) -> Result<Self, MultipartError> {
        let disposition = field.headers().get(CONTENT_DISPOSITION);
        let disposition = disposition.and_then(|value| str::from_utf8(value.as_bytes()).ok());
        let kind = disposition.and_then(|value| value.split(';').next());
        if !kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("form-data")) {
            return Err(MultipartError::Malformed);
        }
        let name = field.name().ok_or(MultipartError::Malformed)?.to_owned();
        Ok(Self { field, name })
    }
}

/// Returns the boundary of the body.
///
/// # Errors
///
/// [`InputError`] if the media type is another one, or has no boundary.
pub(super) fn boundary(headers: &HeaderMap) -> Result<String, InputError> {
    let value = media_type::of(headers).unwrap_or_default();
    if !media_type::essence(value).eq_ignore_ascii_case(MEDIA_TYPE) || media_type::is_encoded(headers) {
        return Err(InputError::MediaType("the body must be multipart/form-data"));
    }
    let boundary = multer::parse_boundary(value).unwrap_or_default();
    if boundary.is_empty() || boundary.len() > BOUNDARY_LENGTH {
        let message = "Value error, the media type has no boundary of 1 to 70 characters";
        return Err(InvalidInput::new("value_error", "body", None, message).into());
    }
    Ok(boundary)
}
