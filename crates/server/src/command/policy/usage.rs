//! `scopegate policy usage FILE LOG --scope "a b"`

use std::fmt::Write as _;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail};
use scopegate_policy::Method;
use scopegate_policy::analysis::{AuthorizationServers, Usage, usage};
use serde_json::{Value, json};

use super::calls::call;
use super::names::Spelling;
use super::{document, held};
use crate::arguments::UsageArguments;
use crate::output::{Format, counted, print, remark};

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
    if log.calls.is_empty() {
        bail!("`{name}` holds no call");
    }
    if log.others > 0 {
        remark(&format!("{} lines of `{name}` hold no call", log.others));
    }
    let used = usage(
        policy.table(),
        &held,
        log.calls.iter().map(|(method, path)| (*method, path)),
        arguments.budget,
    );
    print(
        format,
        &to_human(&used, &spelling, log.calls.len()),
        &to_json(&used, &spelling),
    )
}

/// The different calls of a log, in the order of their first line.
#[derive(Default)]
struct Log {
    calls: Vec<(Method, String)>,
    seen: std::collections::HashSet<(Method, String)>,
    others: usize,
}

impl Log {
    fn read(path: &Path) -> io::Result<Self> {
        let source: Box<dyn BufRead> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(path)?))
        };
        let mut log = Self::default();
        for line in source.split(b'\n') {
            log.add(&String::from_utf8_lossy(&line?));
        }
        Ok(log)
    }

    fn add(&mut self, line: &str) {
        match call(line) {
            Some(call) if self.seen.contains(&call) => {}
            Some(call) => {
                self.seen.insert(call.clone());
                self.calls.push(call);
            }
            None if line.trim().is_empty() => {}
            None => self.others += 1,
        }
    }
}

fn labels(calls: &[(Method, String)]) -> Vec<String> {
    calls.iter().map(|(method, path)| format!("{method} {path}")).collect()
}

fn to_json(used: &Usage, spelling: &Spelling) -> Value {
    json!({
        "needed": spelling.words(used.needed()),
        "unneeded": spelling.words(used.unneeded()),
        "optimal": used.is_optimal(),
        "refused_calls": labels(used.refused_calls()),
        "unknown_calls": labels(used.unknown_calls()),
    })
}

fn to_human(used: &Usage, spelling: &Spelling, calls: usize) -> String {
    let words = |names: Vec<String>| {
        if names.is_empty() {
            "(none)".to_owned()
        } else {
            names.join(" ")
        }
    };
    let mut text = format!(
        "needed    {}\nunneeded  {}\n",
        words(spelling.words(used.needed())),
        words(spelling.words(used.unneeded()))
    );
    for label in labels(used.refused_calls()) {
        let _ = writeln!(text, "refused   {label}");
    }
    for label in labels(used.unknown_calls()) {
        let _ = writeln!(text, "unknown   {label}");
    }
    let how = if used.is_optimal() {
        ""
    } else {
        "; the budget was spent, so more might be taken away"
    };
    let _ = write!(
        text,
        "\n{} could be taken away; {}{how}\n",
        counted(used.unneeded().len(), "scope"),
        counted(calls, "different call")
    );
    text
}
