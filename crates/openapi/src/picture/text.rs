//! Third-party texts in a form that is safe to show.

/// Returns a name in which each invisible character is written by its number.
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

/// Returns JSON that is safe inside a `script` element. These characters occur only in texts of the
/// JSON, where an escape may replace them.
pub(super) fn json_in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// Returns how many cells of a monospaced font a text takes. A character outside ASCII may be wide.
pub(super) fn cells(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(character: char) -> usize {
    if character.is_ascii() { 1 } else { 2 }
}

/// Returns the text, or its beginning and an ellipsis if it takes more cells.
pub(super) fn cut(text: &str, most: usize) -> String {
    if cells(text) <= most {
        return text.to_owned();
    }
    let mut short = fitting(text.chars(), most.saturating_sub(1));
    short.push('…');
    short
}

/// The text, or its beginning, an ellipsis and its end if it takes more cells. The end is longer.
pub(super) fn cut_middle(text: &str, most: usize) -> String {
    if cells(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let beginning = fitting(text.chars(), room / 3);
    let end: String = fitting(text.chars().rev(), room - room / 3);
    let end: String = end.chars().rev().collect();
    format!("{beginning}…{end}")
}

/// Returns as many of these characters as fit.
fn fitting(characters: impl Iterator<Item = char>, cells: usize) -> String {
    let mut left = cells;
    let fits = |character: &char| {
        let fitting = left.checked_sub(width(*character));
        left = fitting.unwrap_or(0);
        fitting.is_some()
    };
    characters.take_while(fits).collect()
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

    #[test]
    fn a_name_that_is_cut_keeps_its_end() {
        assert_eq!(cut_middle("drive.readonly", 14), "drive.readonly");
        assert_eq!(cut_middle("drive.readonly", 10), "dri…adonly");
        assert_eq!(cut_middle("日本語の道", 6), "…の道");
        assert_eq!(cut_middle("abc", 0), "…");
    }
}
