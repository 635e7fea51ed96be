//! The command line.

mod audit;
mod client;
mod confirmation;
mod database;
mod people;
mod policy;
mod token;
mod trimmed;
mod usage;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use self::audit::AuditArguments;
pub(crate) use self::client::{ClientChanges, ClientCommand, NewClient};
pub(crate) use self::confirmation::Confirmation;
pub(crate) use self::database::{BackupArguments, MigrateArguments, RestoreArguments, RestoreCommand};
pub(crate) use self::people::{ConsentCommand, EndedSessions, RowLimit, SessionCommand};
pub(crate) use self::policy::{
    CanIArguments, Ceilings, DiffArguments, ExplainArguments, ExportArguments, FailOn, GraphArguments, Held,
    LeastArguments, LintArguments, PictureFormat, PolicyCommand, PolicyFile, PolicyOperation, Reading, UsageArguments,
    WhoCanArguments,
};
pub(crate) use self::token::{IssueArguments, TokenCommand, TokenProfile, VerifyArguments};
pub(crate) use self::usage::report;
pub(crate) use self::user::{NewUser, PasswordSource, TokenChoice, UserChanges, UserCommand};
use crate::config::{CommonSettings, ConfigError, LogFilter, ServeSettings, Settings};
use crate::output::Format;

/// Scoped permissions as a service: `OAuth` 2.0 scopes for warp, and an authorization server.
#[derive(Debug, Parser)]
#[command(name = "scopegate", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: CommonFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Parses the command line of this process.
pub(crate) fn parse() -> Result<Arguments, clap::Error> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let command = usage::adapt(Arguments::command(), Some(&words));
    let matches = command.try_get_matches_from(words)?;
    Arguments::from_arg_matches(&matches)
}

/// The command line, with the help texts of the table of settings.
pub(crate) fn command() -> clap::Command {
    usage::adapt(Arguments::command(), None)
}

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct CommonFlags {
    /// Reads settings from a file in TOML; docs/configuration.md lists the keys
    #[arg(long, global = true, value_name = "FILE", env = "SCOPEGATE_CONFIG")]
    config: Option<PathBuf>,
    /// The format of the output
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        env = "SCOPEGATE_FORMAT"
    )]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) settings: CommonSettings,
}

impl CommonFlags {
    /// Reads the settings of this process.
    pub(crate) fn load(&self, serve: Option<&ServeSettings>) -> Result<Settings, ConfigError> {
        match serve {
            Some(serve) => self.load_with(serve, LogFilter::INFO),
            None => Settings::load(self.config.as_deref(), &self.settings, None, LogFilter::WARN),
        }
    }

    /// Reads the settings of `serve` for a command. Its output reports its work, so only warnings
    /// belong in its log.
    pub(crate) fn load_for_command(&self, serve: &ServeSettings) -> Result<Settings, ConfigError> {
        self.load_with(serve, LogFilter::WARN)
    }

    fn load_with(&self, serve: &ServeSettings, log_level: &str) -> Result<Settings, ConfigError> {
        Settings::load(self.config.as_deref(), &self.settings, Some(serve), log_level)
    }
}

/// The command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Box<ServeSettings>),
    /// Manage users
    #[command(subcommand)]
    User(UserCommand),
    /// Manage clients
    #[command(subcommand)]
    Client(ClientCommand),
    /// List and end the sessions of users in browsers
    #[command(subcommand)]
    Session(SessionCommand),
    /// List and withdraw what users granted to clients
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// Manage the keys that sign tokens
    #[command(subcommand)]
    Key(KeyCommand),
    /// Inspect, issue, verify and revoke tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Analyze a policy
    #[command(subcommand)]
    Policy(Box<PolicyCommand>),
    /// Show the audit log: logins, tokens and administrative changes, the newest entry last
    Audit(AuditArguments),
    /// Migrate the database to this version's tables
    Migrate(MigrateArguments),
    /// Write a consistent copy of the database to a new file, also while a server uses it
    Backup(BackupArguments),
    /// Create the database from a backup, check a backup, or finish a restore
    ///
    /// No database may exist yet. Run `scopegate restore finish` after it: each start warns until
    /// then. A backup whose name is that of a command is written `./check`.
    Restore(RestoreArguments),
    /// Check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Commands on the keys that sign tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Import a key: a private key in PEM, or a JWK
    ///
    /// It is published at once and signs after the announcement, as a new key does. RSA keys below
    /// 2048 bits and shared secrets are refused.
    Import {
        /// The file. Only its owner should be able to read it
        file: PathBuf,
        /// The algorithm of a key that fits several. Default for an RSA key: RS256
        #[arg(long, value_name = "ALG")]
        algorithm: Option<String>,
        /// Its id. Default: the `kid` of a JWK, or a random one
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
    /// List the keys: the one that signs, the next one, and those whose tokens are still valid
    List,
    /// Remove a leaked key at once: its tokens are refused from now on
    ///
    /// If it signed, the next key signs from now on, or a new one. Running servers follow within
    /// their `revocation_age`, other programs that cache the public keys within 5 minutes.
    Remove {
        /// The key's id (its `kid`)
        id: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Encrypt all stored keys and server secrets with another key-encryption key
    ///
    /// Without a file, a new key-encryption key replaces the one next to a SQLite database. With a
    /// file, the key in it must be configured from now on. Running servers read the file of the
    /// old key again.
    Rewrap {
        /// The file with the new key-encryption key: 32 bytes, in base64url or hexadecimal digits
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
    /// Create a new key: it is published at once, and signs after the announcement
    ///
    /// Running servers load it without a restart. The old key's tokens remain valid.
    Rotate {
        /// The algorithm: ES256, ES384 or EdDSA
        #[arg(long, value_name = "ALG", default_value = "ES256", conflicts_with = "server_secrets")]
        algorithm: String,
        /// Replace the server secrets in place of a key: they protect refresh tokens, pages and
        /// cookies. Values of the old ones stay valid until they end
        #[arg(long)]
        server_secrets: bool,
        /// Refuse the values of the old server secrets at once, after a leak: all refresh tokens
        /// end, and the tokens of clients that log in users are revoked
        #[arg(long, requires = "server_secrets")]
        revoke: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// Commands on the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration of `serve`, with secrets hidden
    Check(Box<ServeSettings>),
    /// Write a configuration file that lists each setting, as a comment
    Init {
        /// The new file; an existing one is never overwritten. Default: standard output
        file: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
