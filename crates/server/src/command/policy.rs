//! `scopegate policy ..`: questions about a policy in a file.

mod document;
mod routes;

use crate::arguments::PolicyCommand;
use crate::output::Format;

pub(super) fn run(format: Format, command: &PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Routes(file) => routes::run(format, file),
    }
}
