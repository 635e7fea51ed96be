//! Arguments of commands in messages.

use std::borrow::Cow;

use scopegate_domain::visible;

/// The maximum number of characters of an argument that a message repeats.
const MOST: usize = 100;

/// Returns the text of an argument for a message: with invisible characters escaped, and shortened
/// if it is long.
pub(crate) fn quoted(text: &str) -> String {
    visible(&shortened(text, MOST, 0)).into_owned()
}

/// Returns a text that is not longer than this number of characters at its begin and at its end. A
/// longer one has two dots in place of its middle.
pub(super) fn shortened(text: &str, begin: usize, end: usize) -> Cow<'_, str> {
    let most = begin.saturating_add(end);
    if text.len() <= most || text.chars().nth(most).is_none() {
        return Cow::Borrowed(text);
    }
    let split = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    let length = text.chars().count();
    let (first, last) = (split(begin), split(length.saturating_sub(end)));
    Cow::Owned(format!(
        "{}..{}",
        text.get(..first).unwrap_or_default(),
        text.get(last..).unwrap_or_default()
    ))
}

/// Returns a word of a command line for a shell, in single quotes if it needs them.
pub(crate) fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Returns a command of this program for a shell: `scopegate client set ID`, then further options
/// or operands. An id that begins with a dash is not an option.
pub(crate) fn command_line(command: &str, id: &str, rest: &str) -> String {
    let id = shell_word(id);
    let words = match (id.starts_with('-') || id.starts_with("'-"), rest.starts_with('-')) {
        (true, true) => [command, rest, "--", &id],
        (true, false) => [command, "--", &id, rest],
        (false, _) => [command, &id, rest, ""],
    };
    let words = words.into_iter().filter(|word| !word.is_empty());
    format!("scopegate {}", words.collect::<Vec<&str>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_shortened() {
        let most = "ä".repeat(MOST);
        assert_eq!(quoted(&most), most);
        assert_eq!(quoted(&format!("{most}b")), format!("{most}.."));
        assert_eq!(quoted("a\n\u{202e}"), "a\\u{a}\\u{202e}");
        assert_eq!(shortened("abcdef", 2, 3), "ab..def");
        assert_eq!(shortened("äöüß", 2, 1), "äö..ß");
        assert_eq!(shortened("abcdef", 3, 3), "abcdef");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (text, word) in [
            ("app", "app"),
            ("https://a.example/x_y-1", "https://a.example/x_y-1"),
            ("", "''"),
            ("a b", "'a b'"),
            ("a';b", r"'a'\'';b'"),
            ("$(id)", "'$(id)'"),
            ("~", "'~'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn id_with_a_dash_follows_two_dashes() {
        for (id, rest, line) in [
            ("app", "--public", "scopegate client set app --public"),
            ("app", "SCOPES", "scopegate client set app SCOPES"),
            ("a b", "", "scopegate client set 'a b'"),
            ("-a", "--public", "scopegate client set --public -- -a"),
            ("-a b", "SCOPES", "scopegate client set -- '-a b' SCOPES"),
        ] {
            assert_eq!(command_line("client set", id, rest), line);
        }
    }
}
