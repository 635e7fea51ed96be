//! Tokens on standard input, one for each line.

use std::io::{BufRead, Read};

use anyhow::Context;
use scopegate_token::TokenRules;

/// The maximum length of a line. A longer line is cut to this length, which is too long for a
/// token.
const MAX_LINE: usize = TokenRules::MAX_TOKEN + 2;

/// Reads the next line without its line end; `None` at the end of the input.
///
/// Bytes that are not UTF-8 become a character that no token contains.
pub(super) fn next(input: &mut impl BufRead) -> anyhow::Result<Option<String>> {
    let fault = "the token cannot be read from standard input";
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE)?;
    input.by_ref().take(limit).read_until(b'\n', &mut line).context(fault)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() == MAX_LINE {
        input.skip_until(b'\n').context(fault)?;
    }
    let text = line.strip_suffix(b"\n").unwrap_or(&line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    Ok(Some(String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_one_by_one_and_bounded() {
        let long = "x".repeat(MAX_LINE * 3);
        let input = format!("a\n\r\nb\r\n{long}\n\u{e9}\n\nlast");
        let mut input = input.as_bytes();
        let mut lines = Vec::new();
        while let Some(line) = next(&mut input).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines[..3], ["a", "", "b"]);
        assert_eq!(lines[3].len(), MAX_LINE);
        assert_eq!(lines[4..], ["\u{e9}", "", "last"]);
        assert_eq!(
            next(&mut &b"\xff.\xff\n"[..]).unwrap().as_deref(),
            Some("\u{fffd}.\u{fffd}")
        );
        assert_eq!(next(&mut &b""[..]).unwrap(), None);
    }
}
