//! The command line of `scopegate policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Questions about a policy.
///
/// FILE is an OpenAPI 3.0 or 3.1 or Swagger 2.0 document (JSON or YAML), a Google discovery document, Microsoft Graph's
/// permissions file, or Scopegate's own TOML, told apart by content; `-` is standard input.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List the operations with what each asks for
    Routes(PolicyFile),
}

/// A document that declares a policy.
#[derive(Args, Debug)]
pub(crate) struct PolicyFile {
    /// The document, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
