//! `scopegate policy usage FILE LOG --scope "a b"`

use std::fmt::Write as _;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail};
use scopegate_domain::{DeclaredScheme, ScopeToken};
use scopegate_policy::analysis::{Usage, usage};
use scopegate_policy::{Method, OperationTable};
use serde_json::{Value, json};

use super::calls::call;
use super::document;
use crate::arguments::UsageArguments;
use crate::command::parse_scope;
use crate::output::{Format, print, remark};

pub(super) fn run(format: Format, arguments: &UsageArguments) -> anyhow::Result<()> {
    let policy = document::read(&arguments.document.file)?;
    let held = match &arguments.scope {
        Some(scope) => parse_scope(scope)?.iter().cloned().collect(),
        None => declared(policy.table()),
    };
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
    print(format, &to_human(&used, log.calls.len()), &to_json(&used))
}

/// All scopes, each name once.
fn declared(table: &OperationTable) -> Vec<ScopeToken> {
    let mut all = Vec::new();
    for scope in table.catalog().schemes().iter().flat_map(DeclaredScheme::scopes) {
        if !all.contains(scope.token()) {
            all.push(scope.token().clone());
        }
    }
    all
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

fn names(scopes: &[ScopeToken]) -> Vec<&str> {
    scopes.iter().map(ScopeToken::as_str).collect()
}

fn labels(calls: &[(Method, String)]) -> Vec<String> {
    calls.iter().map(|(method, path)| format!("{method} {path}")).collect()
}

fn to_json(used: &Usage) -> Value {
    json!({
        "needed": names(used.needed()),
        "unneeded": names(used.unneeded()),
        "optimal": used.is_optimal(),
        "refused_calls": labels(used.refused_calls()),
        "unknown_calls": labels(used.unknown_calls()),
    })
}

fn to_human(used: &Usage, calls: usize) -> String {
    let words = |names: Vec<&str>| {
        if names.is_empty() {
            "(none)".to_owned()
        } else {
            names.join(" ")
        }
    };
    let mut text = format!(
        "needed    {}\nunneeded  {}\n",
        words(names(used.needed())),
        words(names(used.unneeded()))
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
        "\n{} scopes could be taken away; {calls} different calls{how}\n",
        used.unneeded().len()
    );
    text
}
