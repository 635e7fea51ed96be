//! `scopegate policy routes FILE`

use std::fmt::Write as _;

use scopegate_domain::{SchemeName, ScopeToken};
use scopegate_openapi::import::{self, Counts, Imported};
use scopegate_policy::{Access, Alternative, ResolvedOperation};
use serde::Serialize;
use serde_json::{Value, json};

use super::document;
use crate::arguments::PolicyFile;
use crate::output::{Each, Format, counted, print_with, table};

pub(super) fn run(format: Format, file: &PolicyFile) -> anyhow::Result<()> {
    let policy = document::open(file)?;
    let operations = Each(policy.table().operations(), to_json);
    let counts = counts(&policy);
    print_with(format, || to_human(&policy), &Answer { operations, counts })
}

#[derive(Serialize)]
struct Answer<O> {
    operations: O,
    counts: Value,
}

fn counts(policy: &Imported) -> Value {
    let counts = import::counts(policy);
    json!({
        "operations": counts.operations(),
        "by_scheme": counts.triples(),
        "scopes_declared": counts.scopes_declared(),
        "scopes_used": counts.scopes_used(),
        "scopes_undeclared": counts.scopes_undeclared(),
    })
}

/// One entry in each list for each alternative, in the same order.
fn to_json(operation: &ResolvedOperation) -> Value {
    let each = |of: fn(&Alternative) -> Vec<String>| -> Vec<Vec<String>> {
        if operation.access() == Access::Public {
            return Vec::new();
        }
        operation.alternatives().iter().map(of).collect()
    };
    json!({
        "method": operation.method().as_str(),
        "path": operation.template(),
        "access": word(operation.access()),
        "optional": operation.is_optional(),
        "override": operation.is_override(),
        "alternatives": each(scopes),
        "schemes": each(schemes),
        "guards": each(guards),
    })
}

/// The word of the output format for this access.
const fn word(access: Access) -> &'static str {
    match access {
        Access::Authenticated => "authenticated",
        Access::Deny => "deny",
        Access::Public => "public",
        Access::Scoped => "scoped",
    }
}

fn scopes(alternative: &Alternative) -> Vec<String> {
    sorted(alternative.scope().iter().map(ScopeToken::to_string))
}

fn schemes(alternative: &Alternative) -> Vec<String> {
    let names = alternative.schemes().iter().map(|(name, _)| name);
    sorted(names.map(SchemeName::to_string))
}

fn guards(alternative: &Alternative) -> Vec<String> {
    sorted(alternative.guards().iter().map(ToString::to_string))
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn to_human(policy: &Imported) -> String {
    let row = |operation: &ResolvedOperation| {
        vec![
            operation.method().to_string(),
            operation.template().to_owned(),
            access(operation),
            needs(operation),
        ]
    };
    let rows: Vec<Vec<String>> = policy.table().operations().iter().map(row).collect();
    let counts = import::counts(policy);
    let heading = match (policy.title(), policy.version()) {
        (Some(title), Some(version)) => format!("{title} {version} ({})", policy.format()),
        (Some(title), None) => format!("{title} ({})", policy.format()),
        (None, _) => policy.format().to_string(),
    };
    let mut text = format!("{}\n\n", crate::output::one_line(&heading));
    text.push_str(&table(&["METHOD", "PATH", "ACCESS", "NEEDS"], &rows));
    let _ = writeln!(text, "\n{}", summary(counts));
    match policy.notes().len() {
        0 => {}
        1 => text.push_str("1 note on the document: `policy lint` shows it\n"),
        notes => {
            let _ = writeln!(text, "{notes} notes on the document: `policy lint` shows them");
        }
    }
    text
}

/// The counts in one line.
fn summary(counts: Counts) -> String {
    let mut text = counted(counts.operations(), "operation");
    if counts.triples() != counts.operations() {
        let _ = write!(
            text,
            " ({} by scheme: an operation counts once for each of its schemes)",
            counts.triples()
        );
    }
    if counts.scopes_declared() > 0 {
        let declared = counted(counts.scopes_declared(), "declared scope");
        let _ = write!(text, ", {} of {declared} used", counts.scopes_used());
    }
    if counts.scopes_undeclared() > 0 {
        let _ = write!(text, ", {}", counted(counts.scopes_undeclared(), "undeclared scope"));
    }
    text
}

fn access(operation: &ResolvedOperation) -> String {
    let mut access = word(operation.access()).to_owned();
    if operation.is_optional() {
        access.push_str(", optional");
    }
    if operation.is_override() {
        access.push_str(", overrides");
    }
    access
}

/// The alternatives in one line: ` | ` separates alternatives, ` + ` joins the requirements of one.
fn needs(operation: &ResolvedOperation) -> String {
    let ways: Vec<String> = match operation.access() {
        Access::Public | Access::Deny => Vec::new(),
        Access::Authenticated | Access::Scoped => operation.alternatives().iter().map(way).collect(),
    };
    ways.join(" | ")
}

fn way(alternative: &Alternative) -> String {
    let scheme = |(name, scope): &(SchemeName, Vec<ScopeToken>)| match scope.as_slice() {
        [] => name.to_string(),
        scope => format!(
            "{name}: {}",
            scope.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" + ")
        ),
    };
    let parts = alternative.schemes().iter().map(scheme).chain(guards(alternative));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        "any credential".to_owned()
    } else {
        parts.join(" + ")
    }
}
