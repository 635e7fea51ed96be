//! `scopegate policy least FILE --operation "METHOD PATH"..`

use std::fmt::Write as _;

use anyhow::Context;
use scopegate_analysis::{InAddition, WithoutScopes, minimal_scopes};
use scopegate_domain::SchemeName;
use scopegate_policy::ResolvedOperation;
use serde_json::{Value, json};

use super::names::Spelling;
use super::{document, marks};
use crate::arguments::LeastArguments;
use crate::output::{Format, NegativeResult, counted, print, quoted};

pub(super) fn run(format: Format, arguments: &LeastArguments) -> anyhow::Result<()> {
    let policy = document::open(&arguments.document)?;
    if arguments.operation.is_empty() {
        return marks::run(format, &policy);
    }
    let find = |text: &String| {
        let (method, path) = text
            .split_once(' ')
            .with_context(|| format!("`{}` is not a method, a space and a path", quoted(text)))?;
        document::find(&policy, method, path.trim_start())
    };
    let operations: Vec<&ResolvedOperation> = arguments.operation.iter().map(find).collect::<anyhow::Result<_>>()?;
    let least = minimal_scopes(&operations, arguments.budget);
    let spelling = Spelling::of(policy.table(), least.sets().iter().flatten());
    let sets: Vec<Vec<String>> = least.sets().iter().map(|set| spelling.words(set)).collect();
    let mut human = String::new();
    for set in &sets {
        let _ = writeln!(human, "{}", words(set));
    }
    for operation in least.unreachable() {
        let _ = writeln!(human, "no scopes open {operation}");
    }
    for credentials in least.in_addition() {
        let _ = writeln!(human, "{}", in_addition(credentials));
    }
    for credentials in least.without_scopes() {
        let _ = writeln!(human, "{}", without_scopes(credentials, operations.len()));
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
    let _ = writeln!(human, "\n{found} for {}; {how}", counted(operations.len(), "operation"));
    let json = json!({
        "sets": sets,
        "optimal": least.is_optimal(),
        "in_addition": least.in_addition().iter().map(addition_to_json).collect::<Vec<_>>(),
        "without_scopes": least.without_scopes().iter().map(to_json).collect::<Vec<_>>(),
        "unreachable": least.unreachable().iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    print(format, &human, &json)?;
    if sets.is_empty() {
        Err(NegativeResult.into())
    } else {
        Ok(())
    }
}

/// The credentials that an operation needs together with the scopes.
fn addition_to_json(credentials: &InAddition) -> Value {
    let schemes: Vec<&str> = credentials.schemes().iter().map(SchemeName::as_str).collect();
    json!({ "operation": credentials.operation(), "schemes": schemes })
}

fn in_addition(credentials: &InAddition) -> String {
    let schemes: Vec<String> = credentials.schemes().iter().map(|name| format!("`{name}`")).collect();
    let noun = if schemes.len() == 1 {
        "a credential"
    } else {
        "credentials"
    };
    format!(
        "{} needs {noun} of {}, too",
        credentials.operation(),
        schemes.join(" and ")
    )
}

/// The credentials that open operations without a scope.
fn to_json(credentials: &WithoutScopes) -> Value {
    let schemes: Vec<&str> = credentials.schemes().iter().map(SchemeName::as_str).collect();
    let operations = credentials.operations().iter().map(ToString::to_string);
    json!({ "schemes": schemes, "operations": operations.collect::<Vec<_>>() })
}

fn without_scopes(credentials: &WithoutScopes, asked: usize) -> String {
    let schemes: Vec<String> = credentials.schemes().iter().map(|name| format!("`{name}`")).collect();
    let opened = credentials.operations();
    let what = match opened {
        _ if opened.len() == asked && asked == 1 => "the operation".to_owned(),
        _ if opened.len() == asked => "all of them".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let (noun, verb) = if schemes.len() == 1 {
        ("a credential", "opens")
    } else {
        ("credentials", "open")
    };
    format!("{noun} of {} {verb} {what} without a scope", schemes.join(" and "))
}

fn words(set: &[String]) -> String {
    if set.is_empty() {
        "(no scope)".to_owned()
    } else {
        set.join(" ")
    }
}
