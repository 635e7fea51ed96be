//! `scopegate policy ..`: questions about a policy in a file.

mod can_i;
mod diff;
mod document;
mod explain;
mod graph;
mod held;
mod routes;
mod who_can;

use crate::arguments::PolicyCommand;
use crate::output::Format;

pub(super) fn run(format: Format, command: &PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::CanI(arguments) => can_i::run(format, arguments),
        PolicyCommand::Diff(arguments) => diff::run(format, arguments),
        PolicyCommand::Explain(arguments) => explain::run(format, arguments),
        PolicyCommand::Graph(arguments) => graph::run(format, arguments),
        PolicyCommand::Routes(file) => routes::run(format, file),
        PolicyCommand::WhoCan(arguments) => who_can::run(format, arguments),
    }
}
