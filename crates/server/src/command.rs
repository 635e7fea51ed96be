//! The commands: one module for each noun.

mod audit;
mod audited;
mod backup;
mod client;
mod config;
mod consent;
mod context;
mod key;
mod migrate;
mod names;
mod password;
mod people;
mod policy;
mod revoked;
mod row_counts;
mod serve;
mod session;
mod shell;
mod token;
mod user;

pub(crate) use self::audited::entry as audit_entry;
use crate::arguments::{Arguments, Command};

/// Runs the command of these arguments.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { common, command } = arguments;
    match command {
        Command::Serve(flags) => serve::run(&common, &flags),
        Command::User(command) => user::run(&common, command),
        Command::Client(command) => client::run(&common, command),
        Command::Session(command) => session::run(&common, &command),
        Command::Consent(command) => consent::run(&common, &command),
        Command::Key(command) => key::run(&common, command),
        Command::Token(command) => token::run(&common, &command),
        Command::Policy(command) => policy::run(common.format, &command),
        Command::Audit(arguments) => audit::run(&common, &arguments),
        Command::Migrate(arguments) => migrate::run(&common, &arguments),
        Command::Backup(arguments) => backup::run(&common, &arguments),
        Command::Restore(arguments) => backup::run_restore(&common, &arguments),
        Command::Config(command) => config::run(&common, &command),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::manual(),
    }
}
