//! The command line of `scopegate token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Commands on tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Show what a token says, without checking whether it is genuine
    ///
    /// A token in an argument can be read in the machine's list of processes: give `-` and write it to standard input, one
    /// token a line.
    Inspect {
        /// The token, or `-` to read tokens from standard input
        #[arg(value_name = "TOKEN|-")]
        token: String,
    },
    /// Take back one token: the servers of this database refuse it from now on
    Revoke {
        /// The token's id: its claim `jti`
        #[arg(long, value_name = "ID")]
        jti: String,
    },
    /// Say whether a token is genuine and valid, and which rule refuses it (exit status 1: it is not valid)
    ///
    /// A token in an argument can be read in the machine's list of processes: give `-` and write it to standard input. Then each
    /// line is a token, and one line of JSON comes out for each.
    Verify(Box<VerifyArguments>),
}

/// `token verify`
#[derive(Args, Debug)]
pub(crate) struct VerifyArguments {
    /// The token, or `-` to read one token a line from standard input
    #[arg(value_name = "TOKEN|-")]
    pub(crate) token: String,
    /// The keys: a JWK set, which may hold secrets
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: PathBuf,
    /// Whose rules
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    pub(crate) profile: TokenProfile,
    /// Who must have issued the token (`iss`)
    #[arg(long, value_name = "I")]
    pub(crate) issuer: Option<String>,
    /// Whom it must be meant for (`aud`)
    #[arg(long, value_name = "A")]
    pub(crate) audience: Option<String>,
    /// The moment to ask about, in seconds since 1970 (default: now)
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    pub(crate) at: Option<i64>,
    /// Let RSA keys below 2048 bits (RS256 and RS512 alone) and secrets shorter than the hash verify
    #[arg(long)]
    pub(crate) allow_weak_keys: bool,
}

/// Whose rules a token is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenProfile {
    /// Access tokens by RFC 9068; needs --issuer and --audience
    #[default]
    Rfc9068,
    /// Access tokens of other issuers, of type `JWT` or `at+jwt`; needs --issuer and --audience
    Jwt,
    /// The tutorial's tokens
    Tutorial,
    /// Signature and header alone
    Jws,
}
