//! Cells of a Markdown table as GitHub reads them.
//!
//! A cell is cut out before anything in it is read, and a backslash before a bar is part of the cutting: `\\|` ends the cell.
//! So nothing here is escaped by backslashes.

use std::fmt::Write as _;

use crate::output::one_line;

/// A sentence: what stands in it between backticks is code, and everything else is read as it is.
///
/// A quoted name that has a backtick itself may be cut elsewhere, and still no character of it is lost or means anything.
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

/// A name or a place as code: a code span, or what is shown as one where a span cannot hold the text.
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

/// Text in which no character means anything: those that could are written as the entities of their numbers.
fn push_plain(written: &mut String, text: &str) {
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        // A bare address would become a link, and so would one that begins with `www.`. One of mail still does: no entity prevents
        // it, for GitHub looks for those when entities have been read. It leads where it says.
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

    /// What GitHub reads in the only cell of a line, as far as what is written here needs: cells end at bars that have no
    /// backslash before them, code spans are taken literally, elsewhere backslashes and entities mean something, and marks
    /// must not stand there bare.
    fn read(cell: &str) -> Option<String> {
        let mut characters = cell.chars();
        let mut bare = String::new();
        while let Some(character) = characters.next() {
            match (character, characters.clone().next()) {
                // All that can be escaped takes part in the cutting, the backslash and the bar too.
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

    /// What GitHub's own library makes of it was looked at: the cells below end where they should and read as the left side.
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
