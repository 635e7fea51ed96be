//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The text without its percent escapes (RFC 3986, section 2.1); `None` if they are not UTF-8.
pub(super) fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// The pointer by these names from the root.
pub(super) fn pointer(names: &[&str]) -> String {
    let is_escaped = |byte: &u8| matches!(byte, b'~' | b'/');
    let length = |name: &&str| 1 + name.len() + name.bytes().filter(is_escaped).count();
    let mut pointer = String::with_capacity(names.iter().map(length).sum());
    for name in names {
        push_name(&mut pointer, name);
    }
    pointer
}

/// Adds a name to a pointer (RFC 6901, section 3).
pub(super) fn push_name(pointer: &mut String, name: &str) {
    pointer.push('/');
    // Thousands of paths are escaped here, so the text between special characters is added in one
    // piece.
    let mut rest = name;
    while let Some(end) = rest.bytes().position(|byte| matches!(byte, b'~' | b'/')) {
        let (before, escaped) = rest.split_at(end);
        pointer.push_str(before);
        pointer.push_str(if escaped.starts_with('~') { "~0" } else { "~1" });
        rest = escaped.get(1..).unwrap_or_default();
    }
    pointer.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_pointer_are_escaped() {
        for (name, pushed) in [
            ("", "/"),
            ("a", "/a"),
            ("/", "/~1"),
            ("~", "/~0"),
            ("/é/{~1}//", "/~1é~1{~01}~1~1"),
        ] {
            assert_eq!(pointer(&[name]), pushed);
            assert_eq!(pointer(&["x", name]), format!("/x{pushed}"));
        }
    }
}
