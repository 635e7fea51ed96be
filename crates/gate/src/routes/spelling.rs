//! Paths that every router reads in the same way.

use crate::path;

/// Returns whether a raw path has the same segments for every reader.
///
/// It has no encoded slash, no backslash, no dot segment, and no empty segment before its end.
/// Encodings are complete, and not those of control characters.
pub(super) fn is_unambiguous(raw_path: &str) -> bool {
    let Some(rest) = raw_path.strip_prefix('/') else {
        return false;
    };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if (segment.is_empty() && !is_last) || !is_plain(segment) {
            return false;
        }
    }
    true
}

fn is_plain(segment: &str) -> bool {
    let has_whole_encodings = segment.split('%').skip(1).all(begins_with_two_digits);
    let Some(decoded) = path::decode(segment).filter(|_| has_whole_encodings) else {
        return false;
    };
    let is_structure = |character: char| matches!(character, '/' | '\\') || character.is_control();
    !matches!(&*decoded, "." | "..") && !decoded.contains(is_structure)
}

fn begins_with_two_digits(text: &str) -> bool {
    let digits = text.bytes().take(2).filter(u8::is_ascii_hexdigit);
    digits.count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_with_two_readings_is_ambiguous() {
        for one in [
            "/",
            "/a",
            "/a/",
            "/a/b",
            "/a%20b",
            "/a%2520b",
            "/.a/..b/...",
            "/%C3%A9",
            "/a;b=c/d,e",
            "/100%25",
        ] {
            assert!(is_unambiguous(one), "{one}");
        }
        for two in [
            "",
            "*",
            "a",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/a%2Fb",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/.",
            "/a/..",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a%00",
            "/a%0d%0A",
            "/a%7f",
            "/%",
            "/%2",
            "/%2x",
            "/%zz",
            "/a%",
            "/%ff",
        ] {
            assert!(!is_unambiguous(two), "{two}");
        }
    }
}
