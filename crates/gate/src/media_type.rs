//! The headers that state how a body is written: its media type and its content coding.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// Returns the media type, if there is exactly one. Of two, it is unknown which one a proxy used.
#[must_use]
pub fn of(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(CONTENT_TYPE).into_iter();
    let only = values.next().filter(|_| values.next().is_none());
    only?.to_str().ok()
}

/// Returns a media type without its parameters ([RFC 9110, section
/// 8.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1)). Its letters have any case.
///
/// ```
/// assert_eq!(scopegate_gate::media_type::essence("text/html; charset=utf-8"), "text/html");
/// ```
#[must_use]
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Returns the values of the parameters with this name, without quotation marks. A name has any
/// case, and a value without a name is ignored.
///
/// ```
/// use scopegate_gate::media_type::parameters;
///
/// let found: Vec<&str> = parameters("text/html; Charset=\"utf-8\"; x", "charset").collect();
/// assert_eq!(found, ["utf-8"]);
/// ```
pub fn parameters<'m>(media_type: &'m str, name: &'m str) -> impl Iterator<Item = &'m str> {
    let pairs = media_type.split(';').skip(1).filter_map(|pair| pair.split_once('='));
    let named = pairs.filter(move |(found, _)| found.trim().eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.trim().trim_matches('"'))
}

/// Returns whether the body has a content coding, such as a compression. Nothing here decodes it
/// ([RFC 9110, section 8.4](https://www.rfc-editor.org/rfc/rfc9110#section-8.4)).
#[must_use]
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).into_iter();
    codings.any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}
