//! The command line of `scopegate token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::config::ServeSettings;

/// Commands on tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Show the content of a token without verifying it
    ///
    /// Other users can read an argument in the list of processes: give `-` and write the tokens to
    /// standard input, one per line.
    Inspect {
        /// The token, or `-` to read tokens from standard input
        #[arg(value_name = "TOKEN|-")]
        token: String,
    },
    /// Issue an access token for a client, or for a user of a client, without a secret of either
    ///
    /// The signing keys are opened here, so only who can read the database and the key-encryption
    /// key can do this. The rules are those of the token endpoint, except that a token for a user
    /// needs no grant of the client. The token is valid for `access_token_lifetime` (default: 10
    /// minutes), and is the only output.
    Issue(Box<IssueArguments>),
    /// Revoke one token: the servers of this database refuse it from now on
    ///
    /// Other users can read an argument in the list of processes, so a token is read from standard
    /// input only.
    Revoke {
        /// Read the token from standard input
        #[arg(value_name = "-", conflicts_with = "jti", required_unless_present = "jti")]
        token: Option<String>,
        /// The claim `jti` of the token
        #[arg(long, value_name = "ID")]
        jti: Option<String>,
    },
    /// Verify a token and report the rule that it breaks (exit status 1: it is not valid)
    ///
    /// Other users can read an argument in the list of processes: give `-` and write the tokens to
    /// standard input, one per line. The output is one line of JSON for each.
    Verify(Box<VerifyArguments>),
}

/// `token issue`
#[derive(Args, Debug)]
pub(crate) struct IssueArguments {
    /// The client's id
    #[arg(long, value_name = "ID")]
    pub(crate) client: String,
    /// The user's name. Default: the client acts for itself
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The scopes, separated by spaces. What client or user may not have is left out
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scope: String,
    /// The audience of a resource of the client; may be repeated. Default: all of its resources
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) resource: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: ServeSettings,
}

/// `token verify`
#[derive(Args, Debug)]
pub(crate) struct VerifyArguments {
    /// The token, or `-` to read one token per line from standard input
    #[arg(value_name = "TOKEN|-")]
    pub(crate) token: String,
    /// The file of the keys: a JWK set, which may contain secrets
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: PathBuf,
    /// The rules of verification
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    pub(crate) profile: TokenProfile,
    /// The required issuer (`iss`)
    #[arg(long, value_name = "I")]
    pub(crate) issuer: Option<String>,
    /// The required audience (`aud`)
    #[arg(long, value_name = "A")]
    pub(crate) audience: Option<String>,
    /// The time of the verification, in seconds since 1970. Default: now
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    pub(crate) at: Option<i64>,
    /// Accept RSA keys below 2048 bits (RS256 and RS512 only) and secrets shorter than the hash
    #[arg(long)]
    pub(crate) allow_weak_keys: bool,
}

/// The rules of verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenProfile {
    /// Access tokens by RFC 9068; needs --issuer and --audience
    #[default]
    Rfc9068,
    /// Access tokens of other issuers, of type `JWT` or `at+jwt`; needs --issuer and --audience
    Jwt,
    /// The tutorial's tokens
    Tutorial,
    /// Signature and header only
    Jws,
}
