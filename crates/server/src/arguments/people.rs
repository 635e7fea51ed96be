//! The command line of `scopegate session` and `scopegate consent`.

use clap::{ArgGroup, Args, Subcommand};

/// Commands on the sessions of users in browsers.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// End sessions: the browsers are logged out, and what ends with them is refused
    ///
    /// Refresh tokens of the session end, too, except those with `offline_access`. The access
    /// tokens of these are revoked.
    End(EndedSessions),
    /// List the sessions of users, by the names of the users
    List {
        /// List only those of this user
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        limit: RowLimit,
    },
}

/// The sessions to end.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("sessions").required(true).args(["id", "user"])))]
pub(crate) struct EndedSessions {
    /// The id of one session, as `session list` prints it, or at least its first 8 digits
    pub(crate) id: Option<String>,
    /// All sessions of this user
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
}

/// Commands on what users granted to clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// List what users granted to clients, by the names of the users
    List {
        /// List only the consents of this user
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// List only the consents for this client: an id, or a name that no other client has
        #[arg(long, value_name = "ID|NAME")]
        client: Option<String>,
        #[command(flatten)]
        limit: RowLimit,
    },
    /// Withdraw all that a user granted to a client; its tokens for the user end
    ///
    /// The client must ask the user again. Its refresh tokens and codes are refused, and its access
    /// tokens are revoked.
    Withdraw {
        /// The user's name
        user: String,
        /// The client's id, or its name if no other client has it
        #[arg(value_name = "CLIENT")]
        client: String,
    },
}

/// The number of rows of a list.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct RowLimit {
    /// Show at most this number of rows. Default: 10000
    #[arg(
        id = "limit",
        long = "limit",
        value_name = "N",
        default_value_t = 10_000,
        hide_default_value = true
    )]
    pub(crate) rows: u32,
}
