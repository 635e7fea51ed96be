//! Cells of a Markdown table as GitHub reads them.
//!
//! GitHub splits a row into cells before it reads their content. A backslash before a bar is part
//! of this splitting: `\\|` ends the cell. So this module escapes nothing with backslashes.

use std::fmt::Write as _;

use crate::output::one_line;

/// A sentence as the cell of a table. Text between backticks is code; all other text is literal.
///
/// A quoted name that contains a backtick may be split at it. Still no character is lost or becomes
/// markup.
pub(crate) fn cell(text: &str) -> String {
    let text = one_line(text);
    let mut written = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('`') {
        push_plain(&mut written, before);
        match behind.split_once('`') {
            Some((quoted, behind)) if !quoted.is_empty() && quoted.trim() == quoted => {
                written.push_str(&code(quoted));
                rest = behind;
            }
            _ => {
                push_entity(&mut written, '`');
                rest = behind;
            }
        }
    }
    push_plain(&mut written, rest);
    written
}

/// A name or a place as code: a code span, or HTML code if a span cannot hold the text.
pub(crate) fn code(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() {
        return text;
    }
    if !text.contains(['|', '\\', '`']) {
        return format!("`{text}`");
    }
    let mut written = String::from("<code>");
    push_plain(&mut written, &text);
    written.push_str("</code>");
    written
}

/// Writes literal text: each character that could be markup becomes a numeric entity.
fn push_plain(written: &mut String, text: &str) {
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        // An entity keeps GitHub from linking a bare address, also one that begins with `www.`.
        //
        // An address of mail still becomes a link: GitHub finds it after it has read the entities.
        // The link's target is the visible address.
        let is_address = rest.starts_with("://") || rest.starts_with("www.");
        if is_address || "\\`*_[]<>&|~$".contains(character) {
            push_entity(written, character);
        } else {
            written.push(character);
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
}

fn push_entity(written: &mut String, character: char) {
    let number = u32::from(character);
    let _ = write!(written, "&#{number};");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads the only cell of a line as GitHub does, as far as this module's output needs it.
    ///
    /// A cell ends at a bar without a backslash before it. A code span is literal. Elsewhere
    /// backslashes and entities have their meaning, and markup characters must not appear.
    fn read(cell: &str) -> Option<String> {
        let mut characters = cell.chars();
        let mut bare = String::new();
        while let Some(character) = characters.next() {
            match (character, characters.clone().next()) {
                // All characters that can be escaped take part in the splitting, the backslash and
                // the bar too.
                ('\\', Some(next)) => {
                    characters.next();
                    bare.extend((next != '|').then_some('\\').into_iter().chain([next]));
                }
                ('|', _) => return None,
                _ => bare.push(character),
            }
        }
        let mut text = String::new();
        let mut rest = bare.as_str();
        while let Some(character) = rest.chars().next() {
            let behind = rest.get(character.len_utf8()..)?;
            rest = match character {
                '`' => {
                    let (code, behind) = behind.split_once('`')?;
                    text.push_str(code);
                    behind
                }
                '&' => {
                    let (number, behind) = behind.strip_prefix('#')?.split_once(';')?;
                    text.push(char::from_u32(number.parse().ok()?)?);
                    behind
                }
                '<' => behind.strip_prefix("code>").or_else(|| behind.strip_prefix("/code>"))?,
                '\\' | '*' | '_' | '[' | ']' | '>' | '~' | '$' => return None,
                _ => {
                    text.push(character);
                    behind
                }
            };
        }
        Some(text)
    }

    /// The output of GitHub's own library was inspected: the cells below end correctly and read as
    /// the left side.
    #[test]
    fn templates_stay_what_they_are() {
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
    fn sentences_keep_their_quotes() {
        for (text, written) in [
            ("asks for `a` and `b`", "asks for `a` and `b`"),
            (r"asks for `a\|b`", "asks for <code>a&#92;&#124;b</code>"),
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
        fn a_cell_reads_as_its_text(text in r"[a |\\`*_\[<>&~$:/#;1-9\n]{0,24}") {
            let line = one_line(&text);
            prop_assert_eq!(read(&code(&text)), Some(line.clone()));
            let without = |text: &str| text.replace('`', "");
            prop_assert_eq!(read(&cell(&text)).as_deref().map(without), Some(without(&line)));
        }
    }
}
