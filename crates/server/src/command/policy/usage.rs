//! `scopegate policy usage FILE LOG --scope "a b"`

mod log;

use std::fmt::Write as _;

use anyhow::{Context, bail};
use scopegate_openapi::address::Addresses;
use scopegate_openapi::import::Imported;
use scopegate_policy::ResolvedOperation;
use scopegate_policy::analysis::{AuthorizationServers, Usage, usage};
use serde_json::{Value, json};

use self::log::Log;
use super::calls::{Call, method_of};
use super::names::Spelling;
use super::{document, held};
use crate::arguments::UsageArguments;
use crate::output::{Format, SaidNo, counted, print};

pub(super) fn run(format: Format, arguments: &UsageArguments) -> anyhow::Result<()> {
    let policy = document::open(&arguments.document)?;
    let held = if arguments.scope.is_empty() {
        AuthorizationServers::of(policy.table()).scopes().collect()
    } else {
        held::scopes(policy.table(), &arguments.scope)?
    };
    let spelling = Spelling::of(policy.table(), &held);
    let name = arguments.log.display().to_string();
    let log = Log::read(&arguments.log).with_context(|| format!("`{name}` cannot be read"))?;
    if log.is_empty() {
        bail!("`{name}` holds no call");
    }
    let located = Located::new(&policy, &log);
    let called = located.known.iter().map(|(_, operation)| operation);
    let calls = called.map(|operation| (operation.method(), operation.template()));
    let used = usage(policy.table(), &held, calls, arguments.budget);
    let report = Report {
        log: &log,
        spelling: &spelling,
        refused: located.refused(&used),
        is_incomplete: !located.unknown.is_empty() && !arguments.ignore_unknown,
        located: &located,
    };
    print(format, &report.to_human(&used), &report.to_json(&used))?;
    if report.is_incomplete {
        Err(SaidNo.into())
    } else {
        Ok(())
    }
}

/// The calls of a log with their operations.
struct Located<'t> {
    known: Vec<(&'t Call, &'t ResolvedOperation)>,
    unknown: Vec<&'t Call>,
}

impl<'t> Located<'t> {
    fn new(policy: &'t Imported, log: &'t Log) -> Self {
        let addresses = Addresses::new(policy);
        let mut located = Self {
            known: Vec::new(),
            unknown: Vec::new(),
        };
        for call in &log.calls {
            let operation = method_of(&call.method).and_then(|method| {
                let found = if call.is_template {
                    addresses.find(method, &call.address)
                } else {
                    addresses.find_request(method, &call.address)
                };
                found.ok()
            });
            match operation {
                Some(operation) => located.known.push((call, operation)),
                None => located.unknown.push(call),
            }
        }
        located
    }

    /// The calls that the scopes do not allow.
    fn refused(&self, used: &Usage) -> Vec<String> {
        let is_refused = |operation: &ResolvedOperation| {
            let mut refused = used.refused_calls().iter();
            refused.any(|(method, path)| *method == operation.method() && path == operation.template())
        };
        let calls = self.known.iter().filter(|(_, operation)| is_refused(operation));
        calls.map(|(call, _)| label(call)).collect()
    }
}

fn label(call: &Call) -> String {
    format!("{} {}", call.method, call.address)
}

/// What is reported in addition to the scopes.
struct Report<'r> {
    log: &'r Log,
    spelling: &'r Spelling,
    located: &'r Located<'r>,
    refused: Vec<String>,
    /// Whether a call is unknown, so that no scope is known to be superfluous.
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

    fn unknown(&self) -> Vec<String> {
        self.located.unknown.iter().map(|call| label(call)).collect()
    }

    fn to_json(&self, used: &Usage) -> Value {
        let example = |(line, text): &(usize, String)| json!({ "line": line, "text": text });
        json!({
            "needed": self.spelling.words(used.needed()),
            "unneeded": self.unneeded(used),
            "complete": !self.is_incomplete,
            "optimal": used.is_optimal(),
            "refused_calls": self.refused,
            "unknown_calls": self.unknown(),
            "answered_no": self.log.refused,
            "lines_without_call": {
                "count": self.log.others,
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
        for label in self.unknown() {
            let _ = writeln!(text, "unknown   {label}");
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
        let how = if used.is_optimal() {
            ""
        } else {
            "; the budget was spent, so more might be taken away"
        };
        let calls = self.log.calls.len();
        if self.is_incomplete {
            let _ = writeln!(
                text,
                "no scope is recommended for removal: {} of {} belong to no operation; `--ignore-unknown` leaves them out",
                self.located.unknown.len(),
                counted(calls, "different call")
            );
        } else {
            let unneeded = counted(used.unneeded().len(), "scope");
            let calls = counted(calls, "different call");
            let _ = writeln!(text, "{unneeded} could be taken away; {calls}{how}");
        }
        text
    }
}
