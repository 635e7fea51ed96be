//! Entity tags: [RFC 9110, section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3).

use http::HeaderValue;

use super::source::Version;

/// Returns a strong tag of the content.
pub(super) fn of_bytes(bytes: &[u8]) -> HeaderValue {
    header(scopegate_gate::entity_tag::of(bytes))
}

/// Returns a strong tag of the length and the times. Times of a file system have a resolution of
/// nanoseconds to milliseconds.
pub(super) fn of_version(version: &Version) -> HeaderValue {
    let (modified, (seconds, nanoseconds)) = version.times();
    let (length, modified) = (version.length(), modified.as_nanos());
    header(format!("\"{length:x}-{modified:x}-{seconds:x}-{nanoseconds:x}\""))
}

fn header(tag: String) -> HeaderValue {
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether a list of tags contains the tag. `*` is any tag. A strong comparison finds no weak tag
/// ([RFC 9110, section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2)).
pub(super) fn is_in(list: &[u8], tag: &[u8], is_strong: bool) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let (is_weak, opaque) = split_weak(tag);
    let mut rest = list;
    while let Some((listed_is_weak, listed, next)) = next_tag(rest) {
        if listed == opaque && !(is_strong && (is_weak || listed_is_weak)) {
            return true;
        }
        rest = next;
    }
    false
}

/// Returns the next tag of a list, and the text behind it. A tag may contain a comma.
fn next_tag(list: &[u8]) -> Option<(bool, &[u8], &[u8])> {
    let start = list.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b','))?;
    let (is_weak, text) = split_weak(list.get(start..)?);
    let inner = text.strip_prefix(b"\"")?;
    let length = inner.iter().position(|byte| *byte == b'"')?.checked_add(2)?;
    let (tag, rest) = text.split_at_checked(length)?;
    Some((is_weak, tag, rest))
}

fn split_weak(tag: &[u8]) -> (bool, &[u8]) {
    tag.strip_prefix(b"W/").map_or((false, tag), |tag| (true, tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_strongly_or_weakly() {
        let tag = b"\"a,b\"";
        for (list, weak, strong) in [
            ("\"a,b\"", true, true),
            ("\"x\" , W/\"y\",\"a,b\"", true, true),
            ("W/\"a,b\"", true, false),
            ("*", true, true),
            ("a,b", false, false),
            ("\"a\", \"b\"", false, false),
            ("\"a,b", false, false),
            ("", false, false),
            ("W/", false, false),
        ] {
            let found = [false, true].map(|is_strong| is_in(list.as_bytes(), tag, is_strong));
            assert_eq!(found, [weak, strong], "{list}");
        }
        assert!(!is_in(b"W/\"a\"", b"W/\"a\"", true));
        assert!(is_in(b"\"a\"", b"W/\"a\"", false));
    }
}
