//! The arguments of `scopegate audit`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use scopegate_domain::AuditEvent;

/// `scopegate audit`
#[derive(Args, Debug)]
pub(crate) struct AuditArguments {
    /// Show only entries of this user: a name or an id. Entries of a removed user have its id
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Show only entries of this client: an id or a name. Entries of a removed client have its id
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Show only entries of this event
    #[arg(long, value_name = "EVENT", value_parser = PossibleValuesParser::new(AuditEvent::ALL.iter().map(|event| event.as_str())))]
    pub(crate) event: Option<String>,
    /// Show only entries since this time: an age in days, hours or minutes such as `7d`, or a time
    /// such as `2026-01-31T12:00:00Z`. Default: all entries
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Show at most this number of entries, the newest ones. Default: 100
    #[arg(long, value_name = "N", default_value_t = 100, hide_default_value = true)]
    pub(crate) limit: u32,
    /// Continue with new entries until Ctrl-C or until the reader of the output ends
    #[arg(long)]
    pub(crate) follow: bool,
}
