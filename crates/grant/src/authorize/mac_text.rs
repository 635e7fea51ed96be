//! The text form of a MAC: 64 hexadecimal digits in lower case.

/// Returns the hexadecimal digits of a MAC.
pub(crate) fn hexadecimal(tag: &[u8; 32]) -> String {
    let digits = tag.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Reads 64 hexadecimal digits in lower case.
pub(crate) fn tag(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut tag = [0; 32];
    for (byte, digits) in tag.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let mut value = 0;
        for digit in digits {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(tag)
}
