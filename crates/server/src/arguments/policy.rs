//! The command line of `scopegate policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use scopegate_policy::Severity;

use super::trimmed::Trimmed;

/// Questions about a policy.
///
/// FILE is an `OpenAPI` 3.0 to 3.2 or Swagger 2.0 document (JSON or YAML), a Google discovery document, Microsoft Graph's
/// permissions file, or Scopegate's own TOML, told apart by content; `-` is standard input.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List the operations with what each asks for
    Routes(PolicyFile),
    /// Say whether a request may do an operation, guard by guard (exit status 1: it may not)
    Explain(ExplainArguments),
    /// List the operations that a token with these scopes opens
    CanI(CanIArguments),
    /// List the smallest sets that open an operation
    WhoCan(WhoCanArguments),
    /// List what changed between two policies (exit status 1: a change of `--fail-on` is among it)
    Diff(DiffArguments),
    /// Say what looks wrong (exit status 1: something does that `--fail-on` names)
    Lint(LintArguments),
    /// List the smallest sets of scopes that open all of some operations (exit status 1: no scopes do); without
    /// `--operation`, compare what the document marks as least privilege with what is (exit status 1: they differ)
    Least(LeastArguments),
    /// Say which scopes could be taken from a client without refusing what it calls
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
    /// differ; may be given again
    #[arg(long, value_name = "SCHEME=SCHEME")]
    pub(crate) same_server: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Where the files may lie that a document refers to.
#[derive(Args, Debug)]
pub(crate) struct Reading {
    /// A further folder whose files the document may refer to; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_root: Vec<PathBuf>,
    /// The folder that a document from standard input refers to files from
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
    /// The path of a request (`/v1/users/42`), its URL, or the path as it is declared (`/users/{id}`)
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
}

/// What a request brings.
#[derive(Args, Debug)]
pub(crate) struct Held {
    /// The scopes of one token of one authorization server, separated by spaces
    ///
    /// Each is `SCOPE` or `SCOPE of SCHEME`. An empty text is a token without scopes. Without this
    /// option there is no token. May be given again for one more token.
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scope: Vec<String>,
    /// A credential of this scheme, beside the token; may be given again
    #[arg(long, value_name = "SCHEME")]
    pub(crate) scheme: Vec<String>,
    /// What it lacks beside scopes, such as `active` or `check:NAME`; everything else that is no scope is taken to hold
    #[arg(long, value_name = "WORD")]
    pub(crate) lacking: Vec<String>,
}

/// How far a token can reach at most, to learn who stands in the way.
#[derive(Args, Debug)]
pub(crate) struct Ceilings {
    /// The most that the client may have, with spaces between the scopes
    #[arg(long, value_name = "SCOPES")]
    pub(crate) client_scope: Option<String>,
    /// The most that the user may give
    #[arg(long, value_name = "SCOPES")]
    pub(crate) user_scope: Option<String>,
    /// What the user agreed to that this client may do
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
    /// Whose answers: the RFCs' or the tutorial's
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
    /// An operation is gone
    Removed,
    /// No change fails
    None,
}

/// `policy diff`
#[derive(Args, Debug)]
pub(crate) struct DiffArguments {
    /// The policy as it was
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The policy as it is to be
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// The changes that fail, separated by commas
    #[arg(long, value_name = "LIST", value_parser = Trimmed::<FailOn>::new(), value_delimiter = ',', default_value = FAIL_ON)]
    pub(crate) fail_on: Vec<FailOn>,
    /// Compares the operations of OLD below one path with those of NEW below another one, such as `/v1=/v2`; may be repeated
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
    /// Looks for this rule alone; may be given again
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Vec<String>,
    /// Does not look for this rule; may be given again
    #[arg(long, value_name = "RULE")]
    pub(crate) no_rule: Vec<String>,
    /// A TOML file of findings that are accepted, each with its reason; may be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore: Vec<PathBuf>,
    /// Reports what is not in this file alone
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Writes all findings into this file, for `--baseline`; the exit status is 0 then
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// From which severity on `policy lint` fails.
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
    /// With `-` the picture is an SVG unless `--as` names another format, and no summary is printed.
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
    /// A page with boxes to tick, which asks nothing of the network
    Html,
    /// Text for Graphviz
    Dot,
}

/// How far a search may go.
const BUDGET: &str = "1000000";

/// `policy least`
#[derive(Args, Debug)]
pub(crate) struct LeastArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// An operation that must be possible, such as "GET /users/me/", by its path or its URL; may be given again; unsaid, the document's own marks
    /// of least privilege are looked at
    #[arg(long, value_name = "METHOD PATH")]
    pub(crate) operation: Vec<String>,
    /// How many nodes are searched before the answer may be larger than need be
    #[arg(long, value_name = "NODES", default_value = BUDGET)]
    pub(crate) budget: usize,
}

/// `policy usage`
///
/// Each line of LOG is one call: `METHOD PATH`, a line in the common log format, a JSON object of an access log, or a line
/// of Scopegate's own access log (`--log-level info,scopegate_http::access=debug`), as text or as JSON. A call that was
/// answered 401, 403, 404 or 405 used no scope. While a call belongs to no operation, no scope is recommended for removal
/// (exit status 1).
#[derive(Args, Debug)]
pub(crate) struct UsageArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// The calls, one a line; `-` for standard input
    #[arg(value_name = "LOG")]
    pub(crate) log: PathBuf,
    /// The scopes of the client at one authorization server, separated by spaces
    ///
    /// Each is `SCOPE` or `SCOPE of SCHEME`. May be given again for another server. Default: all
    /// scopes that the policy declares.
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scope: Vec<String>,
    /// Recommends scopes although calls of the log belong to no operation
    #[arg(long)]
    pub(crate) ignore_unknown: bool,
    /// How many nodes are searched before the answer may be larger than need be
    #[arg(long, value_name = "NODES", default_value = BUDGET)]
    pub(crate) budget: usize,
}

/// `policy export`
#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    pub(crate) document: PolicyFile,
    /// Scopegate's own TOML, an `OpenAPI` 3.1 or 3.0 document, or the bare meaning as JSON that is the same for the same policy
    #[arg(long, value_name = "FORM", value_parser = ["toml", "openapi", "openapi-3.0", "canonical"], default_value = "toml")]
    pub(crate) to: String,
}
