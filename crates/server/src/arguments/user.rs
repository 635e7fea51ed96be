//! The command line of `scopegate user`.

use clap::{ArgGroup, Args, Subcommand};

use super::confirmation::Confirmation;

/// Commands on users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user; the password is read from the terminal unless an option names its source
    ///
    /// Names are unique regardless of case and width: `JohnDoe` and `johndoe` are one name.
    Add(NewUser),
    /// Disable a user and revoke the user's tokens
    ///
    /// The user stays in the database. Every operation that requires an active user refuses it.
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
    /// Remove a user permanently and revoke the user's tokens
    Remove {
        /// The user's name
        name: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Revoke all tokens that were issued for a user until now
    Revoke {
        /// The user's name
        name: String,
    },
    /// Set a user's name, email address or full name
    ///
    /// Another name revokes the user's tokens, because a token can name its user by name. The id
    /// stays the same.
    Set(UserChanges),
    /// Set a user's password, and revoke the user's tokens unless --keep-tokens is given
    SetPassword {
        /// The user's name
        name: String,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        tokens: TokenChoice,
    },
    /// Set the scopes that can be granted for a user, and revoke the user's tokens if a scope is
    /// removed, unless --keep-tokens is given
    SetScope {
        /// The user's name
        name: String,
        /// Scopes, separated by spaces; an empty text removes all
        scope: String,
        #[command(flatten)]
        tokens: TokenChoice,
    },
    /// Show one user
    Show {
        /// The user's name
        name: String,
    },
}

/// A new user.
#[derive(Args, Debug)]
pub(crate) struct NewUser {
    /// The name to log in with, at most 200 bytes
    pub(crate) name: String,
    /// The permanent id, for example `ISSUER#SUB` for the subject of another issuer. Default: a
    /// random one
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The email address
    #[arg(long, value_name = "E")]
    pub(crate) email: Option<String>,
    /// The full name
    #[arg(long, value_name = "N")]
    pub(crate) full_name: Option<String>,
    /// The scopes that can be granted for this user, separated by spaces
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) scope: String,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
    /// Set no password: no password logs this user in
    #[arg(long, conflicts_with = "password_stdin")]
    pub(crate) no_password: bool,
}

/// The changes of `user set`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("change").required(true).multiple(true).args(["new_name", "email", "full_name"])))]
pub(crate) struct UserChanges {
    /// The user's name
    pub(crate) name: String,
    /// The new name to log in with, at most 200 bytes
    #[arg(long = "name", value_name = "N")]
    pub(crate) new_name: Option<String>,
    /// The new email address; an empty text removes it
    #[arg(long, value_name = "E")]
    pub(crate) email: Option<String>,
    /// The new full name; an empty text removes it
    #[arg(long, value_name = "N")]
    pub(crate) full_name: Option<String>,
}

/// The source of a password.
#[derive(Args, Debug)]
pub(crate) struct PasswordSource {
    /// Read the password from standard input, without one line end
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Whether a change revokes tokens.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct TokenChoice {
    /// Keep issued tokens valid until they expire
    #[arg(long)]
    pub(crate) keep_tokens: bool,
}
