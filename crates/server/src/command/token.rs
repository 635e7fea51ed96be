//! `scopegate token ..`

mod inspect;
mod judge;
mod lines;
mod times;
mod verify;

use crate::arguments::TokenCommand;
use crate::output::Format;

pub(super) fn run(format: Format, command: &TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Inspect { token } => inspect::run(format, token),
        TokenCommand::Verify(arguments) => verify::run(format, arguments),
    }
}
