//! `scopegate policy ..`: questions about a policy in a file.

mod calls;
mod can_i;
mod diff;
mod document;
mod explain;
mod export;
mod graph;
mod held;
mod least;
mod lint;
mod marks;
mod mine;
mod names;
mod notes;
mod routes;
mod tree;
mod usage;
mod who_can;
mod written;

use crate::arguments::PolicyCommand;
use crate::output::Format;

pub(super) fn run(format: Format, command: &PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::CanI(arguments) => can_i::run(format, arguments),
        PolicyCommand::Diff(arguments) => diff::run(format, arguments),
        PolicyCommand::Explain(arguments) => explain::run(format, arguments),
        PolicyCommand::Export(arguments) => export::run(format, arguments),
        PolicyCommand::Graph(arguments) => graph::run(format, arguments),
        PolicyCommand::Least(arguments) => least::run(format, arguments),
        PolicyCommand::Lint(arguments) => lint::run(format, arguments),
        PolicyCommand::Mine(file) => mine::run(format, file),
        PolicyCommand::Routes(file) => routes::run(format, file),
        PolicyCommand::Usage(arguments) => usage::run(format, arguments),
        PolicyCommand::WhoCan(arguments) => who_can::run(format, arguments),
    }
}
