//! The text of an error, a note or a warning: one line of bounded length, without secrets.

use scopegate_domain::visible;

use super::argument::shortened;
use super::secrets::without_secrets;

/// The maximum number of characters of a part of a message, at its begin and at its end. The end of
/// a path is its most useful part.
const PART: (usize, usize) = (300, 150);

/// The same for a whole message: a value with marks of quotation has many parts.
const WHOLE: (usize, usize) = (1_000, 400);

/// Returns a message on one line. Foreign values in it, such as a path or the text of a parser, are
/// shortened if they are long.
pub(crate) fn message(text: &str) -> String {
    let short = with_short_parts(&without_secrets(&one_line(text)));
    shortened(&short, WHOLE.0, WHOLE.1).into_owned()
}

/// Writes foreign text (a parser's message, a name) on one line, with invisible characters escaped.
pub(crate) fn one_line(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// Shortens each part of a text between marks of quotation and line ends.
pub(crate) fn with_short_parts(text: &str) -> String {
    let parts = text.split_inclusive(['`', '\'', '\n']);
    parts.map(|part| shortened(part, PART.0, PART.1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_part_loses_its_middle() {
        let path = format!("/{}/end.toml", "x".repeat(10_000));
        let short = message(&format!("file `{path}` cannot be read: no such file"));
        assert!(short.starts_with("file `/xxx"), "{short}");
        assert!(short.ends_with("x/end.toml` cannot be read: no such file"), "{short}");
        assert!(short.len() < 600, "{short}");
        for text in ["", "`", "it's `a` and `b`\n", "ä`ö"] {
            assert_eq!(with_short_parts(text), text);
        }
    }

    #[test]
    fn each_long_value_is_shortened() {
        for value in ["x", "ä", "a b ", "`x", "\u{202e}"] {
            let value = value.repeat(10_000);
            for text in [
                value.clone(),
                format!("bad `{value}`: no"),
                format!("unknown key {value}"),
            ] {
                let length = message(&text).chars().count();
                assert!(length <= WHOLE.0 + WHOLE.1 + 2, "{length}");
            }
        }
    }
}
