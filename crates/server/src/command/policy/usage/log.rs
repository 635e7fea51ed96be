//! Reads a log: its calls, and its lines without a call.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::Value;

use crate::command::policy::calls::{self, Columns, Logged};
use crate::output::one_line;

/// Maximum number of shown lines without a call.
const EXAMPLES: usize = 3;
/// The maximum length of a displayed word. A longer word may be a token.
const WORD: usize = 16;
/// The maximum length of a line, in bytes.
const MAX_LINE: u64 = 1024 * 1024;
/// The maximum length of a log with JSON values over several lines, in bytes. A longer log is an
/// error.
const MAX_VALUES: u64 = 1024 * 1024 * 1024;

/// The content of a log other than its answered calls.
#[derive(Default)]
pub(super) struct Log {
    /// Lines with a call.
    pub(super) calls: usize,
    /// Lines with a call that was refused.
    pub(super) refused: usize,
    /// Lines without a call.
    pub(super) others: usize,
    /// Lines that name a method and a path, but contain no call in a known form.
    pub(super) unread: usize,
    /// The first lines without a call, with their numbers.
    pub(super) examples: Vec<(usize, String)>,
}

impl Log {
    /// Reads a log line by line, or as JSON values over several lines. Passes on each call that was
    /// not refused.
    pub(super) fn read(path: &Path, take: &mut dyn FnMut(Logged)) -> io::Result<Self> {
        let mut source: Box<dyn BufRead> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(path)?))
        };
        if source.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
            source.consume(3);
        }
        let mut log = Self::default();
        let mut columns = None;
        for number in 1.. {
            let Some(line) = line_begin(&mut source)? else {
                break;
            };
            // A list may be one line of any length.
            if number == 1 && begins_values(&String::from_utf8_lossy(&line)) {
                log.values(line.chain(source), take)?;
                break;
            }
            skip_rest(&line, &mut source)?;
            let line = String::from_utf8_lossy(&line);
            if let Some(named) = Columns::of(&line) {
                columns = Some(named);
            } else {
                log.add(number, &line, columns.as_ref(), take);
            }
        }
        Ok(log)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.calls == 0 && self.refused == 0 && self.unread == 0
    }

    fn values(&mut self, source: impl Read, take: &mut dyn FnMut(Logged)) -> io::Result<()> {
        let mut number = 0;
        calls::stream(source.take(MAX_VALUES), &mut |item| {
            number += 1;
            self.count(number, calls::read_value(item), &|| item.to_string(), take);
        })?;
        Ok(())
    }

    fn add(&mut self, number: usize, line: &str, columns: Option<&Columns>, take: &mut dyn FnMut(Logged)) {
        let read = columns.and_then(|columns| columns.read(line));
        self.count(number, read.or_else(|| calls::read(line)), &|| line.to_owned(), take);
    }

    fn count(&mut self, number: usize, read: Option<Logged>, text: &dyn Fn() -> String, take: &mut dyn FnMut(Logged)) {
        match read {
            Some(logged) if logged.is_refused() => self.refused += 1,
            Some(logged) => {
                self.calls += 1;
                take(logged);
            }
            None => {
                let line = text();
                if line.trim().is_empty() {
                    return;
                }
                self.others += 1;
                self.unread += usize::from(calls::may_be_call(&line));
                if self.examples.len() < EXAMPLES {
                    self.examples.push((number, shown(&line)));
                }
            }
        }
    }
}

/// Reads the next line up to the length limit.
fn line_begin(source: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = source.take(MAX_LINE).read_until(b'\n', &mut line)?;
    Ok((length > 0).then_some(line))
}

/// Skips the rest of a line. No server writes a longer one.
fn skip_rest(line: &[u8], source: &mut dyn BufRead) -> io::Result<()> {
    if line.ends_with(b"\n") {
        return Ok(());
    }
    source.skip_until(b'\n').map(drop)
}

/// Whether a log is a list in JSON, or objects over several lines, by its first line.
fn begins_values(line: &str) -> bool {
    let line = line.trim();
    match line.strip_prefix('[').map(str::trim_start) {
        Some(items) => items.is_empty() || items.starts_with(['{', ']']),
        None if line.starts_with('{') => match serde_json::from_str::<Value>(line) {
            Ok(value) => calls::holds_list(&value),
            Err(fault) => fault.is_eof(),
        },
        None => false,
    }
}

/// SECURITY: the start of a line without its long words, because a line of a log may contain a
/// token. Tested by `usage::a_line_without_a_call_is_reported_without_secrets`.
fn shown(line: &str) -> String {
    let word = |word: &str| {
        if word.chars().count() > WORD {
            "..".to_owned()
        } else {
            one_line(word)
        }
    };
    let words: Vec<String> = line.split_whitespace().take(6).map(word).collect();
    words.join(" ")
}
