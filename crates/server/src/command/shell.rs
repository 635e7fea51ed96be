//! What a shell and `man` want to know.

use clap_complete::Shell;

use crate::arguments;
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
    write_line(&String::from_utf8(text)?)
}

fn page(command: &clap::Command, text: &mut Vec<u8>) -> anyhow::Result<()> {
    clap_mangen::Man::new(command.clone()).render(text)?;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        page(below, text)?;
    }
    Ok(())
}
