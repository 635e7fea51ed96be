//! Arguments of commands in messages.

/// The maximum number of characters of an argument that a message repeats.
const MOST: usize = 100;

/// Returns the text of an argument for a message: escaped, and shortened if it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        None => text.escape_default().to_string(),
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default().escape_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_shortened() {
        let most = "ä".repeat(MOST);
        assert_eq!(quoted(&most), most.escape_default().to_string());
        assert_eq!(quoted(&format!("{most}b")), format!("{}..", most.escape_default()));
        assert_eq!(quoted("a\n\u{202e}"), "a\\n\\u{202e}");
    }
}
