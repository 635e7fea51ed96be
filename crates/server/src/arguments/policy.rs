//! The command line of `scopegate policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use scopegate_policy::Severity;

use super::trimmed::Trimmed;

/// Analyze a policy.
///
/// FILE is an `OpenAPI` 3.0 to 3.2 or Swagger 2.0 document in JSON or YAML. It may also be a Google
/// discovery document, Microsoft Graph's permissions file, or Scopegate's own TOML. The content
/// selects the format. `-` is standard input.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List the operations with their requirements
    Routes(PolicyFile),
    /// Explain guard by guard whether a request may run an operation (exit status 1: it may not)
    Explain(ExplainArguments),
    /// List the operations that a token with these scopes opens
    CanI(CanIArguments),
    /// List the smallest sets that open an operation
    WhoCan(WhoCanArguments),
    /// List what changed between two policies (exit status 1: a change of `--fail-on` is among it)
    Diff(DiffArguments),
    /// Report likely mistakes (exit status 1: one has a severity that `--fail-on` names)
    Lint(LintArguments),
    /// List the smallest sets of scopes that open given operations (exit status 1: no scopes do)
    ///
    /// Without `--operation`, compare the document's marks of least privilege with the computed
    /// ones (exit status 1: they differ).
    Least(LeastArguments),
    /// List the scopes that a client does not need for its calls
    Usage(UsageArguments),
    /// List the `implies` edges that the policy suggests
    Mine(PolicyFile),
    /// Draw a policy
    Graph(GraphArguments),
    /// Write a policy in another form
    Export(ExportArguments),
}

/// A document that declares a policy.
#[derive(Args, Debug)]
pub(crate) struct PolicyFile {
    /// The document, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Two schemes that accept tokens of one authorization server, although their addresses
    /// differ; may be repeated
    #[arg(long, value_name = "SCHEME=SCHEME")]
    pub(crate) same_server: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// The folders of files that a document may refer to.
#[derive(Args, Debug)]
pub(crate) struct Reading {
    /// Another folder whose files the document may refer to; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_root: Vec<PathBuf>,
    /// The folder for references of a document from standard input
    #[arg(long, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
}

/// One operation of a document.
#[derive(Args, Debug)]
pub(crate) struct PolicyOperation {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// The method, such as GET
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    /// The path of a request (`/v1/users/42`), its URL, or the declared path (`/users/{id}`)
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
}

/// The credentials of a request.
#[derive(Args, Debug)]
pub(crate) struct Held {
    /// The scopes of one token of one authorization server, separated by spaces
    ///
    /// Each is `SCOPE` or `SCOPE of SCHEME`. An empty text is a token without scopes. Without this
    /// option there is no token. May be repeated for one more token.
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scope: Vec<String>,
    /// A credential of this scheme, in addition to the token; may be repeated
    #[arg(long, value_name = "SCHEME")]
    pub(crate) scheme: Vec<String>,
    /// A fact other than a scope that it lacks, such as `active` or `check:NAME`; may be repeated
    ///
    /// All other facts that are not scopes are assumed to hold.
    #[arg(long, value_name = "WORD")]
    pub(crate) lacking: Vec<String>,
}

/// The limits of a token's scope, to find the cause of a denial.
#[derive(Args, Debug)]
pub(crate) struct Ceilings {
    /// The scopes that the client can be granted, separated by spaces
    #[arg(long, value_name = "SCOPES")]
    pub(crate) client_scope: Option<String>,
    /// The scopes that the user can grant, separated by spaces
    #[arg(long, value_name = "SCOPES")]
    pub(crate) user_scope: Option<String>,
    /// The scopes that the user granted to this client, separated by spaces
    #[arg(long, value_name = "SCOPES")]
    pub(crate) consented: Option<String>,
}

/// `policy explain`
#[derive(Args, Debug)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) operation: PolicyOperation,
    #[command(flatten)]
    pub(crate) held: Held,
    #[command(flatten)]
    pub(crate) ceilings: Ceilings,
    /// The profile of the answers
    #[arg(long, value_name = "PROFILE", value_parser = ["rfc", "tutorial"], default_value = "rfc")]
    pub(crate) profile: String,
}

/// `policy can-i`
#[derive(Args, Debug)]
pub(crate) struct CanIArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    #[command(flatten)]
    pub(crate) held: Held,
}

/// `policy who-can`
#[derive(Args, Debug)]
pub(crate) struct WhoCanArguments {
    #[command(flatten)]
    pub(crate) operation: PolicyOperation,
}

/// The changes that fail unless `--fail-on` names others.
const FAIL_ON: &str = "weaker,incomparable,public,scheme";

/// A change that makes `policy diff` fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FailOn {
    /// An operation allows more than before
    Weaker,
    /// An operation allows some requests that it refused, and refuses some that it allowed
    Incomparable,
    /// An operation is open to requests without a credential, and was not or is new
    Public,
    /// A scheme that operations name takes other credentials
    Scheme,
    /// An operation allows less than before
    Stronger,
    /// An operation is new
    Added,
    /// An operation was removed
    Removed,
    /// No change fails
    None,
}

/// `policy diff`
#[derive(Args, Debug)]
pub(crate) struct DiffArguments {
    /// The old policy
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The new policy
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// The changes that fail, separated by commas
    #[arg(long, value_name = "LIST", value_parser = Trimmed::<FailOn>::new(), value_delimiter = ',', default_value = FAIL_ON)]
    pub(crate) fail_on: Vec<FailOn>,
    /// Compare the operations of OLD below one path with those of NEW below another one, such as
    /// `/v1=/v2`; may be repeated
    #[arg(long, value_name = "OLD=NEW")]
    pub(crate) map: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `policy lint`
#[derive(Args, Debug)]
pub(crate) struct LintArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// The least severity of a finding that makes the exit status 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t)]
    pub(crate) fail_on: LintFailOn,
    /// Check only this rule; may be repeated
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Vec<String>,
    /// Do not check this rule; may be repeated
    #[arg(long, value_name = "RULE")]
    pub(crate) no_rule: Vec<String>,
    /// A TOML file of accepted findings, each with its reason; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore: Vec<PathBuf>,
    /// Report only findings that are not in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write all findings to this file, for `--baseline`; the exit status is 0
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// The severity from which `policy lint` fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFailOn {
    Error,
    #[default]
    Warning,
    Info,
    None,
}

impl LintFailOn {
    /// The least severity that fails; `None` if nothing fails.
    pub(crate) const fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::None => None,
        }
    }
}

/// `policy graph`
#[derive(Args, Debug)]
pub(crate) struct GraphArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// The file to write, which ends in `.svg`, `.html` or `.dot`; `-` is standard output
    ///
    /// With `-` no summary is printed, and the format is SVG unless `--as` names another one.
    #[arg(long, value_name = "F")]
    pub(crate) output: PathBuf,
    /// The format of the picture; without it, the end of the file name decides
    #[arg(long = "as", value_name = "FORMAT", value_enum)]
    pub(crate) picture: Option<PictureFormat>,
}

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PictureFormat {
    /// A picture without a script
    Svg,
    /// A page with boxes to tick, which loads nothing from the network
    Html,
    /// Text for Graphviz
    Dot,
}

/// The default limit of a search, in nodes.
const BUDGET: &str = "1000000";

/// `policy least`
#[derive(Args, Debug)]
pub(crate) struct LeastArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// An operation that must be allowed, such as "GET /users/me/", by path or URL; may be repeated
    ///
    /// Without this option the document's own marks of least privilege are checked.
    #[arg(long, value_name = "METHOD PATH")]
    pub(crate) operation: Vec<String>,
    /// The number of searched nodes, after which a set may be larger than necessary
    #[arg(long, value_name = "NODES", default_value = BUDGET)]
    pub(crate) budget: usize,
}

/// `policy usage`
///
/// Each line of LOG is one call: `METHOD PATH`, a line in the common log format, or a JSON object
/// of an access log. It may also be a line of Scopegate's own access log, as text or as JSON
/// (`--log-level info,scopegate_http::access=debug`). A call with the status 401, 403, 404 or 405
/// used no scope. While a call belongs to no operation, no scope is recommended for removal (exit
/// status 1).
#[derive(Args, Debug)]
pub(crate) struct UsageArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// The calls, one per line; `-` for standard input
    #[arg(value_name = "LOG")]
    pub(crate) log: PathBuf,
    /// The scopes of the client at one authorization server, separated by spaces
    ///
    /// Each is `SCOPE` or `SCOPE of SCHEME`. May be repeated for another server. Default: all
    /// scopes that the policy declares.
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scope: Vec<String>,
    /// Recommend scopes although calls of the log belong to no operation
    #[arg(long)]
    pub(crate) ignore_unknown: bool,
    /// The number of searched nodes, after which a set may be larger than necessary
    #[arg(long, value_name = "NODES", default_value = BUDGET)]
    pub(crate) budget: usize,
}

/// `policy export`
#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// The format: Scopegate's own TOML, an `OpenAPI` 3.1 or 3.0 document, or canonical JSON
    ///
    /// Canonical JSON contains only the meaning. It is the same for equal policies.
    #[arg(long, value_name = "FORM", value_parser = ["toml", "openapi", "openapi-3.0", "canonical"], default_value = "toml")]
    pub(crate) to: String,
}
