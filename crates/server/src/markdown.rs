//! Cells of a Markdown table as GitHub reads them.
//!
//! GitHub splits a row into cells before it reads their content. A backslash before a bar is part
//! of this splitting: `\\|` ends the cell. So this module escapes nothing with backslashes.

use crate::output::one_line;

/// A sentence as the cell of a table. Text between backticks is code; all other text is literal.
///
/// A quoted name that contains a backtick may be split at it. Still no character is lost or becomes
/// markup.
pub(crate) fn cell(text: &str) -> String {
    let text = one_line(text);
    let (mut written, mut rest) = (String::new(), text.as_str());
    while let Some((before, behind)) = rest.split_once('`') {
        written += &literal(before);
        let quoted = behind.split_once('`');
        let quoted = quoted.filter(|(quoted, _)| !quoted.is_empty() && quoted.trim() == *quoted);
        written += &quoted.map_or_else(|| literal("`"), |(quoted, _)| code(quoted));
        rest = quoted.map_or(behind, |(_, behind)| behind);
    }
    written + &literal(rest)
}

/// A name or a place as code: a code span, or HTML code if a span cannot hold the text.
pub(crate) fn code(text: &str) -> String {
    let text = one_line(text);
    match text.contains(['|', '\\', '`']) {
        _ if text.is_empty() => text,
        false => format!("`{text}`"),
        true => format!("<code>{}</code>", literal(&text)),
    }
}

/// Literal text: each character that could be markup becomes a numeric entity.
///
/// An entity keeps GitHub from linking a bare address, also one that begins with `www.`. A mail
/// address still becomes a link, because GitHub finds it after it has read the entities. The link's
/// target is the visible address.
fn literal(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for (start, character) in text.char_indices() {
        let rest = text.get(start..).unwrap_or_default();
        if rest.starts_with("://") || rest.starts_with("www.") || "\\`*_[]<>&|~$".contains(character) {
            written.extend(["&#", &u32::from(character).to_string(), ";"]);
        } else {
            written.push(character);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;

    /// Reads a row of two cells as a parser of GitHub's tables does. Returns the text of the first
    /// cell; `None` if it contains markup other than code, or if the row has other cells.
    fn read(cell: &str) -> Option<String> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_MATH
            | Options::ENABLE_GFM;
        let table = format!("| a | b |\n|---|---|\n| {cell} | end |\n");
        let mut cells = Vec::new();
        for event in Parser::new_ext(&table, options) {
            match event {
                Event::Start(Tag::TableCell) => cells.push(String::new()),
                Event::Text(text) | Event::Code(text) => cells.last_mut()?.push_str(&text),
                Event::InlineHtml(tag) if ["<code>", "</code>"].contains(&&*tag) => {}
                Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow)
                | Event::End(TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell) => {}
                _ => return None,
            }
        }
        match &cells[..] {
            [a, b, text, end] if a == "a" && b == "b" && end == "end" => Some(text.clone()),
            _ => None,
        }
    }

    #[test]
    fn markup_and_other_rows_are_not_read() {
        assert_eq!(read("a `b` <code>&#124;</code>").as_deref(), Some("a b |"));
        for cell in ["*a*", "~~a~~", "<b>", "a | b", "[a](b)", "<https://a.b>", "a |\n| b"] {
            assert_eq!(read(cell), None, "{cell}");
        }
    }

    /// The output of GitHub's own library was inspected: the cells below end correctly and read as
    /// the left side.
    #[test]
    fn code_keeps_every_character() {
        for (text, written) in [
            ("GET /a/{id}", "`GET /a/{id}`"),
            ("GET /<a>/*_&amp;", "`GET /<a>/*_&amp;`"),
            ("GET /a|b", "<code>GET /a&#124;b</code>"),
            (r"GET /a\|b", "<code>GET /a&#92;&#124;b</code>"),
            (r"GET /a`b\", "<code>GET /a&#96;b&#92;</code>"),
            (r"GET /\|`*<x>", "<code>GET /&#92;&#124;&#96;&#42;&#60;x&#62;</code>"),
            ("https://a.b/c|d", "<code>https&#58;//a.b/c&#124;d</code>"),
            ("www.a.b/c|d", "<code>&#119;ww.a.b/c&#124;d</code>"),
            ("a\nb", "`a b`"),
            ("", ""),
        ] {
            assert_eq!(code(text), written);
            assert_eq!(read(written).as_deref(), Some(one_line(text).as_str()));
        }
    }

    #[test]
    fn sentence_keeps_its_quotes() {
        for (text, written) in [
            ("requires `a` and `b`", "requires `a` and `b`"),
            (r"requires `a\|b`", "requires <code>a&#92;&#124;b</code>"),
            (r"a\|b | c", "a&#92;&#124;b &#124; c"),
            ("one ` alone", "one &#96; alone"),
            ("none ``", "none &#96;&#96;"),
            ("*not* <b>bold</b>", "&#42;not&#42; &#60;b&#62;bold&#60;/b&#62;"),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    proptest! {
        #[test]
        fn cell_reads_as_its_text(text in r"[a |\\`*_\[\](){}<>&~$:/#;!^=+.@'1-9\n-]{0,24}") {
            let line = one_line(&text);
            prop_assert_eq!(read(&code(&text)), Some(line.clone()));
            let without = |text: &str| text.replace('`', "");
            prop_assert_eq!(read(&cell(&text)).as_deref().map(without), Some(without(&line)));
        }
    }
}
