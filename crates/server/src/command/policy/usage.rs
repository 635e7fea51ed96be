//! `scopegate policy usage FILE LOG --scope "a b"`

mod log;

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher as _};

use anyhow::{Context, bail};
use scopegate_analysis::{Usage, usage};
use scopegate_openapi::address::Addresses;
use scopegate_openapi::import::Imported;
use scopegate_policy::{AuthorizationServers, Method, ResolvedOperation};
use serde_json::{Value, json};

use self::log::Log;
use super::calls::{Call, Logged, method_of};
use super::names::Spelling;
use super::{document, held};
use crate::arguments::UsageArguments;
use crate::output::{Format, NegativeResult, counted, print};

/// The maximum number of unknown calls that are listed. Further ones are counted.
const MAX_UNKNOWN: usize = 1_000;

pub(super) fn run(format: Format, arguments: &UsageArguments) -> anyhow::Result<()> {
    let name = arguments.log.display().to_string();
    document::refuse_url(&name)?;
    let policy = document::open(&arguments.document)?;
    let held = if arguments.scope.is_empty() {
        AuthorizationServers::of(policy.table()).scopes().collect()
    } else {
        held::scopes(policy.table(), &arguments.scope)?
    };
    let spelling = Spelling::of(policy.table(), &held);
    let mut located = Located::new(&policy);
    let log = Log::read(&arguments.log, &mut |logged| located.add(&logged))
        .with_context(|| format!("`{}` cannot be read", name.escape_debug()))?;
    if log.is_empty() {
        bail!("`{}` contains no call", name.escape_debug());
    }
    let called = located.known.values().map(|(_, operation)| operation);
    let calls = called.map(|operation| (operation.method(), operation.template()));
    let used = usage(policy.table(), &held, calls, arguments.budget);
    let is_understood = located.unknown.is_empty() && log.unread == 0;
    let report = Report {
        log: &log,
        spelling: &spelling,
        refused: located.refused(&used),
        is_incomplete: !is_understood && !arguments.ignore_unknown,
        located: &located,
    };
    print(format, &report.to_human(&used), &report.to_json(&used))?;
    if report.is_incomplete {
        Err(NegativeResult.into())
    } else {
        Ok(())
    }
}

/// The calls of a log with their operations.
struct Located<'t> {
    addresses: Addresses<'t>,
    /// Each operation by its order in the log, with the first call of it.
    known: BTreeMap<usize, (String, &'t ResolvedOperation)>,
    order: HashMap<(Method, &'t str), usize>,
    /// The calls without an operation, as text to show.
    unknown: Vec<String>,
    /// Digests of these calls, so that each is listed once.
    seen: HashSet<u64>,
    /// Further unknown calls, which are not listed.
    more_unknown: usize,
    /// Requests of browsers without a credential, before a call of another origin.
    preflights: usize,
}

impl<'t> Located<'t> {
    fn new(policy: &'t Imported) -> Self {
        Self {
            addresses: Addresses::new(policy),
            known: BTreeMap::new(),
            order: HashMap::new(),
            unknown: Vec::new(),
            seen: HashSet::new(),
            more_unknown: 0,
            preflights: 0,
        }
    }

    fn add(&mut self, logged: &Logged) {
        let call = &logged.call;
        let found = method_of(&call.method).and_then(|method| self.find(method, call));
        if let Some(operation) = found {
            let count = self.order.len();
            let key = (operation.method(), operation.template());
            let place = *self.order.entry(key).or_insert(count);
            self.known.entry(place).or_insert_with(|| (label(call), operation));
            return;
        }
        let is_of_path = |this: &Self| {
            let mut methods = Method::ALL.into_iter();
            methods.any(|method| this.find(method, call).is_some())
        };
        if logged.can_be_preflight() && is_of_path(self) {
            self.preflights += 1;
            return;
        }
        let label = label(call);
        let mut digest = DefaultHasher::new();
        label.hash(&mut digest);
        if self.unknown.len() >= MAX_UNKNOWN {
            self.more_unknown += 1;
        } else if self.seen.insert(digest.finish()) {
            self.unknown.push(label);
        }
    }

    fn find(&self, method: Method, call: &Call) -> Option<&'t ResolvedOperation> {
        let address = if call.query.is_empty() {
            Cow::Borrowed(&*call.address)
        } else {
            Cow::Owned(format!("{}?{}", call.address, call.query))
        };
        let found = if call.is_template {
            self.addresses.find(method, &address)
        } else {
            self.addresses.find_request(method, &address)
        };
        found.ok()
    }

    /// The calls that the scopes do not allow.
    fn refused(&self, used: &Usage) -> Vec<String> {
        let is_refused = |operation: &ResolvedOperation| {
            let mut refused = used.refused_calls().iter();
            refused.any(|(method, path)| *method == operation.method() && path == operation.template())
        };
        let calls = self.known.values().filter(|(_, operation)| is_refused(operation));
        calls.map(|(label, _)| label.clone()).collect()
    }
}

/// SECURITY: a part of a path may be a token, so a long one with digits is omitted. Tested by
/// `usage::an_unknown_call_is_listed_without_secrets`.
fn label(call: &Call) -> String {
    const LONGEST: usize = 20;
    let is_digit = |character: char| character.is_ascii_digit();
    let is_uuid = |part: &str| {
        part.len() == 36
            && part
                .chars()
                .all(|character| character.is_ascii_hexdigit() || character == '-')
    };
    let shown = |part: &str| {
        let is_telling = part.len() <= LONGEST || !part.contains(is_digit) || is_uuid(part);
        if is_telling { part.to_owned() } else { "..".to_owned() }
    };
    let parts: Vec<String> = call.address.split('/').map(shown).collect();
    format!("{} {}", call.method, parts.join("/"))
}

/// The parts of the report in addition to the scopes.
struct Report<'r> {
    log: &'r Log,
    spelling: &'r Spelling,
    located: &'r Located<'r>,
    refused: Vec<String>,
    /// Whether a call is unknown, so that no scope can be reported as unneeded.
    is_incomplete: bool,
}

impl Report<'_> {
    fn unneeded(&self, used: &Usage) -> Vec<String> {
        if self.is_incomplete {
            Vec::new()
        } else {
            self.spelling.words(used.unneeded())
        }
    }

    fn to_json(&self, used: &Usage) -> Value {
        let example = |(line, text): &(usize, String)| json!({ "line": line, "text": text });
        json!({
            "needed": self.spelling.words(used.needed()),
            "unneeded": self.unneeded(used),
            "complete": !self.is_incomplete,
            "optimal": used.is_optimal(),
            "refused_calls": self.refused,
            "unknown_calls": self.located.unknown,
            "more_unknown_calls": self.located.more_unknown,
            "answered_no": self.log.refused,
            "preflights": self.located.preflights,
            "lines_without_call": {
                "count": self.log.others,
                "unread": self.log.unread,
                "examples": self.log.examples.iter().map(example).collect::<Vec<_>>(),
            },
        })
    }

    fn to_human(&self, used: &Usage) -> String {
        let words = |names: Vec<String>| {
            if names.is_empty() {
                "(none)".to_owned()
            } else {
                names.join(" ")
            }
        };
        let mut text = format!("needed    {}\n", words(self.spelling.words(used.needed())));
        if !self.is_incomplete {
            let _ = writeln!(text, "unneeded  {}", words(self.unneeded(used)));
        }
        for label in &self.refused {
            let _ = writeln!(text, "refused   {label}");
        }
        for label in &self.located.unknown {
            let _ = writeln!(text, "unknown   {label}");
        }
        if self.located.more_unknown > 0 {
            let _ = writeln!(text, "unknown   {} more", self.located.more_unknown);
        }
        for (line, example) in &self.log.examples {
            let _ = writeln!(text, "no call   line {line}: {example}");
        }
        text.push('\n');
        if self.log.others > 0 {
            let _ = writeln!(text, "lines without a call: {}", self.log.others);
        }
        if self.log.refused > 0 {
            let _ = writeln!(text, "lines answered 401, 403, 404 or 405: {}", self.log.refused);
        }
        if self.located.preflights > 0 {
            let _ = writeln!(
                text,
                "preflight requests without a credential: {}",
                self.located.preflights
            );
        }
        let _ = writeln!(text, "{}", self.advice(used));
        text
    }

    /// Prints the scopes that can be removed, or the reason why they are unknown.
    fn advice(&self, used: &Usage) -> String {
        if !self.is_incomplete {
            let how = if used.is_optimal() {
                ""
            } else {
                "; the budget was spent, so more might be taken away"
            };
            let (unneeded, calls) = (counted(used.unneeded().len(), "scope"), counted(self.log.calls, "call"));
            return format!("{unneeded} could be taken away; {calls}{how}");
        }
        let unknown = self.located.unknown.len() + self.located.more_unknown;
        let mut why = Vec::new();
        if unknown > 0 {
            why.push(format!("{} of no operation", counted(unknown, "different call")));
        }
        if self.log.unread > 0 {
            let lines = counted(self.log.unread, "line");
            why.push(format!("{lines} with a method and a path that cannot be read"));
        }
        let why = why.join(", and ");
        format!("no scope is recommended for removal: {why}; `--ignore-unknown` leaves them out")
    }
}
