//! `scopegate policy least FILE --operation "METHOD PATH"..`

use std::fmt::Write as _;

use anyhow::Context;
use scopegate_domain::ScopeToken;
use scopegate_policy::ResolvedOperation;
use scopegate_policy::analysis::least;
use serde_json::json;

use super::{document, marks};
use crate::arguments::LeastArguments;
use crate::output::{Format, SaidNo, print};

pub(super) fn run(format: Format, arguments: &LeastArguments) -> anyhow::Result<()> {
    let policy = document::read(&arguments.document.file)?;
    if arguments.operation.is_empty() {
        return marks::run(format, &policy);
    }
    let find = |text: &String| {
        let (method, path) = text
            .split_once(' ')
            .with_context(|| format!("`{}` is not a method, a space and a path", text.escape_default()))?;
        document::find(&policy, method, path.trim_start())
    };
    let operations: Vec<&ResolvedOperation> = arguments.operation.iter().map(find).collect::<anyhow::Result<_>>()?;
    let least = least(&operations, arguments.budget);
    let sets: Vec<String> = least.sets().iter().map(|set| words(set)).collect();
    let mut human = String::new();
    for set in &sets {
        human.push_str(set);
        human.push('\n');
    }
    for operation in least.unreachable() {
        let _ = writeln!(human, "no scopes open {operation}");
    }
    let found = match sets.len() {
        1 => "1 set".to_owned(),
        count => format!("{count} sets"),
    };
    let how = if least.is_optimal() {
        "none is smaller"
    } else {
        "a smaller one may exist: the budget was spent"
    };
    let _ = writeln!(human, "\n{found} for {} operations; {how}", operations.len());
    let json = json!({
        "sets": least.sets().iter().map(|set| names(set)).collect::<Vec<_>>(),
        "optimal": least.is_optimal(),
        "unreachable": least.unreachable().iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    print(format, &human, &json)?;
    if sets.is_empty() { Err(SaidNo.into()) } else { Ok(()) }
}

fn names(set: &[ScopeToken]) -> Vec<&str> {
    set.iter().map(ScopeToken::as_str).collect()
}

fn words(set: &[ScopeToken]) -> String {
    if set.is_empty() {
        "(no scope)".to_owned()
    } else {
        names(set).join(" ")
    }
}
