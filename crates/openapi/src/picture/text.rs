//! Texts of others, made fit to be shown.

/// A name in which whatever a reader cannot see is spelled out.
pub(super) fn visible(text: &str) -> String {
    scopegate_domain::visible(text).into_owned()
}

/// Sentences in one line: white space between words is one space.
pub(super) fn prose(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Text for XML and HTML, inside an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON that may stand inside a `script` element: these characters occur in its texts alone, where they may be written by number.
pub(super) fn json_in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// How many cells of a monospaced font a text takes. What is not ASCII may be wide.
pub(super) fn cells(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(character: char) -> usize {
    if character.is_ascii() { 1 } else { 2 }
}

/// The text, or its beginning and an ellipsis where it takes more cells.
pub(super) fn cut(text: &str, most: usize) -> String {
    if cells(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |character: &char| {
        let fitting = left.checked_sub(width(*character));
        left = fitting.unwrap_or(0);
        fitting.is_some()
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(visible("a\u{202e}b\u{0}\u{feff}"), "a\\u{202e}b\\u{0}\\u{feff}");
        assert_eq!(visible("/häuser/{id}"), "/häuser/{id}");
        assert_eq!(prose(" two\n\tlines\u{200f} "), "two lines\\u{200f}");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(escaped("<a b='\"'>&]]>"), "&lt;a b=&#39;&quot;&#39;&gt;&amp;]]&gt;");
        assert_eq!(
            json_in_script("\"</script><!--&\""),
            "\"\\u003c/script\\u003e\\u003c!--\\u0026\""
        );
    }

    #[test]
    fn a_long_text_is_cut_to_its_cells() {
        assert_eq!(cut("/users/{id}", 11), "/users/{id}");
        assert_eq!(cut("/users/{id}", 7), "/users…");
        assert_eq!(cut("日本語の道", 6), "日本…");
        assert_eq!(cells("日本"), 4);
        assert_eq!(cut("abc", 0), "…");
    }
}
