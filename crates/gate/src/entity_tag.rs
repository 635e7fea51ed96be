//! Entity tags: `ETag`, `If-None-Match` and status 304 ([RFC 9110, section
//! 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).

use std::hash::{DefaultHasher, Hash, Hasher};

use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// The tag of these bytes.
#[must_use]
pub fn of(bytes: &[u8]) -> String {
    format!("\"{:016x}\"", hash(bytes))
}

/// The tag of these bytes in a content coding.
#[must_use]
pub fn of_coding(bytes: &[u8], coding: &str) -> String {
    format!("\"{:016x}-{coding}\"", hash(bytes))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// Adds the tag to a response. Drops its body, with status 304, if the request has the tag already.
pub fn apply<B: Default>(tag: &str, request: &HeaderMap, response: Response<B>) -> Response<B> {
    let known = request.get_all(IF_NONE_MATCH).iter();
    let is_known = known
        .filter_map(|known| known.to_str().ok())
        .any(|known| contains(known, tag));
    let mut response = if is_known {
        let (mut parts, _) = response.into_parts();
        parts.status = StatusCode::NOT_MODIFIED;
        Response::from_parts(parts, B::default())
    } else {
        response
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Whether an `If-None-Match` names this tag
/// ([RFC 9110, section 13.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2)).
fn contains(known: &str, tag: &str) -> bool {
    let mut known = known.split(',').map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_compared_weakly() {
        for (known, is_known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("a", false),
            ("\"b\"", false),
            ("", false),
        ] {
            assert_eq!(contains(known, "\"a\""), is_known, "{known}");
        }
    }
}
