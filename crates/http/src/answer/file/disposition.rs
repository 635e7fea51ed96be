//! The name of a file that a browser saves: [RFC 6266](https://www.rfc-editor.org/rfc/rfc6266).

use std::fmt::Write as _;

/// Returns the value of `Content-Disposition`.
// SECURITY: no name adds a parameter or a header, and none leads to another folder. Tested by
// `name_adds_no_parameter`.
pub(super) fn attachment(name: &str) -> String {
    let is_unsafe = |character: char| character.is_control() || matches!(character, '/' | '\\');
    let name: String = name
        .chars()
        .map(|character| if is_unsafe(character) { '_' } else { character })
        .collect();
    // Old browsers read a percent sign as an escape (appendix D).
    let is_plain =
        |character: char| (character.is_ascii_graphic() || character == ' ') && !matches!(character, '"' | '%');
    let plain: String = name
        .chars()
        .map(|character| if is_plain(character) { character } else { '_' })
        .collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        value.push_str("; filename*=UTF-8''");
        name.bytes().for_each(|byte| push_encoded(&mut value, byte));
    }
    value
}

/// Writes a byte as [RFC 8187, section 3.2.1](https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1).
fn push_encoded(value: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
        value.push(char::from(byte));
    } else {
        // Writing to a text does not fail.
        let _ = write!(value, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_quoted_or_encoded() {
        for (name, expected) in [
            ("a b;c.txt", "attachment; filename=\"a b;c.txt\""),
            ("../x\\y", "attachment; filename=\".._x_y\""),
            ("a\r\nb", "attachment; filename=\"a__b\""),
            ("\"€%", "attachment; filename=\"___\"; filename*=UTF-8''%22%E2%82%AC%25"),
            ("", "attachment; filename=\"\""),
        ] {
            assert_eq!(attachment(name), expected);
        }
    }

    proptest! {
        #[test]
        fn name_adds_no_parameter(name in "[a\"\\\\;=*%€\r\n\0/ ]{0,12}") {
            let value = attachment(&name);
            prop_assert!(HeaderValue::from_str(&value).is_ok());
            let inner = value.strip_prefix("attachment; filename=\"").unwrap();
            let (plain, rest) = inner.split_once('"').unwrap();
            prop_assert!(!plain.contains(['\\', '/']));
            let encoded = rest.strip_prefix("; filename*=UTF-8''").unwrap_or(rest);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%' || byte == b'_'));
        }
    }
}
