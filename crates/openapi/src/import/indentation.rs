//! Lines of YAML that are indented less than their parent.
//!
//! YAML 1.2 refuses a quoted text that continues at the indentation of its name. It also refuses a
//! bracket that closes there. The parser libyaml and its descendants read both, and many
//! descriptions have them. More spaces before such a line change nothing else, because leading
//! spaces of a continued quoted text are not part of it.

use std::borrow::Cow;

use saphyr_parser::Marker;

use super::place::Mark;

/// The maximum number of corrections of one text. The text is parsed again after each.
const MAX_CORRECTIONS: usize = 64;
/// The maximum length of text that is parsed again for corrections, in bytes.
const MAX_PARSED: usize = 64 * 1024 * 1024;

/// The position of a line with too little indentation.
#[derive(Debug)]
pub(super) struct Slip {
    marker: Marker,
    is_quoted: bool,
}

impl Slip {
    /// Recognises the error by the message of the parser.
    pub(super) fn of(message: &str, marker: Marker) -> Option<Self> {
        let is_quoted = match message {
            "invalid indentation in quoted scalar" => true,
            "invalid indentation" => false,
            _ => return None,
        };
        Some(Self { marker, is_quoted })
    }
}

/// A text with some lines indented more.
#[derive(Debug)]
pub(super) struct Corrected<'t> {
    text: Cow<'t, str>,
    lines: Vec<Mark>,
    corrections: usize,
    parsed: usize,
    last: Option<(usize, usize)>,
}

impl<'t> Corrected<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            lines: Vec::new(),
            corrections: 0,
            parsed: 0,
            last: None,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The lines that were corrected.
    pub(super) fn into_lines(self) -> Vec<Mark> {
        self.lines
    }

    /// Indents the lines of the error. Returns false if no correction is possible.
    pub(super) fn correct(&mut self, slip: &Slip) -> bool {
        self.corrections += 1;
        self.parsed = self.parsed.saturating_add(self.text.len());
        if self.corrections > MAX_CORRECTIONS || self.parsed > MAX_PARSED {
            return false;
        }
        let Some((place, _)) = self.text.char_indices().nth(slip.marker.index()) else {
            return false;
        };
        let corrected = if slip.is_quoted {
            self.quoted(place, slip)
        } else {
            self.bracket(place, slip)
        };
        corrected.is_some_and(|(text, lines)| {
            self.text = Cow::Owned(text);
            self.lines.extend(lines);
            true
        })
    }

    /// Indents the later lines of a quoted text to the column of its beginning.
    fn quoted(&self, start: usize, slip: &Slip) -> Option<(String, Vec<Mark>)> {
        let (before, quoted) = self.text.split_at_checked(start)?;
        let mut text = before.to_owned();
        let mut lines = Vec::new();
        let mut is_inside = true;
        let mut quote = None;
        let mut rest = quoted;
        for (number, line) in quoted.split_inclusive('\n').enumerate() {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            let is_too_little = indentation < slip.marker.col() && !line.trim().is_empty();
            if number > 0 && is_too_little {
                text.extend(std::iter::repeat_n(' ', slip.marker.col() - indentation));
                lines.push(Mark::new(slip.marker.line() + number, indentation + 1));
            }
            is_inside = goes_on(line, &mut quote);
            text.push_str(line);
            rest = rest.get(line.len()..).unwrap_or_default();
            if !is_inside {
                break;
            }
        }
        text.push_str(rest);
        (!lines.is_empty() && !is_inside).then_some((text, lines))
    }

    /// Indents a line that begins with a bracket or comma, because no value of a block begins with
    /// one.
    fn bracket(&mut self, place: usize, slip: &Slip) -> Option<(String, Vec<Mark>)> {
        let (before, rest) = self.text.split_at_checked(place)?;
        let begins_line = before.rsplit('\n').next()?.trim_matches([' ', '\t']).is_empty();
        if !begins_line || !rest.starts_with(['}', ']', ',']) {
            return None;
        }
        let line = slip.marker.line();
        let (spaces, is_new) = match self.last {
            Some((last, spaces)) if last == line => (spaces * 2, false),
            _ => (1, true),
        };
        let lines = Vec::from_iter(is_new.then(|| Mark::new(line, slip.marker.col() + 1)));
        let text = format!("{before}{}{rest}", " ".repeat(spaces));
        self.last = Some((line, spaces));
        Some((text, lines))
    }
}

/// Whether a quoted text continues after this line.
fn goes_on(line: &str, quote: &mut Option<char>) -> bool {
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match *quote {
            None => *quote = Some(character),
            Some('"') if character == '\\' => {
                let _ = characters.next();
            }
            Some(mark) if character == mark => {
                if mark == '\'' && characters.peek() == Some(&mark) {
                    let _ = characters.next();
                } else {
                    return false;
                }
            }
            Some(_) => {}
        }
    }
    true
}
