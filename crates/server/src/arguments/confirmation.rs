//! The option that skips a question.

use clap::Args;

/// Whether to ask before a removal.
#[derive(Args, Debug)]
pub(crate) struct Confirmation {
    /// Do not ask on a terminal
    #[arg(long)]
    pub(crate) yes: bool,
}
