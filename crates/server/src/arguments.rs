//! The command line.

mod policy;
mod token;
mod trimmed;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use self::policy::{
    CanIArguments, Ceilings, DiffArguments, ExplainArguments, ExportArguments, FailOn, GraphArguments, Held,
    LeastArguments, LintArguments, PictureFormat, PolicyCommand, PolicyFile, PolicyOperation, Reading, UsageArguments,
    WhoCanArguments,
};
pub(crate) use self::token::{TokenCommand, TokenProfile, VerifyArguments};
pub(crate) use self::usage::report;
use crate::config::{CommonSettings, ConfigError, ServeSettings, Settings};
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
#[derive(Args, Debug)]
pub(crate) struct CommonFlags {
    /// Reads settings from a file in TOML; docs/configuration.md lists the keys
    #[arg(long, global = true, value_name = "FILE", env = "SCOPEGATE_CONFIG")]
    config: Option<PathBuf>,
    /// How data is printed
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
        Settings::load(self.config.as_deref(), &self.settings, serve)
    }
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer requests
    Serve(Box<ServeSettings>),
    /// Look after users
    #[command(subcommand)]
    User(UserCommand),
    /// Look after clients
    #[command(subcommand)]
    Client(ClientCommand),
    /// Look after the keys that sign tokens
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look at tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Ask questions about a policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Bring the database to this version's layout
    Migrate,
    /// Write a consistent copy of the database to a new file, also while a server uses it
    Backup(BackupArguments),
    /// Make the database out of a backup; there must be none yet
    Restore(RestoreArguments),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `scopegate backup`
#[derive(Args, Debug)]
pub(crate) struct BackupArguments {
    /// The new file; an existing one is never overwritten
    pub(crate) file: PathBuf,
    /// Also write the key-encryption key, to `FILE.kek`: who has both files can sign tokens
    #[arg(long)]
    pub(crate) with_key: bool,
}

/// `scopegate restore`
#[derive(Args, Debug)]
pub(crate) struct RestoreArguments {
    /// The backup; `FILE.kek` is restored with it if it exists
    pub(crate) file: PathBuf,
}

/// Commands on users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user; the password is read from the terminal unless --password-stdin is given
    Add(NewUser),
    /// Disable a user: kept, and refused wherever an active user is asked for; takes back the user's tokens
    Disable {
        /// The user's name
        name: String,
    },
    /// Enable a disabled user
    Enable {
        /// The user's name
        name: String,
    },
    /// List all users
    List,
    /// Remove a user for good, and take back the user's tokens
    Remove {
        /// The user's name
        name: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Take back all tokens that were issued in a user's name until now
    Revoke {
        /// The user's name
        name: String,
    },
    /// Give a user another password
    SetPassword {
        /// The user's name
        name: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Set the most that can be granted in a user's name
    SetScope {
        /// The user's name
        name: String,
        /// Scopes, with spaces between them; an empty text takes all away
        scope: String,
    },
    /// Show one user
    Show {
        /// The user's name
        name: String,
    },
}

/// A user to be added.
#[derive(Args, Debug)]
pub(crate) struct NewUser {
    /// The name to log in with
    pub(crate) name: String,
    /// Address for mail
    #[arg(long, value_name = "E")]
    pub(crate) email: Option<String>,
    /// Name for people
    #[arg(long, value_name = "N")]
    pub(crate) full_name: Option<String>,
    /// The most that can be granted in this user's name
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) scope: String,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
}

/// Whether to ask before something is removed.
#[derive(Args, Debug)]
pub(crate) struct Confirmation {
    /// Do not ask on a terminal
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Where a password comes from.
#[derive(Args, Debug)]
pub(crate) struct PasswordSource {
    /// Read the password from standard input (one line end behind it is left out)
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Commands on clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a client; a confidential one's secret is shown once
    Add(NewClient),
    /// List all clients
    List,
    /// Remove a client for good, and take back its tokens
    Remove {
        /// The client's id
        id: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Take back all tokens that were issued to a client until now
    Revoke {
        /// The client's id
        id: String,
    },
    /// Set the most that a client can be granted
    SetScope {
        /// The client's id
        id: String,
        /// Scopes, with spaces between them; an empty text takes all away
        scope: String,
    },
    /// Make a new secret for a client, show it once, and forget the old one
    SetSecret {
        /// The client's id
        id: String,
    },
    /// Show one client
    Show {
        /// The client's id
        id: String,
    },
}

/// A client to be added.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("kind").required(true)))]
pub(crate) struct NewClient {
    /// What people call it
    pub(crate) name: String,
    /// Its id (made at random where absent)
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// It runs at the user's and cannot keep a secret
    #[arg(long, group = "kind")]
    pub(crate) public: bool,
    /// It can keep a secret
    #[arg(long, group = "kind")]
    pub(crate) confidential: bool,
    /// Where answers may be sent; may be given again. Stored for a later version: this one has no authorization endpoint
    #[arg(long, value_name = "U")]
    pub(crate) redirect_uri: Vec<String>,
    /// A grant that it may use, such as `password`; may be given again
    #[arg(long, value_name = "G")]
    pub(crate) grant: Vec<String>,
    /// The most that it can be granted
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) scope: String,
    /// It may ask whether tokens are valid. Stored for a later version: this one has no introspection endpoint
    #[arg(long)]
    pub(crate) introspect: bool,
}

/// Commands on the keys that sign tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Add a key that was made elsewhere: a private key in PEM, or a JWK
    ///
    /// It is published at once and signs after the announcement, as a new key does. RSA keys below 2048 bits are refused, and
    /// so are shared secrets.
    Import {
        /// The file, which nobody else should be able to read
        file: PathBuf,
        /// The algorithm, where the key could be for several: an RSA key is for RS256 unless this says otherwise
        #[arg(long, value_name = "ALG")]
        algorithm: Option<String>,
        /// Its id (of a JWK: its `kid`; otherwise made at random)
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
    /// List the keys: which one signs, which one is to, and whose tokens are still good
    List,
    /// Remove a key at once, for it leaked: its tokens are refused from now on
    ///
    /// If it signed, the next key does from now on, or a new one. Running servers follow within
    /// their `revocation_age`; others who keep the public keys within 5 minutes.
    Remove {
        /// The key's id (its `kid`)
        id: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Encrypt all stored keys anew, with another key-encryption key
    ///
    /// The key-encryption key beside a SQLite database is replaced by a new one, unless a file is given. Then the one in that file
    /// has to be configured from now on. Running servers read the file again that they have the old one from.
    Rewrap {
        /// A file with the new key-encryption key: 32 bytes, in base64url or hexadecimal digits
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
    /// Make a new key: it is published at once, and signs after the announcement
    ///
    /// Running servers take it up by themselves, and the old key's tokens stay good.
    Rotate {
        /// What it is for: ES256, ES384 or EdDSA
        #[arg(long, value_name = "ALG", default_value = "ES256")]
        algorithm: String,
    },
}

/// Commands on the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration that `serve` would run with, secrets hidden
    Check(Box<ServeSettings>),
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
