//! The command line of `scopegate client`.

use clap::{Args, Subcommand};

use super::confirmation::Confirmation;

/// Commands on clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a client; the secret of a confidential client is shown once
    Add(Box<NewClient>),
    /// Add a second secret to a client and show it once
    ///
    /// A client has at most two secrets, so that one can replace the other without a pause. One
    /// that has ended is removed first.
    AddSecret {
        /// The client's id
        id: String,
        /// The time until the secret ends, such as `90d` or `12h`. Default: it has no end
        #[arg(long, value_name = "DURATION")]
        ends: Option<String>,
    },
    /// List all clients
    List,
    /// Remove a client permanently and revoke its tokens
    Remove {
        /// The client's id
        id: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Remove a secret of a client; issued tokens stay valid
    RemoveSecret {
        /// The client's id
        id: String,
        /// The first hexadecimal digits of the digest, as `client show` prints them
        digest: String,
    },
    /// Revoke all tokens that were issued to a client until now
    Revoke {
        /// The client's id
        id: String,
    },
    /// Change settings of a client; an option that is absent changes nothing
    ///
    /// A change that takes a scope, a grant or a resource away, or changes the kind, revokes the
    /// issued tokens.
    Set(Box<ClientChanges>),
    /// Set the scopes that a client can be granted; fewer scopes revoke the issued tokens
    SetScope {
        /// The client's id
        id: String,
        /// Scopes, separated by spaces; an empty text removes all
        scope: String,
        /// Let issued tokens stay valid
        #[arg(long)]
        keep_tokens: bool,
    },
    /// Create a new secret for a client, show it once, and delete all old ones
    SetSecret {
        /// The client's id
        id: String,
    },
    /// Show one client
    Show {
        /// The client's id, or its name if no other client has it
        #[arg(value_name = "ID|NAME")]
        id: String,
    },
}

/// A new client.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("kind").required(true)))]
pub(crate) struct NewClient {
    /// Its name for people
    pub(crate) name: String,
    /// Its id. Default: a random one
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// It runs on the user's device and cannot keep a secret
    #[arg(long, group = "kind")]
    pub(crate) public: bool,
    /// It can keep a secret
    #[arg(long, group = "kind")]
    pub(crate) confidential: bool,
    /// How a confidential client sends its secret. Default: `client_secret_basic`
    #[arg(long, value_name = "METHOD", value_parser = ["client_secret_basic", "client_secret_post"], conflicts_with = "public")]
    pub(crate) auth_method: Option<String>,
    /// A redirect URI; may be repeated. Stored for a later version: this one has no authorization
    /// endpoint
    #[arg(long, value_name = "U")]
    pub(crate) redirect_uri: Vec<String>,
    /// A grant that it may use: `client_credentials` or `password`; may be repeated
    #[arg(long, value_name = "G")]
    pub(crate) grant: Vec<String>,
    /// The audience of an API that its tokens are for; may be repeated
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) resource: Vec<String>,
    /// The scopes that it can be granted, separated by spaces
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) scope: String,
    /// Scopes that a user can refuse to grant to it. Stored for a later version
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) optional_scope: String,
    /// The scopes of a request that names none. Default: all that it can be granted
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) default_scope: String,
    /// It may introspect tokens (RFC 7662): a resource server
    #[arg(long)]
    pub(crate) introspect: bool,
}

/// Changes of a client.
#[derive(Args, Debug)]
pub(crate) struct ClientChanges {
    /// The client's id
    pub(crate) id: String,
    /// Its name for people
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// It runs on the user's device; its secrets are deleted
    #[arg(long, conflicts_with_all = ["confidential", "auth_method"])]
    pub(crate) public: bool,
    /// It can keep a secret; a public client gets one, which is shown once
    #[arg(long)]
    pub(crate) confidential: bool,
    /// How it sends its secret
    #[arg(long, value_name = "METHOD", value_parser = ["client_secret_basic", "client_secret_post"])]
    pub(crate) auth_method: Option<String>,
    /// A redirect URI, in place of the old ones; may be repeated. An empty text removes all
    #[arg(long, value_name = "U")]
    pub(crate) redirect_uri: Option<Vec<String>>,
    /// A grant, in place of the old ones; may be repeated. An empty text removes all
    #[arg(long, value_name = "G")]
    pub(crate) grant: Option<Vec<String>>,
    /// An audience, in place of the old ones; may be repeated. An empty text removes all
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) resource: Option<Vec<String>>,
    /// The scopes that it can be granted, separated by spaces; an empty text removes all
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scope: Option<String>,
    /// Scopes that a user can refuse to grant to it; an empty text removes all
    #[arg(long, value_name = "SCOPES")]
    pub(crate) optional_scope: Option<String>,
    /// The scopes of a request that names none; an empty text means all that it can be granted
    #[arg(long, value_name = "SCOPES")]
    pub(crate) default_scope: Option<String>,
    #[command(flatten)]
    pub(crate) introspection: IntrospectionChange,
    /// Let issued tokens stay valid
    #[arg(long)]
    pub(crate) keep_tokens: bool,
}

/// A change of the right to introspect.
#[derive(Args, Debug)]
pub(crate) struct IntrospectionChange {
    /// It may introspect tokens (RFC 7662)
    #[arg(long, conflicts_with = "no_introspect")]
    pub(crate) introspect: bool,
    /// It may no longer introspect tokens
    #[arg(long)]
    pub(crate) no_introspect: bool,
}
