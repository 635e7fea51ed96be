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
        #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
        ends: Option<String>,
    },
    /// Explain whether the server accepts a redirect URI or an authorization request of a client
    ///
    /// It checks as the authorization endpoint does, reads the database and changes nothing. The
    /// exit status is 1 if the URI or the request is refused.
    Check {
        /// The client's id, or its name if no other client has it
        #[arg(value_name = "ID|NAME")]
        id: String,
        /// A redirect URI, or the URL of a whole request: `https://../authorize?client_id=..`
        url: String,
    },
    /// List all clients
    List,
    /// Remove a client permanently; its tokens, codes and refresh tokens end
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
    /// A URI that an authorization code may be sent to; may be repeated
    #[arg(long, value_name = "U")]
    pub(crate) redirect_uri: Vec<String>,
    /// A grant that it may use: `authorization_code`, `refresh_token`, `client_credentials` or
    /// `password`; may be repeated
    #[arg(long, value_name = "G")]
    pub(crate) grant: Vec<String>,
    /// The audience of an API that its tokens are for; may be repeated
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) resource: Vec<String>,
    /// The scopes that it can be granted, separated by spaces
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) scope: String,
    /// Scopes that a user can refuse to grant to it
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) optional_scope: String,
    /// The scopes of a request that names none. Default: all that it can be granted
    #[arg(long, value_name = "SCOPES", default_value = "")]
    pub(crate) default_scope: String,
    /// It may introspect tokens (RFC 7662): a resource server
    #[arg(long)]
    pub(crate) introspect: bool,
    #[command(flatten)]
    pub(crate) people: PeopleSettings,
}

/// The settings of a new client that logs in users.
#[derive(Args, Debug)]
pub(crate) struct PeopleSettings {
    /// A URI that a browser may return to after a logout; may be repeated
    #[arg(long, value_name = "U")]
    pub(crate) post_logout_redirect_uri: Vec<String>,
    /// It belongs to the operator of this server: its users see no consent page
    #[arg(long)]
    pub(crate) first_party: bool,
    /// The maximum time between two refreshes, such as `12h`. Default: 24 hours for a browser
    /// application, else 30 days
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) refresh_idle: Option<String>,
    /// The time from which no refresh is possible, such as `90d`. Default: 14 days for a browser
    /// application, 180 days for another public client, 365 days for a confidential one
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) refresh_age: Option<String>,
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
    /// A URI after a logout, in place of the old ones; may be repeated. An empty text removes all
    #[arg(long, value_name = "U")]
    pub(crate) post_logout_redirect_uri: Option<Vec<String>>,
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
    #[command(flatten)]
    pub(crate) owner: OwnerChange,
    /// The maximum time between two refreshes; an empty text restores the default. It applies to
    /// later logins
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) refresh_idle: Option<String>,
    /// The time from which no refresh is possible; an empty text restores the default. It applies
    /// to later logins
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) refresh_age: Option<String>,
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

/// A change of the owner of a client.
#[derive(Args, Debug)]
pub(crate) struct OwnerChange {
    /// It belongs to the operator of this server: its users see no consent page
    #[arg(long, conflicts_with = "no_first_party")]
    pub(crate) first_party: bool,
    /// It does not belong to the operator: its users see the consent page
    #[arg(long)]
    pub(crate) no_first_party: bool,
}
