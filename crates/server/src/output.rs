//! The output of a command: data on standard output, errors on standard error, an exit status.

mod argument;
mod message;
mod secrets;

use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::bail;
use clap::ValueEnum;
use scopegate_domain::visible;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

pub(crate) use self::argument::{command_line, quoted, shell_word};
pub(crate) use self::message::{message, one_line, with_short_parts};
pub(crate) use self::secrets::without_secrets;

/// The format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people.
    #[default]
    Human,
    /// A JSON value for programs.
    Json,
    /// Markdown for pull requests; only `policy diff` and `policy lint`.
    Markdown,
    /// Results for code scanning (SARIF 2.1.0); only `policy lint`.
    Sarif,
    /// Annotations of GitHub's workflows; only `policy lint`.
    Github,
}

/// The outcome of a command that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The answer is negative: exit status 1.
    Negative,
    /// The question was not answered: wrong usage or unreadable input. Exit status 2.
    Error,
}

impl Outcome {
    /// Distinguishes a [`ExitNegative`] from all other errors.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if error.is::<ExitNegative>() || error.is::<NegativeResult>() {
            Self::Negative
        } else {
            Self::Error
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Negative => Self::from(1),
            Outcome::Error => Self::from(2),
        }
    }
}

/// A negative answer, in one sentence: no such user, a name that is taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ExitNegative(pub(crate) String);

/// A negative answer in the data on standard output. No error is printed.
#[derive(Debug, thiserror::Error)]
#[error("the answer is negative")]
pub(crate) struct NegativeResult;

thread_local! {
    /// The notes on the documents of the command. Its JSON answer contains them.
    static NOTES: RefCell<Option<Vec<Value>>> = const { RefCell::new(None) };
}

/// Adds notes to the JSON answer that [`print()`] writes, as its member `notes`.
pub(crate) fn add_notes(notes: impl Iterator<Item = Value>) {
    NOTES.with_borrow_mut(|all| all.get_or_insert_default().extend(notes));
}

/// A JSON object with one more member.
#[derive(Serialize)]
struct WithNotes<'j, T> {
    #[serde(flatten)]
    json: &'j T,
    notes: Vec<Value>,
}

/// A list of JSON values. Each is made only when it is written, because thousands of values at a
/// time take much memory.
pub(crate) struct Each<'i, T, F>(pub(crate) &'i [T], pub(crate) F);

impl<T, V: Serialize, F: Fn(&T) -> V> Serialize for Each<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

/// Writes data to standard output: `human` unchanged, or the JSON object on one line with the notes
/// of [`add_notes`].
pub(crate) fn print(format: Format, human: &str, json: &impl Serialize) -> anyhow::Result<()> {
    write_answer(format, || lines_for_people(human), json)
}

/// The same as [`print()`], with text for people that is made only if it is written.
pub(crate) fn print_with(format: Format, human: impl FnOnce() -> String, json: &impl Serialize) -> anyhow::Result<()> {
    write_answer(format, || lines_for_people(&human()), json)
}

fn write_answer(format: Format, lines: impl FnOnce() -> String, json: &impl Serialize) -> anyhow::Result<()> {
    match format {
        Format::Human => write_line(&lines()),
        Format::Json => match NOTES.take() {
            Some(notes) => write_json(&WithNotes { json, notes }),
            None => write_json(json),
        },
        Format::Markdown => bail!("`--format markdown` is for `policy diff` and `policy lint` alone"),
        Format::Github => bail!("`--format github` is for `policy lint` alone"),
        Format::Sarif => bail!("`--format sarif` is for `policy lint` alone"),
    }
}

/// The meaning of a word of an answer, which selects its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    /// The result is allowed, or became stricter.
    Good,
    /// The result is refused, or became more open.
    Bad,
    /// The result deserves attention.
    Notable,
}

/// Whether a stream may have colours: a terminal, without `NO_COLOR` and `TERM=dumb`.
pub(crate) fn allows_colors(stream: &impl IsTerminal) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !no_color && !is_dumb && stream.is_terminal()
}

/// Whether errors and notes are JSON: by an option, or by the variable.
pub(crate) fn wants_json() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    let mut wanted = std::env::var_os("SCOPEGATE_FORMAT");
    while let Some(argument) = arguments.next() {
        if argument == "--format" {
            wanted = arguments.next();
        } else if let Some(value) = argument.to_str().and_then(|text| text.strip_prefix("--format=")) {
            wanted = Some(value.into());
        }
    }
    wanted.is_some_and(|format| format == "json")
}

/// Colours text if standard output is a terminal and `NO_COLOR` is not set.
pub(crate) fn paint(tone: Color, text: &str) -> String {
    if !allows_colors(&io::stdout()) {
        return text.to_owned();
    }
    let colour = match tone {
        Color::Good => 32,
        Color::Bad => 31,
        Color::Notable => 33,
    };
    format!("\x1b[{colour}m{text}\x1b[0m")
}

/// Writes text to standard output, and adds a line end if it has none.
///
/// A reader that has closed the pipe (`scopegate man | head`) is not an error.
pub(crate) fn write_line(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    checked(write!(stdout, "{text}{end}").and_then(|()| stdout.flush()))
}

/// Explains a failed write to standard output. A reader that has closed the pipe is not an error.
fn checked(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => bail!("standard output cannot be written: {error}; a change that the command made is kept"),
        Ok(()) => Ok(()),
    }
}

/// Writes JSON on one line to standard output.
fn write_json(json: &impl Serialize) -> anyhow::Result<()> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer(&mut stdout, json).map_err(io::Error::from);
    checked(
        written
            .and_then(|()| stdout.write_all(b"\n"))
            .and_then(|()| stdout.flush()),
    )
}

/// Writes one sentence about the error to standard error.
pub(crate) fn print_error(error: &anyhow::Error) {
    // If standard error is closed too, the error cannot be reported.
    let text = message(&causes(error));
    let _ = if wants_json() {
        let status = match Outcome::of(error) {
            Outcome::Negative => 1,
            Outcome::Error => 2,
        };
        writeln!(io::stderr(), "{}", json!({ "error": text, "status": status }))
    } else {
        writeln!(io::stderr(), "error: {text}")
    };
}

/// The causes of an error, each once: libraries repeat a cause in the error that contains it.
fn causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// Writes one sentence to standard error that does not affect the answer.
pub(crate) fn print_note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {}", message(text));
}

/// A number with its noun: `1 operation`, `2 operations`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Text for people, with invisible characters escaped: paths, titles and descriptions may come from
/// a foreign document. Line ends and our own colours stay.
fn lines_for_people(text: &str) -> String {
    let line = |line: &str| {
        let mut pieces = line.split('\x1b');
        let mut shown = visible(pieces.next().unwrap_or_default()).into_owned();
        for piece in pieces {
            let colour = ["[0m", "[31m", "[32m", "[33m"]
                .iter()
                .find(|colour| piece.starts_with(**colour));
            if let Some((colour, rest)) = colour.and_then(|colour| Some((colour, piece.strip_prefix(*colour)?))) {
                shown.push('\x1b');
                shown.push_str(colour);
                shown.push_str(&visible(rest));
            } else {
                shown.push_str("\\u{1b}");
                shown.push_str(&visible(piece));
            }
        }
        shown
    };
    let lines: Vec<String> = text.split('\n').map(|text| line(&text.replace('\t', "    "))).collect();
    lines.join("\n")
}

/// A table for people: columns as wide as their widest cell, two spaces apart.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
    let shown: Vec<Vec<String>> = std::iter::once(&head)
        .chain(rows)
        .map(|line| line.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let width = |column: usize| {
        let cells = shown.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut text = String::new();
    for line in &shown {
        // Spaces are written before the next cell, so a line has none at its end.
        let mut spaces = 0;
        for (cell, width) in line.iter().zip(&widths) {
            if !cell.is_empty() {
                text.push_str(&" ".repeat(spaces));
                text.push_str(cell);
                spaces = 0;
            }
            spaces += width - cell.chars().count() + 2;
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_spelled_out() {
        assert_eq!(one_line("joh\u{200b}n\n doe\u{202e}"), "joh\\u{200b}n doe\\u{202e}");
        assert_eq!(
            lines_for_people("a\u{202e}b\n\x1b[32mgood\x1b[0m\t\x1b[2Jx\x1b"),
            "a\\u{202e}b\n\x1b[32mgood\x1b[0m    \\u{1b}[2Jx\\u{1b}"
        );
        let text = table(&["NAME"], &[vec!["a\u{200b}".to_owned()], vec!["b".to_owned()]]);
        assert_eq!(text, "NAME\na\\u{200b}\nb\n");
    }

    #[test]
    fn a_table_is_aligned_and_cannot_be_forged_by_a_cell() {
        let rows = vec![
            vec!["a\nb".to_owned(), "x".to_owned()],
            vec!["long one".to_owned(), String::new()],
        ];
        assert_eq!(
            table(&["NAME", "SCOPE"], &rows),
            "NAME      SCOPE\na b       x\nlong one\n"
        );
    }

    #[test]
    fn a_cause_is_named_once() {
        let cause = io::Error::other("(code: 14) unable to open");
        let error = anyhow::Error::from(cause).context("error returned from database: (code: 14) unable to open");
        assert_eq!(
            causes(&error.context("database `a`")),
            "database `a`: error returned from database: (code: 14) unable to open"
        );
    }

    #[test]
    fn negative_result_differs_from_an_error() {
        let no = anyhow::Error::from(ExitNegative("no such user".to_owned()));
        assert_eq!(Outcome::of(&no), Outcome::Negative);
        assert_eq!(Outcome::of(&anyhow::anyhow!("x")), Outcome::Error);
    }
}
