//! A log: the different calls that it holds, and its lines without a call.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::command::policy::calls::{self, Call};
use crate::output::one_line;

/// Most lines without a call that are shown.
const EXAMPLES: usize = 3;
/// Longest word of such a line that is shown: a longer one may be a token.
const WORD: usize = 16;

/// The different calls of a log, in the order of their first line.
#[derive(Default)]
pub(super) struct Log {
    pub(super) calls: Vec<Call>,
    seen: HashSet<Call>,
    /// Lines with a call that was refused.
    pub(super) refused: usize,
    /// Lines without a call.
    pub(super) others: usize,
    /// The first of these, with their numbers.
    pub(super) examples: Vec<(usize, String)>,
}

impl Log {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let source: Box<dyn BufRead> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(path)?))
        };
        let mut log = Self::default();
        for (number, line) in (1..).zip(source.split(b'\n')) {
            log.add(number, &String::from_utf8_lossy(&line?));
        }
        Ok(log)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.refused == 0
    }

    fn add(&mut self, number: usize, line: &str) {
        match calls::read(line) {
            Some(logged) if logged.is_refused() => self.refused += 1,
            Some(logged) if self.seen.contains(&logged.call) => {}
            Some(logged) => {
                self.seen.insert(logged.call.clone());
                self.calls.push(logged.call);
            }
            None if line.trim().is_empty() => {}
            None => {
                self.others += 1;
                if self.examples.len() < EXAMPLES {
                    self.examples.push((number, shown(line)));
                }
            }
        }
    }
}

/// SECURITY: the begin of a line, without long words: a line of a log may hold a token. Held by
/// `usage::a_line_without_a_call_is_reported_without_secrets`.
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
