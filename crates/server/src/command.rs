//! The commands: one module for each noun.

mod audit;
mod audited;
mod backup;
mod client;
mod config;
mod context;
mod key;
mod names;
mod password;
mod policy;
mod revoked;
mod serve;
mod shell;
mod token;
mod user;

use serde_json::json;

pub(crate) use self::audited::entry as audit_entry;
use self::context::{block_on, settings};
use crate::arguments::{Arguments, Command, CommonFlags};
use crate::compose::{Access, Database};
use crate::output::print;

/// Runs the command of these arguments.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { common, command } = arguments;
    match command {
        Command::Serve(flags) => serve::run(&common, &flags),
        Command::User(command) => user::run(&common, command),
        Command::Client(command) => client::run(&common, command),
        Command::Key(command) => key::run(&common, command),
        Command::Token(command) => token::run(&common, &command),
        Command::Policy(command) => policy::run(common.format, &command),
        Command::Audit(arguments) => audit::run(&common, &arguments),
        Command::Migrate => migrate(&common),
        Command::Backup(arguments) => backup::run(&common, &arguments),
        Command::Restore(arguments) => backup::run_restore(&common, &arguments),
        Command::Config(command) => config::run(&common, &command),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::manual(),
    }
}

fn migrate(common: &CommonFlags) -> anyhow::Result<()> {
    let settings = settings(common)?;
    let applied = block_on(async {
        let database = Database::open(&settings, Access::Migrate).await?;
        let applied = database.migrated().to_vec();
        database.close().await?;
        Ok(applied)
    })?;
    let human = match applied.as_slice() {
        [] => format!("{}: up to date\n", settings.database),
        versions => format!(
            "{}: migrated to version {}\n",
            settings.database,
            versions.last().copied().unwrap_or_default()
        ),
    };
    print(
        common.format,
        &human,
        &json!({ "database": settings.database, "applied": applied }),
    )
}
