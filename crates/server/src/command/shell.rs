//! Output for a shell and for `man`.

use std::fmt::Write as _;

use clap_complete::Shell;

use crate::arguments;
use crate::config::{tables, variables};
use crate::output::write_line;

/// Prints completions.
pub(super) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut arguments::command(), "scopegate", &mut text);
    write_line(&String::from_utf8(text)?)
}

/// Prints the manual page: the program, then each command.
pub(super) fn manual() -> anyhow::Result<()> {
    let mut command = arguments::command();
    command.build();
    let mut text = Vec::new();
    page(&command, &mut text)?;
    let mut text = String::from_utf8(text)?;
    text.push_str(&sections());
    write_line(&text)
}

/// The sections for all commands: exit status, variables and files.
fn sections() -> String {
    let mut text = String::from(".SH \"EXIT STATUS\"\n");
    for (status, meaning) in [
        ("0", "Success."),
        (
            "1",
            "The answer is negative: no such user, a finding, a denied request, an invalid token.",
        ),
        ("2", "Wrong usage, input that cannot be read, or a failure."),
    ] {
        item(&mut text, status, meaning);
    }
    text.push_str(".SH ENVIRONMENT\n");
    item(&mut text, "SCOPEGATE_CONFIG", "Names the configuration file.");
    item(&mut text, "SCOPEGATE_FORMAT", "Sets the format of data: human or json.");
    for (variable, effect) in variables() {
        item(&mut text, &variable, &format!("{effect}."));
    }
    item(&mut text, "NO_COLOR", "Turns colours off, as TERM=dumb does.");
    text.push_str(".SH \"TABLES OF THE CONFIGURATION FILE\"\n");
    for (key, effect) in tables() {
        item(&mut text, &format!("[[{key}]]"), &format!("{effect}."));
    }
    text.push_str(".SH FILES\n");
    for (file, meaning) in [
        (
            "scopegate.db",
            "The database, in the working directory unless another is set.",
        ),
        (
            "scopegate.db-wal, scopegate.db-shm",
            "Its log and the index of the log, while it is in use or after a crash. Keep them with the database.",
        ),
        (
            "scopegate.db.kek",
            "The key-encryption key, unless one is configured. Keep a copy in another safe place.",
        ),
    ] {
        item(&mut text, file, meaning);
    }
    text
}

/// One entry of a list in roff.
fn item(text: &mut String, name: &str, meaning: &str) {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('-', "\\-").replace('`', "");
    // Writing to a text cannot fail.
    let _ = write!(text, ".TP\n\\fB{}\\fR\n{}\n", escaped(name), escaped(meaning));
}

fn page(command: &clap::Command, text: &mut Vec<u8>) -> anyhow::Result<()> {
    clap_mangen::Man::new(command.clone()).render(text)?;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        page(below, text)?;
    }
    Ok(())
}
