//! Names and values of `application/x-www-form-urlencoded`.

use percent_encoding::percent_decode;

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

/// Replaces each `+` by a space.
#[must_use]
pub fn spaces(raw: &[u8]) -> Vec<u8> {
    raw.iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect()
}
