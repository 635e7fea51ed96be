//! Names and values of `application/x-www-form-urlencoded`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// All bytes except the unreserved ones.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Decodes one name or value: `+` is a space, `%XX` a byte, and the bytes are UTF-8.
///
/// ```
/// assert_eq!(scopegate_gate::urlencoded::decode(b"a+b%26").as_deref(), Some("a b&"));
/// assert_eq!(scopegate_gate::urlencoded::decode(b"%FF"), None);
/// ```
#[must_use]
pub fn decode(raw: &[u8]) -> Option<String> {
    String::from_utf8(percent_decode(&spaces(raw)).collect()).ok()
}

/// Decodes one name or value like [`decode`], and replaces what is not UTF-8 by U+FFFD.
///
/// ```
/// assert_eq!(scopegate_gate::urlencoded::decode_lossy(b"a%FFb"), "a\u{fffd}b");
/// ```
#[must_use]
pub fn decode_lossy(raw: &[u8]) -> String {
    let bytes: Vec<u8> = percent_decode(&spaces(raw)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns whether each `%` precedes two hexadecimal digits. [`decode`] leaves another one as it
/// is, as the URL Standard requires.
///
/// ```
/// assert!(scopegate_gate::urlencoded::has_valid_escapes(b"a=%41&b=+"));
/// assert!(!scopegate_gate::urlencoded::has_valid_escapes(b"a=%4"));
/// ```
#[must_use]
pub fn has_valid_escapes(raw: &[u8]) -> bool {
    let mut parts = raw.split(|byte| *byte == b'%').skip(1);
    parts.all(|part| matches!(part, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()))
}

/// Encodes one name or value, or one segment of a path: every byte that is not unreserved ([RFC
/// 3986, section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3)).
///
/// ```
/// assert_eq!(scopegate_gate::urlencoded::encode("a b/\u{e9}"), "a%20b%2F%C3%A9");
/// ```
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Replaces each `+` by a space.
#[must_use]
pub fn spaces(raw: &[u8]) -> Vec<u8> {
    raw.iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect()
}
